"""Undoing a whole import: what it changed becomes what it was, what it created goes, what was edited since stays.

The history says what an import did, under the context that the import has noted, and what was before. Statements about
consents name their import themselves. They go with what it did to their customer: who stays as the import has made
him, because somebody has edited him since or because he cannot be reversed, keeps them as well, so that nobody is half
of before and half of after. A customer who was given statements and nothing else has nothing that an edit could
contradict: he loses them whatever else was changed, and what others have recorded about him stays.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.choices import UploadState
from customers.imports.merge_sql import GROUP, WRITTEN
from customers.imports.plan_settings import plan_for
from customers.imports.problems import (
    EDITED,
    EDITED_BY_SOMEBODY,
    GROUP_GONE,
    NOTHING_BEFORE,
    REFERENCED,
    TAG_GONE,
    problem,
    told,
)
from customers.models import Consent, Customer, FormerNumber, ImportUpload
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress

_EDITED = ("archived_at", "archived_reason", *WRITTEN)
"""What somebody may have edited since. Values and not the time: who was changed and changed back is as he was."""


def _state(alias: str) -> str:
    return f"ROW({', '.join(f'{alias}.{name}' for name in _EDITED)})"


_DONE = f"""(
    SELECT DISTINCT ON (event.pgh_obj_id) event.pgh_obj_id AS id, event.pgh_label = 'insert' AS is_new,
        event.changed_at, {_state("event")} AS state
    FROM customers_customerevent AS event
    WHERE event.pgh_context_id = %(context)s AND event.base_id = %(base)s AND event.pgh_label <> 'delete'
    ORDER BY event.pgh_obj_id, event.pgh_label = 'insert' DESC
) AS done"""
"""What the import has done: each customer, whether it created him, and when it last changed him."""
_BEFORE = """LATERAL (
    SELECT event.* FROM customers_customerevent AS event
    WHERE event.pgh_obj_id = done.id AND event.base_id = %(base)s AND event.changed_at < done.changed_at
      AND event.pgh_context_id IS DISTINCT FROM %(context)s
      AND NOT (event.pgh_label = 'update' AND EXISTS (
          SELECT FROM customers_importupload AS earlier
          WHERE earlier.base_id = %(base)s AND earlier.context = event.pgh_context_id AND earlier.state = 'undone'
            AND earlier.state_since > done.changed_at))
    ORDER BY event.changed_at DESC LIMIT 1
) AS before"""
"""What a customer was before.

What an earlier import did to him that was undone in the meantime does not count: it could not be reversed then, because
this import had come after it.
"""
_WAS_THERE = "(event.pgh_context_id IS NOT DISTINCT FROM %(context)s OR event.pgh_at < done.changed_at)"


def _is_borne(when: str) -> str:
    """Of the events of one former number: it was there at some time. It is never changed, only added and removed."""
    return f"bool_or(event.pgh_label = 'insert' AND {when}) AND NOT bool_or(event.pgh_label = 'delete' AND {when})"


_RENUMBERED = f"""(
    SELECT one.id FROM (
        SELECT done.id, min(event.number) AS number, {_is_borne(_WAS_THERE)} AS was, {_is_borne("true")} AS is_now
        FROM {_DONE} JOIN customers_formernumberevent AS event
          ON event.base_id = %(base)s AND event.customer_id = done.id
        GROUP BY done.id, event.pgh_obj_id
    ) AS one GROUP BY one.id
    HAVING array_agg(DISTINCT number ORDER BY number) FILTER (WHERE was)
        IS DISTINCT FROM array_agg(DISTINCT number ORDER BY number) FILTER (WHERE is_now)
)"""
"""The customers whose former numbers are others now than the import has left."""
_LATER = """
    SELECT later.id, count(DISTINCT own.pgh_obj_id) FROM customers_importupload AS later
    JOIN customers_customerevent AS after ON after.pgh_context_id = later.context AND after.base_id = %(base)s
    JOIN customers_customerevent AS own ON own.pgh_obj_id = after.pgh_obj_id AND own.base_id = %(base)s
      AND own.pgh_context_id = %(context)s AND own.changed_at < after.changed_at
    WHERE later.base_id = %(base)s AND later.state = 'applied' AND later.id <> %(upload)s
      AND later.state_since >= %(since)s
    GROUP BY later.id
