"""The suggestions below a field in which a location or a person is typed."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from locations.models import Location
from locations.permissions import Right
from locations.querysets import LocationQuerySet
from mcp.central import operations
from mcp.central.forms.choosing import person_label, place_label
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope
from mcp.models import User
from mcp.querysets import UserQuerySet

SHOWN = 20


def known_places(scope: Scope) -> LocationQuerySet:
    """The locations that somebody who manages users here may name: all where he `acts_for_all`, else this one."""
    if operations.acts_for_all(scope):
        return Location.objects.of_organization(scope.organization)
    return Location.objects.filter(pk=scope.location.pk)


def known_people(scope: Scope) -> UserQuerySet:
    """The people whom the scope may see, and the user himself."""
    own = User.objects.filter(pk=scope.user.pk if scope.user else 0)
    return operations.visible_users(scope) | own


def places(request: HttpRequest) -> JsonResponse:
    """The locations that fit what was typed (`q`): {"options": [labels]}, at most SHOWN."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_USERS)
    found = known_places(scope).containing(request.GET.get("q", "")[:80]).order_by("client_number")[:SHOWN]
    return JsonResponse({"options": [place_label(location) for location in found]})


def people(request: HttpRequest) -> JsonResponse:
    """The people who fit what was typed (`q`): {"options": [labels]}, at most SHOWN."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_USERS)
    found = known_people(scope).containing(request.GET.get("q", "")[:80]).order_by("username")[:SHOWN]
    return JsonResponse({"options": [person_label(user) for user in found]})
