"""Random histories of debits: whatever happens in whichever order, what the bank got is what is booked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounting.choices import DEBIT_STEPS, STANDING_DEBITS, DebitFileState, DebitState
from accounting.debits.files import announce_debits, cancel_file
from accounting.debits.mandates import revoke_mandate
from accounting.debits.outcomes import collect_debits, return_debit
from accounting.models import DebitFile, DebitItem, Invoice, Mandate, Movement
from accounting.operations import receive_payment, reverse
from accounting.operations.disputing import dispute_invoice
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import key
from tests.accounting.debits import billed, creditor, debtor, previewed, worked

pytestmark = pytest.mark.django_db
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["preview", "make", "make", "collect", "collect", "return", "reverse", "cancel", "pay", "dispute", "revoke"]
        ),
        st.integers(0, 1),
    ),
    max_size=9,
)
ORDER = {state: {*after, state} for state, after in DEBIT_STEPS.items()}


class World:
    """Two customers with an invoice each, and what can happen to it."""

    def __init__(self, head: Scope, till: Scope) -> None:
        self.head, self.till = head, till
        self.seen: dict[Any, DebitState] = {}

    def take(self, step: str, at: int) -> None:
        try:
            with transaction.atomic():
                getattr(self, step)(at)
        except ValidationError:
            pass

    def preview(self, _at: int) -> None:
        previewed(self.head)

    def make(self, _at: int) -> None:
        file = self._file("previewed") or previewed(self.head)
        announce_debits(file=file.pk, on=timezone.localdate(), actor=self.head)
        worked(self.head, file.pk)

    def collect(self, _at: int) -> None:
        if file := self._file("done"):
            collect_debits(file=file.pk, on=timezone.localdate(), actor=self.head)

    def cancel(self, _at: int) -> None:
        if file := self._file():
            cancel_file(file=file.pk, actor=self.head)

    def reverse(self, _at: int) -> None:
        one = DebitItem.objects.filter(state="collected").first()
        if one and one.payment_id:
            reverse(movement=one.payment_id, reason="x", key=key(), actor=self.head)

    def pay(self, at: int) -> None:
        whose = Customer.objects.filter(last_name="Lastschrift").order_by("pk")[at]
        receive_payment(customer=whose.pk, amount=Decimal("10.70"), key=key(), actor=self.till)

    def dispute(self, at: int) -> None:
        dispute_invoice(invoice=Invoice.objects.order_by("number")[at].pk, reason="x", actor=self.head)

    def revoke(self, at: int) -> None:
        revoke_mandate(mandate=Mandate.objects.order_by("pk")[at].pk, reason="x", actor=self.head)

    def _file(self, *states: str) -> DebitFile | None:
        return DebitFile.objects.filter(state__in=states or DebitFileState.values).order_by("-created_at").first()

    def check(self) -> None:
        items = list(DebitItem.objects.select_related("file", "payment"))
        for one in items:
            assert one.state in ORDER[self.seen.get(one.pk, DebitState(one.state))]
            self.seen[one.pk] = DebitState(one.state)
        standing = [one.invoice_id for one in items if one.state in STANDING_DEBITS]
        assert len(standing) == len(set(standing))
        for file in DebitFile.objects.filter(state="done"):
            sent = [one.amount for one in items if one.file_id == file.pk and one.state != "left_out"]
            assert (file.count, file.total) == (len(sent), sum(sent))
        reversed_ = set(Movement.objects.exclude(reverses=None).values_list("reverses", flat=True))
        for one in items:
            assert (one.state == "collected") == (one.payment_id is not None and one.payment_id not in reversed_)
        for invoice in Invoice.objects.all():
            assert Decimal(0) <= invoice.paid <= invoice.gross
            paying = [one for one in items if one.invoice_id == invoice.pk and one.state == "collected"]
            assert len(paying) <= 1
            assert not paying or invoice.state == "paid"


setattr(World, "return", lambda self, at: _return(self))  # the word is a keyword


def _return(world: World) -> None:
    one = DebitItem.objects.filter(state__in=["pending", "collected"]).first()
    if one:
        return_debit(debit=one.pk, code="AM04", on=timezone.localdate(), actor=world.head)


@pytest.fixture
def world(cast) -> World:
    head, till = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    creditor(head)
    for _turn in range(2):
        debtor(till, last_name="Lastschrift")
    billed(head)
    return World(head, till)


def test_histories_of_debits_are_what_is_booked(world):
    @examples(max_examples=12, deadline=None)
    @given(STEPS)
    def play(steps: list[tuple[str, int]]) -> None:
        world.seen.clear()
        with row_scope.rows_of(world.head):
            for step, at in steps:
                world.take(step, at)
                world.check()
            transaction.set_rollback(True)

    play()
