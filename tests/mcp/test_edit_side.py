"""The central decides on which side customers of a base 1.0 are edited, on the page of the location."""

from __future__ import annotations

from typing import Any

import pghistory
import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from locations.choices import EditSide, LegacyRule, Side
from locations.models import CustomerBase, Location
from mcp.central import operations
from mcp.isolation.scope import MissingRight
from tests.mcp.test_admin_locations import ENGLISH, change
from tests.transitions.switched import to_offline

pytestmark = pytest.mark.django_db


def side(cast) -> str:
    return str(cast.location("Lübeck").base.edit_side)


def page(client: Any, location: Location, at: int = 1) -> str:
    answer = client.get(f"/10400/{at}/locations/location/{location.pk}/change/", headers=ENGLISH)
    assert answer.status_code == 200
    return str(answer.content.decode())


def seen(**fields: Any) -> dict[str, Any]:
    """As a browser sends them: beside each field what the page has shown in it."""
    return {f"initial-{name}": value for name, value in fields.items()}


def test_it_is_chosen_on_the_page_and_its_changes_are_told(cast, log_in):
    anna, luebeck = log_in("anna"), cast.location("Lübeck")
    shown = page(anna, luebeck)
    assert 'name="edit_side"' in shown
    assert "It also holds for Kiel, which share this customer base." in shown
    assert "No node works with this customer base yet." in shown
    assert "It was never changed." in shown
    assert change(anna, luebeck, edit_side="both").status_code == 302
    assert change(anna, cast.location("Kiel"), edit_side="central").status_code == 302
    assert side(cast) == "central"
    CustomerBase.objects.filter(pk=luebeck.base_id).update(has_node=True)
    shown = page(anna, luebeck)
    assert "Anna Andresen: At the branch → At both" in shown
    assert "Anna Andresen: At both → At the central" in shown
    assert "No node works with" not in shown


def test_location_on_2_0_is_not_asked(cast, log_in):
    anna, hamburg = log_in("anna"), cast.location("Hamburg")
    assert "edit_side" not in page(anna, hamburg)
    assert change(anna, hamburg, edit_side="central", city="Altona").status_code == 302
    assert cast.location("Zentrale").base.edit_side == EditSide.BRANCH
    with pytest.raises(ValidationError, match="which all edit together"):
        operations.choose_edit_side(location=hamburg, side=EditSide.BOTH, actor=cast.scope("anna", "Zentrale"))


@pytest.mark.parametrize(("sent", "expected"), [("sideways", "branch"), ("", "branch")])
def test_only_the_three_choices(cast, log_in, sent, expected):
    answer = change(log_in("anna"), cast.location("Lübeck"), edit_side=sent)
    assert answer.status_code == (200 if sent else 302)
    assert side(cast) == expected


def test_who_has_the_page_open_changes_only_what_he_has_changed(cast, log_in):
    """Meanwhile somebody else decides; a street that is saved then takes nothing of it back."""
    anna, luebeck = log_in("anna"), cast.location("Lübeck")
    was = seen(street="", edit_side="branch")
    change(anna, luebeck, edit_side="both")
    change(anna, luebeck, street="Salzspeicher 3", edit_side="branch", **was)
    assert (cast.location("Lübeck").street, side(cast)) == ("Salzspeicher 3", "both")


def test_whoever_manages_one_location_alone_sees_it_and_changes_nothing(cast, log_in):
    frida, place = log_in("frida"), cast.location("Flensburg")
    Location.objects.filter(pk=place.pk).update(branch_number=4)
    to_offline(cast, "Flensburg", "nothing")
    place = cast.location("Flensburg")
    shown = page(frida, place, at=6)
    assert 'name="edit_side"' not in shown
    assert "At the branch" in shown
    change(frida, place, at=6, edit_side="both")
    assert side(cast) == "branch"
    with pytest.raises(MissingRight):
        operations.choose_edit_side(location=place, side=EditSide.BOTH, actor=cast.scope("frida", "Flensburg"))


def test_foreign_location_is_not_touched(cast):
    with pytest.raises(PermissionDenied):
        operations.choose_edit_side(
            location=cast.location("München", 20800), side=EditSide.BOTH, actor=cast.scope("anna", "Zentrale")
        )


def test_branch_shows_what_the_central_has_decided(cast, log_in, settings):
    settings.SIDE = str(Side.BRANCH)
    anna, luebeck = log_in("anna"), cast.location("Lübeck")
    shown = page(anna, luebeck)
    assert 'name="edit_side"' not in shown
    change(anna, luebeck, edit_side="both")
    assert side(cast) == "branch"


def test_what_is_as_it_was_leaves_no_history(cast):
    zentrale, luebeck = cast.scope("anna", "Zentrale"), cast.location("Lübeck")
    with pghistory.context(**zentrale.history()):
        operations.choose_edit_side(location=luebeck, side=EditSide.BRANCH, actor=zentrale)
    assert luebeck.base.history.count() == 1


def test_branch_number_of_an_offline_base_is_a_rule_of_1_0(cast, log_in):
    luebeck = cast.location("Lübeck")
    assert str(LegacyRule.BRANCH_NUMBER.sentence) in page(log_in("anna"), luebeck)
    luebeck.branch_number = 9
    with pytest.raises(ValidationError, match="The number stays as long as"):
        operations.change_location(location=luebeck, actor=cast.scope("anna", "Zentrale"))
