"""The figures of the permission matrix, at the end of the run."""

from __future__ import annotations

from typing import Any

FIGURES: list[dict[str, Any]] = []


def pytest_runtest_logreport(report: Any) -> None:
    """Called where the figures are printed, also for tests that ran in another process."""
    if report.when == "call":
        FIGURES.extend(value for name, value in report.user_properties if name == "isolation")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if FIGURES:
        terminalreporter.write_line(_sentence(FIGURES))


def _sentence(figures: list[dict[str, Any]]) -> str:
    def different(name: str) -> int:
        return len({value for figure in figures for value in figure[name]})

    addresses = len({figure["pattern"] for figure in figures})
    requests, deviations = (sum(figure[name] for figure in figures) for name in ("requests", "deviations"))
    return (
        f"permission matrix: {addresses} addresses, {different('roles')} roles, {different('methods')} methods, "
        f"{different('triples'):,} triples in {requests:,} requests, {deviations} deviations"
    )
