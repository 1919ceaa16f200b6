"""What the long proofs have measured, printed at the end of the run, also of one on several processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """`note("…")` has a sentence printed at the end of the run."""
    return lambda sentence: record_property("isolation", sentence)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for group in ("passed", "failed") for report in terminalreporter.stats.get(group, [])]
    notes = [text for report in reports for key, text in getattr(report, "user_properties", []) if key == "isolation"]
    if notes:
        terminalreporter.section("isolation")
        for text in notes:
            terminalreporter.write_line(text)
