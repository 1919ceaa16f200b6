"""A device is let in by its token alone, at the address of its own location, as long as that holds."""

from __future__ import annotations

import pytest

from mcp.machines import NotThere, admitted
from tests.mcp.devices import device_at

HAMBURG = (10400, 2)


@pytest.fixture
def till(cast):
    return device_at(cast.location("Hamburg"), cast.group("Theke Hamburg und Bremen"))


def test_a_device_works_at_its_own_location_with_the_rights_of_its_group(cast, till):
    device, token = till
    scope = admitted(token, HAMBURG)
    assert (scope.device, scope.user, scope.is_system) == (device, None, False)
    assert scope.rights == cast.scope("bodo", "Hamburg").rights & OF_DEVICES
    assert scope.actor_name == "Hamburg: Kasse 1"
    assert scope.history()["device"] == str(device.pk)


@pytest.mark.parametrize("address", [(10400, 3), (20800, 2), (99999, 9)])
def test_elsewhere_there_is_nothing_for_a_device(till, address):
    with pytest.raises(NotThere):
        admitted(till[1], address)


@pytest.mark.parametrize("token", ["", "shd_1_x", "shd_1_" + "A" * 43, "shd_999999_" + "A" * 43, "shd_0_" + "A" * 43])
@pytest.mark.parametrize("address", [HAMBURG, (99999, 9)])
def test_without_a_token_that_holds_nobody_is_let_in(till, token, address):
    with pytest.raises(NotAdmitted):
        admitted(token, address)
