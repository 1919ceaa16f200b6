"""Random histories of debits, by hand and by entries of the bank, against a plain model of what they should be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounting.debits.outcomes import collect_debits, return_debit
from accounting.models import BankEntry, DebitItem, Invoice, Movement
from accounting.operations import reverse
from accounting.payments import book_as_proposed, propose_for, undo_entry
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, key
from tests.accounting.bank_files import entries_of, statement
from tests.accounting.debits import creditor
from tests.accounting.returned import SUM, at_bank, came_back, collected, in_sum

pytestmark = pytest.mark.django_db
ENTRIES = ("single", "sum", "back", "back again")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["book", "undo"]), st.sampled_from(ENTRIES)),
        st.tuples(st.sampled_from(["collect", "return", "reverse"]), st.just("")),
    ),
    max_size=9,
)


@dataclass
class Model:
    """One debit alone in its file, and what has been said of it."""

    state: str = "pending"
    is_paid: bool = False
    collected_by: str = ""
    returned_by: str = ""
    by_entry: set[str] = field(default_factory=set)

    def book(self, name: str) -> bool:
        if name in (self.collected_by, self.returned_by):
            return False
        if name in ("single", "sum"):
            return self._collect(name)
        if self.returned_by:
            return False
        if self.state != "returned":
            self.by_entry.add(name)
        self.state, self.returned_by = "returned", name
        return True

    def _collect(self, name: str) -> bool:
        if self.collected_by:
            return False
        if self.state == "pending":
            self.state, self.is_paid = "collected", True
            self.by_entry.add(name)
        self.collected_by = name
        return True

    def undo(self, name: str) -> bool:
        if not name or name not in (self.collected_by, self.returned_by):
            return False
        has_effect = name in self.by_entry
        if name == self.collected_by:
            if has_effect and self.state == "returned":
                return False
            if has_effect:
                self.state, self.is_paid = "pending", False
            self.collected_by = ""
        else:
            if has_effect and self.collected_by and not self.is_paid:
                return False
            if has_effect:
                self.state = "collected" if self.is_paid else "pending"
            self.returned_by = ""
        self.by_entry.discard(name)
        return True

    def collect(self, _name: str) -> bool:
        if self.state == "pending":
            self.state, self.is_paid = "collected", True
        return True

    def send_back(self, _name: str) -> bool:
        if self.state == "returned":
            return False
        self.state = "returned"
        return True

    def reverse(self, _name: str) -> bool:
        if self.state != "collected":
            return False
        self.state = "returned"
        return True


class World:
    def __init__(self, head: Scope, till: Scope) -> None:
        self.head = head
        self.file, [self.debit] = at_bank(head, till)
        told = (
            collected(self.debit, reference="1"), in_sum(self.file, "10.70", reference="2"),
            came_back(self.debit, reference="3"), came_back(self.debit, reference="4"),
        )  # fmt: skip
        self.statement = statement(head, *told)
        self.entries = dict(zip(ENTRIES, entries_of(head, self.statement), strict=True))

    def take(self, step: str, name: str) -> bool:
        """Whether it went."""
        propose_for(statement=self.statement.pk, actor=self.head)
        ways: dict[str, Any] = {
            "book": lambda: book_as_proposed(entry=self.entries[name].pk, actor=self.head),
            "undo": lambda: undo_entry(entry=self.entries[name].pk, reason="x", actor=self.head),
            "collect": lambda: collect_debits(file=self.file.pk, on=timezone.localdate(), actor=self.head),
            "return": lambda: return_debit(
                debit=self.debit.pk, code="AM04", on=timezone.localdate(), actor=self.head
            ),
            "reverse": self._reverse,
        }  # fmt: skip
        try:
            with transaction.atomic():
                ways[step]()
        except ValidationError:
            return False
        return True

    def _reverse(self) -> None:
        payment = DebitItem.objects.get().payment_id
        if payment is None:
            raise ValidationError("x", code="x")
        reverse(movement=payment, reason="x", key=key(), actor=self.head)

    def check(self, model: Model) -> None:
        one = DebitItem.objects.get()
        names: dict[Any, str] = {entry.pk: name for name, entry in self.entries.items()}
        found = (one.state, names.get(one.collected_entry_id, ""), names.get(one.returned_entry_id, ""))
        assert found == (model.state, model.collected_by, model.returned_by)
        for name, entry in self.entries.items():
            expected = {model.collected_by: "booked", model.returned_by: "returned"}.get(name, "open")
            assert BankEntry.objects.get(pk=entry.pk).state == expected
        standing = Movement.objects.filter(kind="payment").exclude(
            pk__in=Movement.objects.exclude(reverses=None).values("reverses")
        )
        assert standing.count() == (model.state == "collected")
        paid = model.state == "collected"
        assert Invoice.objects.get().state == ("paid" if paid else "open")
        assert amounts(self.head, self.debit.customer) == (0 if paid else SUM, 0)


def test_histories_by_hand_and_by_the_bank_are_as_the_model_says(cast):
    head, till = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    creditor(head)
    world = World(head, till)

    @examples(max_examples=12, deadline=None)
    @given(STEPS)
    def play(steps: list[tuple[str, str]]) -> None:
        model = Model()
        ways = {
            "book": model.book, "undo": model.undo, "collect": model.collect, "return": model.send_back,
            "reverse": model.reverse,
        }  # fmt: skip
        with row_scope.rows_of(head):
            for step, name in steps:
                assert world.take(step, name) == ways[step](name), (step, name, model)
                world.check(model)
            transaction.set_rollback(True)

    play()
