"""Reminders: who gets which level, in strict order, and never for what is paid, disputed or at the bank."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounting.dunning import (
    DunningAtCentral,
    DunningRefused,
    cancel_run,
    levels_of,
    prepare_run,
    send_run,
    set_level,
)
from accounting.dunning.notices import letter_of
from accounting.models import DunningLevel, DunningNotice, DunningRun, Invoice, Issuer, Movement
from accounting.operations import receive_payment
from accounting.operations.disputing import dispute_invoice
from customers.erasure import erase_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import amounts, guest, key
from tests.accounting.debits import billed, creditor, debtor, previewed
from tests.accounting.invoices import issuer, order
from tests.accounting.test_account_pages import german, text
from tests.accounting.test_ledger_database import refusal

pytestmark = pytest.mark.django_db
PAGE = "/10400/1/accounting/accountterms/reminders/"


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    """The invoices of this business are due at once."""
    scope: Scope = cast.scope("anna", "Zentrale")
    issuer(scope, payment_term=0)
    return scope


class Clock:
    """What the program takes for today."""

    def __init__(self, monkeypatch: Any) -> None:
        self.monkeypatch, self.began, self.day = monkeypatch, timezone.localdate(), timezone.localdate()

    def go(self, days: int) -> date:
        """So many days after the beginning."""
        self.day = self.began + timedelta(days=days)
        self.monkeypatch.setattr(timezone, "localdate", lambda *_some: self.day)
        return self.day


@pytest.fixture
def clock(monkeypatch) -> Clock:
    return Clock(monkeypatch)


def owing(head: Scope, till: Scope, *names: str) -> dict[str, Invoice]:
    """An invoice of 10.70 for each of these customers."""
    for name in names:
        order(till, guest(till, last_name=name))
    return {one.buyer_data["last_name"]: one for one in billed(head)}


def notices(head: Scope, run: DunningRun) -> list[tuple[str, int, str]]:
    with row_scope.rows_of(head):
        rows = DunningNotice.objects.of_run(run).select_related("customer").order_by("customer__last_name")
        return [(one.customer.last_name, one.level, one.left_out or one.state) for one in rows]


def test_levels_come_in_strict_order_each_once_the_days_before_are_over(head, till, clock):
    owing(head, till, "Schuldner")
    for day, expected in ((4, None), (5, 1), (6, None), (12, None), (15, 2), (22, None), (29, 3), (60, None)):
        clock.go(day)
        if expected is None:
            with pytest.raises(DunningRefused):
                prepare_run(actor=head)
            continue
        run = prepare_run(actor=head)
        assert notices(head, run) == [("Schuldner", expected, "previewed")]
        assert send_run(run=run.pk, actor=head).state == "sent"
    assert [one.level for one in DunningNotice.objects.order_by("level")] == [1, 2, 3]


def test_a_level_that_is_late_makes_the_next_one_late(head, till, clock):
    owing(head, till, "Schuldner")
    clock.go(40)
    send_run(run=prepare_run(actor=head).pk, actor=head)
    clock.go(47)
    with pytest.raises(DunningRefused):
        prepare_run(actor=head)
    clock.go(48)
    assert notices(head, prepare_run(actor=head)) == [("Schuldner", 2, "previewed")]


def test_nobody_is_reminded_of_what_is_paid_disputed_or_debited(head, till, clock):
    creditor(head)
    debtor(till, last_name="Einzug")
    invoices = owing(head, till, "Bezahlt", "Streit", "Teilweise")
    previewed(head)
    whose = {one.customer.last_name: one.customer for one in Invoice.objects.select_related("customer")}
    receive_payment(customer=whose["Bezahlt"].pk, amount=Decimal("10.70"), key=key(), actor=till)
    receive_payment(customer=whose["Teilweise"].pk, amount=Decimal("0.70"), key=key(), actor=till)
    dispute_invoice(invoice=invoices["Streit"].pk, reason="x", actor=head)
    clock.go(5)
    run = prepare_run(actor=head)
    assert notices(head, run) == [
        ("Einzug", 1, "debited"), ("Streit", 1, "disputed"), ("Teilweise", 1, "previewed"),
    ]  # fmt: skip
    assert (run.count, run.total) == (1, Decimal("10.00"))


def test_what_was_previewed_is_sent_but_for_what_has_changed(head, till, clock):
    invoices = owing(head, till, "A", "B", "C", "D")
    clock.go(5)
    run = prepare_run(actor=head)
    order(till, guest(till, last_name="Neu"))
    whose = {one.customer.last_name: one.customer for one in Invoice.objects.select_related("customer")}
    receive_payment(customer=whose["A"].pk, amount=Decimal("10.70"), key=key(), actor=till)
    receive_payment(customer=whose["B"].pk, amount=Decimal(1), key=key(), actor=till)
    dispute_invoice(invoice=invoices["C"].pk, reason="x", actor=head)
    set_level(level=1, values={"text": "Später geändert"}, actor=head)
    sent = send_run(run=run.pk, actor=head)
    assert notices(head, sent) == [("A", 1, "changed"), ("B", 1, "changed"), ("C", 1, "disputed"), ("D", 1, "sent")]
    assert (sent.count, sent.total) == (1, Decimal("10.70"))
    assert "Später" not in DunningNotice.objects.get(state="sent").text
    for step in (send_run, cancel_run):
        with pytest.raises(DunningRefused):
            step(run=run.pk, actor=head)


def test_an_invoice_is_in_one_run(head, till, clock):
    owing(head, till, "Schuldner")
    clock.go(5)
    first = prepare_run(actor=head)
    assert notices(head, prepare_run(actor=head)) == [("Schuldner", 1, "other_run")]
    cancel_run(run=first.pk, actor=head)
    assert notices(head, prepare_run(actor=head)) == [("Schuldner", 1, "previewed")]


@pytest.mark.parametrize(("is_posted", "owed"), [(True, "15.70"), (False, "10.70")])
def test_fee_is_booked_where_the_level_says_so(head, till, clock, is_posted, owed):
    owing(head, till, "Schuldner")
    set_level(level=1, values={"fee": Decimal(5), "is_fee_posted": is_posted}, actor=head)
    clock.go(5)
    send_run(run=prepare_run(actor=head).pk, actor=head)
    notice = DunningNotice.objects.select_related("customer").get()
    assert (notice.fee, amounts(head, notice.customer)) == (5, (Decimal(owed), 0))
    assert Movement.objects.filter(kind="correction").count() == is_posted
    assert (notice.fee_booking is not None) == is_posted


def test_levels_are_data_of_the_business(cast, head):
    assert [one.days_after_due for one in levels_of(head)] == [5, 15, 29]
    assert not DunningLevel.objects.exists()
    set_level(level=2, values={"days_after_due": 20, "title": "Zweite"}, actor=head)
    with row_scope.rows_of(head):
        assert [(one.level, one.days_after_due) for one in levels_of(head)] == [(1, 5), (2, 20), (3, 29)]
    for wrong in ({"days_after_due": 0}, {"fee": Decimal(-1)}, {"title": ""}):
        with pytest.raises(ValidationError):
            set_level(level=1, values=wrong, actor=head)
    with pytest.raises(MissingRight):
        set_level(level=1, values={}, actor=cast.scope("bodo", "Hamburg"))


def test_reminders_are_made_at_the_central_and_of_its_own_business(cast, head, till, clock):
    owing(head, till, "Schuldner")
    clock.go(5)
    run = prepare_run(actor=head)
    with pytest.raises(DunningAtCentral):
        prepare_run(actor=till)
    with pytest.raises(MissingRight):
        prepare_run(actor=cast.scope("bodo", "Hamburg"))
    sven = cast.scope("sven", "Zentrale", 20800)
    for step in (send_run, cancel_run):
        with pytest.raises(DunningRun.DoesNotExist):
            step(run=run.pk, actor=sven)
    assert (
        refusal(sven, f"SELECT accounting_send_notices({head.base.pk}, '{run.pk}', 1, 'x', 'x')") == "dunningrun_there"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounting_dunningnotice SET state = 'sent'",
        "DELETE FROM accounting_dunningnotice",
        "INSERT INTO accounting_dunningnotice SELECT * FROM accounting_dunningnotice",
        "UPDATE accounting_dunningrun SET state = 'sent'",
        "DELETE FROM accounting_dunninglevel",
    ],
)
def test_nobody_writes_reminders_beside_the_functions(head, till, clock, statement):
    owing(head, till, "Schuldner")
    clock.go(5)
    prepare_run(actor=head)
    assert "permission" in refusal(head, statement)


def test_database_refuses_a_level_out_of_order(head, till, clock, as_owner):
    owing(head, till, "Schuldner")
    clock.go(5)
    send_run(run=prepare_run(actor=head).pk, actor=head)
    clock.go(15)
    run = prepare_run(actor=head)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounting_dunningnotice DISABLE TRIGGER USER")
        cursor.execute("UPDATE accounting_dunningnotice SET pay_until = pay_until + 30 WHERE state = 'sent'")
        cursor.execute("ALTER TABLE accounting_dunningnotice ENABLE TRIGGER USER")
    with pytest.raises(DunningRefused) as caught:
        send_run(run=run.pk, actor=head)
    assert caught.value.code == "dunningnotice_in_order"


def test_reminders_stay_without_whoever_is_erased(head, till, clock):
    owing(head, till, "Schuldner")
    clock.go(5)
    send_run(run=prepare_run(actor=head).pk, actor=head)
    clock.go(0)
    whose = DunningNotice.objects.get().customer
    receive_payment(customer=whose.pk, amount=Decimal("10.70"), key=key(), actor=till)
    erase_customer(customer=whose.pk, reason="Wunsch", actor=head)
    assert DunningNotice.objects.get().customer is None


def test_pages_preview_send_and_print(head, till, clock, log_in):
    owing(head, till, "Schuldner")
    client = german(log_in("anna"))
    client.post(PAGE)
    assert "Niemand ist zu mahnen" in text(client.get(PAGE))
    clock.go(5)
    with row_scope.rows_of(head):
        run = prepare_run(actor=head)
    clock.go(0)
    shown = text(client.get(f"{PAGE}{run.pk}/"))
    assert "Schuldner" in shown
    assert client.get(f"{PAGE}{run.pk}/file/").status_code == 404
    assert client.post(f"{PAGE}{run.pk}/", {"step": "send"}).status_code == 302
    pdf = client.get(f"{PAGE}{run.pk}/file/")
    assert b"".join(pdf.streaming_content).startswith(b"%PDF")
    notice = DunningNotice.objects.select_related("invoice").get()
    letter = letter_of(notice, run, Issuer.objects.get())
    assert letter.to[0] == "Schuldner"
    assert letter.sums[0][0].startswith(f"Rechnung {notice.invoice.number} vom ")
    assert [amount for _what, amount in letter.sums] == ["10,70\u00a0€", "10,70\u00a0€"]
    told = text(client.get(f"/10400/1/accounting/accountterms/invoices/{notice.invoice_id}/"))
    assert f"1 · {notice.title} 10,70 € zu zahlen bis" in told
    client.post(f"{PAGE}{run.pk}/", {"step": "cancel"})
    assert "bereits verschickt oder abgebrochen" in text(client.get(f"{PAGE}{run.pk}/"))
    assert "29" in text(client.get(f"{PAGE}levels/"))
    form = {"title": "Mahnung", "days_after_due": "6", "days_to_pay": "7", "fee": "2,50", "text": "Bitte zahlen"}
    assert client.post(f"{PAGE}levels/1/", form).status_code == 302
    assert DunningLevel.objects.get(organization=head.organization, level=1).fee == Decimal("2.50")
    assert client.get(f"{PAGE}levels/9/").status_code == 404
    assert client.post(f"{PAGE}levels/1/", form | {"days_after_due": "0"}).status_code == 200


WHATS = st.sampled_from(["send", "send", "cancel", "keep", "dispute"])
DAYS = st.lists(st.tuples(st.integers(0, 20), WHATS), max_size=8)


def test_random_histories_keep_the_order(head, till, clock):
    [invoice] = owing(head, till, "Schuldner").values()

    def step(what: str) -> None:
        if what == "dispute":
            dispute_invoice(invoice=invoice.pk, reason="x", actor=head)
            return
        run = prepare_run(actor=head)
        if what != "keep":
            (send_run if what == "send" else cancel_run)(run=run.pk, actor=head)

    @examples(max_examples=15, deadline=None)
    @given(DAYS)
    def play(days: list[tuple[int, str]]) -> None:
        with row_scope.rows_of(head):
            passed = 0
            for later, what in days:
                passed += later
                clock.go(passed)
                with suppress(ValidationError), transaction.atomic():
                    step(what)
                _check_order(invoice)
            transaction.set_rollback(True)

    play()


def _check_order(invoice: Invoice) -> None:
    """Each level was sent once, after the one before was over, and not before its day."""
    sent = list(DunningNotice.objects.filter(state="sent").select_related("run").order_by("run__day"))
    assert [one.level for one in sent] == list(range(1, len(sent) + 1))
    assert all(after.run.day > before.pay_until for before, after in pairwise(sent))
    assert invoice.due_on is not None
    assert all(one.run.day >= invoice.due_on + timedelta(days=(5, 15, 29)[one.level - 1]) for one in sent)
