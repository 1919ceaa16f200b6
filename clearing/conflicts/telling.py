"""What is said of conflicts and of changes held back elsewhere: on the page of a customer, and on the front page."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from clearing.choices import ConflictState
from clearing.conflicts.held_back_pages import HELD_BACK_ONE
from clearing.conflicts.pages import CONFLICT
from clearing.models import Conflict, HeldBack
from customers.console.notices import Told
from customers.models import Customer
from mcp.isolation.scope import Scope

MOST_COUNTED = 10_000
"""So many are counted on the front page."""


def about(customer: Customer, scope: Scope) -> Iterator[Told]:
    """The open conflicts of a customer of a base 1.0, and the change of him that is held back."""
    if not scope.base.is_discontinued:
        return
    mine = Q(uid=customer.uid) | Q(created_uid=customer.uid)
    for conflict in Conflict.objects.in_base(scope.base).filter(mine, state=ConflictState.OPEN).only("id", "base")[:3]:
        yield Told(
            _("Branch and central have both changed this customer: a version of him was overridden."),
            _("Decide the conflict"),
            reverse(f"admin:{CONFLICT}", args=[conflict.pk]),
        )
    for held in HeldBack.objects.in_base(scope.base).waiting().filter(uid=customer.uid).only("id", "base"):
        yield Told(
            _("The central has held back a change of this customer."),
            _("See why"),
            reverse(f"admin:{HELD_BACK_ONE}", args=[held.pk]),
        )


def facts(scope: Scope) -> dict[str, object]:
    """The context of the panel: how many conflicts are open, and how many changes held back. Two queries."""
    of_base = Conflict.objects.in_base(scope.base)
    opened = of_base.open().order_by()[: MOST_COUNTED + 1].count()
    return {
        "open": min(opened, MOST_COUNTED),
        "is_more": opened > MOST_COUNTED,
        "held_back": HeldBack.objects.in_base(scope.base).waiting().count(),
    }
