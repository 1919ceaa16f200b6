"""The location at which a person begins after the login."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from locations.permissions import Right
from mcp.isolation.scope import Scope
from mcp.models import User


class StartsNowhere(ValidationError):
    """The actor is no person of a business, and so has no start location."""

    def __init__(self) -> None:
        sentence = _("The provider's people work at all businesses and start at none.")
        super().__init__(sentence, code="user_of_provider_starts_nowhere")


@transaction.atomic
def start_here(*, is_wanted: bool, actor: Scope) -> None:
    """Make the actor's location his start location, or take that back. Nobody else decides it.

    Raises MissingRight where he has no right here, and StartsNowhere for the provider's people.
    """
    if not actor.rights:
        actor.demand(Right.VIEW_CUSTOMERS)
    if actor.user is None or actor.user.organization_id is None:
        raise StartsNowhere
    person = User.objects.select_for_update(of=("self",)).get(pk=actor.user.pk)
    if is_wanted:
        person.start_location = actor.location
    elif person.start_location_id == actor.location.pk:
        person.start_location = None
    person.save(update_fields=["start_location"])
