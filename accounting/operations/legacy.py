"""Accounting for customer base 1.0, switched on or off for a location at the central.

While it is on the central keeps accounts of the customers of that base, the branch sells on account at its own
installation, and what it has sold is booked with each reconciliation. Switched off, nothing new is sold from the next
reconciliation on; what was booked can be billed, paid and set right.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounting.balances import mode_of
from accounting.choices import AccountingMode
from accounting.operations.switching import person_of
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.branch import demand_made_here, is_branch
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


class CannotAccountFor(ValidationError):
    """Accounting for customer base 1.0 cannot be switched on for this location; the sentence says why."""


@busy_told()
def switch_legacy_accounts(*, location: int, is_on: bool, actor: Scope) -> Location:
    """Switch Accounting for customer base 1.0 of a location on or off. A repeat changes nothing.

    Raises MissingRight, Location.DoesNotExist, MadeAtCentral, CannotAccountFor, or Busy.
    """
    actor.demand(Right.MANAGE_LOCATION)
    demand_made_here()
    if person_of(actor) is None:
        sentence = _("The people of the business decide themselves how its accounts are kept.")
        raise CannotAccountFor(sentence, code="legacy_accounts_by_person")
    if is_branch() or not actor.location.is_central:
        raise CannotAccountFor(_("That is switched at the central."), code="legacy_accounts_at_central")
    with row_scope.within(actor):
        places = Location.objects.of_organization(actor.organization).select_related("base", "organization")
        place = places.select_for_update(of=("self",), no_key=True).get(pk=location)
        if is_on:
            _demand_can(place)
        if place.has_legacy_accounts != is_on:
            place.has_legacy_accounts = is_on
            place.save(update_fields=["has_legacy_accounts"])
        return place


def _demand_can(place: Location) -> None:
    if not place.base.is_discontinued or place.closed_at is not None:
        raise CannotAccountFor(
            _("%(location)s is closed, or does not work with a customer base 1.0."),
            code="legacy_accounts_of_base",
            params={"location": place.name},
        )
    if mode_of(place.base, place) == AccountingMode.OWN:
        raise CannotAccountFor(
            _("%(location)s keeps accounts of its own. Have it keep them with the central first."),
            code="legacy_accounts_with_central",
            params={"location": place.name},
        )
