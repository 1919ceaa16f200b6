"""The matrix of rights of a group with hundreds of locations: one page of bounded size, and then several."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import access
from tests.conftest import Cast, forget_author, questions
from tests.mcp.test_matrix import address, confirm, hidden, row, text

QUERIES = 25


@pytest.fixture
def theke(cast):
    return cast.group("Theke Hamburg und Bremen")


@pytest.fixture
def anna(log_in):
    return log_in("anna")


def test_matrix_of_six_locations_needs_the_same_queries(anna, theke):
    anna.get(address(theke))
    with CaptureQueriesContext(connection) as queries:
        anna.get(address(theke))
    assert len(questions(queries)) == QUERIES


@pytest.fixture(scope="module")
def three_hundred(standing):
    """Nordlicht with 300 locations in all, for all tests that ask for them."""
    actor = Cast().system("Zentrale")
    for number in range(7, 301):
        operations.open_branch(place=Place(name=f"Filiale {number}", city="Rendsburg"), actor=actor)
    forget_author()
    return Cast().organization()


def test_matrix_of_300_locations_is_one_page_of_bounded_size(anna, theke, three_hundred):
    anna.get(address(theke))
    with CaptureQueriesContext(connection) as queries:
        page = anna.get(address(theke))
    assert len(hidden(page.content, "row")) == 301
    assert len(page.content) < 1_500_000
    assert len(questions(queries)) == QUERIES, questions(queries)


def test_matrix_of_301_locations_has_pages_and_asks_the_server(cast, anna, theke, three_hundred):
    operations.open_branch(place=Place(name="Sylt", city="Westerland"), actor=cast.system("Zentrale"))
    assert len(hidden(anna.get(address(theke)).content, "row")) == 301
    assert len(hidden(anna.get(f"{address(theke)}?p=2").content, "row")) == 2
    assert len(hidden(anna.get(f"{address(theke)}?q=westerland").content, "row")) == 2
    assert len(hidden(anna.get(f"{address(theke)}?held=1").content, "row")) == 3


def test_matrix_takes_a_whole_form_of_300_locations(cast, anna, theke, three_hundred):
    places = list(three_hundred.locations.values_list("pk", flat=True))
    data = {
        "row": [row(theke, None), *(f"{pk}:0" for pk in places)],
        "cell": [f"{right.value}@{pk}" for pk in places for right in Right],
    }
    preview = anna.post(address(theke), data, headers={"accept-language": "en"})
    assert f"{len(Right)} rights at 300 locations for 1 person" in text(preview)
    assert confirm(anna, theke, preview.content).status_code == 302
    assert len(access.grants_of(theke)) == 300 * len(Right)
