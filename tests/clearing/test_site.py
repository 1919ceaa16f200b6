"""What a branch is told of its business: what it needs, as a whole, and nothing of anybody else's."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import check_password

from clearing.branch.site import apply_site
from clearing.central.site import site_of
from clearing.models import OwnNode
from clearing.protocol.site import Site
from locations.choices import EditSide, OrganizationKind
from locations.models import CustomerBase, Location
from locations.operations import Place, open_location, open_organization
from locations.permissions import Right
from mcp.isolation import access
from mcp.isolation.scope import Scope
from mcp.models import Membership, Restriction, User, UserGroup
from tests.customers.people import customer, purpose


@pytest.fixture
def branch(cast):
    """The node of Lübeck, before the central has told anything: with a local administrator."""
    luebeck = cast.location("Lübeck")
    group = open_organization(
        account_number=900_002, name="?", kind=OrganizationKind.CENTRAL_GROUP, place=Place(name="Haus")
    )
    place = open_location(
        organization=group,
        place=Place(name="?", client_number=luebeck.client_number, branch_number=luebeck.branch_number),
        offline=True,
    )
    found = Location.objects.select_related("organization", "base").get(pk=place.pk)
    OwnNode.objects.create(base=found.base, organization=group, location=found)
    local = User.objects.create(organization=group, location=found, username="lokal", password="x")
    own = UserGroup.objects.create(organization=group, name="Leitung vor Ort")
    Membership.objects.create(organization=group, user=local, group=own)
    return Scope.of_system(found, name="test")


def rights(username, place):
    return access.rights_at(User.objects.get(organization=place.organization, username=username), place)


@pytest.mark.django_db
def test_people_have_the_same_rights_at_the_branch_as_at_the_central(cast, branch):
    luebeck = cast.location("Lübeck")
    site = site_of(luebeck)
    apply_site(Site.from_bytes(site.to_bytes()), actor=branch)
    here = {user.username: user for user in User.objects.filter(organization=luebeck.organization, is_active=True)}
    there = {user.username: user for user in User.objects.filter(organization=branch.organization, is_active=True)}
    may_enter = {name for name, user in here.items() if access.rights_at(user, luebeck)}
    assert there.keys() == may_enter
    assert {"anna"} < may_enter < here.keys()
    for name in may_enter:
        assert rights(name, branch.location) == rights(name, luebeck), name
        assert there[name].password == here[name].password
    assert check_password("Stammhaus-Demo-2026", there["anna"].password)


@pytest.mark.django_db
def test_the_local_administrator_ends_and_what_is_taken_away_ends(cast, branch):
    luebeck = cast.location("Lübeck")
    apply_site(site_of(luebeck), actor=branch)
    assert not User.objects.get(username="lokal").is_active
    assert not UserGroup.objects.filter(organization=branch.organization, name="Leitung vor Ort").exists()
    anna = User.objects.get(organization=luebeck.organization, username="anna")
    Membership.objects.filter(user=anna).delete()
    apply_site(site_of(luebeck), actor=branch)
    assert not User.objects.get(organization=branch.organization, username="anna").is_active
    assert rights("anna", branch.location) == frozenset()


@pytest.mark.django_db
def test_what_a_franchisee_restricts_is_restricted_at_the_branch(cast, branch):
    luebeck = cast.location("Lübeck")
    Location.objects.filter(pk=luebeck.pk).update(is_franchise=True)
    group, right = next(
        (UserGroup.objects.get(pk=pk), right) for right, pk in sorted(access.granted_at(luebeck)) if is_of_central(pk)
    )
    Restriction.objects.create(organization=luebeck.organization, location=luebeck, group=group, right=right)
    assert not [one for one in site_of(luebeck).groups if one.name == group.name and right in one.rights]


def is_of_central(group):
    return UserGroup.objects.get(pk=group).owner_id is None


@pytest.mark.django_db
def test_purposes_and_places_are_those_of_the_business(cast, branch):
    luebeck, hamburg = cast.scope("anna", "Lübeck"), cast.system("Hamburg")
    purpose(hamburg, "tasting", wording="Wir laden ein.", wording_version="1")
    customer(luebeck, last_name="Hier")
    apply_site(site_of(luebeck.location), actor=branch)
    here = branch.organization
    assert here.consent_purposes.get(code="tasting").wording == "Wir laden ein."
    place = Location.objects.get(pk=branch.location.pk)
    assert (place.name, place.number_range) == (luebeck.location.name, luebeck.location.number_range)
    here.refresh_from_db()
    assert here.name == luebeck.organization.name
    assert site_of(luebeck.location).hash == OwnNode.objects.get(base=branch.base).site_hash


@pytest.mark.django_db
def test_the_same_again_writes_nothing(cast, branch, django_assert_max_num_queries):
    site = site_of(cast.location("Lübeck"))
    apply_site(site, actor=branch)
    before = {model: set(model.objects.values_list("pk", flat=True)) for model in (User, UserGroup, Membership)}
    history = User.pgh_event_model.objects.count()  # type: ignore[attr-defined]
    apply_site(site, actor=branch)
    assert {model: set(model.objects.values_list("pk", flat=True)) for model in before} == before
    assert User.pgh_event_model.objects.count() == history  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_rights_of_a_newer_central_are_left_out(cast, branch):
    site = site_of(cast.location("Lübeck"))
    newer = Site.from_bytes(site.to_bytes().replace(b"view_customers", b"view_something"))
    apply_site(newer, actor=branch)
    assert Right.VIEW_CUSTOMERS not in rights("anna", branch.location)


@pytest.mark.django_db
@pytest.mark.parametrize("side", EditSide)
def test_the_side_on_which_customers_are_edited_is_that_of_the_central(cast, branch, side):
    luebeck = cast.location("Lübeck")
    CustomerBase.objects.filter(pk=luebeck.base_id).update(edit_side=side)
    site = site_of(cast.location("Lübeck"))
    apply_site(Site.from_bytes(site.to_bytes()), actor=branch)
    assert CustomerBase.objects.get(pk=branch.base.pk).edit_side == side
    newer = Site.from_bytes(site.to_bytes().replace(f'"edit_side":"{side}"'.encode(), b'"edit_side":"moon"'))
    apply_site(newer, actor=branch)
    assert CustomerBase.objects.get(pk=branch.base.pk).edit_side == side
