"""One server for the tests of this folder, apart from the one that Django's tests use."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from launch.cluster import Cluster
from launch.embedded import Handle
from launch.folders import PROJECT

Launch = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def side_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a start settles ends with the test."""
    monkeypatch.setenv("SIDE", "")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Handle(Cluster(folder=tmp_path_factory.mktemp("postgres"), durable=False)) as handle:
        yield handle.cluster


@pytest.fixture(scope="session")
def superuser_url(server: Cluster) -> str:
    return server.url(role="postgres", database="postgres")


@pytest.fixture
def execute(superuser_url: str) -> Callable[[str], None]:
    """Run statements as the superuser, each in a transaction of its own."""

    def run(*statements: str) -> None:
        with psycopg.connect(superuser_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    return run


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """Run `python -m launch` with nothing of this process's own settings but what is given."""

    def run(**variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "launch"],
            env={**kept, "STAMMHAUS_VAR": str(tmp_path), **variables},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run