"""
_TELL = """INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
    SELECT %(base)s, %(upload)s, customer.customer_number, {verdict}, customer.id,
        {problems}
    FROM customers_customer AS customer JOIN """
_TOLD = """NOT EXISTS (SELECT FROM customers_importverdict v WHERE v.file_id = %(upload)s
    AND v.verdict IN ('kept', 'stuck') AND v.customer_id = done.id)"""


def undo(*, upload: ImportUpload, scope: Scope, progress: Progress) -> dict[str, int]:
    """Reverse an applied import: how many rows were reversed, kept and could not be. Raises Cancelled.

    Each customer of the import ends as one of: `removed` (it had created him), `restored`, `kept` (edited since) or
    `stuck` (what he was before cannot be stored any more). The last two are told one by one.
    """
    params: dict[str, Any] = {"context": upload.context, "base": scope.base.pk, "upload": upload.pk}
    result = upload.result or {}
    with connection.cursor() as cursor:
        plan_for(cursor, rows=result.get("created", 0) + result.get("changed", 0), base=scope.base)
        cursor.execute(
            f"""SELECT count(*) FROM (SELECT customer.id FROM customers_customer AS customer JOIN {_DONE}
                ON customer.id = done.id WHERE customer.base_id = %(base)s ORDER BY customer.id FOR UPDATE OF customer
            ) AS locked""",
            params,
        )
        there = cursor.fetchone()[0]
        progress.tell(1, 5)
        is_numbered = _is_numbered(cursor, params)
        kept = _tell_kept(cursor, params, is_numbered=is_numbered)
        progress.tell(2, 5)
        stuck = _tell_stuck(cursor, params)
        progress.tell(3, 5)
        restored = _restore(cursor, params)
        if is_numbered:
            _remove_numbers(cursor, params)
        said_only = _remove_statements(cursor, params)
        _remove_statements_of_undone(cursor, params)
        progress.tell(4, 5)
        removed = _remove(cursor, params)
        _remove_words(cursor, params)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    if there != kept + stuck + restored + removed:
        raise RuntimeError(f"{there} customers, {kept} kept, {stuck} stuck, {restored} restored, {removed} removed")
    return {"restored": restored + said_only, "removed": removed, "kept": kept, "stuck": stuck}


def later_imports(upload: ImportUpload) -> list[tuple[ImportUpload, int]]:
    """Imports that have changed customers of this applied one after it, each with how many, the latest first.

    Undone before it, they let these customers become what they were; otherwise they stay as they are.
    """
    if upload.state != UploadState.APPLIED:
        return []
    params: dict[str, Any] = {
        "base": upload.base_id,
        "upload": upload.pk,
        "context": upload.context,
        "since": upload.state_since,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LATER, params | {"since": upload.state_since})
        found = dict(cursor.fetchall())
    later = ImportUpload.objects.filter(base=upload.base_id, pk__in=found).select_related("location")
    return [(one, found[one.pk]) for one in later.order_by("-state_since")]


def _is_numbered(cursor: CursorWrapper, params: dict[str, Any]) -> bool:
    """Whether anybody in the base bears or has borne a former number."""
    cursor.execute("SELECT EXISTS (SELECT FROM customers_formernumberevent WHERE base_id = %(base)s)", params)
    return bool(cursor.fetchone()[0])


def _tell_kept(cursor: CursorWrapper, params: dict[str, Any], *, is_numbered: bool) -> int:
    """Whoever was edited since the import stays as he is now."""
    renumbered = f"OR customer.id IN {_RENUMBERED}" if is_numbered else ""
    edited = told(EDITED, user="context.metadata->>'user_name'")
    reason = f"""coalesce((
        SELECT CASE WHEN context.metadata->>'user_name' IS NOT NULL THEN {edited} END
        FROM customers_customerevent AS event
        JOIN pghistory_context AS context ON context.id = event.pgh_context_id
        WHERE event.pgh_obj_id = customer.id AND event.base_id = %(base)s
          AND event.pgh_context_id IS DISTINCT FROM %(context)s AND event.changed_at > done.changed_at
        ORDER BY event.changed_at DESC LIMIT 1), {told(EDITED_BY_SOMEBODY)})"""
    cursor.execute(
        _TELL.format(verdict="'kept'", problems=problem(reason=reason, code="'edited'"))
        + f"""{_DONE} ON customer.id = done.id
            WHERE customer.base_id = %(base)s
              AND ({_state("customer")} IS DISTINCT FROM done.state {renumbered})""",
        params,
    )
    return int(cursor.rowcount)


def _tell_stuck(cursor: CursorWrapper, params: dict[str, Any]) -> int:
    """What a customer was before cannot come back: a group or tag that is gone, or a reference to who was created."""
    stuck = 0
    reasons = {
        "nothing_before": NOTHING_BEFORE,
        "group_gone": GROUP_GONE,
        "tag_gone": TAG_GONE,
        "referenced": REFERENCED,
    }
    conditions = {
        "nothing_before": "NOT done.is_new AND before.id IS NULL",
        "group_gone": f"""NOT done.is_new AND before.{GROUP} IS NOT NULL AND NOT EXISTS (
            SELECT FROM customers_customergroup g WHERE g.base_id = %(base)s AND g.id = before.{GROUP})""",
        "tag_gone": """NOT done.is_new AND NOT before.tags::text[] <@ (
            SELECT coalesce(array_agg(name::text), '{}') FROM customers_tag WHERE base_id = %(base)s)""",
    }
    if references := _references():
        conditions["referenced"] = f"done.is_new AND ({' OR '.join(references)})"
    for code, condition in conditions.items():
        cursor.execute(
            _TELL.format(verdict="'stuck'", problems=problem(reason=told(reasons[code]), code=f"'{code}'"))
            + f"""{_DONE} ON customer.id = done.id LEFT JOIN {_BEFORE} ON true
                WHERE customer.base_id = %(base)s AND {_TOLD} AND ({condition})""",
            params,
        )
        stuck += cursor.rowcount
    return stuck


def _references() -> list[str]:
    """As SQL: something refers to the customer that the import itself has not brought.

    Read from the models, so that later tables are asked as well. Who has got other former numbers was edited.
    """
    return [
        f"EXISTS (SELECT FROM {relation.related_model._meta.db_table} other "
        f"WHERE other.base_id = customer.base_id AND other.{relation.field.column} = customer.id "
        f"{_OF_OTHERS if relation.related_model is Consent else ''})"
        for relation in Customer._meta.related_objects
        if not relation.field.name.startswith("pgh_") and relation.related_model is not FormerNumber
    ]


_OF_OTHERS = "AND other.upload_id IS DISTINCT FROM %(upload)s"


def _restore(cursor: CursorWrapper, params: dict[str, Any]) -> int:
    values = ", ".join(f"{name} = before.{name}" for name in WRITTEN)
    cursor.execute(
        f"""UPDATE customers_customer AS customer SET {values} FROM {_DONE}, {_BEFORE}
            WHERE customer.base_id = %(base)s AND customer.id = done.id AND NOT done.is_new AND {_TOLD}""",
        params,
    )
    return int(cursor.rowcount)


def _remove_numbers(cursor: CursorWrapper, params: dict[str, Any]) -> None:
    """The former numbers that the import has added go, but of those who are kept or stuck; of whom it created all.

    So do those that an earlier import has added which was undone in the meantime, and could not take them then.
    """
    cursor.execute(
        f"""DELETE FROM customers_formernumber AS borne USING {_DONE}, customers_formernumberevent AS event
            WHERE borne.base_id = %(base)s AND borne.customer_id = done.id AND {_TOLD} AND event.base_id = %(base)s
              AND event.pgh_obj_id = borne.id AND event.pgh_label = 'insert'
              AND (done.is_new OR event.pgh_context_id = %(context)s)""",
        params,
    )
    cursor.execute(
        f"""DELETE FROM customers_formernumber AS borne
            USING {_DONE}, {_BEFORE}, customers_importupload AS earlier, customers_formernumberevent AS event
            WHERE borne.base_id = %(base)s AND borne.customer_id = done.id AND NOT done.is_new AND {_TOLD}
              AND event.base_id = %(base)s AND event.pgh_obj_id = borne.id AND event.pgh_label = 'insert'
              AND earlier.base_id = %(base)s AND earlier.context = event.pgh_context_id AND earlier.state = 'undone'
              AND earlier.state_since > done.changed_at AND event.pgh_at > before.changed_at""",
        params,
    )


def _remove_statements(cursor: CursorWrapper, params: dict[str, Any]) -> int:
    """What the import has recorded about consents goes, but for those who are kept or stuck.

    Gives how many customers it is of to whom the import did nothing else.
    """
    cursor.execute(
        f"""WITH gone AS (
                DELETE FROM customers_consent AS consent
                WHERE consent.base_id = %(base)s AND consent.upload_id = %(upload)s
                  AND NOT EXISTS (SELECT FROM customers_importverdict v WHERE v.file_id = %(upload)s
                                  AND v.verdict IN ('kept', 'stuck') AND v.customer_id = consent.customer_id)
                RETURNING consent.customer_id
            )
            SELECT count(DISTINCT gone.customer_id) FROM gone LEFT JOIN {_DONE} ON done.id = gone.customer_id
            WHERE done.id IS NULL""",
        params,
    )
    return int(cursor.fetchone()[0])


def _remove_statements_of_undone(cursor: CursorWrapper, params: dict[str, Any]) -> None:
    """What an earlier import has recorded that was undone in the meantime goes with its other changes.

    It was kept then, because this import had changed the customer after it.
    """
    cursor.execute(
        f"""DELETE FROM customers_consent AS consent
            USING {_DONE}, {_BEFORE}, customers_importupload AS earlier
            WHERE consent.base_id = %(base)s AND consent.customer_id = done.id AND NOT done.is_new AND {_TOLD}
              AND earlier.base_id = %(base)s AND earlier.id = consent.upload_id AND earlier.state = 'undone'
              AND earlier.state_since > done.changed_at AND EXISTS (
                  SELECT FROM customers_customerevent AS undone
                  WHERE undone.pgh_obj_id = done.id AND undone.base_id = %(base)s
                    AND undone.pgh_context_id = earlier.context AND undone.changed_at > before.changed_at)""",
        params,
    )


def _remove(cursor: CursorWrapper, params: dict[str, Any]) -> int:
    cursor.execute(
        f"""DELETE FROM customers_customer AS customer USING {_DONE}
            WHERE customer.base_id = %(base)s AND customer.id = done.id AND done.is_new AND {_TOLD}""",
        params,
    )
    return int(cursor.rowcount)


def _remove_words(cursor: CursorWrapper, params: dict[str, Any]) -> None:
    """Groups and tags that the import has created go as well, unless somebody uses or has edited them since.

    So do those of imports that were undone before it, whose customers used them still.
    """
    used = {
        "customers_customergroup": f"customer.{GROUP} = word.id",
        "customers_tag": "customer.tags <> '{}' AND customer.tags @> ARRAY[word.name]",
    }
    for table, uses in used.items():
        cursor.execute(
            f"""DELETE FROM {table} AS word USING {table}event AS event
                WHERE word.base_id = %(base)s AND event.pgh_obj_id = word.id AND event.pgh_label = 'insert'
                  AND event.pgh_context_id IN (SELECT context FROM customers_importupload AS file
                      WHERE file.base_id = %(base)s AND (file.state = 'undone' OR file.id = %(upload)s))
                  AND NOT EXISTS (SELECT FROM customers_customer AS customer
                                  WHERE customer.base_id = %(base)s AND {uses})
                  AND NOT EXISTS (SELECT FROM {table}event AS later WHERE later.pgh_obj_id = word.id
                                  AND later.pgh_context_id IS DISTINCT FROM event.pgh_context_id)""",
            params,
        )
