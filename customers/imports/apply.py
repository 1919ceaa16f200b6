"""Writing what was previewed, in one transaction: all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy

from customers.imports.classifying import NO_ROWS, Counts, demand_whole, plan_of
from customers.imports.consents import Statements, besides
from customers.imports.merge_sql import WRITTEN, Plan
from customers.imports.plan_settings import plan_for
from customers.imports.problems import CHANGED_MEANWHILE, problem, told
from customers.imports.reserved_numbers import hold, numbers_of
from customers.imports.vocabulary import NamedVocabulary, create_vocabulary, named_vocabulary
from customers.models import ImportChunk, ImportUpload
from files import chunks
from locations.models import Location
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress

ROWS_EACH_TIME = 50_000
"""So many rows are written by one statement, between which the progress is told and a wish to stop is heard."""
ROWS_EACH_STATEMENT = 250_000
"""Of so many at once it is recorded what they say about consents: most rows say nothing."""


class NotWhatWasPreviewed(ValidationError):
    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "The file or the choices have changed since the preview. Look at the new preview and confirm that."
            ),
            code="not_what_was_previewed",
        )


def apply(*, upload: ImportUpload, scope: Scope, progress: Progress) -> dict[str, Any]:
    """Write the new and the changed customers of a judged upload and what they say; the counts of what was done.

    It must be the turn of this import (see `turns`), and its preview must be true.

    Rows whose customer somebody else has registered or changed since the preview are left alone and rejected.
    Raises NotWhatWasPreviewed, Cancelled, or ValidationError where the number range is used up; CountsDiffer undoes
    everything.
    """
    preview = upload.previewed
    given = frozenset(preview["given"])
    with connection.cursor() as cursor:
        plan_for(cursor, rows=preview["read"], base=scope.base)
        hold(cursor, upload, scope.location)
        _demand_intact(cursor, upload)
        words = named_vocabulary(upload=upload, given=given, scope=scope, is_judged=True)
        _demand_same_words(words, preview)
        create_vocabulary(words, scope=scope)
        plan = plan_of(upload=upload, scope=scope, given=given, words=words)
        plan.params["new_rows"] = upload.new_rows
        statements = Statements(plan=plan, upload=upload, scope=scope, moment=preview.get("moment", ""))
        _reject_what_changed(cursor, plan, statements, _few_changed(cursor, plan))
        last = _last_row(cursor, plan)
        is_said = bool(preview.get("consents"))
        changed = _record(cursor, plan, last, statements, progress) if is_said else 0
        changed += _update(cursor, plan, last, progress)
        if plan.is_adding_numbers:
            cursor.execute(plan.insert_former_of_changed(), plan.params)
        created = 0
        if upload.new_rows != NO_ROWS:
            created = _insert(cursor, plan, last, progress, scope.location, statements if is_said else None)
        # A broken reference is to be found here, not behind the page.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            "SELECT count(*) FROM customers_importverdict WHERE file_id = %(upload)s AND verdict = 'rejected'",
            plan.params,
        )
        rejected = cursor.fetchone()[0]
    counts = Counts(
        read=preview["read"], created=created, changed=changed, unchanged=preview["unchanged"], rejected=rejected
    )
    demand_whole(counts)
    return {**counts.as_dict(), "consents": statements.recorded}


def _demand_intact(cursor: CursorWrapper, upload: ImportUpload) -> None:
    """Each row of the file and each statement besides is staged, and the file has the bytes that were received.

    The file of a command is not stored; what was staged of it nobody can change.
    """
    cursor.execute("SELECT count(*) FROM customers_import_rows WHERE upload = %s", [upload.pk])
    preview = upload.previewed
    is_whole = cursor.fetchone()[0] == preview["read"] and besides(upload) == preview.get("besides", 0)
    if not is_whole or (upload.user_id is not None and not chunks.is_intact(ImportChunk, file=upload)):
        raise NotWhatWasPreviewed


def _demand_same_words(words: NamedVocabulary, preview: dict[str, Any]) -> None:
    """Each group and tag of the file is there, or is one of those that the preview said would be created."""
    new_groups, new_tags = set(words.new_groups), set(words.new_tags)
    is_told = new_groups <= set(preview.get("new_groups", ())) and new_tags <= set(preview.get("new_tags", ()))
    if words.refused_groups or words.refused_tags or not is_told:
        raise NotWhatWasPreviewed


_MEANWHILE = """
    WITH touched AS ({touched}), told AS (
        INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
        SELECT %(base)s, %(upload)s, row_number, 'rejected', min(id), {problems}
        FROM touched GROUP BY row_number
    )
    DELETE FROM customers_importverdict AS v USING touched
    WHERE v.file_id = %(upload)s AND v.verdict = 'changed' AND v.row_number = touched.row_number
