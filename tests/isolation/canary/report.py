"""The figures of all sweeps of a run, below its results; also of a run that was spread over several processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

TITLES = {
    "canaries": "canaries: what each role was answered, and which words of others it read",
    "pairs": "pairs: what is somebody else's against what does not exist",
}
"""Under the name of the property with which a test hands over its figures."""


def summarize(reporter: pytest.TerminalReporter) -> None:
    """Print one line for each role, and their sum."""
    for name, title in TITLES.items():
        rows = list(_figures(reporter, name))
        if rows:
            reporter.section(title)
            for row in [*rows, _sum(rows)]:
                numbers = "  ".join(f"{number:>6.0f} {column}" for column, number in row.items() if column != "role")
                reporter.write_line(f"{row['role']:<12}{numbers}")


def _figures(reporter: pytest.TerminalReporter, name: str) -> Iterator[dict[str, Any]]:
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, []):
            yield from (value for key, value in getattr(report, "user_properties", []) if key == name)


def _sum(rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns = [column for column in rows[0] if column != "role"]
    return {"role": "all", **{column: sum(row[column] for row in rows) for column in columns}}
