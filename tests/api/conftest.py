"""Tills of the cast's locations, and what they ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from locations.permissions import Right
from mcp.isolation import grants
from mcp.models import UserGroup
from tests.api.asking import Till
from tests.conftest import Browser
from tests.mcp.devices import device_at

type MakeTill = Callable[..., Till]
ALL_OF_DEVICES = (
    Right.VIEW_CUSTOMERS, Right.SEE_CONTACT_DATA, Right.SEE_BANK_DATA, Right.SEE_MEMOS, Right.ADD_CUSTOMERS,
    Right.CHANGE_CUSTOMERS,
)  # fmt: skip


@pytest.fixture
def make_till(cast) -> MakeTill:
    """A till at a location with exactly these rights."""
    made = 0

    def make(place: str = "Hamburg", *rights: Right, account_number: int = 10400) -> Till:
        nonlocal made
        made += 1
        location = cast.location(place, account_number)
        group = UserGroup.objects.create(organization=location.organization, name=f"Kassen {made}")
        grants.add_grants(group, [(right, location.pk) for right in rights or ALL_OF_DEVICES])
        device, token = device_at(location, group, name=f"Kasse {made}")
        return Till(Browser(), f"/{account_number}/{location.client_number}", token, device)

    return make


@pytest.fixture
def till(make_till) -> Till:
    """A till at Hamburg that may do all that a till can."""
    return make_till()


@pytest.fixture
def often(settings):
    """Devices may ask as often as they like."""
    settings.DEVICE_REQUESTS = {"a_second": 10_000, "burst": 10_000}
