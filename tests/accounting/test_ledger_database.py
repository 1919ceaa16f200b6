"""What the database keeps of the ledger, whoever writes: each way to change what was posted is tried."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from accounting.choices import SIDES, AccountKind, MovementKind
from accounting.models import Account, Allocation, Ledger, LedgerException, Movement
from accounting.operations import post_sale, receive_payment, top_up
from locations.models import Location
from locations.row_policies import UNSCOPED_ROLE
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import account, amounts, guest, key, on_its_own

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def refusal(scope: Scope, sql: str, *values: Any) -> str:
    """By which constraint a statement of the web role is refused, or what it is told."""
    with pytest.raises(DatabaseError) as caught, row_scope.rows_of(scope), transaction.atomic():
        run(sql, *values)
    cause: Any = caught.value.__cause__
    return str(cause.diag.constraint_name or caught.value)


CLOSED = [
    "UPDATE accounting_movement SET amount = 1",
    "UPDATE accounting_movement SET reason = 'x'",
    "DELETE FROM accounting_movement",
    "TRUNCATE accounting_movement CASCADE",
    "INSERT INTO accounting_movement SELECT * FROM accounting_movement",
    "UPDATE accounting_allocation SET amount = 1",
    "DELETE FROM accounting_allocation",
    "TRUNCATE accounting_allocation",
    "INSERT INTO accounting_allocation SELECT * FROM accounting_allocation",
    "SELECT FROM accounting_movement FOR UPDATE",
    "UPDATE accounting_account SET balance = 1000",
    "UPDATE accounting_account SET floor = -1000",
    "UPDATE accounting_account SET overdraft = 1000",
    "UPDATE accounting_account SET is_nameless = true, customer_id = NULL",
    "DELETE FROM accounting_account",
    "TRUNCATE accounting_account CASCADE",
    "UPDATE accounting_ledger SET owner_id = NULL",
    "DELETE FROM accounting_ledger",
    "DELETE FROM accounting_accountterms",
    "UPDATE accounting_accounttermsevent SET hard_limit = 1",
    "DELETE FROM accounting_accounttermsevent",
    "UPDATE accounting_ledgerexception SET movement_id = NULL",
    "UPDATE accounting_ledgerexception SET breaches = '{limit}'",
    "DELETE FROM accounting_ledgerexception",
    "INSERT INTO accounting_ledgerexception SELECT * FROM accounting_ledgerexception",
    "ALTER TABLE accounting_movement DISABLE TRIGGER USER",
    "CREATE OR REPLACE FUNCTION accounting_post() RETURNS void LANGUAGE sql AS ''",
]


def test_web_role_changes_nothing_that_was_posted(anna):
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal(120), key=key(), is_late=True, actor=anna)
    before = (amounts(anna, whose), list(Movement.objects.values_list()), list(LedgerException.objects.values_list()))
    for statement in CLOSED:
        told = refusal(anna, statement)
        assert re.search("permission denied|must be owner", told), (statement, told)
    assert (
        amounts(anna, whose),
        list(Movement.objects.values_list()),
        list(LedgerException.objects.values_list()),
    ) == before


@pytest.mark.django_db(transaction=True)
def test_trigger_holds_where_a_grant_would_not(anna):
    """Somebody has granted too much; the trigger keeps movements all the same, from all but the owner."""
    whose = guest(anna)
    for book in (post_sale, receive_payment):
        book(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    tables = ", ".join(sorted(one._meta.db_table for one in apps.get_app_config("accounting").get_models()))
    run(f"GRANT ALL ON {tables} TO {UNSCOPED_ROLE}")
    for statement, constraint in (
        ("UPDATE accounting_movement SET amount = 1", "movement_stays"),
        ("DELETE FROM accounting_movement", "movement_stays"),
        ("TRUNCATE accounting_movement CASCADE", "movement_stays"),
        ("UPDATE accounting_allocation SET amount = 1", "allocation_stays"),
        ("DELETE FROM accounting_allocation", "allocation_stays"),
        ("TRUNCATE accounting_allocation", "allocation_stays"),
    ):
        assert kept_from(UNSCOPED_ROLE, statement) == constraint, statement
    assert (Movement.objects.count(), Allocation.objects.count()) == (2, 1)


def kept_from(role: str, statement: str) -> str:
    """By which constraint the statement of this role is refused."""
    try:
        with transaction.atomic():
            run(f"SET LOCAL ROLE {role}")
            run(statement)
    except DatabaseError as error:
        cause: Any = error.__cause__
        return str(cause.diag.constraint_name or error)
    return ""


def test_account_begins_with_nothing_and_the_limit_of_the_terms(anna):
    """Whatever the statement says: an account that the web role adds has no balance and no limit of its own."""
    whose = guest(anna, hard_limit=Decimal(70))
    ledger = Ledger.objects.get()
    owed = account(anna, whose, "owed")
    assert (owed.balance, owed.floor, owed.overdraft) == (0, -70, 0)
    with row_scope.rows_of(anna):
        run(
            "INSERT INTO accounting_account (organization_id, base_id, ledger_id, owner_key, kind, location_id, "
            "balance, floor, overdraft, is_nameless) VALUES (%s, %s, %s, 0, 'sales', %s, 5, 5, 5, true)",
            anna.organization.pk, anna.base.pk, ledger.pk, anna.location.pk,
        )  # fmt: skip
    made = Account.objects.get(kind="sales")
    assert (made.balance, made.floor, made.overdraft, made.is_nameless) == (None, None, 0, False)
    told = refusal(
        anna,
        "INSERT INTO accounting_account (organization_id, base_id, ledger_id, owner_key, kind, customer_id) "
        "SELECT organization_id, base_id, ledger_id, owner_key, kind, customer_id FROM accounting_account "
        "WHERE kind = 'owed'",
    )
    assert told == "account_one_of_customer"


def wanted(debit: int, credit: int, **values: Any) -> str:
    one = {"debit": debit, "credit": credit, "amount": "1", "kind": "sale", "business_day": "2026-01-01", "key": key()}
    return json.dumps([one | values])


POST = "SELECT id FROM accounting_post(%s, %s, 'x', %s)"


def test_function_posts_only_what_has_a_meaning(anna):
    """Each pair of accounts for each kind: what is no kind of movement is refused, whoever asks."""
    whose, other = guest(anna), guest(anna, last_name="Anders")
    for one in (whose, other):
        top_up(customer=one.pk, amount=Decimal(9), key=key(), actor=anna)
    ledger = Ledger.objects.get()
    with row_scope.rows_of(anna):
        for kind, place in (("sales", anna.location.pk), ("opening", None), ("corrections", None)):
            run(
                "INSERT INTO accounting_account (organization_id, base_id, ledger_id, owner_key, kind, location_id) "
                "VALUES (%s, %s, %s, 0, %s, %s)",
                anna.organization.pk, anna.base.pk, ledger.pk, kind, place,
            )  # fmt: skip
    by_kind: dict[str, list[int]] = {}
    for opened in Account.objects.order_by("pk"):
        by_kind.setdefault(opened.kind, []).append(opened.pk)
    possible = {(kind, *sides) for kind, pairs in SIDES.items() for sides in pairs}
    every = product(MovementKind, AccountKind, AccountKind)
    tried = [sides for sides in every if sides[1] != sides[2] or sides in possible]
    for kind, debit, credit in tried:
        asked = wanted(by_kind[debit][0], by_kind[credit][-1], kind=kind, reason="x")
        sql = (POST, anna.base.pk, ledger.pk, asked)
        if (kind, debit, credit) in possible:
            with row_scope.rows_of(anna):
                assert len(run(*sql)) == 1
        else:
            told = refusal(anna, *sql)
            assert told in {"movement_kind_fits_accounts", "movement_reverses_one"}, (kind, debit, credit)


def test_function_refuses_what_the_operations_never_ask(cast, anna):
    whose = guest(anna)
    sale = post_sale(customer=whose.pk, amount=Decimal(9), key=key(), actor=anna).movement
    south = cast.scope("sven", "Zentrale", 20800)
    theirs = guest(south)
    ledger, other = Ledger.objects.get(base=anna.base), Ledger.objects.get(base=south.base)
    owed, sales, foreign = sale.debit_id, sale.credit_id, account(south, theirs, "owed").pk
    refused = [
        (anna.base.pk, ledger.pk, wanted(foreign, sales), "movement_accounts_of_ledger"),
        (anna.base.pk, other.pk, wanted(foreign, sales), "movement_in_ledger"),
        (south.base.pk, other.pk, wanted(foreign, sales), "movement_in_ledger"),
        (anna.base.pk, ledger.pk, wanted(owed, sales, amount="0.005"), "movement_amount_in_cents"),
        (anna.base.pk, ledger.pk, wanted(owed, sales, amount="-1"), "movement_amount_positive"),
        (anna.base.pk, ledger.pk, wanted(owed, sales, amount="0"), "movement_amount_positive"),
        (anna.base.pk, ledger.pk, wanted(owed, sales, key=""), "movement_of_somebody"),
        (anna.base.pk, ledger.pk, wanted(owed, sales, amount="91.01"), "account_balance_above_floor"),
        (anna.base.pk, ledger.pk, wanted(sales, owed, kind="reversal", reverses=str(sale.pk), reason="x"),
         "movement_reverses_all"),
        (anna.base.pk, ledger.pk, wanted(sales, owed, kind="reversal", reverses=str(sale.pk), amount="9"),
         "movement_with_reason"),
        (anna.base.pk, ledger.pk, wanted(sales, owed, kind="reversal", reverses=str(theirs.uid), reason="x"),
         "movement_reverses_one"),
    ]  # fmt: skip
    for *values, constraint in refused:
        assert refusal(anna, POST, *values) == constraint, values
    with pytest.raises(DatabaseError), transaction.atomic():  # in no scope at all
        run(POST, anna.base.pk, ledger.pk, wanted(owed, sales))
    assert amounts(anna, whose) == (9, 0)


def test_one_late_movement_opens_no_door_for_another(anna):
    """In one call: what is not late has to fit by itself, whatever a late one may break."""
    whose = guest(anna)
    sale = post_sale(customer=whose.pk, amount=Decimal(90), key=key(), actor=anna).movement
    both = json.loads(wanted(sale.debit_id, sale.credit_id, amount="5", is_late=True)) + json.loads(
        wanted(sale.debit_id, sale.credit_id, amount="11")
    )
    sql = (POST, anna.base.pk, sale.ledger_id, json.dumps(both))
    assert refusal(anna, *sql) == "account_balance_above_floor"
    both[1]["amount"] = "10"
    with row_scope.rows_of(anna):
        assert len(run(POST, anna.base.pk, sale.ledger_id, json.dumps(both))) == 2
    assert [one.breaches for one in LedgerException.objects.all()] == [["limit"]]
    assert amounts(anna, whose) == (105, 0)


def test_limit_and_forgetting_are_no_ways_around(cast, anna):
    whose = guest(anna)
    south = cast.scope("sven", "Zentrale", 20800)
    ledger = Ledger.objects.get()
    limit = "SELECT accounting_set_limit(%s, %s, %s)"
    assert refusal(south, limit, anna.base.pk, ledger.pk, whose.pk) == "movement_in_ledger"
    with row_scope.rows_of(anna):
        run(limit, anna.base.pk, ledger.pk, whose.pk)  # only what the terms say
    assert account(anna, whose, "owed").floor == -100
    assert refusal(anna, "SELECT accounting_forget(%s, %s)", anna.base.pk, whose.pk) == "customer_not_erased"


def test_ledger_of_a_location_on_its_own_is_nowhere_else(cast, anna):
    """The central and other locations see nothing of it, by any statement; the location posts to it alone."""
    bremen = cast.scope("anna", "Bremen")
    central = cast.scope("anna", "Zentrale")
    shared = guest(anna)
    post_sale(customer=shared.pk, amount=Decimal(9), key=key(), actor=bremen)
    on_its_own(cast, "Bremen")
    own = guest(bremen, last_name="Bremer")
    post_sale(customer=own.pk, amount=Decimal(70), key=key(), actor=bremen)
    post_sale(customer=own.pk, amount=Decimal(70), key=key(), is_late=True, actor=bremen)
    tables = ("ledger", "account", "accountterms", "accounttermsevent", "movement", "ledgerexception")
    for scope in (central, anna):
        with row_scope.rows_of(scope):
            for table in tables:
                assert run(f"SELECT DISTINCT owner_key FROM accounting_{table}") in ([(0,)], []), table
        with pytest.raises(AssertionError):
            amounts(scope, own)
    with row_scope.rows_of(bremen):
        for table in tables:
            assert run(f"SELECT count(*) > 0 FROM accounting_{table} WHERE owner_key <> 0") == [(True,)], table
    assert (amounts(bremen, own), amounts(central, shared)) == ((140, 0), (9, 0))
    # Nor does the function of the database reach it from elsewhere, or somebody make one for another location.
    ledger = Ledger.objects.get(owner=bremen.location)
    movement = Movement.objects.filter(ledger=ledger).first()
    assert movement is not None
    told = refusal(central, POST, central.base.pk, ledger.pk, wanted(movement.debit_id, movement.credit_id))
    assert told == "movement_in_ledger"
    told = refusal(
        central,
        "INSERT INTO accounting_ledger (organization_id, base_id, owner_id) VALUES (%s, %s, %s)",
        central.organization.pk, central.base.pk, Location.objects.get(name="Flensburg").pk,
    )  # fmt: skip
    assert "row-level security" in told


# --- no amount is ever inexact ----------------------------------------------------------------------------------------


def test_no_column_and_no_function_of_the_ledger_is_floating():
    kinds = run("""
        SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid
        WHERE relname LIKE 'accounting\\_%%' AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    """)
    amounts_of = {name: kind for name, kind in kinds if name in {"amount", "balance", "floor", "overdraft"}}
    assert set(amounts_of.values()) == {"numeric(14,2)"}
    assert not [row for row in kinds if re.search("double|real|float|money", row[1])]
    sources = run("SELECT prosrc, pg_get_function_result(oid) FROM pg_proc WHERE proname LIKE 'accounting\\_%%'")
    assert len(sources) >= 5
    assert not [source for source in sources if re.search(r"\b(float\d?|double|real)\b", " ".join(map(str, source)))]


def test_no_line_of_the_source_makes_a_float():
    on_paper = ROOT / "accounting/documents/pdf_a3/lengths.py"  # millimetres, which are no amounts
    for path in (ROOT / "accounting").rglob("*.py"):
        if "migrations" not in path.parts and path != on_paper:
            text = path.read_text("utf-8")
            assert not re.search(r"\bfloat\b|FloatField|math\.(floor|ceil|fsum)|\d\.\d+\s*\*", text), path
