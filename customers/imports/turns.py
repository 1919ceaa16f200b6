"""Imports and bulk changes of one base take turns.

Each import notices whether another one came between its preview and itself.

What must not be there twice is decided while nobody else brings in or takes back customers of that base. Whoever
registers one customer takes no turn: for him there are the numbers (see `reserving`).
"""

from __future__ import annotations

import time

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy

from mcp.worker.progress import Progress

EACH = 0.25
"""So many seconds pass between two looks whether it is our turn; a wish to stop is heard in between."""
_TRY = "SELECT pg_try_advisory_xact_lock(hashtextextended('stammhaus.imports', %s))"
_SO_FAR = """SELECT count(*) + count(*) FILTER (WHERE state = 'undone') FROM customers_importupload
    WHERE base_id = %s AND state IN ('applied', 'undoing', 'undone')"""


class AnotherImport(ValidationError):
    """It is the turn of another import or bulk change of the base, and nobody waits any longer."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "Another import or bulk change of this customer base is being written or undone at this moment. "
                "Nothing of yours is lost: try again when that is done."
            ),
            code="another_import",
        )


def take_turn(base: int, *, progress: Progress) -> None:
    """From here to the end of the transaction nobody else imports into the base, changes it in bulk, or undoes that.

    Waits as long as `progress` has patience. Raises AnotherImport, or Cancelled.
    """
    started = time.monotonic()
    while not _is_our_turn(base):
        if progress.patience is not None and time.monotonic() - started > progress.patience:
            raise AnotherImport
        progress.tell(0, 0)
        time.sleep(EACH)


def imports_so_far(cursor: CursorWrapper, base: int) -> int:
    """How many imports of the base have been applied or undone: it only ever grows.

    Asked before a preview is worked out. One that is applied while that is done counts as coming after it.
    """
    cursor.execute(_SO_FAR, [base])
    return int(cursor.fetchone()[0])


def _is_our_turn(base: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_TRY, [base])
        return bool(cursor.fetchone()[0])
