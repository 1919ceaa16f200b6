"""A location with accounts of its own bills its own customers, and nobody else sees anything of it (R35)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounting.choices import RunState
from accounting.debits.outcomes import collect_debits
from accounting.dunning import levels_of, set_level
from accounting.invoicing import cancel_invoice, issuer_of, prepare_run, set_billing_terms, start_run
from accounting.models import (
    BalanceImport,
    BankEntry,
    DebitFileChunk,
    DebitItem,
    DunningLevel,
    Invoice,
    InvoiceRun,
    Issuer,
    Ledger,
    NumberSeries,
)
from accounting.opening_balances import check_balances
from accounting.payments import book_all_sure
from customers.erasure import erase_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, guest, on_its_own, terms
from tests.accounting.bank_files import book_now, file_of, own_account, paid, read, told
from tests.accounting.banking.files import OWN
from tests.accounting.debits import billed, creditor, debtor, made, previewed
from tests.accounting.invoices import issued, issuer, order, prepared
from tests.accounting.mandates import mandate
from tests.accounting.own_billing import (
    attempts_at,
    back_to_the_central,
    of_the_central,
    previewed_again,
    whole_story,
)  # fmt: skip
from tests.accounting.reminders import later_run
from tests.accounting.test_invoice_runs import work
from tests.locations.refusals import refused_by

pytestmark = pytest.mark.django_db
TABLES = {
    model._meta.db_table: model
    for model in apps.get_app_config("accounting").get_models()
    if any(field.name == "owner_key" for field in model._meta.concrete_fields)
}


@pytest.fixture
def central(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def hamburg(cast) -> Scope:
    on_its_own(cast, "Hamburg")
    scope: Scope = cast.scope("anna", "Hamburg")
    creditor(scope)
    return scope


@pytest.fixture
def bremen(cast) -> Scope:
    return cast.scope("anna", "Bremen")


def rows_seen(scope: Scope) -> dict[str, int]:
    """How many rows with an owner each table has for whoever looks by SQL; those of the central are not counted."""
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE owner_key <> 0")
            found[table] = cursor.fetchone()[0]
        return found


def test_whole_story_at_a_location_on_its_own(hamburg):
    done = whole_story(hamburg)
    assert [amounts(hamburg, one)[0] for one in done["customers"]] == [0, 0, Decimal("10.70"), Decimal("10.70")]
    assert sorted(one.number[-6:] for one in done["invoices"].values()) == [f"00000{turn}" for turn in range(1, 5)]
    year = timezone.localdate().year
    assert done["invoices"]["Zahlt"].number.startswith(f"RE02-{year}-")
    assert done["cancelled"].number == f"ST02-{year}-000001"
    with row_scope.rows_of(hamburg):
        assert {one.state for one in Invoice.objects.filter(kind="invoice")} == {"paid", "open", "cancelled"}
        assert set(Invoice.objects.values_list("owner_key", flat=True)) == {hamburg.location.pk}
        assert Invoice.objects.get(pk=done["invoices"]["Kauft"].pk).buyer_data["reference"] == "KST 7"
        assert Issuer.objects.get().location_id == hamburg.location.pk
    assert told(hamburg, done["statement"]) == [("booked", "sure")]


def test_no_row_of_it_exists_elsewhere(hamburg, central, bremen):
    whole_story(hamburg)
    here = rows_seen(hamburg)
    unused = {
        "accounting_balanceimport", "accounting_bankfile", "accounting_bankfilechunk", "accounting_ledgerexception",
        "accounting_letter", "accounting_receivable",
    }  # fmt: skip
    assert {table for table, count in here.items() if not count} <= unused
    for other in (central, bremen):
        assert set(rows_seen(other).values()) == {0}
    with row_scope.rows_of_organization(hamburg.organization.pk):
        assert not Issuer.objects.exclude(owner_key=0).exists()


def test_two_locations_on_their_own_and_the_central_number_for_themselves(cast, hamburg, central, bremen):
    on_its_own(cast, "Bremen")
    billers = (hamburg, bremen, central)
    for scope in (bremen, central):
        creditor(scope)
    seller = {hamburg: hamburg, bremen: bremen, central: cast.scope("anna", "Flensburg")}
    for turn in range(2):
        for scope in billers:
            order(seller[scope], guest(seller[scope], last_name=f"Gast{turn}"))
            [one] = issued(scope)
            assert (one.sequence, one.owner_key) == (turn + 1, 0 if scope is central else scope.location.pk)
    assert {(one.owner_key, one.last) for one in NumberSeries.objects.all()} == {
        (hamburg.location.pk, 2), (bremen.location.pk, 2), (0, 2),
    }  # fmt: skip
    numbers = list(Invoice.objects.values_list("number", flat=True))
    assert len(numbers) == len(set(numbers)) == 6


def test_levels_and_issuer_of_one_are_not_those_of_another(hamburg, central):
    issuer(central, legal_name="Die Zentrale GmbH")
    set_level(level=1, values={"title": "Von der Zentrale", "fee": Decimal(3)}, actor=central)
    set_level(level=1, values={"title": "Aus Hamburg", "days_after_due": 2}, actor=hamburg)
    for scope, title, name in (
        (hamburg, "Aus Hamburg", "Nordlicht Bäckereien GmbH"), (central, "Von der Zentrale", "Die Zentrale GmbH"),
    ):  # fmt: skip
        with row_scope.rows_of(scope):
            assert levels_of(scope)[0].title == title
            assert str(issuer_of(scope)) == name
    order(hamburg, guest(hamburg))
    billed(hamburg)
    run = later_run(hamburg, days=17)
    with row_scope.rows_of(hamburg):
        assert [(one.title, one.fee) for one in run.notices.all()] == [("Aus Hamburg", 0)]
    assert DunningLevel.objects.count() == 6


def test_branch_with_the_central_is_refused_as_before(central, bremen):
    creditor(central)
    for refused in (
        lambda: prepare_run(until=timezone.localdate(), actor=bremen),
        lambda: issuer(bremen),
        lambda: previewed(bremen),
    ):
        with pytest.raises(ValidationError) as caught:
            refused()
        assert caught.value.code == "not_central"


def test_location_on_its_own_does_nothing_with_what_is_of_the_central(cast, hamburg, central):
    theirs = of_the_central(cast, central)
    for attempt in attempts_at(theirs, hamburg):
        with pytest.raises(ObjectDoesNotExist):
            attempt()


def test_functions_of_the_database_know_no_other_ledger(hamburg, central, bremen):
    """As a hostile statement calls them at the central and at another location, with what it cannot have seen."""
    done = whole_story(hamburg)
    order(hamburg, done["customers"][0])
    waits, file, run = prepared(hamburg), previewed_again(hamburg), later_run(hamburg, days=90)
    base, today = hamburg.base.pk, timezone.localdate()
    calls = [
        ("accounting_issue_invoices(%s, %s, 'x', %s, 5)", [base, waits.pk, today]),
        ("accounting_choose_orders(%s, %s)", [base, waits.pk]),
        ("accounting_release_orders(%s, %s)", [base, waits.pk]),
        ("accounting_cancel_invoice(%s, %s, 'x', 'x', %s)", [base, done["invoices"]["Kauft"].pk, today]),
        ("accounting_propose_debits(%s, %s)", [base, file.pk]),
        ("accounting_make_debits(%s, %s)", [base, file.pk]),
        ("accounting_collect_debits(%s, %s, 1, NULL, %s, 'x')", [base, done["file"].pk, today]),
        ("accounting_cancel_debits(%s, %s, 'previewed')", [base, file.pk]),
        ("accounting_propose_notices(%s, %s)", [base, run.pk]),
        ("accounting_send_notices(%s, %s, 1, 'x', 'x')", [base, run.pk]),
        ("accounting_cancel_notices(%s, %s)", [base, run.pk]),
    ]  # fmt: skip
    for other in (central, bremen):
        for function, params in calls:
            assert "There is no such" in refusal(other, function, params)
        with row_scope.rows_of(other), connection.cursor() as cursor:
            cursor.execute(
                "SELECT accounting_keep_document(%s, %s, 'xml', 'x')", [base, done["invoices"]["Zahlt"].pk]
            )  # fmt: skip
    with row_scope.rows_of(hamburg):
        assert not Invoice.objects.get(pk=done["invoices"]["Zahlt"].pk).documents.exists()


def refusal(scope: Scope, function: str, params: list[Any]) -> str:
    """What the database says to whoever calls the function there."""
    with row_scope.rows_of(scope):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SELECT {function}", params)
        except DatabaseError as error:
            return str(error)
    return ""


def test_issuer_and_series_are_of_whose_ledger_it_is(hamburg, central):
    """A run of one is not issued in the name of another, whatever a statement says."""
    theirs = issuer(central)
    order(hamburg, guest(hamburg))
    run = prepared(hamburg)
    other = InvoiceRun(
        organization=run.organization, base=run.base, ledger=run.ledger, owner_key=run.owner_key, issuer=theirs,
        until=run.until, user_name="x",
    )  # fmt: skip
    with row_scope.rows_of(hamburg), refused_by("invoicerun_issuer_of_owner"):
        InvoiceRun.objects.bulk_create([other])


# --- before and after a switch ----------------------------------------------------------------------------------------


def test_orders_of_before_are_billed_by_whose_they_are(cast, central, bremen):
    creditor(central)
    hamburg = cast.scope("anna", "Hamburg")
    whose = guest(hamburg)
    order(hamburg, whose)
    on_its_own(cast, "Hamburg")
    creditor(hamburg)
    with pytest.raises(ValidationError) as caught:
        prepared(hamburg)
    assert caught.value.code == "nothing_to_bill"
    terms(hamburg, whose)
    order(hamburg, whose)
    assert [one.owner_key for one in issued(hamburg)] == [hamburg.location.pk]
    assert [one.owner_key for one in issued(central)] == [0]


def test_after_the_switch_back_what_was_sold_on_its_own_is_billed_paid_reminded_and_cancelled(cast, central, hamburg):
    creditor(central)
    payer, wrong, left = debtor(hamburg, last_name="Zahlt"), *(guest(hamburg, last_name=name) for name in "AB")
    order(hamburg, wrong)
    invoices = {one.buyer_data["last_name"]: one for one in billed(hamburg)}
    order(hamburg, left)
    own_account(hamburg)
    back_to_the_central(cast)
    [late] = issued(hamburg)
    assert (late.owner_key, late.sequence) == (hamburg.location.pk, 3)
    collect_debits(file=made(hamburg).pk, on=timezone.localdate(), actor=hamburg)
    [statement] = read(hamburg, file_of(paid("10.70", f"Rechnung {late.number}"))).statements
    book_all_sure(statement=statement.pk, actor=hamburg)
    book_now(hamburg, statement)
    cancelled = cancel_invoice(invoice=invoices["A"].pk, reason="Falsch", actor=hamburg)
    with row_scope.rows_of(hamburg):
        rows = Invoice.objects.filter(owner_key=hamburg.location.pk, kind="invoice")
        states = dict(rows.values_list("pk", "state"))
    assert states == {invoices["Zahlt"].pk: "paid", late.pk: "paid", invoices["A"].pk: "cancelled"}
    assert cancelled.owner_key == hamburg.location.pk
    terms(hamburg, payer)
    order(hamburg, payer)
    [new] = issued(central)
    assert (new.owner_key, new.sequence) == (0, 1)
    with pytest.raises(Invoice.DoesNotExist):
        cancel_invoice(invoice=new.pk, reason="x", actor=hamburg)
    with pytest.raises(Invoice.DoesNotExist):
        cancel_invoice(invoice=late.pk, reason="x", actor=central)


def test_customer_who_is_held_in_the_ledger_of_before_can_be_billed_after_the_switch_back(cast, hamburg):
    whose = guest(hamburg)
    order(hamburg, whose)
    set_billing_terms(customer=whose.pk, values={"is_held": True, "held_reason": "x"}, actor=hamburg)
    back_to_the_central(cast)
    assert issued(hamburg) == []
    before = Ledger.objects.get(owner=hamburg.location)
    free = {"is_held": False, "held_reason": ""}
    set_billing_terms(customer=whose.pk, values=free, ledger=before.pk, actor=hamburg)
    assert len(issued(hamburg)) == 1


def test_worker_issues_in_the_scope_of_the_location(hamburg, central):
    order(hamburg, guest(hamburg))
    run = prepared(hamburg)
    start_run(run=run.pk, actor=hamburg)
    assert work(run).state == RunState.DONE
    with row_scope.rows_of(hamburg):
        assert Invoice.objects.get().owner_key == hamburg.location.pk
    with row_scope.rows_of(central):
        assert not Invoice.objects.exists()


def test_pieces_of_a_debit_file_belong_to_whom_the_file_does(hamburg, central):
    debtor(hamburg)
    billed(hamburg)
    file = made(hamburg)
    with row_scope.rows_of(hamburg):
        assert DebitFileChunk.objects.get(file=file).owner_key == hamburg.location.pk
    with row_scope.rows_of(central):
        assert not DebitFileChunk.objects.exists()


def test_mandate_is_given_to_one_creditor(cast, hamburg, central):
    """Who has signed for Hamburg has not signed for the central."""
    creditor(central)
    whose = guest(hamburg)
    mandate(hamburg, whose, reference="M-1")
    bremen = cast.scope("anna", "Bremen")
    terms(bremen, whose)
    order(bremen, whose)
    billed(central)
    file = previewed(central)
    with row_scope.rows_of(central):
        assert [(one.state, one.left_out) for one in DebitItem.objects.of_file(file)] == [("left_out", "no_mandate")]
    assert mandate(bremen, whose, reference="M-1").owner_key == 0


def test_same_account_at_a_bank_is_read_apart(cast, hamburg):
    """The central and the location may have the same account; each entry is booked in the ledger that has read it."""
    bremen = cast.scope("anna", "Bremen")
    for scope in (hamburg, bremen):
        own_account(scope, OWN)
        assert read(scope, file_of(paid("5.00"))).new == 1
    assert set(BankEntry.objects.values_list("owner_key", flat=True)) == {0, hamburg.location.pk}


def test_erasing_discards_files_of_opening_balances_that_wait_at_a_location_on_its_own(hamburg, central):
    gone, stays = guest(hamburg, last_name="Geht"), guest(hamburg, last_name="Bleibt")
    files = [
        check_balances(
            file_name="x.csv", content=f"Kundennummer;Offener Betrag\n{one.customer_number};5,00\n".encode(),
            actor=hamburg,
        )
        for one in (gone, stays)
    ]  # fmt: skip
    erase_customer(customer=gone.pk, reason="Wunsch", actor=central)
    states = {one.pk: (one.state, one.lines == []) for one in BalanceImport.objects.all()}
    assert states == {files[0].pk: ("discarded", True), files[1].pk: ("checked", False)}
