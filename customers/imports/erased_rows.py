"""Rows that would bring somebody back who was erased for good (see customers/tombstones.py).

Who is one of the erased is rejected. Who has no more in common with one of them than an address or a phone number
waits for a person to say that it is somebody else. Only rows that would make a new customer are asked: whoever has come
back was registered as a new person, and is one.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.utils import CursorWrapper

from customers.imports.merge_sql import Plan
from customers.imports.problems import ERASED, PERHAPS_ERASED, problem, told
from customers.imports.similar_rows import LIKE_ERASED
from customers.tombstones import PHONES, Erased, Known
from mcp.isolation.scope import Scope

_SAID = ("uid", "customer_number", "former_numbers", "email", *PHONES)
_BLOCK = 10_000


def reject_erased(cursor: CursorWrapper, plan: Plan, scope: Scope) -> int:
    """Reject rows of people who were erased, and those that may be until somebody decides: how many the latter are."""
    said = [name for name in _SAID if name in plan.given or (name == "customer_number" and plan.is_numbered_by_sender)]
    if not {"uid", "email", *PHONES}.intersection(said):
        return 0
    erased = Erased.in_base(scope.base)
    if not erased.digests:
        return 0
    ones: list[int] = []
    doubts: list[int] = []
    for row_number, known in _rows(cursor, plan, said):
        if erased.is_one(known):
            ones.append(row_number)
        elif erased.is_perhaps_one(known):
            doubts.append(row_number)
    _reject(cursor, plan, ones, reason=told(ERASED), code="erased")
    return _doubt(cursor, plan, doubts)


def _rows(cursor: CursorWrapper, plan: Plan, said: list[str]) -> Iterator[tuple[int, Known]]:
    last = 0
    while True:
        cursor.execute(
            f"""SELECT r.row_number, {", ".join(f"r.{name}" for name in said)} FROM {plan.rows}
                WHERE r.row_number > %(last)s ORDER BY r.row_number LIMIT {_BLOCK}""",
            plan.params | {"last": last},
        )
        rows = cursor.fetchall()
        if not rows:
            return
        for row_number, *values in rows:
            one = dict(zip(said, values, strict=True))
            yield (
                row_number,
                Known.of(
                    uid=one.get("uid"),
                    numbers=[one.get("customer_number"), *(one.get("former_numbers") or ())],
                    emails=[one.get("email")],
                    phones=[one.get(name) for name in PHONES],
                ),
            )
        last = rows[-1][0]


def _reject(cursor: CursorWrapper, plan: Plan, rows: list[int], *, reason: str, code: str, condition: str = "") -> int:
    if not rows:
        return 0
    means = f"AND NOT EXISTS (SELECT FROM ({plan.pairs}) AS m WHERE m.row_number = r.row_number)" if plan.pairs else ""
    cursor.execute(
        f"""INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
            SELECT %(base)s, %(upload)s, r.row_number, 'rejected', NULL, {problem(reason=reason, code=f"'{code}'")}
            FROM {plan.rows} WHERE r.row_number = ANY(%(suspects)s) {means} {condition}""",
        plan.params | {"suspects": rows},
    )
    return int(cursor.rowcount)


def _doubt(cursor: CursorWrapper, plan: Plan, rows: list[int]) -> int:
    """Reject these rows unless somebody has decided, and list them to be decided: how many."""
    count = _reject(
        cursor, plan, rows, reason=told(PERHAPS_ERASED), code=LIKE_ERASED, condition=f"AND {plan.is_undecided}"
    )
    if count:
        cursor.execute(
            f"""INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
                SELECT base_id, file_id, row_number, 'similar', NULL,
                    jsonb_build_array(jsonb_build_object('code', '{LIKE_ERASED}', 'first', NULL))
                FROM customers_importverdict WHERE base_id = %(base)s AND file_id = %(upload)s
                  AND verdict = 'rejected' AND problems->0->>'code' = '{LIKE_ERASED}' ORDER BY row_number""",
            plan.params,
        )
    return count
