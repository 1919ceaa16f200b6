"""What can be asked of memberships: who belongs to whom on a day, and who gets the invoice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from customers.choices import InvoiceTo

if TYPE_CHECKING:
    from customers.models import Customer, CustomerMembership
    from locations.models import CustomerBase


@dataclass(frozen=True, kw_only=True)
class Payer:
    """Who gets the invoice for what a customer buys."""

    customer: int
    """The id of the customer who gets it and pays it: the buyer, or the company, group or family."""
    company: int | None = None
    """The id of the company, group or family that stands on it, also where the person pays as its member."""
    invoice_to: InvoiceTo = InvoiceTo.PERSON
    role: str = ""
    """What the buyer is there, such as "Buchhaltung"."""
    membership: int | None = None
    """The id of the membership that says so; None where none does."""


class MembershipQuerySet(models.QuerySet["CustomerMembership"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_member(self, customer: Customer) -> Self:
        """To whom a customer belongs or has belonged: the latest first."""
        return self.filter(base=customer.base_id, member=customer.pk).order_by("-valid_from", "-id")

    def members_of(self, customer: Customer) -> Self:
        """Who belongs or has belonged to a company, group or family: the latest first."""
        return self.filter(base=customer.base_id, of=customer.pk).order_by("-valid_from", "-id")

    def valid_on(self, day: date) -> Self:
        """Those that hold on the day; the first and the last day belong to them."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)

    def not_over(self, day: date) -> Self:
        """Those that hold on the day or begin later."""
        return self.within(day, None)

    def within(self, first: date, last: date | None) -> Self:
        """Those that hold on a day at least between these two; without a last one, from the first on."""
        found = self.filter(Q(valid_until=None) | Q(valid_until__gte=first))
        return found if last is None else found.filter(valid_from__lte=last)

    def payers(self, *, base: CustomerBase, customers: Collection[int], on: date) -> dict[int, Payer]:
        """Who gets the invoices for what each of these customers (ids) buys on the day; one query for all of them.

        A membership whose company is archived does not count: the person gets the invoice himself. Who pays for others
        is paid for by nobody, so the answer is final.
        """
        found = {pk: Payer(customer=pk) for pk in customers}
        rows = self.in_base(base).valid_on(on).filter(member__in=list(found), of__archived_at=None)
        for row in rows.exclude(invoice_to=InvoiceTo.PERSON).order_by():
            found[row.member_id] = Payer(
                customer=row.of_id if row.invoice_to == InvoiceTo.COMPANY else row.member_id,
                company=row.of_id,
                invoice_to=InvoiceTo(row.invoice_to),
                role=row.role,
                membership=row.pk,
            )
        return found
