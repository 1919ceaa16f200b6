"""Pages of an import of 100,000 rows look at fifty of them, whatever the database believes about the sizes of tables.

Counted is what the database does, not how long it takes: the rows that pass through all steps of its plan.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from customers import statistics
from customers.choices import MatchBy, OnKnown, UploadState, Verdict
from customers.filling import _columns, _words
from customers.imports import lifecycle, preview, reserved_numbers
from customers.imports.classifying import plan_of
from customers.imports.consents import Statements
from customers.imports.plan_settings import MEMORY, SMALL, plan_for
from customers.imports.vocabulary import named_vocabulary
from customers.models import CustomerCount, ImportUpload
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Cast
from tests.states import in_state

ROWS, KNOWN = 100_000, 2_200
A_FEW_TIMES = 4
"""So often each row may pass through a step of a plan: read, joined, sorted."""
GIVEN = ["email", "last_name"]
_STAGE = """
    INSERT INTO customers_importrow (upload, row_number, problems, last_name, email)
    SELECT %s, n, CASE WHEN n %% 10 = 0 THEN '[]'::jsonb END, 'Neu ' || n, 'kunde' || n || '@example.com'
    FROM generate_series(2, %s + 1) AS n
"""
_JUDGE = """
    INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
    SELECT %s, %s, n, CASE WHEN n %% 10 = 0 THEN 'rejected' ELSE 'changed' END, first + n %% 2000,
        '[{"code": "x", "column": "", "value": "", "reason": ""}]'
    FROM generate_series(2, %s + 1) AS n, (SELECT min(id) AS first FROM customers_customer) AS known WHERE n %% 10 < 5
"""

_DECIDE = """
    INSERT INTO customers_importdecision (base_id, file_id, row_number, decision, customer_id, looks)
    SELECT %s, %s, n, 'same', first + n %% 2000, '{}'
    FROM generate_series(2, %s / 2) AS n, (SELECT min(id) AS first FROM customers_customer) AS known
