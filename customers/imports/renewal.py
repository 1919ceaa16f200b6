"""Whether a preview is still true after another import of the same base, and the new one where it is not."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from customers.imports.classifying import judge
from customers.imports.turns import imports_so_far
from customers.models import ImportUpload, ImportVerdict
from mcp.isolation.scope import Scope

_NOT_COMPARED = frozenset({"imports", "moment", "is_renewed"})
_TOLD = """SELECT count(*), sum(hashtextextended(concat_ws('|', row_number, verdict, customer_id, seen), 0)::numeric)
    FROM customers_importverdict WHERE base_id = %s AND file_id = %s"""
"""What is said of single rows, as two numbers."""


def is_still_true(upload: ImportUpload, scope: Scope) -> bool:
    """Whether a check would say now what was previewed. If not, the upload has the new preview.

    To be asked when it is the turn of this import. Without another import in between nothing is worked out again:
    what people change is noticed customer by customer when it is applied.
    """
    old, new_rows = upload.previewed, upload.new_rows
    with connection.cursor() as cursor:
        if imports_so_far(cursor, upload.base_id) == old.get("imports"):
            return True
        cursor.execute(_TOLD, [upload.base_id, upload.pk])
        told = cursor.fetchone()
        ImportVerdict.objects.filter(file=upload).delete()
        new = judge(upload=upload, scope=scope, read=old["read"], given=frozenset(old["given"]))
        cursor.execute(_TOLD, [upload.base_id, upload.pk])
        is_same = (_compared(new), upload.new_rows, cursor.fetchone()) == (_compared(old), new_rows, told)
    # Where nothing differs the old moment stands: what was said since then is later than the file.
    upload.preview = old if is_same else {**new, "is_renewed": True}
    return is_same


def _compared(preview: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in preview.items() if name not in _NOT_COMPARED}
