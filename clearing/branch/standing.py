"""What a branch says about itself: which location it is, and in the header how old what it has from its central is."""

from __future__ import annotations

from clearing.models import OwnNode
from locations.models import Location
from mcp.console import header
from mcp.isolation import branch
from mcp.isolation.scope import Scope


def standing(_scope: Scope) -> OwnNode | None:
    """This branch, once it is paired; None elsewhere. One query, at a branch alone."""
    if not branch.is_branch():
        return None
    return OwnNode.objects.filter(node__isnull=False).first()


def own_location() -> Location | None:
    """The location of this branch, if it is set up."""
    own = OwnNode.objects.select_related("location__organization", "location__base").first()
    return own.location if own else None


branch.told_by(own_location)
header.register(header.Piece(name="branch", template="clearing/standing.html", facts=standing))
