"""Each list with one row and with three under one literal number of queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations
from mcp.models import Restriction, User
from tests.conftest import questions

LISTS = [
    ("anna", "/10400/1/mcp/user/?q=zeta", 16),
    ("anna", "/10400/1/mcp/usergroup/?q=zeta", 11),
    ("anna", "/10400/1/locations/location/?q=zeta", 14),
    ("frida", "/10400/6/mcp/restriction/?q=zeta", 12),
    ("rita", "/locations/organization/?q=zeta", 4),
]


@pytest.fixture
def add_zeta(cast):
    """Adds one row to each list that the search for "zeta" finds, with all that the list shows of it."""

    def add(number: int) -> None:
        system, support = cast.system("Zentrale"), cast.user("rita")
        place = operations.open_branch(place=Place(name=f"Zeta {number}", city="Husum"), actor=system)
        group = operations.create_user_group(name=f"Zeta {number}", actor=system)
        user = User(username=f"zeta{number}", location=place)
        operations.create_user(user=user, password="Sauerteig-und-Butter-7", actor=system)
        operations.set_memberships(user=user, groups=[group], actor=system)
        Restriction.objects.create(
            organization=cast.organization(),
            location=cast.location("Flensburg"),
            group=group,
            right=Right.EXPORT_CUSTOMERS,
        )
        operations.open_business(
            account_number=50000 + number,
            name=f"Zeta {number}",
            kind="independent",
            place=Place(name="Husum"),
            administrator=User(username=f"zeta{number}"),
            password="Sauerteig-und-Butter-7",
            support=support,
        )

    return add


def shown(client, address: str) -> tuple[int, int]:
    """How many rows, and with how many queries."""
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address)
    return len(page.context["cl"].result_list), len(questions(queries))


@pytest.mark.parametrize(("who", "address", "count"), LISTS)
def test_list_needs_as_many_queries_for_three_rows_as_for_one(log_in, add_zeta, who, address, count):
    client = log_in(who)
    client.get(address)
    add_zeta(1)
    assert shown(client, address) == (1, count)
    add_zeta(2)
    add_zeta(3)
    assert shown(client, address) == (3, count)
