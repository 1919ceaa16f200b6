"""What accounting has travel in the runs of clearing: orders of branches, and how accounts stand."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from accounting.at_branch.posting import take_orders, told_orders
from accounting.at_branch.sending import apply_told, offer_again, orders_to_send
from accounting.models import Account, BranchOrder
from clearing.travelling import Matter
from locations.models import CustomerBase


def customers_kept(base: CustomerBase, uids: Collection[UUID]) -> Collection[UUID]:
    """Who of them has an account, or has bought what is not booked yet: he does not leave the base."""
    accounts = Account.objects.in_base(base).filter(customer__uid__in=uids).values_list("customer__uid", flat=True)
    waiting = BranchOrder.objects.in_base(base).waiting().filter(uid__in=uids).values_list("uid", flat=True)
    return {*accounts, *(uid for uid in waiting if uid)}


ACCOUNTS = Matter(
    name="accounts",
    collect=orders_to_send,
    take=take_orders,
    tell=told_orders,
    apply=apply_told,
    offer_again=offer_again,
    keeps=customers_kept,
)
