"""Of the rows that addresses name, those of accounts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounting.models import BranchOrder, Movement
from accounting.opening_balances import check_balances
from accounting.operations import post_sale, receive_payment, top_up
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.customers import people
from tests.isolation.matrix.world import Place, World


class OfAccounts:
    """Makes them at a place."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._made: dict[tuple[str, Any], Any] = {}

    def _system(self, place: Place) -> Scope:
        return self.world.system[place]

    def _once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for each key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _account(self, place: Place) -> int:
        """A customer with an account and some credit."""
        system = self._system(place)
        customer = guest(system)
        top_up(customer=customer.pk, amount=Decimal(50), key="credit", actor=system)
        return customer.pk

    def _sale(self, place: Place) -> Movement:
        """One that came too late and broke the limit."""

        def make() -> Movement:
            system = self._system(place)
            late = guest(system, last_name="Spät").pk
            return post_sale(customer=late, amount=Decimal(120), key="late", is_late=True, actor=system).movement

        made: Movement = self._once(("movement", place), make)
        return made

    def _branch_order(self, place: Place) -> UUID:
        """One that waits at the central."""
        system = self._system(place)
        made = BranchOrder.objects.create(
            organization=system.organization, base=system.base, location=system.location, key=str(uuid4()),
            uid=uuid4(), business_day=timezone.localdate(), total=Decimal(5), is_sent=True,
        )  # fmt: skip
        return UUID(str(made.pk))

    def _payment(self, place: Place) -> Movement:
        """One that pays two of three sales."""
        system = self._system(place)
        payer = guest(system, last_name="Zahlt").pk
        for turn in range(3):
            post_sale(customer=payer, amount=Decimal(10), key=f"paid-{turn}", actor=system)
        return receive_payment(customer=payer, amount=Decimal(15), key="pays", actor=system).movement

    def _balances(self, place: Place) -> UUID:
        """A file with a row that can be booked."""
        system = self._system(place)
        row = f"{people.customer(system, last_name='Alt').customer_number};1"
        return check_balances(file_name="salden.csv", content=f"Nummer;Offen\n{row}".encode(), actor=system).pk
