"""A code is shown once, becomes a device's token once, and tells whoever guesses nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.utils import timezone

from locations.models import Location
from locations.one_time_codes import LIFETIME, MOST_TRIES
from mcp.choices import DeviceKind
from mcp.isolation.scope import Scope
from mcp.login import throttling
from mcp.machines import CodeRefused, NotAdmitted, OnOldBase, admitted, enrol, operations, rotate
from mcp.machines.operations import create_device, revoke_device, show_code, withdraw_code
from mcp.models import Device, DeviceCode, LoginAttempt
from tests.conftest import Browser

HAMBURG = (10400, 2)
NONCE = UUID(int=7)


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def made(cast, anna) -> tuple[Device, str]:
    return create_device(kind=DeviceKind.TILL, name="Kasse 1", group=cast.group("Theke Hamburg und Bremen"), actor=anna)


def told(code: Any, language: str = "de", **more: Any) -> Any:
    said = {"code": code, "nonce": str(NONCE), "program": "Kasse 3.1"} | more
    return sent(json.dumps(said), language)


def sent(body: str | bytes, language: str = "de", **more: Any) -> Any:
    headers = {"Accept-Language": language}
    return Browser().post("/devices/enrol/", body, content_type="application/json", headers=headers, **more)


def wrong(code: str) -> str:
    """The first half is right."""
    return code[:-1] + ("A" if code[-1] != "A" else "C")


def refused(code: str, nonce: UUID = NONCE) -> bool:
    LoginAttempt.objects.all().delete()
    try:
        enrol(code, nonce=nonce)
    except CodeRefused:
        return True
    return False


# --- a code becomes a token -------------------------------------------------------------------------------------------


def test_a_code_becomes_the_token_of_its_device(made):
    device, code = made
    answer = told(code.lower().replace("-", " "))
    assert (answer.status_code, answer["Cache-Control"], answer.cookies) == (200, "no-store", {})
    said = answer.json()
    assert {key: value for key, value in said.items() if key != "token"} == {
        "device": str(device.pk),
        "name": "Kasse 1",
        "kind": "till",
        "business": {"name": "Nordlicht Bäckereien", "account_number": 10400},
        "location": {"name": "Hamburg", "client_number": 2},
        "address": "/10400/2/",
    }
    assert admitted(said["token"], HAMBURG).device == device
    stored = Device.objects.get(pk=device.pk)
    assert (stored.state, stored.program) == ("active", "Kasse 3.1")
    kept = str([*Device.objects.values(), *DeviceCode.objects.values()])
    assert said["token"] not in kept
    assert code.replace("-", "") not in kept


def test_the_same_machine_gets_its_answer_again_until_it_has_used_a_token(made):
    device, code = made
    first, second = enrol(code, nonce=NONCE), enrol(code, nonce=NONCE)
    assert first.device == second.device == device
    assert refused(code, uuid4())
    assert DeviceCode.objects.get().wrong_tries == 0
    assert admitted(first.token, HAMBURG).device == device  # either answer may be the one that has arrived
    assert refused(code)
    assert admitted(second.token, HAMBURG).device == device
    with pytest.raises(NotAdmitted):
        admitted(first.token, HAMBURG)


def test_a_code_for_another_machine_replaces_the_one_that_was_there(made, anna):
    device, code = made
    old = enrol(code, nonce=NONCE).token
    waiting = rotate(admitted(old, HAMBURG))
    again = show_code(device=device, actor=anna)
    assert admitted(old, HAMBURG).device == device
    new = enrol(again, nonce=uuid4()).token
    for dead in (old, waiting):
        with pytest.raises(NotAdmitted):
            admitted(dead, HAMBURG)
    assert refused(code)
    assert admitted(new, HAMBURG).device == device
    assert Device.objects.count() == 1


def test_the_history_says_who_had_a_code_shown_and_that_the_device_was_set_up(made):
    device, code = made
    enrol(code, nonce=NONCE)
    events = apps.get_model("mcp", "DeviceEvent")._default_manager.filter(pgh_obj_id=device.pk).order_by("pgh_id")
    last = events.select_related("pgh_context").last()
    assert (last.state, last.pgh_context.metadata["device"]) == ("active", str(device.pk))
    assert last.pgh_context.metadata["user_name"] == "Hamburg: Kasse 1"
    assert DeviceCode.objects.get().made_by == "Anna Andresen"


# --- what is refused --------------------------------------------------------------------------------------------------


def test_all_refusals_are_alike(made, anna):
    device, code = made
    answers = [told("0000-0000"), told(wrong(code)), told(""), told("x" * 90)]
    DeviceCode.objects.update(wrong_tries=MOST_TRIES)
    answers.append(told(code))
    LoginAttempt.objects.all().delete()
    withdraw_code(device=device, actor=anna)
    answers.append(told(code))
    code = show_code(device=device, actor=anna)
    revoke_device(device=device, reason="Verkauft", actor=anna)
    answers.append(told(code))
    assert {(answer.status_code, answer.content) for answer in answers} == {(403, answers[0].content)}
    assert answers[0].json()["code"] == "code_refused"
    assert Device.objects.get().state == "revoked"


def test_a_code_holds_for_a_day(made, monkeypatch):
    _device, code = made
    at = timezone.now() + LIFETIME
    monkeypatch.setattr(timezone, "now", lambda: at)
    assert refused(code)
    monkeypatch.setattr(timezone, "now", lambda: at - timedelta(minutes=1))
    assert not refused(code)


def test_five_wrong_tries_use_a_code_up(made):
    _device, code = made
    assert all(refused(wrong(code)) for _try in range(MOST_TRIES))
    assert DeviceCode.objects.get().wrong_tries == MOST_TRIES
    assert refused(code)
    assert Device.objects.get().state == "waiting"


def test_a_closed_location_and_one_on_the_old_base_set_no_device_up(cast, made, monkeypatch):
    device, code = made
    here = Location.objects.filter(pk=device.location_id)
    here.update(closed_at=timezone.now())
    assert refused(code)
    here.update(closed_at=None)
    assert not refused(code)
    monkeypatch.setattr(operations, "_demand_new_base", lambda place: None)  # as if it had come to 1.0 since
    luebeck = cast.scope("anna", "Lübeck")
    _device, code = create_device(kind=DeviceKind.TILL, name="Kasse", group=cast.group("Lübeck"), actor=luebeck)
    with pytest.raises(OnOldBase):
        enrol(code, nonce=NONCE)
    assert DeviceCode.objects.open().count() == 1


def test_guessing_is_slowed_down_by_the_address(made, monkeypatch):
    _device, code = made
    monkeypatch.setattr(throttling, "OF_NAME", throttling.Pace(free=2, longest=300))
    answers = [told("0000-0000") for _try in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert answers[2].json()["code"] == "too_many_tries"
    assert 0 < int(answers[2]["Retry-After"]) <= 300
    assert told(code).status_code == 429


# --- the address ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 411, "length_missing"),
        ("[]", 400, "no_json"),
        ("{", 400, "no_json"),
        (b"\xff", 400, "no_json"),
        ('{"code": NaN}', 400, "no_json"),
        ('{"code": "A", "code": "B"}', 400, "no_json"),
        ("[" * 3000, 400, "no_json"),
        ("{}", 422, "unusable"),
        ('{"code": 7, "nonce": "00000000-0000-0000-0000-000000000007"}', 422, "unusable"),
        ('{"code": "A", "nonce": "7"}', 422, "unusable"),
        ('{"code": "A", "nonce": "zzzzzzzz-0000-0000-0000-000000000007"}', 422, "unusable"),
        ('{"code": "A\\u0000", "nonce": "00000000-0000-0000-0000-000000000007"}', 422, "unusable"),
        ('{"code": "A", "nonce": "00000000-0000-0000-0000-000000000007", "program": "\\ud800"}', 422, "unusable"),
        ('{"code": "A", "nonce": "00000000-0000-0000-0000-000000000007", "more": 1}', 422, "unusable"),
        ("x" * 5000, 413, "too_long"),
    ],
)
def test_what_is_sent_is_read_strictly(db, body, status, code):
    answer = sent(body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert not LoginAttempt.objects.exists()


def test_refusals_are_problems_in_the_language_asked_for(made):
    german, english = told("0000-0000").json(), told("0000-0000", language="en").json()
    assert set(german) == {"type", "title", "status", "detail", "code"}
    assert (german["status"], german["title"], english["title"]) == (403, "Code nicht angenommen", "Code not taken")
    assert told("0000-0000", language="en")["Content-Language"] == "en"


def test_only_posts_are_answered_and_nothing_of_it_is_at_a_location(db):
    answer = Browser().get("/devices/enrol/")
    assert (answer.status_code, answer["Allow"], answer.json()["code"]) == (405, "POST", "wrong_method")
    assert Browser().post("/10400/2/devices/enrol/", "{}", content_type="application/json").status_code == 302


def test_a_branch_sets_its_devices_up(made, settings):
    settings.SIDE = "branch"
    assert told(made[1]).status_code == 200
    assert Device.objects.get().state == "active"
