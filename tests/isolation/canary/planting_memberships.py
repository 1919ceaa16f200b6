"""Customers of each base 2.0 who belong to one another, with canaries in all words."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from customers.choices import InvoiceTo, MembershipKind
from customers.models import CustomerMembership
from locations.models import CustomerBase
from tests.isolation.canary.canaries import BIRTHDAY


def plant_memberships(business: Any, base: CustomerBase) -> None:
    """Each of its customers belongs to the next one, and the last to nobody. One membership was ended."""
    if base.is_discontinued:
        return
    customers = business.rows["customers.Customer"]
    known = [one for one in customers if one.base_id == base.pk and not one.is_archived]
    for at, (member, of) in enumerate(pairwise(known)):
        values = {"kind": MembershipKind.COMPANY, "invoice_to": InvoiceTo.PERSON, "valid_from": BIRTHDAY}
        open_end = {"valid_until": None, "ended_at": None, "ended_by": ""}
        ended = {"valid_until": BIRTHDAY, "ended_at": base.created_at}
        business.row(CustomerMembership, base=base, member=member, of=of, **values, **(open_end if at else ended))
