"""The roles of the matrix stand for all tests of a file."""

from __future__ import annotations

import pytest

from tests.conftest import Cast, logged_in
from tests.isolation.matrix.world import World


@pytest.fixture(scope="module")
def world(standing) -> World:
    """The cast and all roles; what a test adds to them is undone with it."""
    return World(Cast(), logged_in)
