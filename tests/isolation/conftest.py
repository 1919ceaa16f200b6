"""What the long proofs have measured, printed at the end of the run, also of one on several processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.isolation.canary.report import summarize
from tests.isolation.guards.reach import NOTICED_BY

NOTE, MATRIX, GUARD = "note", "matrix", "guard"


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """`note("…")` has a sentence printed at the end of the run."""
    return lambda sentence: record_property(NOTE, sentence)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    notes, figures = list(_properties(terminalreporter, NOTE)), list(_properties(terminalreporter, MATRIX))
    if figures:
        notes.append(_of_matrix(figures))
    missed = dict(_properties(terminalreporter, GUARD))
    if missed:
        notes.append(f"{len(missed)} guards switched off and missed by {len(set(missed.values()))} probes")
    if missed and terminalreporter.config.getoption("store_durations"):
        before = json.loads(NOTICED_BY.read_text()) if NOTICED_BY.exists() else {}
        NOTICED_BY.write_text(json.dumps(dict(sorted({**before, **missed}.items())), indent=1) + "\n")
    summarize(terminalreporter)
    if notes:
        terminalreporter.section("isolation")
        for sentence in notes:
            terminalreporter.write_line(sentence)


def _properties(terminalreporter: Any, wanted: str) -> Iterator[Any]:
    for group in ("passed", "failed"):
        for report in terminalreporter.stats.get(group, []):
            yield from (value for name, value in report.user_properties if name == wanted)


def _of_matrix(figures: list[dict[str, Any]]) -> str:
    def different(name: str) -> int:
        return len({value for figure in figures for value in figure[name]})

    addresses = len({figure["pattern"] for figure in figures})
    requests, deviations = (sum(figure[name] for figure in figures) for name in ("requests", "deviations"))
    return (
        f"permission matrix: {addresses} addresses, {different('roles')} roles, {different('methods')} methods, "
        f"{different('triples'):,} triples in {requests:,} requests, {deviations} deviations"
    )
