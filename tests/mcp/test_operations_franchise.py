"""An independent franchisee binds the central at its location, and the central finds no way around it."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from locations.models import Location
from locations.permissions import Right
from mcp.central.operations import (
    TooPowerful,
    change_grants,
    change_location,
    change_user,
    close_location,
    create_user,
    create_user_group,
    delete_user_group,
    make_link,
    manageable_groups,
    may_manage_group,
    rename_user_group,
    restrict,
    set_memberships,
    unrestrict,
)
from mcp.isolation import access
from mcp.isolation.holdings import may_restrict
from mcp.isolation.scope import MissingRight
from mcp.models import Membership, Restriction, User

NEW_PASSWORD = "Etwas-Neues-2026"


@pytest.fixture
def central(cast):
    return cast.user("anna").groups.get()


@pytest.fixture
def helper(cast):
    """Somebody of the central who would do what Anna may not do herself."""
    user = User(username="helfer", first_name="Heino")
    return create_user(user=user, password=NEW_PASSWORD, actor=cast.scope("anna", "Zentrale"))


def bind(cast, central, right=Right.VIEW_CUSTOMERS):
    return restrict(group=central, right=right, actor=cast.scope("frida", "Flensburg"))


def test_restriction_takes_the_right_from_the_central_at_once(cast, central):
    bind(cast, central)
    assert Right.VIEW_CUSTOMERS not in cast.scope("anna", "Flensburg").rights
    assert Right.VIEW_CUSTOMERS in cast.scope("frida", "Flensburg").rights
    assert Right.VIEW_CUSTOMERS in cast.scope("anna", "Hamburg").rights


def test_central_cannot_restrict_or_lift_there(cast, central):
    restriction = bind(cast, central)
    for place in ("Flensburg", "Zentrale"):
        anna = cast.scope("anna", place)
        assert not may_restrict(anna)
        with pytest.raises(MissingRight):
            unrestrict(restriction=restriction, actor=anna)
        with pytest.raises(MissingRight):
            restrict(group=central, right=Right.ADD_CUSTOMERS, actor=anna)
    assert not may_restrict(cast.scope("rita", "Flensburg"))


def test_restriction_of_another_place_cannot_be_lifted(cast, central):
    restriction = bind(cast, central)
    elsewhere = Location.objects.get(name="Bremen")
    Restriction.objects.filter(pk=restriction.pk).update(location=cast.location("Flensburg"))
    Location.objects.filter(pk=elsewhere.pk).update(is_franchise=True)
    moved = Restriction.objects.create(
        organization=elsewhere.organization, location=elsewhere, group=central, right=Right.VIEW_CUSTOMERS.value
    )
    with pytest.raises(PermissionDenied):
        unrestrict(restriction=moved, actor=cast.scope("frida", "Flensburg"))


def test_own_or_known_restriction_is_refused_with_a_reason(cast, central):
    bind(cast, central)
    frida = cast.scope("frida", "Flensburg")
    with pytest.raises(ValidationError) as caught:
        restrict(group=cast.group("Team Flensburg"), right=Right.VIEW_CUSTOMERS, actor=frida)
    assert caught.value.code == "not_of_the_central"
    with pytest.raises(ValidationError) as caught:
        restrict(group=central, right=Right.VIEW_CUSTOMERS, actor=frida)
    assert caught.value.error_dict["__all__"][0].code == "restriction_unique"


def test_central_cannot_make_itself_a_member_of_the_franchisees_group(cast):
    anna = cast.user("anna")
    with pytest.raises(ValidationError) as caught:
        set_memberships(
            user=anna, groups=[*anna.groups.all(), cast.group("Team Flensburg")], actor=cast.scope("anna", "Zentrale")
        )
    assert caught.value.code == "own_promotion"


@pytest.mark.parametrize("place", ["Zentrale", "Flensburg"])
@pytest.mark.parametrize("right", [Right.VIEW_CUSTOMERS, Right.MANAGE_USERS])
def test_once_restricted_the_central_manages_nothing_of_the_house(cast, central, helper, place, right):
    team, flensburg = cast.group("Team Flensburg"), cast.location("Flensburg")
    assert may_manage_group(team, cast.scope("anna", place))
    bind(cast, central, right)
    anna = cast.scope("anna", place)
    assert not may_manage_group(team, anna)
    assert team not in manageable_groups(anna)
    for attempt in (
        lambda: change_grants(group=team, wanted=[], actor=anna),
        lambda: rename_user_group(group=team, name="Unser", description="", actor=anna),
        lambda: delete_user_group(group=team, actor=anna),
        lambda: create_user_group(name="Trojaner", owner=flensburg, actor=cast.scope("anna", "Flensburg")),
    ):
        with pytest.raises(MissingRight):
            attempt()
    if anna.allows(Right.MANAGE_USERS) and place == "Zentrale":
        with pytest.raises(MissingRight):
            set_memberships(user=helper, groups=[team], actor=anna)
        with pytest.raises(MissingRight):
            create_user_group(name="Trojaner", owner=flensburg, actor=anna)
        with pytest.raises(TooPowerful):
            make_link(user=cast.user("frida"), is_mailed=False, actor=anna)
        frida = cast.user("frida")
        frida.is_active = False
        with pytest.raises(TooPowerful):
            change_user(user=frida, actor=anna)
        set_memberships(user=cast.user("frida"), groups=[], actor=anna)
    assert team in cast.user("frida").groups.all()
    assert may_manage_group(team, cast.scope("frida", "Flensburg"))


def test_new_group_of_the_central_brings_nobody_past_the_restriction(cast, central, helper):
    bind(cast, central, Right.MANAGE_USERS)
    anna = cast.scope("anna", "Zentrale")
    fresh = create_user_group(name="Umweg", actor=anna)
    change_grants(group=fresh, wanted=[(Right.MANAGE_USERS, None)], actor=anna)
    set_memberships(user=helper, groups=[fresh], actor=anna)
    assert Right.MANAGE_USERS not in access.rights_at(helper, cast.location("Flensburg"))
    assert not may_manage_group(cast.group("Team Flensburg"), cast.scope("helfer", "Zentrale"))


def test_unrestricted_group_that_reaches_further_is_not_handed_out(cast, central, helper):
    bind(cast, central)
    wide = create_user_group(name="Weiter", actor=cast.system("Zentrale"))
    change_grants(group=wide, wanted=[(Right.VIEW_CUSTOMERS, None)], actor=cast.system("Zentrale"))
    with pytest.raises(ValidationError) as caught:
        set_memberships(user=helper, groups=[wide], actor=cast.scope("anna", "Zentrale"))
    assert caught.value.code == "right_not_held"
    assert "Flensburg" in caught.value.messages[0]


def test_restricted_central_neither_changes_nor_closes_the_place(cast, central):
    bind(cast, central, Right.MANAGE_LOCATION)
    anna, flensburg = cast.scope("anna", "Zentrale"), cast.location("Flensburg")
    flensburg.name = "Umbenannt"
    with pytest.raises(MissingRight):
        change_location(location=flensburg, actor=anna)
    with pytest.raises(MissingRight):
        close_location(location=cast.location("Flensburg"), at=timezone.now(), actor=anna)
    assert cast.location("Flensburg").closed_at is None


def test_franchise_that_restricts_stays_one(cast, central):
    bind(cast, central)
    flensburg = cast.location("Flensburg")
    flensburg.is_franchise = False
    with pytest.raises(ValidationError) as caught:
        change_location(location=flensburg, actor=cast.scope("anna", "Zentrale"))
    assert caught.value.error_dict["is_franchise"][0].code == "has_restrictions"


def test_franchisee_sees_a_guest_of_its_group_and_shows_him_out(cast, helper):
    team = cast.group("Team Flensburg")
    Membership.objects.create(organization=cast.organization(), user=helper, group=team)
    set_memberships(user=helper, groups=[], actor=cast.scope("frida", "Flensburg"))
    assert not helper.memberships.exists()


def test_franchisee_cannot_take_away_groups_of_the_central(cast):
    Membership.objects.create(
        organization=cast.organization(), user=cast.user("frida"), group=cast.group("Auskunft Bremen")
    )
    set_memberships(
        user=cast.user("frida"), groups=[cast.group("Team Flensburg")], actor=cast.scope("frida", "Flensburg")
    )
    assert cast.user("frida").groups.count() == 2


def test_branch_without_a_franchise_cannot_restrict(cast, central):
    with pytest.raises(MissingRight):
        restrict(group=central, right=Right.VIEW_CUSTOMERS, actor=cast.system("Hamburg"))
