"""The slowest files first, so that no process of a run has a long one left when the others are done.

`durations.json` says how long the tests of a file took, in seconds. `--store-durations` writes down anew those of the
files that have run.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DURATIONS = Path(__file__).with_name("durations.json")
SHORTEST = 1.0
"""Files that take less stand in no particular order, and not in the list."""
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
    took: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                took[report.nodeid.partition("::")[0]] += report.duration
    before: dict[str, float] = json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {}
    known = {**before, **{file: round(seconds, 1) for file, seconds in took.items()}}
    slow = {file: seconds for file, seconds in sorted(known.items()) if seconds >= SHORTEST and (ROOT / file).exists()}
    DURATIONS.write_text(json.dumps(slow, indent=1) + "\n")


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
