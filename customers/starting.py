"""The panel of an empty customer base: the ways to fill it that are open to the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.edit_side import is_edited_here, standing
from customers.models import CustomerCount
from locations.permissions import Right
from mcp.console import menu, panels
from mcp.isolation.scope import Scope


@dataclass(frozen=True)
class Way:
    """A button of this panel."""

    title: str | Promise
    icon: str
    address: str


def has_nobody(scope: Scope) -> bool:
    """Whether the base has no customer at all, not even an archived one. One query, whatever its size."""
    return not any(CustomerCount.objects.in_base(scope.base).totals())


def ways(scope: Scope) -> dict[str, Any]:
    """Context of the panel: registering a customer, and the pages that bring many, as far as the rights allow.

    None where customers are edited on the other side, which `edit_side` says.
    """
    if not is_edited_here(scope.base):
        return {"ways": [], "edit_side": standing(scope.base)}
    with scope.asked.only_looking():
        entries = [entry for entry in menu.registered() if entry.fills_base and entry.is_useful(scope)]
        found = [
            Way(entry.title, entry.icon, reverse(entry.url_name))
            for entry in sorted(entries, key=lambda entry: entry.order)
            if scope.allows(entry.right)
        ]
        if scope.allows(Right.ADD_CUSTOMERS):
            found.insert(0, Way(_("Register a customer"), "person_add", reverse("admin:customers_customer_add")))
    return {"ways": found}


panels.register(
    panels.Panel(
        name="start",
        title=_("There is no customer here yet"),
        right=Right.VIEW_CUSTOMERS,
        template="customers/start.html",
        facts=ways,
        order=0,
        is_wide=True,
        is_useful=has_nobody,
    )
)
