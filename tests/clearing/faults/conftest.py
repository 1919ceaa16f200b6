"""Two servers and one warm process for all cells of a process of tests."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from mcp.project import environment
from tests.clearing.faults.cells import Figures
from tests.clearing.installation import building
from tests.clearing.installation.servers import running
from tests.clearing.installation.world import Installations


@pytest.fixture(scope="session")
def installations(django_db_setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installations]:
    """A central and a branch; each cell opens them anew."""
    template = building.template(_cast_url())
    folder = Path(tmp_path_factory.mktemp("said"))
    own = template.with_name(f"run_{folder.parent.name}_{folder.name}")
    try:
        with (
            running(template, own / "central") as central,
            running(template, own / "branch") as branch,
            building.warm_installation(central, folder) as warm,
            Installations(central, branch, warm, folder, template=template) as both,
        ):
            yield both
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _cast_url() -> str:
    server, mark, options = environment.text("DATABASE_OWNER_URL").partition("?")
    name = connection.settings_dict["TEST"]["TEMPLATE"]
    return f"{server.rpartition('/')[0]}/{name}{mark}{options}"


FIGURES = "figures of a fault"


@pytest.fixture
def tell_figures(record_property: Callable[[str, object], None]) -> Callable[[Figures], None]:
    """What became of a cell is added up at the end of the run."""
    return lambda figures: record_property(FIGURES, asdict(figures))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    total, cells = Counter[str](), 0
    for group in ("passed", "failed"):
        for report in terminalreporter.stats.get(group, []):
            for name, value in report.user_properties:
                if name == FIGURES:
                    total.update(value)
                    cells += 1
    if cells:
        terminalreporter.section("faults of reconciliation")
        terminalreporter.write_line(
            f"{cells} cells: {total['lost']} lost, {total['doubled']} doubled, {total['diverged']} diverged; "
            f"restored and copied ones noticed at the first contact: {total['noticed']} of {total['to_notice']}"
        )
