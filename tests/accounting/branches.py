"""A central and a branch with a base 1.0 that sells on account, in one database (see tests.clearing.two_sides)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from accounting.at_branch.selling import sell_at_branch
from accounting.models import BranchOrder, PaymentOrder
from accounting.operations import Line
from clearing.models import Node, OwnNode
from customers.models import Customer
from locations.choices import Side
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import ADDRESS, terms
from tests.clearing.two_sides import Branch, TwoSides, at
from tests.customers.people import customer


class SellingSides(TwoSides):
    """Both sides, with Accounting for customer base 1.0 switched on; the branch has reconciled and knows one guest."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.switch(is_on=True)
        Node.objects.update(protocol=2)
        self.guest = self.registered()
        self.run()
        self.opened(self.guest)
        self.run()

    def switch(self, *, is_on: bool, sides: Sequence[Side] = (Side.CENTRAL, Side.BRANCH)) -> None:
        """Switch it at both sides, as the site tells the branch; or at one of them alone."""
        for side in sides:
            scope = self.central if side == Side.CENTRAL else self.branch.actor
            Location.objects.filter(pk=scope.location.pk).update(has_legacy_accounts=is_on)
            scope.location.has_legacy_accounts = is_on

    def registered(self, branch: Branch | None = None, **values: Any) -> Customer:
        """Somebody with an address, registered at the branch."""
        with at(Side.BRANCH):
            return customer((branch or self.branch).actor, **{"last_name": "Gast", **ADDRESS, **values})

    def at_central(self, whose: Customer) -> Customer:
        return Customer.objects.get(base=self.central.base, uid=whose.uid)

    def opened(self, whose: Customer, **values: Any) -> None:
        """He has an account at the central."""
        with at(Side.CENTRAL):
            terms(self.central, self.at_central(whose), **values)

    def run(self, branch: Branch | None = None) -> Any:
        found = super().run(branch)
        OwnNode.objects.filter(base=(branch or self.branch).base).update(succeeded_at=timezone.now())
        return found

    def sell(
        self, key: str, amount: str = "5.00", *, to: Customer | None = None, branch: Branch | None = None, **more: Any
    ) -> BranchOrder:
        whose = to or self.guest
        actor = (branch or self.branch).actor
        with at(Side.BRANCH):
            return sell_at_branch(**(sale(whose, key, amount) | more), actor=actor)

    def states(self, scope: Scope | None = None) -> dict[str, str]:
        """By key what has become of the orders, at the branch or there."""
        rows = BranchOrder.objects.filter(base=(scope or self.branch.actor).base)
        return dict(rows.values_list("key", "state"))

    def booked(self) -> list[tuple[str, Decimal]]:
        """The orders in the ledger of the central: key and amount."""
        rows = PaymentOrder.objects.filter(base=self.central.base).select_related("booking")
        return sorted((one.booking.key, one.total) for one in rows)

    def owed(self) -> Decimal:
        """What is open in the ledger of the central."""
        with row_scope.rows_of(self.central):
            rows = PaymentOrder.objects.in_base(self.central.base).open()
            return rows.aggregate(total=Sum("total"))["total"] or Decimal(0)


def sale(whose: Customer, key: str, amount: str) -> dict[str, Any]:
    """What a till says of an order with one line."""
    total = Decimal(amount)
    return {
        "customer": whose.pk,
        "number": key.upper(),
        "total": total,
        "lines": [Line(text="Brötchen", quantity=Decimal(1), amount=total, vat_rate=Decimal("7.00"))],
        "key": key,
        "business_day": date.today(),  # noqa: DTZ011 - as a till says it
        "fiscal": {"tse": "1"},
    }
