"""Customers of a package who are here already, recognised by their uid."""

from __future__ import annotations

from customers.models import Customer
from mcp.isolation.scope import Scope
from transitions.archive.package_format import CUSTOMERS, NUMBER, UID
from transitions.archive.package_reader import ReceivedPackage


def without_known(strangers: frozenset[int], package: ReceivedPackage, actor: Scope) -> frozenset[int]:
    """The numbers without those whose customer in the package is here himself, under whatever number."""
    found = strangers.intersection(package.numbers)
    if not found or UID not in package.headings:
        return strangers
    number, uid = package.headings.index(NUMBER), package.headings.index(UID)
    rows = package.rows(CUSTOMERS, is_noted=False)
    meant = {cells[uid]: int(cells[number]) for cells in rows if int(cells[number]) in found}
    here = Customer.objects.in_base(actor.base).filter(uid__in=meant).values_list("uid", flat=True)
    return strangers - {meant[str(known)] for known in here}
