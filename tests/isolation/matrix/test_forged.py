"""A form that does not come from our own page is refused, whatever the rights of whoever sends it."""

from __future__ import annotations

import pytest

from mcp.isolation.addresses import Only, Served, Zone
from tests.isolation.matrix.asking import OUTSIDE, Asker, rows_of_business, undone
from tests.isolation.matrix.judge import METHODS, READING
from tests.isolation.matrix.walk import Line, lines
from tests.isolation.matrix.world import CENTRAL, FLENSBURG, World
from tests.proofs.sampling import Sample

SENDING = [method for method in METHODS if method not in (*READING, "OPTIONS")]
EACH = 5
"""A run that leaves something out asks one line of so many."""
REFUSED = "This form is no longer valid"


@pytest.mark.isolation
def test_form_without_its_token_is_refused_everywhere(world: World, db, sample: Sample):
    """Sent by those who may do most: the central, and outside any location the provider's support."""
    through = [asked for line in sample.part(lines(), of=EACH) for asked in _not_refused(world, line)]
    assert through == []


def _not_refused(world: World, line: Line) -> list[str]:
    is_outside = line.pattern.zone is Zone.OUTSIDE
    role = world.role("support" if line.rule.served is Served.SUPPORT else "central")
    place = OUTSIDE if is_outside else FLENSBURG if Only.AT_FRANCHISE in line.rule.only else CENTRAL
    role.client.handler.enforce_csrf_checks = True
    with undone(role):
        path = Asker(world, line).address(role, place)
        before = rows_of_business()
        answers = {method: role.client.generic(method, path) for method in SENDING}
        assert rows_of_business() == before
    return [f"{method} {path}" for method, answer in answers.items() if not _is_refused(answer)]


def _is_refused(answer) -> bool:
    return answer.status_code == 403 and REFUSED in answer.content.decode()
