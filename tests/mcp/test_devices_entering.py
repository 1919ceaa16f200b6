"""A device is let in by its token alone, at the address of its own location, as long as that holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import override

from locations.models import CustomerBase, Location
from locations.permissions import OF_DEVICES, Right
from mcp.isolation import access, row_scope
from mcp.isolation.holdings import holdings_of
from mcp.isolation.scope import DeviceGone, MissingRight, Scope, actor_shown
from mcp.machines import NotAdmitted, NotThere, OnOldBase, admitted, describe, rotate
from mcp.machines.operations import ask_renewal, revoke_device
from mcp.models import Device, LocationGrant, Restriction, UserGroup
from mcp.worker.somebody import for_somebody
from tests.mcp.devices import device_at

HAMBURG, FLENSBURG = (10400, 2), (10400, 6)


@pytest.fixture
def till(cast):
    return device_at(cast.location("Hamburg"), cast.group("Theke Hamburg und Bremen"))


def central_group() -> UserGroup:
    return UserGroup.objects.get(organization__account_number=10400, name="Zentralverwaltung")


def stored(device: Device) -> Device:
    return Device.objects.get(pk=device.pk)


# --- the door ---------------------------------------------------------------------------------------------------------


def test_a_device_works_at_its_own_location_with_the_rights_of_its_group(cast, till):
    device, token = till
    scope = admitted(token, HAMBURG)
    assert (scope.device, scope.user, scope.is_system) == (device, None, False)
    assert scope.rights == cast.scope("bodo", "Hamburg").rights & OF_DEVICES
    assert (scope.base, scope.organization) == (device.location.base, device.organization)


@pytest.mark.parametrize("address", [(10400, 3), (10400, 1), (20800, 2), (99999, 9)])
def test_elsewhere_there_is_nothing_for_a_device(till, address):
    with pytest.raises(NotThere):
        admitted(till[1], address)
    assert stored(till[0]).used_at is None


@pytest.mark.parametrize(
    "token", ["", "shd_1_x", "shd_1_" + "A" * 43, "shd_999999_" + "A" * 43, "shd_0_" + "A" * 43, "shd_１_" + "A" * 43]
)
@pytest.mark.parametrize("address", [HAMBURG, (99999, 9)])
def test_without_a_token_that_holds_nobody_is_let_in(till, token, address):
    with pytest.raises(NotAdmitted):
        admitted(token, address)


def test_a_token_with_the_number_of_another_business_is_another_token(cast, till):
    secret = till[1].rpartition("_")[2]
    for account in (20800, 30100):
        with pytest.raises(NotAdmitted):
            admitted(f"shd_{cast.organization(account).pk}_{secret}", HAMBURG)


def test_a_device_is_found_by_two_queries_and_of_its_token_a_hash_is_kept(till, django_assert_num_queries):
    admitted(till[1], HAMBURG)
    with django_assert_num_queries(2):  # the device, and its rights
        admitted(till[1], HAMBURG)
    assert till[1] not in str(Device.objects.values().get())


def test_a_closed_location_serves_no_device(cast, till):
    Location.objects.filter(pk=till[0].location_id).update(closed_at=timezone.now())
    with pytest.raises(NotThere):
        admitted(till[1], HAMBURG)


def test_a_location_on_the_old_base_serves_no_device(cast):
    luebeck = cast.location("Lübeck")
    _device, token = device_at(luebeck, cast.group("Lübeck"))
    with pytest.raises(OnOldBase):
        admitted(token, (10400, luebeck.client_number))


def test_last_use_is_written_once_a_minute(till, monkeypatch):
    device, token = till
    start = timezone.now()
    seen = []
    for second in (0, 59, 61, 100):
        monkeypatch.setattr(timezone, "now", lambda second=second: start + timedelta(seconds=second))
        admitted(token, HAMBURG, client="192.0.2.7", program="Kasse 3." + "1" * 200)
        used: Any = stored(device).used_at
        seen.append((used - start).total_seconds())
    assert seen == [0, 0, 61, 61]
    assert stored(device).address == "192.0.2.7"
    assert stored(device).program == ("Kasse 3." + "1" * 200)[:80]


# --- tokens that are renewed ------------------------------------------------------------------------------------------


def test_the_old_token_holds_until_the_new_one_is_used(till):
    device, old = till
    new = rotate(admitted(old, HAMBURG))
    assert admitted(old, HAMBURG).device == device
    assert admitted(new, HAMBURG).device == device
    with pytest.raises(NotAdmitted):
        admitted(old, HAMBURG)
    assert admitted(new, HAMBURG).device == device


def test_of_two_renewals_the_later_one_holds_and_the_old_token_until_then(till):
    device, old = till
    first, second = rotate(admitted(old, HAMBURG)), rotate(admitted(old, HAMBURG))
    with pytest.raises(NotAdmitted):
        admitted(first, HAMBURG)
    assert admitted(old, HAMBURG).device == device
    assert admitted(second, HAMBURG).device == device
    for dead in (old, first):
        with pytest.raises(NotAdmitted):
            admitted(dead, HAMBURG)


def test_the_new_token_is_not_used_where_it_is_refused(till):
    _device, old = till
    new = rotate(admitted(old, HAMBURG))
    with pytest.raises(NotThere):
        admitted(new, (10400, 3))
    admitted(old, HAMBURG)


def test_a_device_is_asked_to_renew_until_it_has_used_the_new_token(cast, till):
    device, old = till
    ask_renewal(device=device, actor=cast.scope("anna", "Hamburg"))
    scope = admitted(old, HAMBURG)
    assert describe(scope)["renew"] is True
    new = rotate(scope)
    assert describe(admitted(old, HAMBURG))["renew"] is True
    assert describe(admitted(new, HAMBURG))["renew"] is False


def test_tokens_outlive_the_key_of_the_installation(till, settings):
    device, token = till
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    admitted(token, HAMBURG)
    settings.SECRET_KEY_FALLBACKS = []
    assert admitted(token, HAMBURG).device == device


def test_a_device_is_told_who_it_is(till):
    told: Any = describe(admitted(till[1], HAMBURG))
    assert told["business"] == {"name": "Nordlicht Bäckereien", "account_number": 10400}
    assert (told["name"], told["kind"], told["location"]) == (
        "Kasse 1", "till", {"name": "Hamburg", "client_number": 2},
    )  # fmt: skip
    assert "view_customers" in told["rights"]


# --- revoked, at once -------------------------------------------------------------------------------------------------


def test_a_revoked_device_is_not_let_in_and_what_it_was_doing_is_undone(cast, till):
    device, token = till
    scope = admitted(token, HAMBURG)
    new = rotate(scope)
    access.demand_still(scope)
    revoke_device(device=device, reason="Gestohlen", actor=cast.scope("anna", "Hamburg"))
    for dead in (token, new):
        with pytest.raises(NotAdmitted):
            admitted(dead, HAMBURG)
    with pytest.raises(DeviceGone):
        access.demand_still(scope)
    with pytest.raises(DeviceGone):
        rotate(scope)


def test_a_request_ends_in_nothing_where_its_location_was_closed_or_switched_meanwhile(cast, till):
    scope = admitted(till[1], HAMBURG)
    here = Location.objects.filter(pk=till[0].location_id)
    other = CustomerBase.objects.filter(organization__account_number=10400).exclude(pk=scope.base.pk).first()
    Device.objects.filter(pk=till[0].pk).update(name="Kasse 7")
    access.demand_still(scope)
    object.__setattr__(scope.location, "base", other)
    with pytest.raises(DeviceGone):
        access.demand_still(scope)
    object.__setattr__(scope.location, "base", here.get().base)
    here.update(closed_at=timezone.now())
    with pytest.raises(DeviceGone):
        access.demand_still(scope)


def test_a_right_that_was_taken_meanwhile_undoes_what_was_allowed_by_it(cast, till):
    device, token = till
    scope = admitted(token, HAMBURG)
    scope.demand(Right.CHANGE_CUSTOMERS)
    access.demand_still(scope)
    granted = LocationGrant.objects.filter(group=device.group, content_object=device.location_id)
    granted.filter(permission__codename=Right.CHANGE_CUSTOMERS).delete()
    with pytest.raises(MissingRight):
        access.demand_still(scope)
    Device.objects.filter(pk=device.pk).update(group=cast.group("Auskunft Bremen"))
    assert admitted(token, HAMBURG).rights == frozenset()


# --- what a device may do ---------------------------------------------------------------------------------------------


def test_what_is_for_people_no_device_gets_whatever_its_group_has(cast):
    device, token = device_at(cast.location("Flensburg"), cast.group("Team Flensburg"))
    answers = {answer.right: answer for answer in access.explain_device(device, device.location)}
    assert {right for right, answer in answers.items() if answer.is_held} == admitted(token, FLENSBURG).rights
    for right in (Right.MANAGE_USERS, Right.MANAGE_LOCATION, Right.IMPORT_CUSTOMERS, Right.EXPORT_CUSTOMERS):
        assert answers[right].granted
        assert (answers[right].is_held, answers[right].obstacle) == (False, "person")
    never = {
        Right.MANAGE_USERS, Right.MANAGE_LOCATION, Right.CARRY_OVER, Right.CLEAR, Right.RESOLVE_CONFLICTS,
        Right.ERASE_CUSTOMERS, Right.MANAGE_ACCOUNT_TERMS,
    }  # fmt: skip
    assert never.isdisjoint(OF_DEVICES)


def test_restrictions_bind_devices_as_they_bind_people(cast):
    group, place = central_group(), cast.location("Flensburg")
    _device, token = device_at(place, group)
    assert Right.VIEW_CUSTOMERS in admitted(token, FLENSBURG).rights
    Restriction.objects.create(organization=place.organization, location=place, group=group, right="view_customers")
    assert Right.VIEW_CUSTOMERS not in admitted(token, FLENSBURG).rights
    device: Any = admitted(token, FLENSBURG).device
    [answer] = [one for one in access.explain_device(device, place) if one.right == Right.VIEW_CUSTOMERS]
    assert (answer.is_held, bool(answer.restricted), bool(answer.granted)) == (False, True, True)


def test_a_device_is_no_system_and_no_person(till):
    scope = admitted(till[1], HAMBURG)
    held = holdings_of(scope)
    assert not held.everywhere
    assert held.holds(Right.VIEW_CUSTOMERS, scope.location.pk)
    assert not held.holds(Right.MANAGE_USERS, scope.location.pk)
    with pytest.raises(PermissionDenied):
        for_somebody(scope)


def test_the_history_names_the_device_and_says_that_it_is_one(till):
    device, token = till
    scope = admitted(token, HAMBURG)
    facts = scope.history(reason="Verkauf")
    assert (facts["user"], facts["user_name"], facts["device"]) == (None, "Hamburg: Kasse 1", str(device.pk))
    assert (facts["device_kind"], facts["reason"]) == ("till", "Verkauf")
    with override("de"):
        assert actor_shown(facts) == "Hamburg: Kasse 1 (Gerät)"
    assert actor_shown(Scope.of_system(scope.location, name="Anna").history()) == "Anna"


def test_a_device_sees_the_rows_of_its_business_and_base_alone(cast, till):
    with row_scope.rows_of(admitted(till[1], HAMBURG)):
        assert set(Device.objects.values_list("organization__account_number", flat=True)) == {10400}
        assert row_scope.entered().user is None
