"""Every address, asked by every role with every method; each answer follows from the table of addresses."""

from __future__ import annotations

import logging

import pytest

from mcp.isolation.addresses import AtBranch, Served
from tests.isolation.matrix.asking import Asker
from tests.isolation.matrix.walk import Line, lines
from tests.isolation.matrix.world import World
from tests.proofs.sampling import Sample

SHOWN = 60
LINES = [pytest.param(line, id=str(line), marks=pytest.mark.about(line.pattern.file)) for line in lines()]


@pytest.mark.isolation
@pytest.mark.sample("lines of the permission matrix", most=6)
@pytest.mark.parametrize("line", LINES)
def test_everybody_is_answered_as_the_table_says(
    line: Line, world: World, db, sample: Sample, first_of_kinds: frozenset[str], record_property, caplog
):
    caplog.set_level(logging.CRITICAL, logger="django.request")  # twenty thousand refusals are no news
    asker = Asker(world, line, sample=None if str(line) in first_of_kinds else sample)
    tally = asker.ask_all()
    record_property(
        "matrix",
        {
            "pattern": str(line.pattern),
            "roles": sorted({role for role, _method in tally.triples}),
            "methods": sorted({method for _role, method in tally.triples}),
            "triples": [f"{line.pattern} {role} {method}" for role, method in sorted(tally.triples)],
            "requests": tally.requests,
            "deviations": len(tally.deviations),
        },
    )
    assert not tally.deviations, "\n".join(["", *tally.deviations[:SHOWN], f"{len(tally.deviations)} deviations"])
    _check_twins(line, asker)


def _check_twins(line: Line, asker: Asker) -> None:
    """Each refusal has its positive twin: what is offered is given to somebody, and a form changes something."""
    if line.rule.served is Served.NOBODY or line.rule.at_branch is AtBranch.ONLY:
        return
    offered = set(line.rule.methods) - {"OPTIONS"}
    assert asker.tally.served == offered, "nobody is served by these methods"
    if "POST" in offered and asker.recipe.writes:
        assert "POST" in asker.tally.wrote, "the form that was taken changed nothing for anybody"
