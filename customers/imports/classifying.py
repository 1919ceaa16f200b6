"""What would become of each staged row: rejected with the reason, new, changed or unchanged. Set by set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.choices import MatchBy, OnKnown
from customers.imports.broken_rules import broken_rules, sentences
from customers.imports.consents import ANSWERS, Statements
from customers.imports.erased_rows import reject_erased
from customers.imports.frozen_decisions import forget_gone, reject_decided
from customers.imports.left_alone import tell_archived, tell_differing
from customers.imports.merge_sql import Plan
from customers.imports.other_person import heading_of_key, reject_somebody_else
from customers.imports.plan_settings import plan_for
from customers.imports.problems import (
    AMBIGUOUS,
    CUSTOMER_ARCHIVED,
    DAY_ALONE,
    DUPLICATE,
    NUMBER_OUT_OF_RANGE,
    SAID_SINCE,
    THE_DAY,
    YES,
    day,
    problem,
    told,
)
from customers.imports.similar_rows import tell_similar
from customers.imports.turns import imports_so_far
from customers.imports.vocabulary import NamedVocabulary, named_vocabulary
from customers.models import ImportUpload, ImportVerdict
from customers.table.options import UNSAID
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import Sentences, sentences_of

NO_ROWS = "{}"
"""As the database writes an empty set of row numbers."""

_REJECT = "INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems) "


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Each row that was read came to exactly one end."""

    read: int
    created: int
    changed: int
    unchanged: int
    rejected: int

    def as_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("read", "created", "changed", "unchanged", "rejected")}


class CountsDiffer(RuntimeError):
    """The program lost count of the rows: nothing is written."""


def demand_whole(counts: Counts) -> None:
    """Raise CountsDiffer unless the parts are the whole."""
    if counts.read != counts.created + counts.changed + counts.unchanged + counts.rejected:
        raise CountsDiffer(f"{counts.as_dict()}: the parts are not the whole")


def plan_of(
    *, upload: ImportUpload, scope: Scope, given: frozenset[str], words: NamedVocabulary, known: OnKnown | None = None
) -> Plan:
    """`known` in place of what was chosen."""
    return Plan(
        upload=upload,
        scope=scope,
        given=given,
        known=known or OnKnown(upload.choices.get("known", OnKnown.OVERWRITE)),
        match=MatchBy(upload.choices.get("match", MatchBy.NUMBER)),
        groups=words.groups,
    )


def judge(*, upload: ImportUpload, scope: Scope, read: int, given: frozenset[str]) -> dict[str, Any]:
    """Say of each staged row what would become of it; the preview, and `upload.new_rows`."""
    with connection.cursor() as cursor:
        plan_for(cursor, rows=read, base=scope.base)
        imports = imports_so_far(cursor, upload.base_id)
        words = named_vocabulary(upload=upload, given=given, scope=scope)
        plan = plan_of(upload=upload, scope=scope, given=given, words=words)
        statements = Statements(plan=plan, upload=upload, scope=scope)
        headings = _headings(upload)
        _tell_unreadable(cursor, plan)
        if plan.is_decided:
            forget_gone(cursor, upload)
            reject_decided(cursor, plan)
        doubts = reject_erased(cursor, plan, scope)
        _reject_words(cursor, plan, words, headings)
        reject_somebody_else(cursor, plan, headings)
        _reject_repeated(cursor, plan, headings)
        created, changed, unchanged, new_rows, consents = _judge_rest(cursor, plan, scope, headings, statements)
        similar = doubts + (0 if new_rows == NO_ROWS else tell_similar(cursor, plan, new_rows))
        archived = tell_archived(cursor, plan)
        overwriting = plan_of(upload=upload, scope=scope, given=given, words=words, known=OnKnown.OVERWRITE)
        differs = tell_differing(cursor, plan, overwriting)
        unread = _tell_unread(cursor, plan)
        unsaid = _tell_unsaid(cursor, plan, statements, headings, is_any_archived=archived > 0)
        purposes = statements.unknown_purposes(cursor)
        cursor.execute(
            "SELECT count(*) FROM customers_importverdict WHERE file_id = %(upload)s AND verdict = 'rejected'",
            plan.params,
        )
        rejected = cursor.fetchone()[0]
        upload.new_rows = new_rows
        if words.new_groups or words.new_tags:
            words = named_vocabulary(upload=upload, given=given, scope=scope, is_judged=True)
    counts = Counts(read=read, created=created, changed=changed, unchanged=unchanged, rejected=rejected)
    demand_whole(counts)
    return {
        **counts.as_dict(),
        "consents": consents,
        "besides": statements.besides,
        "unsaid": unsaid,
        "unread": unread,
        "unknown_purposes": purposes,
        "moment": statements.moment,
        "similar": similar,
        "archived": archived,
        "differs": differs,
        "new_groups": list(words.new_groups),
        "new_tags": words.new_tags,
        "given": sorted(given),
        "imports": imports,
    }


