"""The sentence before saving, in exact words."""

from __future__ import annotations

import pytest
from django.utils import translation

from locations.permissions import Right
from mcp.central.admin.matrix_words import details, summary
from mcp.central.operations import GrantChange

VIEW, ADD, CHANGE = Right.VIEW_CUSTOMERS, Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS
TWELVE = {(right, place) for right in (VIEW, ADD, CHANGE) for place in range(1, 13)}


@pytest.mark.parametrize(
    ("added", "removed", "people", "sentence"),
    [
        (TWELVE, {(VIEW, 99)}, 5, "3 rights at 12 locations for 5 people; 1 taken away"),
        (TWELVE, set(), 5, "3 rights at 12 locations for 5 people"),
        ({(VIEW, 1)}, set(), 1, "1 right at 1 location for 1 person"),
        ({(VIEW, 1)}, {(ADD, 1), (ADD, 2)}, 1, "1 right at 1 location for 1 person; 2 taken away"),
        ({(VIEW, None)}, set(), 2, "1 right at all locations for 2 people"),
        (
            {(VIEW, None), (ADD, None), (CHANGE, 4)},
            set(),
            2,
            "2 rights at all locations for 2 people; 1 right at 1 location for 2 people",
        ),
        (set(), {(VIEW, 1)}, 1, "1 right taken away for 1 person"),
        (set(), {(VIEW, 1), (VIEW, 2)}, 3, "2 rights taken away for 3 people"),
        ({(VIEW, 1)}, set(), 0, "1 right at 1 location for nobody yet"),
        (set(), set(), 3, ""),
    ],
)
def test_summary_in_words(added, removed, people, sentence):
    change = GrantChange(added=frozenset(added), removed=frozenset(removed), people=people)
    with translation.override("en"):
        assert summary(change) == sentence


def test_details_name_the_places_in_their_order(cast):
    places = [cast.location(name).pk for name in ("Bremen", "Hamburg")]
    with translation.override("en"):
        lines = details(frozenset({(ADD, places[0]), (VIEW, places[0]), (VIEW, places[1]), (CHANGE, None)}))
        shown = [(str(line.right), line.places) for line in lines]
    assert shown == [
        ("View customers", "Hamburg, Bremen"),
        ("Register customers", "Bremen"),
        ("Change customers", "all locations (later ones included)"),
    ]
