"""The last lines of a run that failed: what failed, and the one command that runs just that again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

MOST = 20


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Below everything else that a run prints."""
    yield
    _say_what_failed(terminalreporter)


def _say_what_failed(terminalreporter: Any) -> None:
    failed = [report.nodeid for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, [])]
    names = list(dict.fromkeys(failed))
    if not names:
        return
    terminalreporter.section("what failed, and how to run it again")
    for name in names[:MOST]:
        terminalreporter.write_line(name)
    if len(names) > MOST:
        terminalreporter.write_line(f"… and {len(names) - MOST} more")
    terminalreporter.write_line(again(names))


def again(names: list[str]) -> str:
    """The command; where many failed it names their files."""
    shown = names if len(names) <= MOST else sorted({name.partition("::")[0] for name in names})
    return shlex.join([".venv/bin/python", "-m", "pytest", *shown])