"""


def _few_changed(cursor: CursorWrapper, plan: Plan) -> list[int] | None:
    """The customers that will be changed, where they are few; None where it is quicker to read all."""
    found, _last = _changed_after(cursor, plan, 0, ROWS_EACH_TIME + 1)
    return found if len(found) <= ROWS_EACH_TIME else None


def _changed_after(cursor: CursorWrapper, plan: Plan, row: int, most: int) -> tuple[list[int], int]:
    """The customers that the next rows after one will change, in the order of the rows, and the last of these rows."""
    cursor.execute(
        """SELECT customer_id, row_number FROM customers_importverdict
            WHERE file_id = %(upload)s AND verdict = 'changed' AND row_number > %(after)s
            ORDER BY row_number LIMIT %(most)s""",
        plan.params | {"after": row, "most": most},
    )
    found = cursor.fetchall()
    return [pk for pk, _row in found], found[-1][1] if found else row


def _batches(cursor: CursorWrapper, plan: Plan, most: int) -> Iterator[dict[str, Any]]:
    """The rows that change customers, `most` at a time: the parameters of a statement about them, for _CHANGED.

    The customers are asked for by name, and found without reading the whole base for each batch.
    """
    row = 0
    while True:
        among, last = _changed_after(cursor, plan, row, most)
        if not among:
            return
        yield plan.params | {"from": row + 1, "to": last, "among": among}
        row = last


def _reject_what_changed(cursor: CursorWrapper, plan: Plan, statements: Statements, few: list[int] | None) -> None:
    """Lock the customers that will be changed, and leave alone those that are not as they were previewed.

    `few` are all of them, where they are to be found by name.
    """
    params = plan.params | {"among": few}
    among = "AND k.id = ANY(%(among)s::bigint[])" if few is not None else ""
    reason = told(CHANGED_MEANWHILE, customer="coalesce(min(customer_number)::text, '–')")
    problems = problem(reason=reason, code="'changed_meanwhile'")
    cursor.execute(
        f"""SELECT count(*) FROM (
            SELECT k.id FROM customers_customer k JOIN customers_importverdict v ON v.customer_id = k.id
            WHERE k.base_id = %(base)s AND v.file_id = %(upload)s AND v.verdict = 'changed'
              {among}
            ORDER BY k.id FOR UPDATE OF k
        ) AS locked""",
        params,
    )
    touched = f"""SELECT v.row_number, v.customer_id AS id, k.customer_number FROM customers_importverdict v
        LEFT JOIN customers_customer k ON k.base_id = %(base)s AND k.id = v.customer_id {among}
        WHERE v.file_id = %(upload)s AND v.verdict = 'changed'
          AND (k.changed_at IS DISTINCT FROM v.seen OR {statements.said_since})"""
    cursor.execute(_MEANWHILE.format(touched=touched, problems=problems), params)
    if known := plan.pairs:
        touched = f"""SELECT * FROM ({known}) AS known
            WHERE row_number <@ (SELECT %(new_rows)s::int4multirange)"""
        cursor.execute(_MEANWHILE.format(touched=touched, problems=problems), plan.params)


def _last_row(cursor: CursorWrapper, plan: Plan) -> int:
    cursor.execute(
        "SELECT coalesce(max(row_number), 0) FROM customers_import_rows WHERE upload = %(upload)s", plan.params
    )
    return int(cursor.fetchone()[0])


_CHANGED = """r.row_number BETWEEN %(from)s AND %(to)s AND k.id = ANY(%(among)s::bigint[]) AND EXISTS (
    SELECT FROM customers_importverdict v WHERE v.file_id = %(upload)s AND v.verdict = 'changed'
    AND v.row_number = r.row_number AND v.customer_id = k.id)"""


def _record(cursor: CursorWrapper, plan: Plan, last: int, statements: Statements, progress: Progress) -> int:
    """Add what known customers say, before they are changed: how many are changed by that alone."""
    said_only = 0
    for batch in _batches(cursor, plan, ROWS_EACH_STATEMENT):
        statements.record(cursor, statements.of_rows(_CHANGED), batch)
        progress.tell(0, last * 2)
        cursor.execute(f"SELECT count(*) FROM ({plan.merged(_CHANGED)}) AS merged WHERE NOT differs", batch)
        said_only += cursor.fetchone()[0]
    return said_only


def _update(cursor: CursorWrapper, plan: Plan, last: int, progress: Progress) -> int:
    values = ", ".join(f"{name} = merged.{name}" for name in WRITTEN)
    statement = f"""UPDATE customers_customer AS customer SET {values} FROM ({plan.merged(_CHANGED)}) AS merged
        WHERE customer.base_id = %(base)s AND customer.id = merged.customer_id AND merged.differs
          AND customer.id = ANY(%(among)s::bigint[])"""
    changed = 0
    for batch in _batches(cursor, plan, ROWS_EACH_TIME):
        cursor.execute(statement, batch)
        changed += cursor.rowcount
        progress.tell(batch["to"], last * 2)
    return changed


def _insert(
    cursor: CursorWrapper, plan: Plan, last: int, progress: Progress, location: Location, statements: Statements | None
) -> int:
    """Create customers, and add what they say: how many."""
    numbers = numbers_of(cursor, plan, location)
    is_said_later = not numbers  # whom the file gives a number is found by it, and many at once are found quicker
    created = 0
    newest = [_newest(cursor)]
    for start in range(0, last + 1, ROWS_EACH_TIME):
        batch = plan.params | {"from": start, "to": start + ROWS_EACH_TIME - 1}
        if is_numbering := bool(numbers):
            cursor.execute(f"SELECT count(*) FROM {plan.fresh} WHERE {plan.is_without_number}", batch)
            count = cursor.fetchone()[0]
            batch["numbers"], numbers = numbers[:count], numbers[count:]
        cursor.execute(plan.insert(is_numbering=is_numbering), batch)
        created += cursor.fetchone()[0] if plan.former else cursor.rowcount
        newest.append(_newest(cursor))
        if statements and not is_said_later:
            batch |= {"behind": newest[-2], "newest": newest[-1]}
            statements.record(cursor, statements.of_new(is_numbering=is_numbering), batch, is_new=True)
        progress.tell(last + min(start + ROWS_EACH_TIME, last), last * 2)
    if statements and is_said_later:
        for start in range(0, last + 1, ROWS_EACH_STATEMENT):
            done = start // ROWS_EACH_TIME
            batch = plan.params | {
                "from": start,
                "to": start + ROWS_EACH_STATEMENT - 1,
                "behind": newest[done],
                "newest": newest[min(done + ROWS_EACH_STATEMENT // ROWS_EACH_TIME, len(newest) - 1)],
            }
            statements.record(cursor, statements.of_new(is_numbering=False), batch, is_new=True)
            progress.tell(last * 2, last * 2)  # a wish to stop is heard here as well
    return created


def _newest(cursor: CursorWrapper) -> int:
    """The last id that was given to a customer: whoever is created from now on has a later one."""
    cursor.execute("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('customers_customer', 'id')), 0)")
    return int(cursor.fetchone()[0])
