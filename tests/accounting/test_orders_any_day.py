"""Random days of a central and two branches that sell on account: each order is at the central once, whatever happens.

As tests.clearing.test_random_days, over the same line with the same edits, broken runs and old backups. After a restore
those orders count that any side still has.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from accounting.at_branch.selling import sell_at_branch
from accounting.models import AccountTerms, BranchOrder, PaymentOrder
from locations.choices import Side
from locations.models import Location
from mcp.isolation.scope import Scope
from tests.accounting.accounts import terms
from tests.accounting.branches import sale
from tests.clearing.backups import ACCOUNTS, Backup
from tests.clearing.test_random_days import NODES, PLACES, WHO, Day, all_paired
from tests.clearing.two_sides import ASKED, at
from tests.customers.people import customer
from tests.proofs.sampling import examples

DAYS, STEPS = 5, 15


class SellingDay(Day):
    """A day on which the branches sell."""

    def __init__(self) -> None:
        super().__init__()
        self.sold: dict[tuple[str, str], Decimal] = {}

    @rule(node=st.sampled_from([*NODES]), who=WHO)
    def sell(self, node: str, who: int) -> None:
        whose = self.somebody(node, who)
        if whose is not None:
            key = self.word()
            said = sale(whose, key, f"{self.words}.50") | {"is_late": True}
            with at(Side.BRANCH):
                sell_at_branch(**said, actor=self.scopes[node])
            self.sold[node, key] = said["total"]

    @rule(who=WHO)
    def open_account(self, who: int) -> None:
        whose = self.somebody("central", who)
        if whose is not None and whose.archived_at is None:
            with at(Side.CENTRAL):
                terms(self.scopes["central"], whose, hard_limit=Decimal(7))

    # --- what is otherwise with accounts --------------------------------------------------------------------------

    @rule(place=st.sampled_from(PLACES), number=st.integers(0, 5))
    def register(self, place: str, number: int) -> None:
        """Each under a number that nobody has: whoever has an account does not leave his base."""
        scope, word = self.scopes[place], self.word()
        with at(self.side(place)):
            row = customer(
                scope, last_name="Muster", customer_number=scope.location.number_range.lower + self.words, city=word
            )
        self.alive[row.uid]["city"] = {word}

    @rule(place=st.sampled_from(PLACES), who=WHO)
    def erase(self, place: str, who: int) -> None:
        """Who has no account, since money of his may be open."""
        row = self.somebody(place, who)
        has_account = row is not None and AccountTerms.objects.filter(customer__uid=row.uid).exists()
        if not has_account:
            with suppress(ValidationError), transaction.atomic():
                super().erase(place, who)

    @rule(place=st.sampled_from(PLACES))
    def back_up(self, place: str) -> None:
        self.backups[place] = Backup(self.base(place), also=ACCOUNTS)

    @precondition(lambda self: self.backups)
    @rule(which=st.integers(0, 2))
    def restore(self, which: int) -> None:
        super().restore(which)
        self.sold = {
            (node, key): total
            for (node, key), total in self.sold.items()
            if self._rows("central", node, key).exists() or self._rows(node, node, key).exists()
        }

    def _rows(self, place: str, node: str, key: str) -> Any:
        """The order with this key of a node, as a place has it."""
        rows = BranchOrder.objects.filter(base=self.base(place), key=key)
        return rows.filter(location__client_number=NODES[node])

    def _demand_quiet(self) -> None:
        super()._demand_quiet()
        there = {(NODES[node], key): total for (node, key), total in self.sold.items()}
        rows = BranchOrder.objects.filter(base=self.base("central")).select_related("location")
        assert {(one.location.client_number, one.key): one.total for one in rows} == there
        posted = PaymentOrder.objects.filter(base=self.base("central")).select_related("booking__location")
        booked = [(one.booking.location.client_number, one.booking.key) for one in posted]
        assert sorted(booked) == sorted((one.location.client_number, one.key) for one in rows if one.state == "posted")
        for node in NODES:
            for one in BranchOrder.objects.filter(base=self.base(node)):
                assert (one.is_sent, one.state) == (True, self._rows("central", node, one.key).get().state)


@pytest.fixture
def kind(cast, as_owner):
    """The machine, with branches that are paired and have been told that they sell on account."""
    with connection.cursor() as cursor:
        cursor.execute(ASKED)
    found = all_paired(cast)
    there = [pair.there.location.pk for pair in found.values()]
    Location.objects.filter(pk__in=there).update(has_legacy_accounts=True)
    for pair in found.values():
        with at(Side.BRANCH):
            pair.run()
    scopes = {"central": found["Lübeck"].there}
    scopes |= {name: Scope.of_system(pair.fresh.location, name="test") for name, pair in found.items()}
    assert all(scopes[name].location.has_legacy_accounts for name in NODES)
    return type("SellingDayOfCast", (SellingDay,), {"pairs": found, "scopes": scopes})


@pytest.mark.django_db
def test_each_order_is_at_the_central_once_after_any_day(kind):
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=examples(DAYS), stateful_step_count=STEPS, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
