"""The numbers that an import gives and brings are reserved before it begins to write.

They are reserved in a short transaction, under the lock by which registrations take turns. From then on nobody else
gets one of them and nobody can type one, and registering a customer does not wait for the import. The reservation ends
with the import, whether it was applied or has failed. Numbers that were not used leave a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.imports.classifying import NO_ROWS, plan_of
from customers.imports.merge_sql import Plan
from customers.imports.plan_settings import plan_for
from customers.imports.vocabulary import named_vocabulary
from customers.models import ImportProgress, ImportUpload
from customers.numbers import locked_counter, surely_free_numbers, take_numbers
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

_EVERY_ROW = {"from": 0, "to": 2**31 - 1}


def reserve(*, upload: ImportUpload, scope: Scope) -> None:
    """Reserve the numbers of an import that is about to be applied; to be called outside of its transaction.

    Raises ValidationError (`number_range_exhausted`).
    """
    with row_scope.rows_of(scope):
        ImportProgress.objects.update_or_create(file=upload, defaults={"base_id": upload.base_id, "reserved": None})
        if upload.preview is None or upload.new_rows == NO_ROWS:
            return
        plan = _previewed(upload, scope)
        with connection.cursor() as cursor:
            plan_for(cursor, rows=upload.preview["read"], base=scope.base)
            _keep(cursor, plan, _given(plan, scope.location, _wanted(cursor, plan)))


@dataclass(frozen=True)
class Shortage:
    """More new rows need a number than the location has free ones that the file does not bring itself."""

    wanted: int
    free: int


def shortage(*, upload: ImportUpload, scope: Scope) -> Shortage | None:
    """Whether the import that was previewed needs more numbers than are free; None where they suffice.

    Each new row takes one of the range: the one that it brings, or a free one.
    """
    created = (upload.preview or {}).get("created", 0)
    with row_scope.rows_of(scope):
        found = surely_free_numbers(scope.location, wanted=created)
        if created <= found.count:
            return None
        with connection.cursor() as cursor:
            wanted = _wanted(cursor, _previewed(upload, scope))
        free = max(0, found.count - (created - wanted))
    return Shortage(wanted=wanted, free=free) if wanted > free else None


def _previewed(upload: ImportUpload, scope: Scope) -> Plan:
    """The plan of a previewed import: `fresh` are its new rows."""
    given = frozenset((upload.preview or {}).get("given", ()))
    words = named_vocabulary(upload=upload, given=given, scope=scope, is_judged=True)
    plan = plan_of(upload=upload, scope=scope, given=given, words=words)
    plan.params["new_rows"] = upload.new_rows
    return plan


def hold(cursor: CursorWrapper, upload: ImportUpload, location: Location) -> None:
    """Lock the numbers of the range to the end of the transaction, unless the import has reserved its own.

    Small imports, which take a moment, reserve none.
    """
    cursor.execute("SELECT reserved IS NOT NULL FROM customers_importprogress WHERE file_id = %s", [upload.pk])
    if upload.new_rows != NO_ROWS and cursor.fetchone() != (True,):
        locked_counter(location)


def release(upload: ImportUpload) -> None:
    """End the reservation: the numbers belong to customers now, or are free again."""
    ImportProgress.objects.filter(file=upload, reserved__isnull=False).update(reserved=None)


def numbers_of(cursor: CursorWrapper, plan: Plan, location: Location) -> list[int]:
    """The numbers for the new rows that bring none, ascending: the reserved ones first.

    If they do not suffice the others are taken now, and the counter is locked to the end of the transaction.
    """
    if not (wanted := _wanted(cursor, plan)):
        return []
    numbers = _reserved(cursor, plan)[:wanted]
    return numbers + _given(plan, location, wanted - len(numbers)) if len(numbers) < wanted else numbers


def _wanted(cursor: CursorWrapper, plan: Plan) -> int:
    cursor.execute(f"SELECT count(*) FROM {plan.fresh} WHERE {plan.is_without_number}", plan.params | _EVERY_ROW)
    return int(cursor.fetchone()[0])


def _given(plan: Plan, location: Location, wanted: int) -> list[int]:
    is_bringing = "customer_number" in plan.given
    return take_numbers(location, wanted, brought_by=plan.params["upload"] if is_bringing else None)


def _reserved(cursor: CursorWrapper, plan: Plan) -> list[int]:
    """The numbers reserved to be given, without those that a customer has all the same."""
    cursor.execute(
        f"""SELECT number FROM customers_importprogress p, unnest(p.reserved) AS part,
                generate_series(lower(part), upper(part) - 1) AS number
            WHERE p.base_id = %(base)s AND p.file_id = %(upload)s {_not_in_file(plan)} AND NOT EXISTS (
                SELECT FROM customers_customer k WHERE k.base_id = %(base)s AND k.customer_number = number
            ) ORDER BY number""",
        plan.params,
    )
    return [number for (number,) in cursor.fetchall()]


def _keep(cursor: CursorWrapper, plan: Plan, numbers: list[int]) -> None:
    """Store the reservation: these numbers, and those that new rows bring."""
    brought = ""
    if "customer_number" in plan.given:
        brought = f"UNION SELECT r.customer_number FROM {plan.fresh} WHERE r.customer_number IS NOT NULL"
    cursor.execute(
        f"""UPDATE customers_importprogress SET reserved = (
                SELECT range_agg(int4range(number, number + 1))
                FROM (SELECT unnest(%(numbers)s::int[]) AS number {brought}) AS numbers
            ) WHERE base_id = %(base)s AND file_id = %(upload)s""",
        plan.params | _EVERY_ROW | {"numbers": numbers},
    )


def _not_in_file(plan: Plan) -> str:
    if "customer_number" not in plan.given:
        return ""
    return """AND NOT EXISTS (SELECT FROM customers_import_rows r
        WHERE r.upload = %(upload)s AND r.customer_number = number)"""
