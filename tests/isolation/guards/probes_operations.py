"""Operations of the central administration, called directly: they ask for the right and the row themselves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from locations.choices import EditSide
from locations.models import Location, Organization
from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations
from mcp.central.operations.grants import CannotGrant, NotOfBusiness, OwnPromotion
from mcp.central.operations.restricting import restricted_here
from mcp.central.operations.users import TooPowerful
from mcp.isolation import access
from mcp.isolation.holdings import may_restrict
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import Membership, User, UserGroup
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import MISSING, NORTH, PASSWORD, World


@contextmanager
def refused(*kinds: type[Exception], code: str = "") -> Any:
    """What happens inside is refused in this way and leaves nothing behind."""
    try:
        with transaction.atomic():
            yield
    except kinds as caught:
        refusal: Any = caught
    else:
        raise AssertionError(f"it was not refused by {[kind.__name__ for kind in kinds]}")
    assert not code or refusal.code == code, f"{refusal!r} instead of {code}"
    assert MissingRight in kinds or not isinstance(refusal, MissingRight), "the refusal tells that the row exists"


def bare(world: World, place: str = "Zentrale", *rights: Right, who: str = "schwach") -> Scope:
    """A scope that holds only these rights, whatever its user is granted."""
    return Scope(user=world.cast.user(who), location=world.place(place), rights=frozenset(rights))


def user_of(world: World, name: str = "bodo") -> User:
    return world.cast.user(name)


CALLS: list[Callable[[World, Scope], Any]] = [
    lambda w, a: operations.create_user_group(name="Neu", actor=a),
    lambda w, a: operations.rename_user_group(group=w.theke, name="Neu", description="", actor=a),
    lambda w, a: operations.delete_user_group(group=w.cast.group("Nur Anlegen"), actor=a),
    lambda w, a: operations.preview_grants(group=w.theke, wanted=[], actor=a),
    lambda w, a: operations.change_grants(group=w.theke, wanted=[], actor=a),
    lambda w, a: operations.create_user(user=User(username="neu"), password=PASSWORD, actor=a),
    lambda w, a: operations.change_user(user=user_of(w), actor=a),
    lambda w, a: operations.make_link(user=user_of(w), is_mailed=False, actor=a),
    lambda w, a: operations.set_memberships(user=user_of(w), groups=[], actor=a),
    lambda w, a: operations.open_branch(place=Place(name="Neu"), actor=a),
    lambda w, a: operations.change_location(location=w.place("Bremen"), actor=a),
    lambda w, a: operations.close_location(location=w.place("Bremen"), at=timezone.now(), actor=a),
    lambda w, a: operations.reopen_location(location=w.place("Bremen"), actor=a),
    lambda w, a: operations.choose_edit_side(location=w.place("Lübeck"), side=EditSide.BOTH, actor=a),
]
"""Each write of the central administration, on rows of the own business."""


@probe
def operations_ask_for_the_right(world: World) -> None:
    """Of somebody whose user holds everything, so that nothing but the right of the scope stands in the way."""
    for call in CALLS:
        with refused(MissingRight):
            call(world, bare(world, who="anna"))
        with refused(MissingRight):
            call(world, bare(world))


@probe
def restricting_asks_for_the_right_and_the_place(world: World) -> None:
    for place, who in (("Flensburg", "schwach"), ("Hamburg", "anna"), ("Flensburg", "anna")):
        actor = bare(world, place, Right.MANAGE_USERS, who=who)
        with refused(MissingRight):
            operations.restrict(group=world.theke, right=Right.VIEW_CUSTOMERS, actor=actor)
        with refused(MissingRight):
            operations.unrestrict(restriction=world.restriction, actor=actor)
        with refused(MissingRight):
            operations.change_restrictions(wanted=restricted_here(actor), actor=actor)
        with refused(MissingRight):
            operations.preview_restrictions(wanted=restricted_here(actor), actor=actor)
    with refused(MissingRight):
        operations.restrict(group=world.theke, right=Right.VIEW_CUSTOMERS, actor=bare(world, "Flensburg", who="frida"))
    assert not may_restrict(bare(world, "Hamburg", Right.MANAGE_USERS, who="anna"))
    assert not may_restrict(bare(world, "Flensburg", who="frida"))
    frida = world.scope("frida", "Flensburg")
    operations.restrict(group=world.theke, right=Right.VIEW_CUSTOMERS, actor=frida)
    operations.unrestrict(restriction=world.restriction, actor=frida)


@probe
def restricting_several_is_about_groups_of_the_own_central(world: World) -> None:
    frida = world.scope("frida", "Flensburg")
    for group in (world.foreign_group, operations.create_user_group(name="Eigene", actor=frida)):
        with refused(ValidationError):
            operations.change_restrictions(wanted={(Right.VIEW_CUSTOMERS, group.pk)}, actor=frida)
    before = world.foreign_restriction.pk
    operations.change_restrictions(wanted={(Right.VIEW_CUSTOMERS, world.theke.pk)}, actor=frida)
    assert restricted_here(frida) == {(Right.VIEW_CUSTOMERS, world.theke.pk)}
    assert type(world.foreign_restriction)._default_manager.filter(pk=before).exists()
    Location.objects.filter(pk=world.place("Bremen").pk).update(is_franchise=True)
    elsewhere = world._restriction("Bremen", NORTH, world.theke, Right.VIEW_CUSTOMERS)
    operations.change_restrictions(wanted=set(), actor=frida)
    assert type(elsewhere)._default_manager.filter(pk=elsewhere.pk).exists()


@probe
def copying_rights_is_about_groups_that_one_sees(world: World) -> None:
    anna, foreign = world.scope("anna", "Zentrale"), world.foreign_group
    calls: list[Callable[[], Any]] = [
        lambda: operations.copy_rights(source=foreign, group=world.theke, is_exact=False, actor=anna),
        lambda: operations.preview_copy(source=foreign, group=world.theke, is_exact=False, actor=anna),
        lambda: operations.create_group_like(source=foreign, name="Kopie", actor=anna),
    ]
    for call in calls:
        with refused(PermissionDenied):
            call()
    for page in ("rights/copy", "like"):
        assert world.get("anna", f"/10400/1/mcp/usergroup/{foreign.pk}/{page}/").status_code == 404
    frida = world.scope("frida", "Flensburg")
    kept = operations.create_user_group(name="Eigene", actor=frida)
    operations.change_restrictions(wanted={(Right.VIEW_CUSTOMERS, world.theke.pk)}, actor=frida)
    assert world.get("anna", f"/10400/1/mcp/usergroup/{kept.pk}/rights/copy/").status_code == 403
    assert operations.create_group_like(source=world.theke, name="Kopie", actor=anna).pk


@probe
def operations_refuse_rows_of_another_business(world: World) -> None:
    anna, foreign = world.scope("anna", "Zentrale"), world.foreign_user
    calls: list[Callable[[], Any]] = [
        lambda: operations.rename_user_group(group=world.foreign_group, name="x", description="", actor=anna),
        lambda: operations.delete_user_group(group=world.foreign_group, actor=anna),
        lambda: operations.preview_grants(group=world.foreign_group, wanted=[], actor=anna),
        lambda: operations.change_grants(group=world.foreign_group, wanted=[], actor=anna),
        lambda: operations.change_user(user=foreign, actor=anna),
        lambda: operations.make_link(user=foreign, is_mailed=False, actor=anna),
        lambda: operations.set_memberships(user=foreign, groups=[], actor=anna),
        lambda: operations.set_memberships(user=user_of(world), groups=[world.foreign_group], actor=anna),
        lambda: operations.change_location(location=world.foreign_place, actor=anna),
        lambda: operations.close_location(location=world.foreign_place, at=timezone.now(), actor=anna),
        lambda: operations.reopen_location(location=world.foreign_place, actor=anna),
        lambda: operations.choose_edit_side(location=world.foreign_place, side=EditSide.BOTH, actor=anna),
        lambda: operations.restrict(
            group=world.foreign_group, right=Right.VIEW_CUSTOMERS, actor=world.scope("frida", "Flensburg")
        ),
        lambda: operations.unrestrict(restriction=world.foreign_restriction, actor=world.scope("frida", "Flensburg")),
    ]
    for call in calls:
        with refused(PermissionDenied):
            call()


@probe
def operations_of_the_system_keep_to_the_business(world: World) -> None:
    system = world.cast.system("Zentrale")
    with refused(PermissionDenied):
        operations.make_link(user=world.foreign_user, is_mailed=False, actor=system)
    with refused(PermissionDenied):
        operations.close_location(location=world.foreign_place, at=timezone.now(), actor=system)
    operations.make_link(user=user_of(world), is_mailed=False, actor=system)


@probe
def what_is_visible_is_of_the_scope(world: World) -> None:
    north, head = world.cast.organization(), world.scope("anna", "Zentrale")
    home = world.scope("frida", "Flensburg")
    visible: dict[Any, Any] = {
        UserGroup: operations.visible_groups,
        User: operations.visible_users,
        Location: operations.visible_locations,
    }
    for model, rows in visible.items():
        everything = model._default_manager.filter(organization=north)
        assert set(rows(head)) == set(everything), model
        assert not rows(bare(world, who="anna")).exists(), model
        assert not rows(bare(world, "Hamburg", who="anna")).exists(), model
        assert not rows(bare(world, "Flensburg", who="frida")).exists(), model
        assert 0 < rows(home).count() < everything.count(), model
    assert set(operations.visible_groups(home)) == {world.team}
    assert set(operations.visible_locations(home)) == {world.place("Flensburg")}
    assert set(operations.visible_users(home)) == {user_of(world, "frida")}


@probe
def guests_of_own_groups_are_visible(world: World) -> None:
    """And people who work here, but nobody of another business even if its rows say so."""
    bodo = user_of(world)
    Membership.objects.create(organization=world.cast.organization(), user=bodo, group=world.team)
    home = world.scope("frida", "Flensburg")
    assert set(operations.visible_users(home)) == {bodo, user_of(world, "frida")}


@probe
def what_can_be_managed(world: World) -> None:
    anna, frida = world.scope("anna", "Zentrale"), world.scope("frida", "Flensburg")
    for row, by_anna, by_frida in (
        (world.theke, True, False), (world.team, False, True), (world.foreign_group, False, False)
    ):  # fmt: skip
        assert operations.may_manage_group(row, anna) is by_anna, row
        assert operations.may_manage_group(row, frida) is by_frida, row
        assert (row in operations.manageable_groups(anna)) is by_anna, row
        assert (row in operations.manageable_groups(frida)) is by_frida, row
    assert not operations.may_manage_group(world.theke, bare(world, who="anna"))
    assert not operations.may_manage_group(world.team, bare(world, "Flensburg", who="frida"))
    assert not operations.may_manage_group(world.theke, world.scope("frida", "Flensburg"))


@probe
def group_of_a_place_where_the_right_is_withheld(world: World) -> None:
    """Its franchisee restricts the managers of the central in managing users, and nothing else stands in the way."""
    hueter = world.scope("hueter", "Zentrale")
    world.restriction.delete()
    assert operations.may_manage_group(world.team, hueter)
    assert world.team in operations.manageable_groups(hueter)
    group = world.cast.group("Nur Benutzer")
    world._restriction("Flensburg", NORTH, group, Right.MANAGE_USERS)
    with patch.object(access, "houses_kept_from", lambda user: Location.objects.none()):
        assert not operations.may_manage_group(world.team, world.scope("hueter", "Zentrale"))
        assert world.team not in operations.manageable_groups(world.scope("hueter", "Zentrale"))


@probe
def who_acts_for_all(world: World) -> None:
    assert operations.acts_for_all(world.scope("anna", "Zentrale"))
    assert not operations.acts_for_all(bare(world, who="anna"))
    assert not operations.acts_for_all(world.scope("anna", "Hamburg"))
    assert not operations.acts_for_all(bare(world, "Zentrale", Right.MANAGE_USERS))
    assert operations.manages_all_locations(world.scope("anna", "Zentrale"))
    assert not operations.manages_all_locations(bare(world, who="anna"))
    assert not operations.manages_all_locations(world.scope("frida", "Flensburg"))


@probe
def location_needs_the_right_there(world: World) -> None:
    """Held at all locations, but withheld at this one by its franchisee."""
    blind, group = world.cast.user("blind"), world.cast.group("Ohne Ansehen")
    world._restriction("Flensburg", NORTH, group, Right.MANAGE_LOCATION)
    actor, place = world.scope(blind.username, "Zentrale"), world.place("Flensburg")
    for call in (
        lambda: operations.change_location(location=place, actor=actor),
        lambda: operations.close_location(location=place, at=timezone.now(), actor=actor),
        lambda: operations.reopen_location(location=place, actor=actor),
    ):
        with refused(MissingRight):
            call()
    operations.change_location(location=world.place("Bremen"), actor=actor)
    operations.choose_edit_side(location=world.place("Lübeck"), side=EditSide.BOTH, actor=actor)
    Location.objects.filter(pk=world.place("Kiel").pk).update(is_franchise=True)
    world._restriction("Kiel", NORTH, group, Right.MANAGE_LOCATION)
    with refused(MissingRight):  # they share the base
        operations.choose_edit_side(location=world.place("Lübeck"), side=EditSide.CENTRAL, actor=actor)


@probe
def refusal_names_the_place_that_was_asked(world: World) -> None:
    """Whoever lacks the right here is told so; only who holds it here is sent to the central."""
    for actor, place in (
        (bare(world, "Bremen", who="anna"), "Bremen"),
        (world.scope("frida", "Flensburg"), "Zentrale"),
    ):
        with pytest.raises(MissingRight) as refusal:
            operations.demand_all_locations(actor)
        assert refusal.value.location == world.place(place)


@probe
def numbers_need_all_locations(world: World) -> None:
    place = world.place("Flensburg")
    place.branch_number = 77
    with refused(MissingRight):
        operations.change_location(location=place, actor=world.scope("frida", "Flensburg"))
    operations.change_location(location=place, actor=world.scope("anna", "Zentrale"))


@probe
def offline_bases_and_businesses_are_for_support(world: World) -> None:
    with refused(PermissionDenied):
        operations.open_branch(place=Place(name="Neu"), offline=True, actor=world.scope("anna", "Zentrale"))
    operations.open_branch(place=Place(name="Neu"), offline=True, actor=world.scope("rita", "Zentrale"))
    for who in ("anna", "dev", "sven"):
        with refused(PermissionDenied):
            _open_business(user_of(world, who))
    _open_business(user_of(world, "rita"))


def _open_business(support: User) -> Organization:
    return operations.open_business(
        account_number=55555, name="Neu", kind="independent", place=Place(name="Ort"),
        administrator=User(username="neu"), password=PASSWORD, support=support,
    )  # fmt: skip


def _wanted(world: World, group: UserGroup, *more: tuple[Right, int | None]) -> frozenset[Any]:
    return access.grants_of(group) | frozenset(more)


@probe
def rights_are_handed_out_within_the_business(world: World) -> None:
    anna, hueter = world.scope("anna", "Zentrale"), world.scope("hueter", "Zentrale")
    rita, own = world.scope("rita", "Zentrale"), world.cast.group("Nur Benutzer")
    everywhere = (Right.EXPORT_CUSTOMERS, None)
    foreign = (Right.EXPORT_CUSTOMERS, world.foreign_place.pk)
    with refused(ValidationError, code="unknown_location"):
        operations.change_grants(group=world.theke, wanted=_wanted(world, world.theke, foreign), actor=anna)
    with refused(CannotGrant, code="right_not_held"):
        operations.change_grants(group=world.theke, wanted=_wanted(world, world.theke, everywhere), actor=hueter)
    with refused(NotOfBusiness, code="not_of_business"):
        held = (Right.MANAGE_USERS, None)
        operations.change_grants(group=world.theke, wanted=_wanted(world, world.theke, held), actor=rita)
    with refused(OwnPromotion, code="own_promotion"):
        operations.change_grants(group=own, wanted=_wanted(world, own, (Right.MANAGE_USERS, MISSING)), actor=hueter)
    operations.change_grants(group=world.theke, wanted=_wanted(world, world.theke, everywhere), actor=anna)


@probe
def rights_of_a_group_of_a_location_stay_there(world: World) -> None:
    system = world.cast.system("Flensburg")
    away = (Right.VIEW_CUSTOMERS, world.place("Hamburg").pk)
    with refused(ValidationError, code="owned_group_stays_home"):
        operations.preview_grants(group=world.team, wanted=_wanted(world, world.team, away), actor=system)


@probe
def memberships_are_handed_out_like_rights(world: World) -> None:
    anna, hueter, rita = (world.scope(who, "Zentrale") for who in ("anna", "hueter", "rita"))
    carla = user_of(world, "carla")
    with refused(CannotGrant):
        operations.set_memberships(user=carla, groups=[world.theke], actor=hueter)
    with refused(NotOfBusiness):
        operations.set_memberships(user=carla, groups=[world.cast.group("Nur Benutzer")], actor=rita)
    with refused(OwnPromotion):
        operations.set_memberships(user=world.keeper, groups=[world.cast.group("Nur Anlegen")], actor=hueter)
    with refused(MissingRight):
        operations.set_memberships(user=carla, groups=[world.team], actor=anna)
    operations.set_memberships(user=carla, groups=[world.theke], actor=anna)


@probe
def nobody_takes_over_who_holds_more(world: World) -> None:
    hueter, anna = world.scope("hueter", "Zentrale"), user_of(world, "anna")
    with refused(TooPowerful, code="too_powerful"):
        operations.make_link(user=anna, is_mailed=False, actor=hueter)
    renamed = user_of(world, "anna")
    renamed.username = "anders"
    with refused(TooPowerful, code="too_powerful"):
        operations.change_user(user=renamed, actor=hueter)
    with refused(TooPowerful, code="too_powerful"):
        operations.make_link(user=user_of(world, "frida"), is_mailed=False, actor=world.scope("anna", "Zentrale"))
    operations.make_link(user=user_of(world), is_mailed=False, actor=world.scope("anna", "Zentrale"))


@probe
def who_holds_as_much_may_help(world: World) -> None:
    """Also somebody of a franchise, where it restricts nobody."""
    world.restriction.delete()
    anna = world.scope("anna", "Zentrale")
    operations.make_link(user=user_of(world, "frida"), is_mailed=False, actor=anna)
    with refused(TooPowerful):
        operations.make_link(user=user_of(world, "frida"), is_mailed=False, actor=world.scope("hueter", "Zentrale"))


@probe
def support_changes_nobodys_address(world: World) -> None:
    """Links for a password go there."""
    bodo = world.cast.user("bodo")
    bodo.email = "fremd@example.com"
    with refused(operations.AddressIsTheirs, code="address_is_theirs"):
        operations.change_user(user=bodo, actor=world.scope("rita", "Zentrale"))


@probe
def demanding_a_group_tells_nothing_of_a_foreign_one(world: World) -> None:
    with refused(MissingRight):
        operations.demand_group(world.theke, bare(world, who="anna"))
    with refused(PermissionDenied):
        operations.demand_group(world.foreign_group, world.scope("anna", "Zentrale"))
    with refused(MissingRight):
        operations.create_user_group(name="Neu", owner=world.place("Flensburg"), actor=world.scope("anna", "Zentrale"))
    assert operations.create_user_group(name="Neu", actor=world.scope("frida", "Flensburg")).owner == world.place(
        "Flensburg"
    )


@probe
def unknown_rows_are_unknown(world: World) -> None:
    with refused(PermissionDenied, ObjectDoesNotExist):
        operations.make_link(user=User(pk=MISSING), is_mailed=False, actor=world.scope("anna", "Zentrale"))