"""


@pytest.fixture(scope="module")
def anna(standing) -> Scope:
    return Cast().scope("anna", "Zentrale")


def an_upload(anna: Scope, rows: int) -> ImportUpload:
    """Checked, with so many rows staged and judged as a check would leave them."""
    choices = {"headings": ["E-Mail", "Name"], "targets": GIVEN, "known": "overwrite", "match": "email"}
    figures = {
        "read": rows,
        "given": GIVEN,
        "created": rows // 2,
        "changed": rows // 2,
        "rejected": rows // 10,
        "similar": 0,
    }
    upload = in_state(
        ImportUpload, organization=anna.organization, base=anna.base, location=anna.location, user=anna.user,
        name="a.csv", choices=choices, preview=figures, new_rows=f"{{[2,{rows})}}", state=UploadState.CHECKED,
    )  # fmt: skip
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        cursor.execute(_STAGE, [upload.pk, rows])
        cursor.execute(_JUDGE, [anna.base.pk, upload.pk, rows])
    return upload


def some_customers(anna: Scope) -> None:
    columns = _columns()
    names, values = ", ".join(columns), ", ".join(columns.values())
    sql = f"INSERT INTO customers_customer ({names}) SELECT {values} FROM generate_series(1, %(count)s) AS n"
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        cursor.execute(sql, {**_words(anna), "count": KNOWN})


@pytest.fixture(scope="module", params=["never gathered", "of before", "gathered"])
def made(request, anna) -> Iterator[ImportUpload]:
    """With statistics as they are when the first file arrives, as they are when another one does, and as they are."""
    with transaction.atomic():
        some_customers(anna)
        if request.param == "of before":
            an_upload(anna, 3_000)
            statistics.gather([*statistics.STAGED, *statistics.JUDGED, *statistics.WRITTEN])
        found = an_upload(anna, ROWS)
        if request.param == "gathered":
            statistics.gather([*statistics.STAGED, *statistics.JUDGED, *statistics.WRITTEN])
        yield found
        transaction.set_rollback(True)


@pytest.fixture
def upload(made) -> ImportUpload:
    """For a test of its own; the rows stand for all."""
    return copy.deepcopy(made)


def passed(node: dict[str, Any]) -> float:
    """How many rows have passed through this step and those below it."""
    removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
    own = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return float(own + sum(passed(inner) for inner in node.get("Plans", ())))


@contextmanager
def counted() -> Iterator[dict[str, float]]:
    """By its text, what each question about staged rows or their verdicts has let pass."""
    found: dict[str, float] = {}

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if "customers_import" in sql and sql.lstrip().startswith(("SELECT", "WITH", "UPDATE")):
            with context["connection"].connection.cursor() as raw:
                raw.execute(f"EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, FORMAT JSON) {sql}", params)
                [(plan,)] = raw.fetchall()
            plan = json.loads(plan) if isinstance(plan, str) else plan
            found[sql] = passed(plan[0]["Plan"])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


@pytest.mark.django_db
def test_pages_of_a_large_import_read_each_row_a_few_times_at_most(anna, upload):
    looks = {
        "decided": lambda: preview.decided(upload, anna),
        "changed": lambda: preview.changed(upload, anna, page=3),
        "created": lambda: preview.created(upload, anna, page=3),
        "rejected": lambda: preview.rejected(upload, page=3),
        "similar": lambda: preview.similar(upload, anna),
        "unsaid": lambda: preview.unsaid(upload, anna),
        "kept": lambda: preview.left(upload, Verdict.KEPT, anna),
    }
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '20s'")
        for name, look in looks.items():
            with counted() as found:
                look()
            assert found, name
            worst = max(found, key=lambda sql: found[sql])
            assert found[worst] < A_FEW_TIMES * (ROWS + KNOWN), f"{name}: {found[worst]:,.0f} rows: {worst}"


@pytest.mark.django_db
def test_reserving_the_numbers_of_a_large_import_reads_each_row_a_few_times_at_most(anna, upload):
    upload.preview["given"] = [*GIVEN, "customer_number"]
    with transaction.atomic():
        with counted() as found:
            reserved_numbers.reserve(upload=upload, scope=anna)
        transaction.set_rollback(True)
    assert any(sql.lstrip().startswith("UPDATE customers_importprogress") for sql in found)
    worst = max(found, key=lambda sql: found[sql])
    assert found[worst] < A_FEW_TIMES * (ROWS + KNOWN), f"{found[worst]:,.0f} rows: {worst}"


@pytest.mark.django_db
@pytest.mark.parametrize("match", [MatchBy.EMAIL, MatchBy.NUMBER])
@pytest.mark.parametrize("is_decided", [False, True])
def test_judging_a_large_import_compares_no_row_with_each_customer(anna, upload, match, is_decided):
    """Nested loops are for what an index finds: nothing is read again and again for each row."""
    upload.choices["match"] = match
    if is_decided:
        with row_scope.rows_of(anna), connection.cursor() as cursor:
            cursor.execute(_DECIDE, [anna.base.pk, upload.pk, ROWS])
        upload.choices |= {"decided": {"same": ROWS // 2}}
    given = frozenset([*GIVEN, "customer_number", "former_numbers"])
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        words = named_vocabulary(upload=upload, given=given, scope=anna)
        plan = plan_of(upload=upload, scope=anna, given=given, words=words)
        assert (plan.known, plan.is_decided) == (OnKnown.OVERWRITE, is_decided)
        cursor.execute(MEMORY)
        cursor.execute(f"EXPLAIN (FORMAT JSON) {plan.merged()}", plan.params)
        [(found,)] = cursor.fetchall()
    found = json.loads(found) if isinstance(found, str) else found
    assert list(read_again_and_again(found[0]["Plan"])) == []


def read_again_and_again(node: dict[str, Any]) -> Iterator[str]:
    """Tables that stand at the inner side of a nested loop and are read as a whole there."""
    parts = node.get("Plans", [])
    if node["Node Type"] == "Nested Loop":
        yield from scanned(parts[1])
    for part in parts:
        yield from read_again_and_again(part)


def scanned(node: dict[str, Any]) -> Iterator[str]:
    tables = {"customers_importrow", "customers_customer", "customers_importdecision"}
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in tables:
        yield node["Relation Name"]
    for part in node.get("Plans", []):
        yield from scanned(part)


@pytest.mark.django_db
def test_statistics_of_other_tables_are_nobodys_business():
    refused = pytest.raises(DatabaseError, match="No statistics of mcp_user are gathered here")
    with refused, transaction.atomic():
        statistics.gather(["mcp_user"])


def test_all_imports_are_listed_without_a_look_at_their_rows(anna):
    with row_scope.rows_of(anna), counted() as found:
        list(lifecycle.imports_of(anna)[:50])
    assert [sql for sql in found if "importrow" in sql or "importverdict" in sql] == []


@pytest.mark.django_db
def test_rows_of_a_file_that_is_small_beside_its_base_are_looked_for_one_by_one(anna, upload):
    """Of eight million customers a hundred rows mean a hundred, and nobody reads the others."""
    given = frozenset([*GIVEN, "customer_number"])
    upload.choices["match"] = MatchBy.NUMBER
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        known = sum(CustomerCount.objects.in_base(anna.base).totals())
        words = named_vocabulary(upload=upload, given=given, scope=anna)
        plan = plan_of(upload=upload, scope=anna, given=given, words=words)
        joins = {}
        for rows in (known // SMALL - 1, known // SMALL + 1):
            plan_for(cursor, rows=rows, base=anna.base)
            cursor.execute("SET LOCAL enable_seqscan = off")  # so small a base would be read as a whole all the same
            cursor.execute(f"EXPLAIN (FORMAT JSON) {plan.merged('r.row_number < 50')}", plan.params)
            [(found,)] = cursor.fetchall()
            found = json.loads(found) if isinstance(found, str) else found
            joins[rows] = {node["Node Type"] for node in nodes(found[0]["Plan"]) if "Join Type" in node}
        cursor.execute("SET LOCAL enable_seqscan = on")
    few, many = joins.values()
    assert "Nested Loop" in few
    assert "Nested Loop" not in many


@pytest.mark.django_db
def test_what_new_customers_say_is_recorded_without_a_look_at_the_others(anna, upload, request):
    """Whoever has just been created has a later id than all before: the base is not read for each batch.

    Where statistics of the customers were never gathered, no base is large yet.
    """
    if request.node.callspec.params["made"] == "never gathered":
        statistics.gather(["customers_customer"])
    given = frozenset([*GIVEN, "customer_number", "newsletter"])
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        words = named_vocabulary(upload=upload, given=given, scope=anna)
        plan = plan_of(upload=upload, scope=anna, given=given, words=words)
        statements = Statements(plan=plan, upload=upload, scope=anna)
        cursor.execute("SELECT max(id) FROM customers_customer WHERE base_id = %s", [anna.base.pk])
        [(newest,)] = cursor.fetchall()
        cursor.execute(f"{MEMORY}; SET LOCAL enable_seqscan = off")  # so small a base would be read all the same
        rows = statements.wanted(statements.of_new(is_numbering=False), is_new=True)
        batch = {"from": 0, "to": ROWS, "new_rows": upload.new_rows, "behind": newest - 10, "newest": newest}
        cursor.execute(f"EXPLAIN (FORMAT JSON) {rows}", plan.params | batch)
        [(found,)] = cursor.fetchall()
        cursor.execute("SET LOCAL enable_seqscan = on")
    found = json.loads(found) if isinstance(found, str) else found
    looked_for = [node["Index Cond"] for node in nodes(found[0]["Plan"]) if node.get("Alias") == "k"]
    assert [f"id > {newest - 10}" in condition for condition in looked_for] == [True]


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", []):
        yield from nodes(part)
