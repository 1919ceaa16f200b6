"""Where a person lands after the login."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from locations.permissions import Right
from mcp.isolation.scope import Scope
from mcp.models import User


class StartsNowhere(ValidationError):
    """The provider's people, and what is no person, start at no location."""

    def __init__(self) -> None:
        sentence = _("The provider's people work at all businesses and start at none.")
        super().__init__(sentence, code="user_of_provider_starts_nowhere")


@transaction.atomic
def start_here(*, is_wanted: bool, actor: Scope) -> None:
    """Let the actor land at his location from the next login on, or take that back. It is his own to choose.

    Raises MissingRight where he may do nothing here, and StartsNowhere for the provider's people.
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
