"""Lübeck, as if this installation stood there."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from clearing.models import Node, OwnNode
from locations.models import Location
from locations.permissions import Right
from mcp.central.operations import create_local_administrator
from mcp.isolation.scope import Scope
from mcp.models import User

PLACE = "/10400/4"
PASSWORD = "Sauerteig-und-Butter-7"


def own_node(location: Location, **values: Any) -> OwnNode:
    """The row by which the installation knows that it is this location."""
    known = {"base": location.base, "organization": location.organization, "location": location}
    return OwnNode.objects.create(**known, number_confirmed_at=timezone.now(), **values)


def administrator(location: Location) -> User:
    """Karin, who may do everything there."""
    karin = User(username="karin", first_name="Karin")
    create_local_administrator(
        administrator=karin,
        password=PASSWORD,
        group_name="Verwaltung der Filiale",
        rights=[right for right in Right if right is not Right.CARRY_OVER],
        actor=Scope.of_system(location, name="test"),
    )
    return karin


def pair(own: OwnNode) -> Node:
    """Let the central know it."""
    node = Node.objects.create(
        organization=own.organization, base=own.base, location=own.location, name="Kasse", public_key="k",
        paired_by="anna", receipt="0" * 64,
    )  # fmt: skip
    own.node = node
    own.save(update_fields=["node"])
    return node
