"""Nobody hands out what he does not hold, nobody promotes himself, and somebody can always let others in again."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locations.models import Location
from locations.permissions import Right
from mcp.central.operations import (
    CannotGrant,
    LastUserManager,
    NotOfBusiness,
    OwnPromotion,
    TooPowerful,
    change_grants,
    change_user,
    create_user,
    create_user_group,
    delete_user_group,
    make_link,
    preview_grants,
    set_memberships,
)
from mcp.isolation import access, grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import LocationGrant, Membership, Restriction, User, UserGroup
from tests.locations.refusals import refused_by
from tests.mcp.test_access import GROUPS, PLACES, World, general, groups, restricted, single
from tests.proofs.sampling import examples

VIEW, MANAGE = Right.VIEW_CUSTOMERS, Right.MANAGE_USERS
NEW_PASSWORD = "Etwas-Neues-2026"


def managed(cast, name, *rights, member="", place=None):
    """A user group of Nordlicht with these rights at all locations or at one."""
    group = UserGroup.objects.create(organization=cast.organization(), name=name)
    grants.add_grants(group, [(right, place and cast.location(place).pk) for right in rights])
    if member:
        Membership.objects.create(organization=cast.organization(), user=cast.user(member), group=group)
    return group


def code_of(caught):
    return caught.value.error_list[0].code


def test_right_not_held_cannot_be_handed_out(cast):
    managed(cast, "Personal", MANAGE, member="bodo")
    target = managed(cast, "Leer")
    with pytest.raises(CannotGrant) as caught:
        change_grants(group=target, wanted=[(VIEW, None)], actor=cast.scope("bodo", "Zentrale"))
    assert code_of(caught) == "right_not_held"
    with pytest.raises(CannotGrant):
        preview_grants(group=target, wanted=[(VIEW, cast.location("Kiel").pk)], actor=cast.scope("bodo", "Zentrale"))
    change_grants(group=target, wanted=[(VIEW, cast.location("Bremen").pk)], actor=cast.scope("bodo", "Zentrale"))
    assert access.grants_of(target) == {(VIEW, cast.location("Bremen").pk)}


def test_right_not_held_cannot_be_handed_out_through_a_membership(cast):
    managed(cast, "Personal", MANAGE, member="bodo")
    powerful = cast.user("anna").groups.get()
    with pytest.raises(CannotGrant):
        set_memberships(user=cast.user("carla"), groups=[powerful], actor=cast.scope("bodo", "Zentrale"))
    assert [group.name for group in cast.user("carla").groups.all()] == ["Auskunft Bremen"]


def test_own_promotion_is_refused_by_grant_and_by_membership(cast):
    own = managed(cast, "Nebenher", member="anna")
    anna = cast.scope("anna", "Zentrale")
    with pytest.raises(OwnPromotion):
        change_grants(group=own, wanted=[(VIEW, None)], actor=anna)
    with pytest.raises(OwnPromotion):
        set_memberships(
            user=cast.user("anna"), groups=[*cast.user("anna").groups.all(), managed(cast, "Neu")], actor=anna
        )


def test_right_of_a_location_that_is_not_there_or_foreign_is_refused(cast):
    foreign = cast.location("München", 20800).pk
    target = managed(cast, "Leer")
    for place in (foreign, 0, 999_999):
        with pytest.raises(ValidationError) as caught:
            change_grants(group=target, wanted=[(VIEW, place)], actor=cast.scope("anna", "Zentrale"))
        assert code_of(caught) == "unknown_location"


def test_group_of_another_business_cannot_be_touched(cast):
    anna, foreign = cast.scope("anna", "Zentrale"), cast.user("sven").groups.get()
    for attempt in (
        lambda: change_grants(group=foreign, wanted=[], actor=anna),
        lambda: delete_user_group(group=foreign, actor=anna),
        lambda: set_memberships(user=cast.user("carla"), groups=[foreign], actor=anna),
        lambda: set_memberships(user=cast.user("sven"), groups=[], actor=anna),
        lambda: make_link(user=cast.user("sven"), is_mailed=False, actor=anna),
        lambda: change_user(user=cast.user("sven"), actor=anna),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


def test_group_of_a_location_holds_rights_there_only(cast):
    with pytest.raises(ValidationError) as caught:
        change_grants(
            group=cast.group("Team Flensburg"),
            wanted=[*access.grants_of(cast.group("Team Flensburg")), (VIEW, cast.location("Hamburg").pk)],
            actor=cast.scope("anna", "Zentrale"),
        )
    assert code_of(caught) == "owned_group_stays_home"


def test_last_user_manager_stays_by_every_operation(cast):
    anna, group = cast.scope("anna", "Zentrale"), cast.user("anna").groups.get()
    everything = access.grants_of(group)
    with pytest.raises(LastUserManager):
        change_grants(group=group, wanted=everything - {(MANAGE, None)}, actor=anna)
    with pytest.raises(LastUserManager):
        set_memberships(user=cast.user("anna"), groups=[], actor=anna)
    leaving = cast.user("anna")
    leaving.is_active = False
    with pytest.raises(LastUserManager):
        change_user(user=leaving, actor=anna)
    assert access.grants_of(group) == everything
    assert cast.user("anna").is_active


def test_group_with_members_is_not_deleted(cast):
    with pytest.raises(ValidationError) as caught:
        delete_user_group(group=cast.user("bodo").groups.get(), actor=cast.scope("anna", "Zentrale"))
    assert code_of(caught) == "group_has_members"


def test_support_makes_a_link_for_a_password_and_grants_nothing(cast):
    rita = cast.scope("rita", "Zentrale")
    assert make_link(user=cast.user("anna"), is_mailed=False, actor=rita).made_by == "Rita Richter"
    target = managed(cast, "Leer")
    for right in (VIEW, MANAGE):
        with pytest.raises(NotOfBusiness):
            change_grants(group=target, wanted=[(right, None)], actor=rita)
    with pytest.raises(NotOfBusiness):
        set_memberships(user=cast.user("carla"), groups=[managed(cast, "Personal", MANAGE)], actor=rita)
    assert cast.user("carla").groups.count() == 1


def test_weaker_manager_takes_over_nobody(cast):
    managed(cast, "Personal", MANAGE, member="bodo")
    bodo = cast.scope("bodo", "Zentrale")
    with pytest.raises(TooPowerful):
        make_link(user=cast.user("anna"), is_mailed=False, actor=bodo)
    for change in ({"is_active": False}, {"username": "hanna"}, {"email": "bodo.privat@example.com"}):
        anna = cast.user("anna")
        for name, value in change.items():
            setattr(anna, name, value)
        with pytest.raises(TooPowerful):
            change_user(user=anna, actor=bodo)
    make_link(user=cast.user("carla"), is_mailed=False, actor=bodo)


def test_without_the_right_nothing_can_be_managed(cast):
    carla = cast.scope("carla", "Bremen")
    for attempt in (
        lambda: create_user(user=User(username="neu"), password=NEW_PASSWORD, actor=carla),
        lambda: create_user_group(name="Neu", actor=carla),
        lambda: change_grants(group=cast.group("Auskunft Bremen"), wanted=[], actor=carla),
        lambda: set_memberships(user=cast.user("carla"), groups=[], actor=carla),
    ):
        with pytest.raises(MissingRight):
            attempt()


@given(data=st.data(), giver=groups, taker=groups, single=single, general=general, restricted=restricted)
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sequence_of_operations_gives_more_than_the_giver_holds(
    cast, data, giver, taker, single, general, restricted
):
    """Whatever is tried: what another person gains anywhere, the one who gave it holds there himself."""
    with transaction.atomic():
        world = World(cast, giver, single, general | {(0, MANAGE)}, restricted)
        Membership.objects.get_or_create(organization=world.organization, user=world.user, group=world.groups[0])
        other = User.objects.create(organization=world.organization, username="other")
        for n in taker:
            Membership.objects.create(organization=world.organization, user=other, group=world.groups[n])
        fresh = UserGroup.objects.create(organization=world.organization, name="Neu")
        Membership.objects.create(organization=world.organization, user=other, group=fresh)
        before = {name: access.rights_at(other, place) for name, place in world.places.items()}
        held = {name: access.rights_at(world.user, place) for name, place in world.places.items()}
        actor = Scope(
            user=world.user,
            location=world.places["Zentrale"],
            rights=access.rights_at(world.user, world.places["Zentrale"]),
        )
        wanted_groups = data.draw(st.sets(st.sampled_from(GROUPS)))
        place = st.sampled_from([None, *(world.places[name].pk for name in PLACES)])
        wanted = data.draw(st.sets(st.tuples(st.sampled_from([VIEW, MANAGE]), place)))
        for attempt in (
            lambda: set_memberships(user=other, groups=[fresh, *(world.groups[n] for n in wanted_groups)], actor=actor),
            lambda: change_grants(group=fresh, wanted=wanted, actor=actor),
        ):
            try:
                with transaction.atomic():
                    attempt()
            except (ValidationError, MissingRight):
                continue
        for name, location in world.places.items():
            assert access.rights_at(other, location) - before[name] <= held[name]
        transaction.set_rollback(True)


def test_permission_of_another_model_cannot_be_granted_even_in_bulk(cast):
    foreign = Permission.objects.exclude(content_type__app_label="locations").order_by("pk")[0]
    grant = LocationGrant(
        organization=cast.organization(),
        group=cast.group("Auskunft Bremen"),
        content_object=cast.location("Bremen"),
        permission=foreign,
    )
    with refused_by("grant_permission_of_place"):
        LocationGrant.objects.bulk_create([grant])


def test_restricted_giver_passes_his_restriction_on(cast):
    flensburg = cast.location("Flensburg")
    Restriction.objects.create(
        organization=flensburg.organization,
        location=flensburg,
        group=cast.user("anna").groups.get(),
        right=VIEW.value,
    )
    fresh = managed(cast, "Neu", member="carla")
    change_grants(group=fresh, wanted=[(VIEW, None)], actor=cast.scope("anna", "Zentrale"))
    assert access.restrictions_of(fresh) == {(VIEW, flensburg.pk)}
    assert VIEW not in access.rights_at(cast.user("carla"), flensburg)
    assert VIEW in access.rights_at(cast.user("carla"), Location.objects.get(pk=cast.location("Kiel").pk))
