"""Who may do what where, compared with a naive reading of the same rows; and how many queries it takes."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locations.models import Location
from locations.operations import Place, open_location
from locations.permissions import Right
from mcp.isolation import access, grants
from mcp.models import Membership, Restriction, User, UserGroup
from tests.proofs.sampling import examples

RIGHTS = [Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS, Right.MANAGE_USERS]
FRANCHISES = ["Flensburg"]
PLACES = ["Zentrale", "Hamburg", "Flensburg"]
GROUPS = range(3)

groups = st.sets(st.sampled_from(GROUPS))
single = st.sets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(PLACES), st.sampled_from(RIGHTS)))
general = st.sets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(RIGHTS)))
restricted = st.sets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(FRANCHISES), st.sampled_from(RIGHTS)))


def naive_rights(place, member_of, single, general, restricted, *, active=True, closed=()):
    """The rule in one sentence: some group of his grants it, here or everywhere, and is not restricted in it here."""
    if not active or place in closed:
        return set()
    return {
        right
        for right in RIGHTS
        for group in member_of
        if ((group, place, right) in single or (group, right) in general) and (group, place, right) not in restricted
    }


class World:
    """Three user groups of Nordlicht and one person, arranged as the example says, and undone afterwards."""

    def __init__(self, cast, member_of, single, general, restricted):
        self.organization = cast.organization()
        self.places = {name: cast.location(name) for name in PLACES}
        self.user = User.objects.create(organization=self.organization, username="probe")
        self.groups = [UserGroup.objects.create(organization=self.organization, name=f"G{n}") for n in GROUPS]
        for n in member_of:
            Membership.objects.create(organization=self.organization, user=self.user, group=self.groups[n])
        for n, group in enumerate(self.groups):
            grants.add_grants(group, [(right, self.places[at].pk) for g, at, right in sorted(single) if g == n])
            grants.add_grants(group, [(right, None) for g, right in sorted(general) if g == n])
        Restriction.objects.bulk_create(
            Restriction(
                organization=self.organization, location=self.places[at], group=self.groups[n], right=right.value
            )
            for n, at, right in restricted
        )


@given(
    member_of=groups, single=single, general=general, restricted=restricted, active=st.booleans(), closed=st.booleans()
)
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rights_reasons_chooser_and_holdings_agree_with_the_naive_rule(
    cast, member_of, single, general, restricted, active, closed
):
    with transaction.atomic():
        world = World(cast, member_of, single, general, restricted)
        user = world.user
        user.is_active = active
        shut = ["Hamburg"] if closed else []
        if closed:
            Location.objects.filter(pk=world.places["Hamburg"].pk).update(closed_at=timezone.now())
            world.places["Hamburg"].refresh_from_db()
        wanted = {
            name: naive_rights(name, member_of, single, general, restricted, active=active, closed=shut)
            for name in PLACES
        }
        assert {name: access.rights_at(user, place) for name, place in world.places.items()} == wanted
        for name, place in world.places.items():
            assert {answer.right for answer in access.explain(user, place) if answer.is_held} == wanted[name]
        entered = {place for place in Location.objects.all() if access.rights_at(user, place)}
        assert set(access.accessible_locations(user)) == entered
        held = access.holdings(user, world.organization)
        for name, place in world.places.items():
            if name not in shut:
                assert {right for right in Right if held.holds(right, place.pk)} == wanted[name]
        everywhere = {right for n, right in general if n in member_of and active}
        assert {right for right in Right if held.holds(right, None)} == everywhere
        for right in everywhere:
            kept = {world.places[name].pk for name in PLACES if right not in wanted[name] and name not in shut}
            assert held.restricted_at(right) - {world.places[name].pk for name in shut} == kept
        transaction.set_rollback(True)


@pytest.mark.parametrize("count", [1, 3])
def test_scope_takes_two_queries_and_rights_one_whatever_the_number_of_groups(cast, django_assert_num_queries, count):
    with transaction.atomic():
        world = World(
            cast,
            range(count),
            {(n, place, right) for n in range(count) for place in PLACES for right in RIGHTS},
            {(n, Right.VIEW_CUSTOMERS) for n in range(count)},
            {(0, "Flensburg", Right.VIEW_CUSTOMERS)},
        )
        with django_assert_num_queries(2):
            scope = access.scope_at(world.user, account_number=10400, client_number=6)
            assert scope.base.pk
            assert scope.organization.is_group
        with django_assert_num_queries(1):
            access.rights_at(world.user, world.places["Flensburg"])
        with django_assert_num_queries(1):
            access.explain(world.user, world.places["Flensburg"])
        with django_assert_num_queries(2):
            list(access.accessible_locations(world.user))
        with django_assert_num_queries(3):
            access.holdings(world.user, world.organization)


def test_right_at_all_locations_covers_one_opened_later(cast):
    opened = open_location(organization=cast.organization(), place=Place(name="Husum"))
    assert access.rights_at(cast.user("anna"), opened) == set(Right)
    assert access.rights_at(cast.user("bodo"), opened) == set()


def test_restriction_wins_and_the_explanation_names_it(cast):
    flensburg = cast.location("Flensburg")
    group = cast.user("anna").groups.get()
    Restriction.objects.create(
        organization=flensburg.organization, location=flensburg, group=group, right=Right.VIEW_CUSTOMERS.value
    )
    answer = {a.right: a for a in access.explain(cast.user("anna"), flensburg)}[Right.VIEW_CUSTOMERS]
    assert (
        answer.is_held,
        [fact.group_name for fact in answer.granted],
        [fact.group_id for fact in answer.restricted],
    ) == (
        False,
        [group.name],
        [group.pk],
    )
    assert Right.VIEW_CUSTOMERS in access.rights_at(cast.user("anna"), cast.location("Hamburg"))


def test_restriction_stays_in_force_when_the_place_is_no_franchise_any_more(cast):
    flensburg = cast.location("Flensburg")
    Restriction.objects.create(
        organization=flensburg.organization,
        location=flensburg,
        group=cast.user("anna").groups.get(),
        right=Right.VIEW_CUSTOMERS.value,
    )
    Location.objects.filter(pk=flensburg.pk).update(is_franchise=False)
    assert Right.VIEW_CUSTOMERS not in access.rights_at(cast.user("anna"), cast.location("Flensburg"))


@pytest.mark.parametrize("place", [(10400, 1), (10400, 2), (10400, 6), (99999, 1), (20800, 9)])
def test_address_of_a_stranger_and_one_that_is_not_there_look_the_same(cast, place):
    with pytest.raises(Http404) as caught:
        access.scope_at(cast.user("sven"), account_number=place[0], client_number=place[1])
    assert str(caught.value) == ""


def test_insider_without_a_right_gets_a_scope_without_rights(cast):
    assert cast.scope("carla", "Hamburg").rights == set()


@pytest.mark.parametrize(("who", "rights"), [("rita", {Right.MANAGE_LOCATION, Right.MANAGE_USERS}), ("dev", set())])
def test_provider_sees_no_customers_anywhere(cast, who, rights):
    assert {access.rights_at(cast.user(who), place) for place in Location.objects.all()} == {frozenset(rights)}
    assert access.accessible_locations(cast.user(who)).count() == (Location.objects.count() if rights else 0)


def test_granters_are_the_active_who_manage_users_there(cast):
    assert [str(user) for user in access.granters_at(cast.location("Hamburg"))] == ["Anna Andresen"]
    assert {user.username for user in access.granters_at(cast.location("Flensburg"))} == {"anna", "frida"}
    User.objects.filter(username="anna").update(is_active=False)
    assert list(access.granters_at(cast.location("Hamburg"))) == []
