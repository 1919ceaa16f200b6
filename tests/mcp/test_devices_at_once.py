"""Two at the same moment: one code makes one device, two renewals leave one token, and requests count each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from mcp.choices import DeviceKind
from mcp.machines import CodeRefused, NotAdmitted, TooFast, admitted, enrol, rotate, throttle
from mcp.machines.operations import create_device, revoke_device, show_code
from mcp.models import Device, DevicePace

pytestmark = pytest.mark.django_db(transaction=True)
HAMBURG = (10400, 2)


def at_once(*attempts: Callable[[], Any]) -> list[Any]:
    """Run them in threads of their own, started together; what each gave or was refused by, by position."""
    start, outcomes = threading.Barrier(len(attempts)), {}

    def attempt(position: int, act: Callable[[], Any]) -> None:
        start.wait()
        try:
            outcomes[position] = act()
        except ValidationError as refusal:
            outcomes[position] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[position] for position in range(len(attempts))]


def holds(token: str) -> bool:
    try:
        admitted(token, HAMBURG)
    except NotAdmitted:
        return False
    return True


def test_whatever_comes_at_once(cast, settings):
    anna, group = cast.scope("anna", "Hamburg"), cast.group("Theke Hamburg und Bremen")
    device, code = create_device(kind=DeviceKind.TILL, name="Kasse 1", group=group, actor=anna)
    other, _code = create_device(kind=DeviceKind.TILL, name="Kasse 2", group=group, actor=anna)

    # Two machines with one code: one of them is the device.
    outcomes = at_once(*(lambda: enrol(code, nonce=uuid4()) for _machine in range(3)))
    won = [one for one in outcomes if not isinstance(one, CodeRefused)]
    assert [len(won), len(outcomes)] == [1, 3]
    token = won[0].token
    assert Device.objects.get(pk=device.pk).state == "active"
    assert holds(token)

    # Two devices of one name: the second is refused as the form would refuse it.
    refused = at_once(
        *(lambda: create_device(kind=DeviceKind.TILL, name="Kasse 3", group=group, actor=anna) for _person in range(2))
    )
    assert sorted(getattr(one, "code", "made") for one in refused) == ["device_name_unique", "made"]

    # Two codes shown for one device: the later one holds.
    shown = at_once(*(lambda: show_code(device=other, actor=anna) for _person in range(2)))
    assert sorted(isinstance(suppressed(partial(enrol, one, nonce=uuid4())), CodeRefused) for one in shown) == [
        False,
        True,
    ]

    # Two renewals: one of the new tokens holds, and the old one until that is used.
    scope = admitted(token, HAMBURG)
    new = at_once(*(lambda: rotate(scope) for _time in range(2)))
    holding = [one for one in new if holds(one)]
    assert len(holding) == 1
    assert not holds(token)

    # The new token used twice at the first time.
    later = rotate(admitted(holding[0], HAMBURG))
    assert at_once(*(lambda: holds(later) for _time in range(3))) == [True] * 3
    assert not holds(holding[0])

    # Requests at the same moment, in more processes than one: each is counted once. One more is allowed after 100 s
    # alone, so that it does not matter how long a busy machine takes for all of them.
    settings.DEVICE_REQUESTS = {"a_second": 0.01, "burst": 4}
    counted = at_once(*(lambda: throttle(device) for _time in range(7)))
    assert [isinstance(one, TooFast) for one in counted].count(False) == 4
    assert all(1 <= one.seconds <= 100 for one in counted if one is not None)
    throttle(other)
    assert DevicePace.objects.count() == 2

    # Revoked while it renews: nothing holds.
    scope = admitted(later, HAMBURG)
    at_once(
        lambda: revoke_device(device=device, reason="Gestohlen", actor=anna),
        lambda: suppressed(lambda: rotate(scope)),
    )
    stored = Device.objects.get(pk=device.pk)
    assert (stored.state, stored.token, stored.next_token) == ("revoked", "", "")
    assert not holds(later)


def suppressed(act: Callable[[], Any]) -> Any:
    """What it gives, or the refusal."""
    try:
        return act()
    except Exception as refusal:
        return refusal
