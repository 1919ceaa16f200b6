"""What `manage.py` finds in the environment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from launch import embedded, environment
from launch.cluster import WEB_ROLE, Cluster
from launch.folders import PROJECT
from launch.problem import CannotStart

PREPARE = """
import os
from launch.environment import prepare
prepare()
print(os.environ["DATABASE_URL"], os.environ["SECRET_KEY"], os.environ["TOMBSTONE_KEY"], flush=True)
input()
"""


@pytest.fixture
def no_embedded_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        pytest.fail("The embedded server was asked for.")

    monkeypatch.setattr(embedded, "join", refuse)


def prepared(folder: Path) -> subprocess.Popen[str]:
    variables = {"PATH": os.environ["PATH"], "STAMMHAUS_VAR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE],
        env=variables, cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def said_by(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


@pytest.mark.usefixtures("no_embedded_server")
def test_prepare_leaves_a_complete_environment_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://a@b/c")
    monkeypatch.setenv("SECRET_KEY", "given")
    monkeypatch.setenv("TOMBSTONE_KEY", "given too")
    environment.prepare()
    assert (os.environ["DATABASE_URL"], os.environ["SECRET_KEY"]) == ("postgresql://a@b/c", "given")


@pytest.mark.usefixtures("no_embedded_server")
@pytest.mark.parametrize("name", ["SECRET_KEY", "TOMBSTONE_KEY"])
@pytest.mark.parametrize("key", [None, ""])
def test_prepare_with_own_database_and_no_key_refused(monkeypatch: pytest.MonkeyPatch, key: str | None, name: str):
    monkeypatch.setenv("DATABASE_URL", "postgresql://a@b/c")
    for one in ("SECRET_KEY", "TOMBSTONE_KEY"):
        monkeypatch.setenv(one, "given")
    monkeypatch.delenv(name)
    if key is not None:
        monkeypatch.setenv(name, key)
    with pytest.raises(CannotStart, match=f"{name} is not set"):
        environment.prepare()


def test_prepare_fills_in_the_embedded_database_and_a_lasting_key(tmp_path: Path):
    cluster = Cluster(folder=tmp_path / "postgres")
    process = prepared(tmp_path)
    url, *keys = said_by(process)
    stored = [(tmp_path / name).read_text().strip() for name in ("secret_key", "tombstone_key")]
    assert (url, keys) == (cluster.url(role=WEB_ROLE), stored)
    assert len(set(stored)) == 2
    process.communicate("\n")
    assert cluster.postmaster() is None


def test_sigterm_gives_the_server_back(tmp_path: Path):
    process = prepared(tmp_path)
    said_by(process)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    assert Cluster(folder=tmp_path / "postgres").postmaster() is None


def test_secret_key_is_made_once_and_readable_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / "secret_key"
    first = environment.secret_key(path)
    assert environment.secret_key(path) == first
    assert len(first) >= 50
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert [found.name for found in tmp_path.iterdir()] == ["secret_key"]


def test_secret_key_of_the_faster_process_stands(tmp_path: Path):
    path = tmp_path / "secret_key"
    path.write_text("faster\n")
    environment._write_once(path, "slower")
    assert environment.secret_key(path) == "faster"


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        ("import_customers --account 10400 --client 1 kunden.csv", "WARNING"),
        ("demo --if-empty -v 1", "WARNING"),
        ("import_customers kunden.csv -v 2", None),
        ("import_customers kunden.csv -v2", None),
        ("export_customers --verbosity=3", None),
        ("migrate -v viel", "WARNING"),
        ("procrastinate worker --concurrency 2", None),
        ("runserver", None),
        ("", "WARNING"),
    ],
)
def test_command_writes_no_log_beside_what_it_prints_unless_asked(
    monkeypatch: pytest.MonkeyPatch, arguments: str, level: str | None
):
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    environment.keep_log_quiet(arguments.split())
    assert os.environ.pop("LOG_LEVEL", None) == level


def test_log_level_of_ones_own_stands(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    environment.keep_log_quiet(["demo"])
    assert os.environ["LOG_LEVEL"] == "DEBUG"
