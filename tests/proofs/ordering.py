"""The slowest files first, so that no process of a run has a long one left when the others are done.

`durations.json` says how long the tests of a file took, in seconds, and `slow.json` those tests that took three
tenths of a second or more by themselves. `--store-durations` writes down anew those that have run.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.proofs.sampling import SLOW

ROOT = Path(__file__).resolve().parents[2]
DURATIONS = Path(__file__).with_name("durations.json")
SHORTEST = 1.0
"""Seconds: files that take less stand in no particular order, and in no list."""
SLOW_FROM = 0.3
"""Seconds: tests that take less are asked by every run."""
_SIGNED = re.compile(r":[0-9A-Za-z]{6}:[\w-]{27,}")
"""What django.core.signing puts behind a value: the second, and the signature over both."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("proofs").addoption("--store-durations", action="store_true", help=f"write {DURATIONS.name} anew")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a file stay together and in their order: they share what their module has made.

    An id that holds a signed value is refused: processes that collect it in two different seconds name it differently,
    and pytest-xdist gives up the whole run.
    """
    if fleeting := [item.nodeid for item in items if _SIGNED.search(item.nodeid)]:
        raise pytest.UsageError(f"Signed values in ids change from second to second: {', '.join(fleeting)}")
    seconds: dict[str, float] = json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {}
    items.sort(key=lambda item: (-seconds.get(_file(item), 0.0), _file(item)))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.getoption("store_durations"):
        return
    files: defaultdict[str, float] = defaultdict(float)
    tests: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                files[report.nodeid.partition("::")[0]] += report.duration
                if report.when == "call":  # without what its module has made for all
                    tests[report.nodeid] = report.duration
    _store(DURATIONS, files, SHORTEST)
    _store(SLOW, tests, SLOW_FROM)


def _store(path: Path, took: Mapping[str, float], shortest: float) -> None:
    """What took long enough; what has not run keeps its time, as long as its file is there."""
    before: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    known = {**before, **{name: round(seconds, 1) for name, seconds in took.items()}}
    slow = {
        name: seconds
        for name, seconds in sorted(known.items())
        if seconds >= shortest and (ROOT / name.partition("::")[0]).exists()
    }
    path.write_text(json.dumps(slow, indent=1, ensure_ascii=False) + "\n")


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
