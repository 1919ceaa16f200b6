"""Accounting for customer base 1.0, on the page of the locations' accounts: what holds for each, and its switch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounting.at_branch.needs import Need, needs_at_central
from accounting.operations import switch_legacy_accounts
from accounting.pages.frame import BRANCH_ORDERS, address_of
from clearing.models import Node
from locations.models import Location
from mcp.isolation.branch import is_branch
from mcp.isolation.scope import Scope


@dataclass(frozen=True)
class LegacyLine:
    """A location with a customer base 1.0, what must be so before it sells on account, and where its orders are."""

    location: Location
    needs: list[Need]
    address: str


def legacy_lines(scope: Scope) -> list[LegacyLine]:
    """At the central each open location with a customer base 1.0. Two queries."""
    if is_branch() or not scope.location.is_central:
        return []
    found = Location.objects.of_organization(scope.organization).branches().open().filter(base__kind="offline")
    places = list(found.select_related("base", "organization").order_by("client_number"))
    nodes: defaultdict[int, list[Node]] = defaultdict(list)
    for node in Node.objects.in_use().filter(location__in=[one.pk for one in places]):
        nodes[node.location_id].append(node)
    here = scope.location.address
    return [
        LegacyLine(
            one,
            needs_at_central(one, nodes[one.pk], is_with_central=True),  # on a base 1.0 nobody can switch that
            address_of(BRANCH_ORDERS).replace(here, one.address, 1),
        )
        for one in places
    ]


def switch_on(location: int, scope: Scope) -> str:
    """Switch it on; the sentence for whoever did. Raises as `switch_legacy_accounts`."""
    place = switch_legacy_accounts(location=location, is_on=True, actor=scope)
    return _("%(location)s sells on account from its next reconciliation on, once everything else is met.") % {
        "location": place.name
    }


def switch_off(location: int, scope: Scope) -> str:
    """Switch it off; the sentence for whoever did. Raises as `switch_legacy_accounts`."""
    place = switch_legacy_accounts(location=location, is_on=False, actor=scope)
    return _("From its next reconciliation on %(location)s sells nothing on account. What is booked stays.") % {
        "location": place.name
    }
