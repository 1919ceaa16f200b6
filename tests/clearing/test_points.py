"""The points at which tests hold a run are places that there are in the product."""

from __future__ import annotations

import re

import pytest

from tests.clearing.installation.points import AT_WORKER, POINTS
from tests.clearing.installation.warm import _owner


@pytest.mark.parametrize("point", [*POINTS.items(), *AT_WORKER.items()], ids=str)
def test_a_point_is_a_place_in_the_product(point: tuple[str, tuple[str, str, str]]):
    _name, (side, place, when) = point
    if side == "line":
        assert re.compile(place)
        assert when in {"request", "answer"}
    else:
        owner, attribute = _owner(place)
        assert callable(getattr(owner, attribute))
        assert when in {"before", "after"}