def _headings(upload: ImportUpload) -> dict[str, str]:
    """How the file calls each field's column."""
    return {
        target: heading for heading, target in zip(upload.choices["headings"], upload.choices["targets"], strict=True)
    }


def _tell_unreadable(cursor: CursorWrapper, plan: Plan) -> None:
    cursor.execute(
        f"""{_REJECT} SELECT %(base)s, %(upload)s, row_number, 'rejected', NULL, problems
            FROM customers_import_rows WHERE upload = %(upload)s AND problems IS NOT NULL""",
        plan.params,
    )


def _reject_words(cursor: CursorWrapper, plan: Plan, words: NamedVocabulary, headings: dict[str, str]) -> None:
    if words.refused_groups:
        reason = "%(reasons)s::jsonb->r.group_name"
        cursor.execute(
            f"""{_REJECT} SELECT %(base)s, %(upload)s, r.row_number, 'rejected', NULL,
                {problem("%(heading)s::text", "r.group_name", reason, "'unknown_customer_group'")}
                FROM {plan.rows} WHERE r.group_name = ANY(%(names)s)""",
            plan.params
            | {"heading": headings["customer_group"], "names": list(words.refused_groups)}
            | {"reasons": json.dumps(words.refused_groups)},
        )
    if words.refused_tags:
        first = "(SELECT tag FROM unnest(r.tags) AS tag WHERE tag = ANY(%(names)s) ORDER BY 1 LIMIT 1)"
        cursor.execute(
            f"""{_REJECT} SELECT %(base)s, %(upload)s, r.row_number, 'rejected', NULL,
                {problem("%(heading)s::text", first, f"%(reasons)s::jsonb->{first}", "'unknown_tag'")}
                FROM {plan.rows} WHERE r.tags && %(names)s::text[]""",
            plan.params
            | {"heading": headings["tags"], "names": list(words.refused_tags)}
            | {"reasons": json.dumps(words.refused_tags)},
        )


def _reject_repeated(cursor: CursorWrapper, plan: Plan, headings: dict[str, str]) -> None:
    """Rows about a customer whom a row before is about, and rows whose key belongs to several customers."""
    if "customer_number" in plan.given:
        numbers = f"SELECT r.row_number, r.customer_number AS key FROM {plan.rows} WHERE r.customer_number IS NOT NULL"
        _repeated(cursor, plan.params | {"heading": headings["customer_number"]}, numbers)
    if not plan.has_key:
        return
    params = plan.params | {"heading": heading_of_key(plan, headings)}
    reason = told(AMBIGUOUS, value=plan.key, numbers="m.numbers")
    cursor.execute(
        f"""{_REJECT} SELECT %(base)s, %(upload)s, r.row_number, 'rejected', NULL,
            {problem("%(heading)s::text", plan.key, reason, "'ambiguous_key'")}
            FROM {plan.rows} JOIN (
                SELECT row_number, string_agg(customer_number::text, ', ' ORDER BY customer_number) AS numbers
                FROM ({plan.by_key}) AS pairs GROUP BY row_number HAVING count(*) > 1
            ) AS m ON m.row_number = r.row_number""",
        params,
    )
    _repeated(cursor, params, plan.keys())
    if "customer_number" in plan.given:
        _repeated_by_both(cursor, plan, params)
    if plan.match == MatchBy.NUMBER:
        _repeated_by_another(cursor, plan, params)


def _repeated(cursor: CursorWrapper, params: dict[str, Any], pairs: str) -> None:
    """Reject rows of whom a row before has a key; `pairs` are SQL for rows of row_number and key."""
    again = told(DUPLICATE, first="d.first", key="d.key::text")
    cursor.execute(
        f"""{_REJECT} SELECT DISTINCT ON (w.row_number) %(base)s, %(upload)s, w.row_number, 'rejected', NULL::bigint,
            {problem("%(heading)s::text", "d.key::text", again, "'duplicate_row'")}
            FROM (SELECT key, min(row_number) AS first FROM ({pairs}) AS keys GROUP BY 1 HAVING count(*) > 1) AS d
            JOIN ({pairs}) AS w ON w.key = d.key AND w.row_number > d.first ORDER BY w.row_number, d.first""",
        params,
    )


