"""Imports and bulk changes of one base take turns.

What must not exist twice is decided while no other import adds or removes customers of the base, and each import
notices whether another one came after its preview. Registering a single customer takes no turn: numbers that an import
needs are reserved (see reserved_numbers.py).
"""

from __future__ import annotations

import time

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy

from locations.models import Location
from mcp.worker.progress import Progress

EACH = 0.25
"""So many seconds pass between two looks whether it is our turn; a wish to stop is heard in between."""
_TRY = "SELECT pg_try_advisory_xact_lock(hashtextextended('stammhaus.imports', %s))"
_SO_FAR = """SELECT count(*) + count(*) FILTER (WHERE state = 'undone')
        + (SELECT count(*) FROM customers_tombstone WHERE base_id = %(base)s) FROM customers_importupload
    WHERE base_id = %(base)s AND state IN ('applied', 'undoing', 'undone')"""


class AnotherImport(ValidationError):
    """Another import or bulk change of the base is being written, and the wait for it is over."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "Another import or bulk change of this customer base is being written or undone at this moment. "
                "Nothing of yours is lost: try again when that is done."
            ),
            code="another_import",
        )


def take_turn(base: int, *, progress: Progress, is_left: bool = False) -> None:
    """Lock the base against other imports, bulk changes and their undoing, to the end of the transaction.

    Waits as long as `progress.patience` allows. `is_left`: whether any location works with it does not matter. Raises
    AnotherImport, LeftBase, or Cancelled.
    """
    started = time.monotonic()
    while not _is_our_turn(base):
        if progress.patience is not None and time.monotonic() - started > progress.patience:
            raise AnotherImport
        progress.tell(0, 0)
        time.sleep(EACH)
    if not is_left and not Location.objects.filter(base=base).exists():
        raise LeftBase


class LeftBase(ValidationError):
    """Whoever waits for his turn in a base 1.0 that has been switched to 2.0 meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "No location works with this customer base 1.0 any more: it was switched to 2.0. Nothing was written. "
                "Begin anew at the location, where its customers are now."
            ),
            code="left_base",
        )


def imports_so_far(cursor: CursorWrapper, base: int) -> int:
    """A counter of the imports of the base that were applied or undone, and of the customers who were erased for good.

    It is read before a preview is worked out. An import that is applied meanwhile counts as coming after the preview.
    """
    cursor.execute(_SO_FAR, {"base": base})
    return int(cursor.fetchone()[0])


def _is_our_turn(base: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_TRY, [base])
        return bool(cursor.fetchone()[0])
