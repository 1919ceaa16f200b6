"""The figures of all sweeps of a run, below its results; also of a run that was spread over several processes."""

from __future__ import annotations

from typing import Any

import pytest

COLUMNS = ("responses", "forms", "pages", "found", "seconds")


def summarize(reporter: pytest.TerminalReporter) -> None:
    """Print one line for each role, and their sum."""
    rows = [
        figures
        for outcome in ("passed", "failed")
        for report in reporter.stats.get(outcome, [])
        for name, figures in getattr(report, "user_properties", [])
        if name == "canaries"
    ]
    if not rows:
        return
    reporter.section("canaries: what each role was answered, and what it could read of others")
    total: dict[str, Any] = {name: sum(row[name] for row in rows) for name in COLUMNS}
    for row in [*rows, {"role": "all", **total}]:
        numbers = "  ".join(f"{row[name]:>7.0f} {name}" for name in COLUMNS)
        reporter.write_line(f"{row['role']:<12}{numbers}")