def _repeated_by_both(cursor: CursorWrapper, plan: Plan, params: dict[str, Any]) -> None:
    """One row names the customer by number, another by the key."""
    again = told(DUPLICATE, first="n.row_number", key="n.customer_number::text")
    cursor.execute(
        f"""{_REJECT} SELECT %(base)s, %(upload)s, m.row_number, 'rejected', NULL,
            {problem("%(heading)s::text", "''", again, "'duplicate_row'")}
            FROM ({plan.by_key}) AS m JOIN ({plan.by_number}) AS n ON n.id = m.id""",
        params,
    )


def _repeated_by_another(cursor: CursorWrapper, plan: Plan, params: dict[str, Any]) -> None:
    """Of a customer with several former numbers one row names this one, another row that one."""
    again = told(DUPLICATE, first="d.first", key="m.customer_number::text")
    cursor.execute(
        f"""{_REJECT} SELECT DISTINCT ON (m.row_number) %(base)s, %(upload)s, m.row_number, 'rejected', NULL::bigint,
            {problem("%(heading)s::text", plan.key, again, "'duplicate_row'")}
            FROM ({plan.by_key}) AS m JOIN (
                SELECT id, min(row_number) AS first FROM ({plan.by_key}) AS pairs GROUP BY 1 HAVING count(*) > 1
            ) AS d ON d.id = m.id AND m.row_number > d.first
            JOIN {plan.rows} ON r.row_number = m.row_number ORDER BY m.row_number, d.first""",
        params,
    )


def _judge_rest(
    cursor: CursorWrapper, plan: Plan, scope: Scope, headings: dict[str, str], statements: Statements
) -> tuple[int, int, int, str, int]:
    """New, changed and unchanged rows, which ones are new, and how many statements about consents they bring.

    Whatever breaks a rule of the database is rejected. Who only says something new is changed as well.
    """
    cases, reasons = _cases(scope, plan)
    columns = {name: headings.get(name, "") for name in headings}
    reason = """CASE broken WHEN 'number_out_of_range'
        THEN jsonb_set(%(reasons)s::jsonb->broken, '{0,params,number}', to_jsonb(customer_number))
        ELSE %(reasons)s::jsonb->broken END"""
    said, brought = "", "0"
    if statements:
        said, brought = f"LEFT JOIN {statements.counted()} ON said_row = row_number", "coalesce(statements, 0)"
    cursor.execute(
        f"""WITH judged AS MATERIALIZED (
                SELECT row_number, customer_id, changed_at, differs OR brought > 0 AS differs, customer_number, broken,
                    brought, {_value()} AS value
                FROM (SELECT *, {cases} AS broken, {brought} AS brought FROM ({plan.merged()}) AS merged {said} OFFSET 0
                ) AS asked
            ), told AS (
                INSERT INTO customers_importverdict
                    (base_id, file_id, row_number, verdict, customer_id, seen, problems)
                SELECT %(base)s, %(upload)s, row_number, CASE WHEN broken IS NULL THEN 'changed' ELSE 'rejected' END,
                    customer_id, changed_at,
                    CASE WHEN broken IS NULL THEN '[]'::jsonb
                         ELSE {
            problem(
                "coalesce(%(columns)s::jsonb->>(%(about)s::jsonb->>broken), '')",
                "coalesce(value, '')",
                reason,
                "CASE WHEN broken LIKE 'missing%%' THEN 'missing_right' ELSE broken END",
            )
        } END
                FROM judged WHERE broken IS NOT NULL OR differs AND customer_id IS NOT NULL
            )
            SELECT count(*) FILTER (WHERE customer_id IS NULL),
                   count(*) FILTER (WHERE customer_id IS NOT NULL AND differs),
                   count(*) FILTER (WHERE customer_id IS NOT NULL AND NOT differs),
                   coalesce(range_agg(int4range(row_number, row_number + 1))
                            FILTER (WHERE customer_id IS NULL), '{{}}')::text,
                   coalesce(sum(brought), 0)
            FROM judged WHERE broken IS NULL""",
        plan.params | {"reasons": json.dumps(reasons), "columns": json.dumps(columns), "about": json.dumps(_ABOUT)},
    )
    created, changed, unchanged, new_rows, consents = cursor.fetchone()
    return created, changed, unchanged, new_rows, int(consents)


