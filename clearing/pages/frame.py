"""What the pages of both sides have in common."""

from __future__ import annotations

from django.conf import settings

from locations.choices import Side
from locations.permissions import Right
from mcp.isolation.scope import Scope

IS_BRANCH = settings.SIDE == Side.BRANCH
RUN_RIGHT = Right.CLEAR if IS_BRANCH else Right.MANAGE_LOCATION
"""At a branch whoever may reconcile sees what became of it; at the central whoever manages the location."""


def may_resolve(scope: Scope) -> bool:
    """Whether the pages of conflicts and of changes held back are open to whoever looks."""
    return may(scope, Right.RESOLVE_CONFLICTS) and may(scope, Right.VIEW_CUSTOMERS)


def may(scope: Scope, right: Right) -> bool:
    """Whether the right is held, to show more or less of a page."""
    with scope.asked.only_looking():
        return scope.allows(right)
