"""What appears below a field while somebody types a location or a person."""

from __future__ import annotations

from typing import Any

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
    """The locations that whoever manages users here may name: all at the head of the business, else this one."""
    if operations.acts_for_all(scope):
        return Location.objects.of_organization(scope.organization)
    return Location.objects.filter(pk=scope.location.pk)


def known_people(scope: Scope) -> UserQuerySet:
    """The people whom the scope may see, and oneself."""
    own = User.objects.filter(pk=scope.user.pk if scope.user else 0)
    found: Any = operations.visible_users(scope)
    return found | own


def places(request: HttpRequest) -> JsonResponse:
    scope = scope_of(request)
    scope.demand(Right.MANAGE_USERS)
    found = known_places(scope).containing(request.GET.get("q", "")[:80]).order_by("client_number")[:SHOWN]
    return JsonResponse({"options": [place_label(location) for location in found]})


def people(request: HttpRequest) -> JsonResponse:
    scope = scope_of(request)
    scope.demand(Right.MANAGE_USERS)
    found = known_people(scope).containing(request.GET.get("q", "")[:80]).order_by("username")[:SHOWN]
    return JsonResponse({"options": [person_label(user) for user in found]})
