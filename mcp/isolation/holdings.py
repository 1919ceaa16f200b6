"""What the acting user holds himself: checked before he grants something to others."""

from __future__ import annotations

from django.utils.translation import gettext as _

from locations.choices import LocationKind
from locations.models import CENTRAL_CLIENT_NUMBER, Location, Organization
from locations.permissions import Right
from mcp.isolation import access
from mcp.isolation.access import Holdings
from mcp.isolation.branch import demand_made_here, is_branch
from mcp.isolation.scope import MissingRight, Scope


def holdings_of(actor: Scope) -> Holdings:
    """All rights that the actor holds in his business. The system holds every right, a device those of its location."""
    if actor.is_system:
        return Holdings(everywhere=frozenset(Right))
    if actor.user is None:
        return Holdings(everywhere=frozenset(), by_location={actor.location.pk: actor.rights})
    return access.holdings(actor.user, actor.organization)


def holds_everywhere(actor: Scope, right: Right) -> bool:
    """Whether the actor holds the right here and at all locations of the business. A branch's node has no other."""
    return actor.allows(right) and (is_branch() or holdings_of(actor).holds(right, None))


def demand_everywhere(actor: Scope, right: Right) -> None:
    """Raise MissingRight unless the right is held here and at all locations of the business, as above."""
    actor.demand(right)
    if is_branch():
        return
    if not holdings_of(actor).holds(right, None):
        central = actor.organization.locations.filter(client_number=CENTRAL_CLIENT_NUMBER).first()
        need = _("It counts only if it is held at all locations of the business.")
        raise MissingRight(right, central or actor.location, need=need)


def lock_rights(actor: Scope) -> None:
    """Take the lock under which rights of a business are changed, and check the actor's own rights once more.

    `demand_still` does not check them again in this transaction. Raises MissingRight where one was taken meanwhile, and
    MadeAtCentral at a branch that is paired.
    """
    demand_made_here()
    Organization.objects.select_for_update(no_key=True).get(pk=actor.organization.pk)
    access.demand_still(actor)
    actor.asked.answer_for_change()


def need_of_own_house(location: Location) -> str:
    """The sentence for somebody who manages users elsewhere, at a location that leaves this to its own people."""
    return _("It counts only if it comes from a user group that %(location)s manages itself.") % {"location": location}


def acts_for_all(actor: Scope) -> bool:
    """Whether the actor manages the users of the whole business: from its central (or only location), everywhere."""
    at_head = actor.location.kind in {LocationKind.CENTRAL, LocationKind.INDEPENDENT}
    return at_head and actor.allows(Right.MANAGE_USERS) and holdings_of(actor).holds(Right.MANAGE_USERS, None)


def may_restrict(actor: Scope) -> bool:
    """Whether the actor is one of the franchisee's own people. The central may not: it could lift what binds it."""
    if not actor.location.is_franchise or not actor.allows(Right.MANAGE_USERS):
        return False
    return actor.is_system or (actor.user is not None and access.manages_own_house(actor.user, actor.location))