_ABOUT = {
    "number_out_of_range": "customer_number",
    "customer_number_range": "customer_number",
    "customer_birthday_in_the_past": "birthday",
    "customer_day_of_birth_exists": "birthday_without_year",
    "customer_discount_range": "discount",
    "customer_price_level_range": "price_level",
    "customer_credit_limit_positive": "credit_limit",
    "customer_country_iso": "country",
    "customer_payment_method_known": "payment_method",
    "customer_blocked_reason_when_blocked": "blocked_reason",
}
"""Which column a broken rule is about."""


def _value() -> str:
    """As SQL what stands in the column that a broken rule is about."""
    cases = " ".join(f"WHEN '{name}' THEN {column}::text" for name, column in _ABOUT.items())
    return f"CASE broken {cases} END"


def _cases(scope: Scope, plan: Plan) -> tuple[str, dict[str, Sentences]]:
    """As SQL the name of the first thing that is wrong with a merged row, or NULL; and the sentences by name."""
    reasons = sentences()
    cases: list[str] = []
    for right, condition in (
        (Right.ADD_CUSTOMERS, "customer_id IS NULL"),
        (Right.CHANGE_CUSTOMERS, "customer_id IS NOT NULL"),
    ):
        is_left = right == Right.CHANGE_CUSTOMERS and plan.known == OnKnown.SKIP
        if scope.allows(right) or (is_left and not plan.is_filling_decided):
            continue
        if is_left:
            condition += " AND differs"
        reasons[f"missing_{right}"] = sentences_of(MissingRight(right, scope.location))
        cases.append(f"WHEN {condition} THEN 'missing_{right}'")
    cases.append(
        "WHEN customer_id IS NULL AND customer_number NOT BETWEEN %(first_number)s AND %(last_number)s "
        "THEN 'number_out_of_range'"
    )
    place = scope.location
    reasons["number_out_of_range"] = NUMBER_OUT_OF_RANGE(
        number=None, location=place, first=place.first_number, last=place.last_number
    )
    cases += [
        f"WHEN (customer_id IS NULL OR differs) AND {condition} THEN '{name}'"
        for name, condition in broken_rules().items()
    ]
    return f"CASE {' '.join(cases)} END", reasons


def _tell_unread(cursor: CursorWrapper, plan: Plan) -> int:
    """Cells that cannot be read and are left out, where somebody has chosen so: how many."""
    if not plan.is_unsaid_possible:
        return 0
    cursor.execute(
        f"""INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, problems)
            SELECT %(base)s, %(upload)s, r.row_number, 'unread', jsonb_build_array(said.value)
            FROM {plan.rows}, jsonb_each(r.{UNSAID}) AS said
            WHERE jsonb_typeof(said.value) = 'object' ORDER BY r.row_number, said.key""",
        plan.params,
    )
    return int(cursor.rowcount)


def _tell_unsaid(
    cursor: CursorWrapper, plan: Plan, statements: Statements, headings: dict[str, str], *, is_any_archived: bool
) -> int:
    """Answers that become no statement, as one with a day before what the customer has said since: how many."""
    if not (left_out := statements.left_out(is_any_archived=is_any_archived)):
        return 0
    reasons = {
        "day_alone": told(DAY_ALONE),
        "said_since": told(SAID_SINCE, day=day("was_at AT TIME ZONE %(zone)s")),
        "customer_archived": told(CUSTOMER_ARCHIVED),
    }
    reason = " ".join(f"WHEN '{name}' THEN {sentence}" for name, sentence in reasons.items())
    columns = {
        purpose: {
            "day_alone": headings.get(day, ""),
            "said_since": headings.get(day, ""),
            "customer_archived": headings.get(answer, ""),
        }
        for purpose, (answer, day) in ANSWERS.items()
    }
    value = f"""CASE WHEN reason = 'customer_archived' THEN {told(YES)}
        WHEN day IS NOT NULL THEN {told(THE_DAY, day=day("day"))} ELSE '""' END"""
    heading = "coalesce(%(columns)s::jsonb->purpose->>reason, '')"
    cursor.execute(
        f"""INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, problems)
            SELECT %(base)s, %(upload)s, row_number, 'unsaid',
                {problem(heading, value, f"CASE reason {reason} END", "reason")} FROM ({left_out}) AS left_out
            ORDER BY row_number, purpose""",
        plan.params | {"columns": json.dumps(columns)},
    )
    return int(cursor.rowcount)


def verdicts(upload: ImportUpload, verdict: str) -> Any:
    return ImportVerdict.objects.filter(file=upload, verdict=verdict).order_by("row_number", "id")
