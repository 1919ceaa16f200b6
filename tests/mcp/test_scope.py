"""The frozen value that says who works where with which rights."""

import dataclasses

import pytest

from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope


def test_scope_cannot_be_changed(cast):
    scope = cast.scope("carla", "Bremen")
    with pytest.raises(dataclasses.FrozenInstanceError):
        scope.rights = frozenset(Right)


def test_demand_names_the_right_and_the_place(cast):
    scope = cast.scope("carla", "Bremen")
    scope.demand(Right.VIEW_CUSTOMERS)
    with pytest.raises(MissingRight) as caught:
        scope.demand(Right.CHANGE_CUSTOMERS)
    assert (caught.value.right, caught.value.location.name) == (Right.CHANGE_CUSTOMERS, "Bremen")
    assert "Bremen" in str(caught.value)


def test_system_holds_every_right_and_names_itself(cast):
    scope = Scope.of_system(cast.location("Hamburg"), name="Import")
    assert (scope.rights, scope.actor_name) == (frozenset(Right), "Import")
    assert scope.history(reason="x") == {
        "user": None,
        "user_name": "Import",
        "organization": scope.organization.pk,
        "location": scope.location.pk,
        "location_name": "Hamburg",
        "reason": "x",
    }
