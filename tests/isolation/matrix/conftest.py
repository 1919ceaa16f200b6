"""The roles of the matrix stand for all tests of a file."""

from __future__ import annotations

import pytest

from tests.conftest import Cast, logged_in
from tests.isolation.matrix.walk import Line
from tests.isolation.matrix.world import World


@pytest.fixture(scope="module")
def world(standing) -> World:
    """The cast and all roles; what a test adds to them is undone with it."""
    return World(Cast(), logged_in)


@pytest.fixture(scope="session")
def first_of_kinds(request) -> frozenset[str]:
    """Of the lines that this run asks the first of each kind: in every process the same."""
    first: dict[object, str] = {}
    for item in request.session.items:
        line = getattr(item, "callspec", None) and item.callspec.params.get("line")
        if isinstance(line, Line):
            first.setdefault(line.kind, str(line))
    return frozenset(first.values())
