"""Debit files: who is debited and who is left out, what the bank gets, and what becomes of it."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from lxml import etree

from accounting.choices import DebitFileState, DebitState
from accounting.debits.calls import DebitRefused, DebitsAtCentral
from accounting.debits.files import announce_debits, cancel_file, prepare_debits, start_file
from accounting.debits.mandates import revoke_mandate
from accounting.debits.outcomes import collect_debits, return_debit
from accounting.models import Allocation, DebitFile, DebitFileChunk, DebitItem, Invoice, Mandate, Movement
from accounting.operations import receive_payment, reverse
from accounting.operations.disputing import DisputeRefused, dispute_invoice, end_dispute
from customers.erasure import erase_customer
from files import chunks
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import amounts, guest, key
from tests.accounting.debits import billed, creditor, debits, debtor, in_days, made, previewed, states, worked
from tests.accounting.invoices import order
from tests.accounting.mandates import mandate
from tests.accounting.test_ledger_database import refusal

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


def content(head: Scope, file: DebitFile) -> bytes:
    with row_scope.rows_of(head):
        assert chunks.is_intact(DebitFileChunk, file=file)
        return b"".join(chunks.read(DebitFileChunk, file=file))


def test_file_has_a_debit_for_each_invoice_and_its_control_sum_is_theirs(head, till):
    whose = [debtor(till, last_name=f"Gast{turn}") for turn in range(3)]
    guest(till)
    numbers = sorted(one.number for one in billed(head))
    file = made(head)
    assert (file.state, file.count, file.total) == (DebitFileState.DONE, 3, Decimal("32.10"))
    items = debits(head, file)
    assert [one.state for one in items] == ["pending"] * 3
    assert {one.customer for one in items} == set(whose)
    xml = content(head, file)
    assert hashlib.sha256(xml).hexdigest() == file.sha256
    root: Any = etree.fromstring(xml)
    assert [one.text for one in root.iter("{*}CtrlSum")] == ["32.10", "32.10"]
    assert sorted(one.text for one in root.iter("{*}Ustrd")) == numbers
    assert [one.text for one in root.iter("{*}EndToEndId")] == [one.end_to_end_id for one in items]
    assert {one.text for one in root.iter("{*}MndtId")} == {f"M{one.customer_number}-1" for one in whose}
    assert {one.last_used_on for one in Mandate.objects.all()} == {file.collect_on}


def test_who_is_left_out_is_named_with_the_reason(head, till):
    good, disputed, ended, unsigned = (debtor(till, last_name=name) for name in ("Gut", "Streit", "Ende", "Spät"))
    order(till, guest(till, last_name="Ohne"))
    invoices = {one.customer_id: one for one in billed(head)}
    dispute = dispute_invoice(invoice=invoices[disputed.pk].pk, reason="Falsch gebucht", actor=head)
    for whose in (ended, unsigned):
        revoke_mandate(mandate=Mandate.objects.get(customer=whose).pk, reason="x", actor=head)
    mandate(till, unsigned, signed_on=TODAY(), is_recurrent=False, last_used_on=TODAY())
    file = previewed(head)
    found = {one.customer.last_name: one.left_out for one in debits(head, file)}
    assert found == {
        "Gut": "", "Streit": "disputed", "Ende": "no_mandate", "Spät": "no_mandate", "Ohne": "no_mandate",
    }  # fmt: skip
    assert (file.count, file.total) == (1, Decimal("10.70"))
    end_dispute(dispute=dispute.pk, outcome="Geklärt", actor=head)
    with pytest.raises(DisputeRefused):
        end_dispute(dispute=dispute.pk, outcome="Noch einmal", actor=head)
    assert states(head, previewed(head)).count("proposed") == 1
    assert good.last_name == "Gut"


def test_an_invoice_stands_in_one_file(head, till):
    debtor(till)
    billed(head)
    first = previewed(head)
    assert states(head, previewed(head)) == ["other_file"]
    cancel_file(file=first.pk, actor=head)
    assert states(head, made(head)) == ["pending"]
    assert states(head, previewed(head)) == ["other_file"]
    told = refusal(
        head,
        "INSERT INTO accounting_debititem SELECT * FROM accounting_debititem",
    )
    assert "permission" in told


def test_what_has_changed_since_the_preview_is_left_out_and_named(head, till):
    paid, disputed, ended, stays = (debtor(till, last_name=name) for name in ("A", "B", "C", "D"))
    invoices = {one.customer_id: one for one in billed(head)}
    file = previewed(head)
    receive_payment(customer=paid.pk, amount=Decimal(1), key=key(), actor=till)
    dispute_invoice(invoice=invoices[disputed.pk].pk, reason="x", actor=head)
    revoke_mandate(mandate=Mandate.objects.get(customer=ended).pk, reason="x", actor=head)
    file = made(head, file)
    assert {one.customer: one.left_out for one in debits(head, file)} == {
        paid: "changed", disputed: "disputed", ended: "no_mandate", stays: "",
    }  # fmt: skip
    assert (file.count, file.total) == (1, Decimal("10.70"))


@pytest.mark.parametrize(("days", "expected"), [(20, "not_announced"), (6, "pending")])
def test_debit_is_announced_as_long_before_as_was_agreed(head, till, days, expected):
    debtor(till, notice_days=days)
    billed(head)
    file = previewed(head, collect_on=in_days(25))
    announce_debits(file=file.pk, on=TODAY(), actor=head)
    late = previewed(head)
    assert states(head, late) == ["other_file"]
    if days == 20:
        cancel_file(file=file.pk, actor=head)
        file = previewed(head, due_until=in_days(14), collect_on=in_days(19))
        announce_debits(file=file.pk, on=TODAY(), actor=head)
    file = worked(head, file.pk)
    assert states(head, file) == [expected]
    assert file.state == ("failed" if days == 20 else "done")


def test_file_without_an_announcement_is_not_started(head, till):
    debtor(till)
    billed(head)
    file = previewed(head)
    with pytest.raises(DebitRefused) as caught:
        start_file(file=file.pk, actor=head)
    assert caught.value.code == "not_announced"
    with pytest.raises(ValidationError):
        announce_debits(file=file.pk, on=in_days(1), actor=head)
    announce_debits(file=file.pk, on=TODAY(), actor=head)
    assert start_file(file=file.pk, actor=head).state == "running"
    with pytest.raises(DebitRefused):
        cancel_file(file=file.pk, actor=head)


def test_collected_debits_pay_their_invoices_and_a_return_opens_them_again(head, till):
    whose, other = debtor(till), debtor(till)
    invoice = {one.customer_id: one for one in billed(head)}[whose.pk]
    file = made(head)
    assert collect_debits(file=file.pk, on=TODAY(), actor=head) == 2
    assert collect_debits(file=file.pk, on=TODAY(), actor=head) == 0
    assert amounts(head, whose) == (0, 0)
    invoice.refresh_from_db()
    assert invoice.state == "paid"
    item = next(one for one in debits(head, file) if one.customer == whose)
    assert (item.payment.key, item.payment.document) == (item.end_to_end_id, invoice.number)
    one = return_debit(debit=item.pk, code="am04", on=TODAY(), charges=Decimal("3.50"), is_charged=True, actor=head)
    assert (one.state, one.return_code, one.charges, one.returned_on) == ("returned", "AM04", Decimal("3.50"), TODAY())
    invoice.refresh_from_db()
    assert invoice.state == "open"
    assert amounts(head, whose) == (Decimal("14.20"), 0)
    assert amounts(head, other) == (0, 0)
    assert Mandate.objects.get(customer=whose).state == "active"
    with pytest.raises(DebitRefused):
        return_debit(debit=item.pk, code="AM04", on=TODAY(), actor=head)
    with pytest.raises(DebitRefused):
        cancel_file(file=file.pk, actor=head)
    assert states(head, previewed(head)) == ["proposed"]


def test_a_debit_is_returned_before_it_was_collected_and_its_mandate_ends(head, till):
    whose = debtor(till)
    billed(head)
    file = made(head)
    [item] = debits(head, file)
    return_debit(debit=item.pk, code="MD01", on=TODAY(), actor=head)
    assert not Movement.objects.filter(kind="reversal").exists()
    ended = Mandate.objects.get()
    assert (ended.state, ended.return_code, ended.revoked_by) == ("revoked", "MD01", head.actor_name)
    assert amounts(head, whose) == (Decimal("10.70"), 0)
    assert states(head, previewed(head)) == ["no_mandate"]


def test_whoever_takes_the_payment_back_by_hand_returns_the_debit(head, till):
    debtor(till)
    [invoice] = billed(head)
    file = made(head)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    [item] = debits(head, file)
    assert item.payment_id is not None
    reverse(movement=item.payment_id, reason="Bank hat zurückgegeben", key=key(), actor=head)
    assert states(head, file) == ["returned"]
    assert Invoice.objects.get(pk=invoice.pk).state == "open"


@pytest.mark.parametrize("paid_first", [True, False])
def test_who_pays_while_his_debit_is_at_the_bank_has_paid_ahead(head, till, paid_first):
    whose = debtor(till)
    billed(head)
    file = made(head)
    receive_payment(customer=whose.pk, amount=Decimal("10.70"), key=key(), actor=till)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    assert amounts(head, whose) == (Decimal("-10.70"), 0)
    assert sum(one.amount for one in Allocation.objects.all()) == Decimal("10.70")


def test_cancelled_file_frees_its_invoices_and_mandates(head, till):
    debtor(till, is_recurrent=False)
    billed(head)
    file = made(head)
    assert Mandate.objects.get().last_used_on == file.collect_on
    cancel_file(file=file.pk, actor=head)
    assert Mandate.objects.get().last_used_on is None
    assert states(head, previewed(head)) == ["proposed"]


def test_mandate_for_one_debit_is_used_once(head, till):
    whose = debtor(till, is_recurrent=False)
    billed(head)
    order(till, whose)
    billed(head)
    file = made(head)
    assert sorted(states(head, file)) == ["no_mandate", "pending"]
    assert b"OOFF" in content(head, file)
    assert sorted(states(head, previewed(head))) == ["no_mandate", "other_file"]


def test_debits_are_made_at_the_central_by_whoever_collects(cast, head, till):
    ask = {"due_until": TODAY(), "collect_on": in_days(5)}
    with pytest.raises(DebitsAtCentral):
        prepare_debits(**ask, actor=till)
    with pytest.raises(MissingRight):
        prepare_debits(**ask, actor=cast.scope("bodo", "Hamburg"))
    with pytest.raises(DebitRefused) as caught:
        prepare_debits(**ask, actor=head)
    assert caught.value.code == "nothing_due"
    with pytest.raises(ValidationError):
        prepare_debits(due_until=TODAY(), collect_on=TODAY(), actor=head)
    with pytest.raises(ValidationError):
        prepare_debits(due_until=in_days(9), collect_on=in_days(8), actor=head)


def test_creditor_has_to_be_known(cast, till):
    head = cast.scope("anna", "Zentrale")
    with pytest.raises(DebitRefused) as caught:
        previewed(head)
    assert caught.value.code == "creditor_incomplete"


def test_other_businesses_have_no_such_file(cast, head, till):
    debtor(till)
    billed(head)
    file = made(head)
    [item] = debits(head, file)
    sven = cast.scope("sven", "Zentrale", 20800)
    for write in (
        lambda: announce_debits(file=file.pk, on=TODAY(), actor=sven),
        lambda: start_file(file=file.pk, actor=sven),
        lambda: cancel_file(file=file.pk, actor=sven),
        lambda: collect_debits(file=file.pk, on=TODAY(), actor=sven),
    ):
        with pytest.raises(DebitFile.DoesNotExist):
            write()
    with pytest.raises(DebitItem.DoesNotExist):
        return_debit(debit=item.pk, code="AM04", on=TODAY(), actor=sven)
    call = f"SELECT accounting_collect_debits({head.base.pk}, '{file.pk}', 1, NULL, current_date, 'x')"
    assert refusal(sven, call) == "debitfile_there"


CLOSED = [
    "UPDATE accounting_debititem SET state = 'collected'",
    "UPDATE accounting_debititem SET amount = 1",
    "DELETE FROM accounting_debititem",
    "UPDATE accounting_debitfile SET total = 1",
    "UPDATE accounting_debitfile SET collect_on = '2030-01-01'",
    "DELETE FROM accounting_debitfile",
    "UPDATE accounting_debitfilechunk SET content = ''",
    "DELETE FROM accounting_debitfilechunk",
    "UPDATE accounting_debititem SET announced_on = '2026-01-01'",
    "UPDATE accounting_debitfile SET sha256 = ''",
]


@pytest.mark.parametrize("statement", CLOSED)
def test_nobody_changes_what_the_bank_got(head, till, statement):
    debtor(till)
    billed(head)
    made(head)
    told = refusal(head, statement)
    assert "permission" in told or told.endswith("_settled"), told


def test_of_whoever_is_erased_his_debits_stay_without_him(head, till):
    whose = debtor(till, last_name="Verschwindt", holder="Verschwindt")
    billed(head)
    file = made(head)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    erase_customer(customer=whose.pk, reason="Wunsch", actor=head)
    [item] = debits(head, file)
    assert (item.customer, item.mandate, item.iban, item.holder, item.mandate_reference) == (None, None, "", "", "–")
    assert (item.state, item.amount) == (DebitState.COLLECTED, Decimal("10.70"))
    assert not DebitFileChunk.objects.exists()
    assert DebitFile.objects.get().sha256 == file.sha256
    with pytest.raises(DebitRefused):
        return_debit(debit=item.pk, code="AM04", on=TODAY(), charges=Decimal(1), is_charged=True, actor=head)


def test_day_of_the_debit_has_not_come(head, till, monkeypatch):
    debtor(till)
    billed(head)
    file = previewed(head)
    monkeypatch.setattr(timezone, "localdate", lambda: in_days_from(file))
    with pytest.raises(ValidationError):
        previewed(head, due_until=file.collect_on, collect_on=file.collect_on)


def in_days_from(file: DebitFile) -> Any:
    return file.collect_on + timedelta(days=1)
