"""The rights of a user group for another one or for a new one: all of them, and none that one may not hand out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from locations.permissions import Right
from mcp.central import operations
from mcp.central.admin.rights_log import entries_of
from mcp.central.operations.copying import templates_for
from mcp.isolation import access, grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import Restriction, UserGroup

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def source(cast, anna) -> UserGroup:
    """Looks at customers everywhere, later locations included, and changes them at Hamburg."""
    made = operations.create_user_group(name="Auskunft", actor=anna)
    grants.add_grants(made, [(Right.VIEW_CUSTOMERS, None), (Right.CHANGE_CUSTOMERS, cast.location("Hamburg").pk)])
    return made


@pytest.fixture
def group(cast, anna) -> UserGroup:
    made = operations.create_user_group(name="Neue", actor=anna)
    grants.add_grants(made, [(Right.RUN_REPORTS, None)])
    return made


def page(group: UserGroup, name: str = "rights/copy") -> str:
    return f"/10400/1/mcp/usergroup/{group.pk}/{name}/"


def hidden(text: str) -> dict[str, Any]:
    return dict(re.findall(r'<input type="hidden" name="(seen|source|is_exact)" value="([^"]*)"', text))


def test_rights_are_previewed_taken_over_and_recorded(log_in, source, group):
    client = log_in("anna")
    assert "Auskunft" in client.get(page(group)).content.decode()
    preview = client.post(page(group), {"source": source.pk}, headers=ENGLISH).content.decode()
    assert "1 right at all locations" in preview
    assert "Hamburg" in preview
    before = access.grants_of(group)
    saved = client.post(page(group), hidden(preview), headers=ENGLISH, follow=True)
    assert "Saved for Neue" in saved.content.decode()
    assert access.grants_of(group) == before | access.grants_of(source)
    assert [entry.who for entry in entries_of(group) if entry.is_gain].count("Anna Andresen") >= 2


def test_exact_copy_takes_away_the_rest(log_in, source, group):
    client = log_in("anna")
    preview = client.post(page(group), {"source": source.pk, "is_exact": "on"}).content.decode()
    client.post(page(group), hidden(preview))
    assert access.grants_of(group) == access.grants_of(source)


def test_source_that_changes_between_preview_and_saving_is_told(cast, log_in, source, group):
    client = log_in("anna")
    preview = client.post(page(group), {"source": source.pk}).content.decode()
    grants.add_grants(source, [(Right.EXPORT_CUSTOMERS, None)])
    stale = client.post(page(group), hidden(preview), headers=ENGLISH)
    assert stale.status_code == 409
    assert "Meanwhile somebody else changed the rights" in stale.content.decode()
    assert (Right.EXPORT_CUSTOMERS, None) not in access.grants_of(group)
    client.post(page(group), hidden(stale.content.decode()))
    assert access.grants_of(group) >= access.grants_of(source)


def test_nobody_copies_more_than_he_may_hand_out(cast, log_in, anna, source, group):
    """Anna loses the right; what she may still hand out is not copied by halves."""
    central = UserGroup.objects.get(name="Zentralverwaltung", organization=anna.organization)
    grants.remove_grants(central, [(Right.CHANGE_CUSTOMERS, None)])
    before = access.grants_of(group)
    told = log_in("anna").post(page(group), {"source": source.pk}, headers=ENGLISH)
    assert told.status_code == 400
    assert "You do not hold the right" in told.content.decode()
    fresh = cast.scope("anna", "Zentrale")
    for call in (
        lambda: operations.copy_rights(source=source, group=group, is_exact=False, actor=fresh),
        lambda: operations.create_group_like(source=source, name="Noch eine", actor=fresh),
    ):
        with pytest.raises(operations.CannotGrant):
            call()
    assert access.grants_of(group) == before
    told = log_in("anna").post(page(source, "like"), {"name": "Noch eine"}, headers=ENGLISH)
    assert "You do not hold the right" in told.content.decode()
    assert not UserGroup.objects.filter(name="Noch eine").exists()


def test_nobody_copies_into_a_group_that_he_is_in(cast, anna, source):
    central = UserGroup.objects.get(name="Zentralverwaltung", organization=anna.organization)
    grants.remove_grants(central, [(Right.VIEW_CUSTOMERS, None)])
    other = UserGroup.objects.create(organization=anna.organization, name="Sichten")
    grants.add_grants(other, [(Right.VIEW_CUSTOMERS, None)])
    other.memberships.create(organization=anna.organization, user=cast.user("anna"))
    with pytest.raises(operations.OwnPromotion):
        operations.copy_rights(source=other, group=central, is_exact=False, actor=cast.scope("anna", "Zentrale"))


def test_groups_of_others_are_neither_offered_nor_copied(cast, log_in, anna, group):
    foreign = UserGroup.objects.exclude(organization=anna.organization)[0]
    assert foreign not in templates_for(anna)
    assert log_in("anna").post(page(group), {"source": foreign.pk}).status_code == 400
    assert log_in("anna").get(page(foreign, "like")).status_code == 404
    assert log_in("anna").get(page(foreign)).status_code == 404
    for call in (
        lambda: operations.copy_rights(source=foreign, group=group, is_exact=False, actor=anna),
        lambda: operations.preview_copy(source=foreign, group=group, is_exact=False, actor=anna),
        lambda: operations.create_group_like(source=foreign, name="Kopie", actor=anna),
        lambda: operations.copy_rights(source=group, group=foreign, is_exact=False, actor=anna),
    ):
        with pytest.raises((PermissionDenied, MissingRight)):
            call()


def test_branch_sees_its_own_groups_only(cast, source):
    frida = cast.scope("frida", "Flensburg")
    own = operations.create_user_group(name="Theke Flensburg", actor=frida)
    assert source not in templates_for(frida)
    assert own in templates_for(frida)
    with pytest.raises(PermissionDenied):
        operations.create_group_like(source=source, name="Kopie", actor=frida)


def test_new_group_has_the_rights_and_later_locations_are_included(cast, log_in, anna, source):
    client = log_in("anna")
    shown = client.get(page(source, "like"), headers=ENGLISH).content.decode()
    assert "all locations (later ones included)" in shown
    said = {"name": "Auskunft zwei", "description": "Vertretung"}
    answer = client.post(page(source, "like"), said, headers=ENGLISH, follow=True)
    assert "Auskunft zwei is there, with the rights of Auskunft." in answer.content.decode()
    made = UserGroup.objects.get(name="Auskunft zwei")
    assert (made.description, access.grants_of(made)) == ("Vertretung", access.grants_of(source))
    assert not made.memberships.exists()
    again = client.post(page(source, "like"), said, headers=ENGLISH)
    assert "There is already a user group of this name." in again.content.decode()


def test_form_sent_twice_makes_one_group(log_in, source):
    client = log_in("anna")
    opened = client.get(page(source, "like")).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', opened)
    assert token is not None
    said = {"name": "Einmal", "description": "", "csrfmiddlewaretoken": token[1]}
    first, second = (client.post(page(source, "like"), said) for _time in range(2))
    assert first["Location"] == second["Location"]
    assert UserGroup.objects.filter(name="Einmal").count() == 1


def test_new_group_of_a_location_belongs_to_it(cast):
    frida = cast.scope("frida", "Flensburg")
    own = operations.create_user_group(name="Theke Flensburg", actor=frida)
    grants.add_grants(own, [(Right.VIEW_CUSTOMERS, frida.location.pk)])
    made = operations.create_group_like(source=own, name="Theke zwei", actor=frida)
    assert (made.owner_id, access.grants_of(made)) == (frida.location.pk, access.grants_of(own))


def test_group_of_a_location_cannot_take_over_rights_elsewhere(cast, anna, source):
    own = operations.create_user_group(name="Hamburger", owner=cast.location("Hamburg"), actor=anna)
    with pytest.raises(ValidationError, match="can hold rights at that location only"):
        operations.copy_rights(source=source, group=own, is_exact=False, actor=anna)


def test_what_a_franchisee_keeps_from_the_one_he_keeps_from_the_other(cast, anna, source, group):
    frida = cast.scope("frida", "Flensburg")
    operations.restrict(group=source, right=Right.VIEW_CUSTOMERS, actor=frida)
    operations.copy_rights(source=source, group=group, is_exact=False, actor=anna)
    assert access.restrictions_of(group) == {(Right.VIEW_CUSTOMERS, frida.location.pk)}
    other = operations.create_user_group(name="Sah schon", actor=anna)
    grants.add_grants(other, [(Right.VIEW_CUSTOMERS, None)])
    operations.copy_rights(source=source, group=other, is_exact=False, actor=anna)
    assert access.restrictions_of(other) == frozenset()  # what it has held before stays
    assert Restriction.objects.count() == 2
