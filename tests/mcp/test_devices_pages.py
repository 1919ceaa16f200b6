"""The pages of devices: a code is shown once, what can be done is offered, and what cannot is said."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from locations.permissions import Right
from mcp.central import operations as central
from mcp.choices import DeviceKind
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight
from mcp.machines import enrol, operations
from mcp.models import Device, DeviceCode, Restriction, UserGroup
from tests.mcp.devices import device_at

LIST = "/10400/2/mcp/device/"
CODE = re.compile(r'class="mcp-secret">([0-9A-Z]{4}-[0-9A-Z]{4})<')


@pytest.fixture
def log_in(log_in):
    """Who reads German."""

    def logged_in(username: str) -> Any:
        client = log_in(username)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
        return client

    return logged_in


@pytest.fixture
def group(cast) -> UserGroup:
    return cast.group("Theke Hamburg und Bremen")


@pytest.fixture
def till(cast, group) -> Device:
    return device_at(cast.location("Hamburg"), group)[0]


def page(client: Any, address: str, **data: Any) -> str:
    answer = client.post(address, data) if data else client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


# --- a new one --------------------------------------------------------------------------------------------------------


def test_a_new_device_is_shown_with_its_code_this_once(cast, log_in, group):
    anna = log_in("anna")
    made = page(anna, f"{LIST}new/", kind="till", name=" Kasse  1 ", group=group.pk)
    [code] = CODE.findall(made)
    device = Device.objects.get()
    assert (device.name, device.kind, device.group, device.made_by) == ("Kasse 1", "till", group, "Anna Andresen")
    assert "Nach fünf falschen Eingaben" in made
    assert "Was dieses Gerät darf, sobald es eingerichtet ist" in made
    again = page(anna, f"{LIST}{device.pk}/")
    assert code not in again
    assert "Anna Andresen" in again
    assert "Er gilt bis" in again
    assert enrol(code, nonce=device.pk).device == device
    assert "Was dieses Gerät darf, und warum" in page(anna, f"{LIST}{device.pk}/")


def test_what_is_missing_or_there_already_is_said_at_its_field(log_in, group, till):
    anna = log_in("anna")
    for data, sentence in (
        ({"kind": "till", "name": "kasse 1", "group": group.pk}, "schon ein Gerät mit diesem Namen"),
        ({"kind": "till", "name": "", "group": group.pk}, "Dieses Feld"),
        ({"kind": "till", "name": "Neu"}, "Dieses Feld"),
        ({"kind": "robot", "name": "Neu", "group": group.pk}, "robot"),
        ({"kind": "till", "name": "Neu", "group": UserGroup.objects.get(name="Team Flensburg").pk}, "gültige Auswahl"),
    ):
        answer = anna.post(f"{LIST}new/", data)
        assert (answer.status_code, sentence in answer.content.decode()) == (400, True), sentence
    assert Device.objects.count() == 1


def test_the_name_of_a_revoked_device_is_free_again(cast, group, till):
    anna = cast.scope("anna", "Hamburg")
    operations.revoke_device(device=till, reason="Verkauft", actor=anna)
    device, _code = operations.create_device(kind=DeviceKind.TILL, name="KASSE 1", group=group, actor=anna)
    with pytest.raises(ValidationError):
        operations.create_device(kind=DeviceKind.TILL, name="Kasse 1", group=group, actor=anna)
    assert Device.objects.standing().get() == device


def test_at_a_location_on_the_old_base_it_is_said_that_there_are_no_devices(cast, log_in):
    anna = log_in("anna")
    assert "sobald er mit 2.0 arbeitet" in page(anna, "/10400/4/mcp/device/")
    group = cast.group("Lübeck")
    answer = anna.post("/10400/4/mcp/device/new/", {"kind": "till", "name": "Kasse", "group": group.pk})
    assert (answer.status_code, "sobald er mit 2.0 arbeitet" in answer.content.decode()) == (400, True)
    device, _token = device_at(cast.location("Lübeck"), group)
    with pytest.raises(operations.NoDevicesOnOldBase):
        operations.show_code(device=device, actor=cast.scope("anna", "Lübeck"))


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(cast, group, log_in, django_assert_num_queries, count):
    for at in range(count):
        device_at(cast.location("Hamburg"), group, name=f"Kasse {at}")
    anna = log_in("anna")
    anna.get("/10400/1/mcp/device/")
    with django_assert_num_queries(QUERIES_OF_LIST):
        shown = page(anna, "/10400/1/mcp/device/")
    assert shown.count("Kasse ") >= count


QUERIES_OF_LIST = 11


def test_the_list_tells_states_and_is_narrowed_by_them(cast, log_in, group, till):
    anna, now = cast.scope("anna", "Hamburg"), timezone.now()
    operations.create_device(kind=DeviceKind.COUNTER, name="Tablet", group=group, actor=anna)
    quiet, _token = device_at(cast.location("Hamburg"), group, name="Webshop", kind=DeviceKind.INTEGRATION)
    Device.objects.filter(pk=quiet.pk).update(used_at=now - timedelta(days=31))
    gone, _token = device_at(cast.location("Hamburg"), group, name="Kasse 2")
    operations.revoke_device(device=gone, reason="Gestohlen", actor=anna)
    client = log_in("anna")
    whole = page(client, LIST)
    for word in ("In Betrieb", "Wartet auf den Code", "Seit 30 Tagen nicht benutzt", "Gesperrt"):
        assert word in whole
    for query, names in (
        ("state=waiting", {"Tablet"}),
        ("state=active", {"Kasse 1", "Webshop"}),
        ("state=unused", {"Webshop"}),
        ("state=revoked", {"Kasse 2"}),
        ("kind=integration", {"Webshop"}),
        ("q=kasse", {"Kasse 1", "Kasse 2"}),
    ):
        shown = page(client, f"{LIST}?{query}")
        assert {name for name in ("Tablet", "Kasse 1", "Kasse 2", "Webshop") if f">{name}<" in shown} == names, query
    assert client.get(f"{LIST}?state=broken").status_code == 302


# --- what can be done -------------------------------------------------------------------------------------------------


def test_a_device_is_changed_with_what_somebody_has_changed_alone(cast, log_in, group, till):
    anna, other = log_in("anna"), UserGroup.objects.create(organization=cast.organization(), name="Kassen")
    seen = {"initial-name": "Kasse 1", "initial-group": group.pk}
    operations.change_device(device=till, name="Kasse am Eingang", actor=cast.scope("anna", "Hamburg"))
    answer = anna.post(f"{LIST}{till.pk}/edit/", {"name": "Kasse 1", "group": other.pk, **seen})
    assert answer.status_code == 302
    stored = Device.objects.get(pk=till.pk)
    assert (stored.name, stored.group) == ("Kasse am Eingang", other)
    shown = page(anna, f"{LIST}{till.pk}/")
    assert "Umbenannt von „Kasse 1“ in „Kasse am Eingang“." in shown
    assert "Benutzergruppe von „Theke Hamburg und Bremen“ in „Kassen“ geändert." in shown


def test_a_code_for_another_machine_a_withdrawal_and_a_renewal(log_in, till):
    anna, address = log_in("anna"), f"{LIST}{till.pk}/"
    assert "code/withdraw" not in page(anna, address)
    shown = page(anna, f"{address}code/", sent="1")
    [code] = CODE.findall(shown)
    assert "kommt nicht mehr hinein, sobald der Code benutzt ist" in shown
    assert DeviceCode.objects.open().count() == 1
    assert anna.post(f"{address}code/withdraw/").status_code == 302
    assert not DeviceCode.objects.open().exists()
    assert "Der Code gilt nicht mehr" in page(anna, address)
    anna.post(f"{address}code/withdraw/")
    assert "inzwischen benutzt oder" in page(anna, address)
    assert code not in page(anna, address)
    anna.post(f"{address}renew/")
    assert "ist das Gerät aufgefordert, ihn zu erneuern" in page(anna, address)


def test_revoking_asks_for_a_reason_and_is_for_good(log_in, till):
    anna, address = log_in("anna"), f"{LIST}{till.pk}/"
    assert "ab sofort und endgültig" in page(anna, f"{address}revoke/")
    assert anna.post(f"{address}revoke/", {"reason": " "}).status_code == 400
    assert anna.post(f"{address}revoke/", {"reason": "Beim Einbruch gestohlen"}).status_code == 302
    shown = page(anna, address)
    assert "von Anna Andresen gesperrt: Beim Einbruch gestohlen" in shown
    assert "Name oder Benutzergruppe ändern" not in shown
    for step in ("code/", "renew/", "revoke/", "code/withdraw/"):
        assert anna.post(f"{address}{step}", {"reason": "x"}).status_code == 302
    assert Device.objects.get().state == "revoked"
    assert not DeviceCode.objects.exists()


def test_the_central_revokes_and_sends_to_the_location_for_everything_else(cast, log_in, till):
    anna, address = log_in("anna"), f"/10400/1/mcp/device/{till.pk}/"
    shown = page(anna, address)
    assert f"/10400/2/mcp/device/{till.pk}/" in shown
    anna.post(f"{address}code/")
    assert "wo das Gerät steht" in page(anna, address)
    assert anna.post(f"{address}revoke/", {"reason": "Gestohlen"}).status_code == 302
    assert Device.objects.get().state == "revoked"


def test_the_central_does_not_see_what_a_franchisee_keeps_to_himself(cast, log_in):
    place, theirs = cast.location("Flensburg"), cast.group("Team Flensburg")
    device_at(place, theirs, name="Kasse in Flensburg")
    anna = log_in("anna")
    assert "Kasse in Flensburg" in page(anna, "/10400/1/mcp/device/")
    group = UserGroup.objects.get(organization__account_number=10400, name="Zentralverwaltung")
    Restriction.objects.create(
        organization=place.organization, location=place, group=group, right=Right.MANAGE_LOCATION.value
    )
    assert "Kasse in Flensburg" not in page(anna, "/10400/1/mcp/device/")


def test_a_right_that_is_asked_for_is_checked_again_at_the_end(cast, group):
    """Whoever gives a group away must still hold what it gives."""
    anna = cast.scope("anna", "Hamburg")
    operations.create_device(kind=DeviceKind.TILL, name="Kasse 1", group=group, actor=anna)
    assert {Right.VIEW_CUSTOMERS, Right.MANAGE_LOCATION} <= anna.asked
    grants.add_grants(group, [(Right.SEE_BANK_DATA, cast.location("Hamburg").pk)])
    rita = cast.scope("rita", "Hamburg")
    with pytest.raises(MissingRight):
        operations.create_device(kind=DeviceKind.TILL, name="Kasse 2", group=group, actor=rita)


def test_a_group_whose_rights_a_device_has_stays(cast, till, group):
    anna = cast.scope("anna", "Zentrale")
    group.memberships.all().delete()
    with pytest.raises(ValidationError) as refused:
        central.delete_user_group(group=group, actor=anna)
    assert refused.value.code == "group_has_devices"
    assert "Hamburg: Kasse 1" in str(refused.value.message % refused.value.params)
    operations.revoke_device(device=till, reason="Verkauft", actor=cast.scope("anna", "Hamburg"))
    central.delete_user_group(group=group, actor=anna)
    assert Device.objects.get().group is None


# --- what the database keeps ------------------------------------------------------------------------------------------


REFUSED = {
    "state = 'waiting'": "mcp_device_steps",
    "state = 'active'": "mcp_device_steps",
    "revoked_by = 'jemand anderes'": "mcp_device_settled",
    "token = 'x'": "mcp_device_settled",
    "name = 'anders'": "mcp_device_settled",
    "location_id = (SELECT id FROM locations_location WHERE name = 'Bremen')": "mcp_device_immutable",
    "kind = 'counter'": "mcp_device_immutable",
}


def test_what_was_revoked_stays_so_and_no_device_goes_or_moves(cast, till):
    operations.revoke_device(device=till, reason="Verkauft", actor=cast.scope("anna", "Hamburg"))
    with connection.cursor() as cursor:
        for change, constraint in REFUSED.items():
            with pytest.raises(IntegrityError) as refused, transaction.atomic():
                cursor.execute(f"UPDATE mcp_device SET {change} WHERE id = %s", [till.pk])
            cause: Any = refused.value.__cause__
            assert cause.diag.constraint_name == constraint, change
        with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic():
            cursor.execute("DELETE FROM mcp_device")


def test_a_group_or_location_of_another_business_is_refused(cast, till):
    south = cast.organization(20800)
    foreign = UserGroup.objects.filter(organization=south).first()
    for values in ({"group": foreign}, {"group": None}, {"state": "active", "token": ""}, {"name": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            written_at_once(till, **values)


def written_at_once(device: Device, **values: Any) -> None:
    Device.objects.filter(pk=device.pk).update(**values)
    connection.check_constraints()
