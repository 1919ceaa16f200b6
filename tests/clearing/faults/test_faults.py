"""The matrix of faults: at each point, whatever goes wrong, nothing is lost, doubled or apart in the end."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.clearing.faults.cells import CELLS, Cell, Day
from tests.clearing.faults.rows import ROWS
from tests.clearing.installation.world import Installations
from tests.proofs.sampling import Sample

SEEDS = int(os.environ.get("SEEDS", "1"))
"""How often each cell is asked, each time with other edits; `make test-clearing` sets it."""
ABOUT = [pytest.param(cell, marks=pytest.mark.about(*ROWS[cell.row])) for cell in CELLS]
pytestmark = pytest.mark.isolation


@pytest.mark.sample("faults of reconciliation", most=6)
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize(
    "cell", [pytest.param(cell, marks=pytest.mark.about(*ROWS[cell.row])) for cell in CELLS], ids=str
)
def test_nothing_is_lost_doubled_or_apart(
    cell: Cell, seed: int, installations: Installations, sample: Sample, tell_figures: Callable[..., None]
):
    installations.open()
    day = Day(installations, seed=sample.seed * 1_000 + seed)
    try:
        cell.do(day)
    finally:
        installations.forget()
        tell_figures(day.figures)
