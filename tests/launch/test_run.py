"""`python -m launch` from the first line to Ctrl-C, with stand-ins for Django's commands and pages."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from launch import port
from launch.cluster import Cluster
from launch.folders import PROJECT

MANAGE = """
import os, sys, time
match sys.argv[1:]:
    case ["demo", "--logins"]:
        print("anna: central of Nordlicht\\nbodo: Hamburg and Bremen")
    case ["procrastinate", "worker", *_]:
        time.sleep(300)
    case command:
        with open("commands.txt", "a") as file:
            print(*command, "as", os.environ.get("DATABASE_URL", "").partition("@")[0], file=file)
"""
WSGI = """
def application(environ, start_response):
    start_response("200 OK" if environ["PATH_INFO"] == "/login/" else "404 Not Found", [])
    return [b"Log in"]
"""
BROKEN_WSGI = """
raise RuntimeError("The table is missing.")
"""


@pytest.fixture
def wsgi() -> str:
    """What answers the browser."""
    return WSGI


@pytest.fixture
def project(tmp_path: Path, wsgi: str) -> Iterator[Path]:
    """A project with the real launcher and nothing behind it."""
    shutil.copytree(PROJECT / "launch", tmp_path / "launch", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "mcp" / "project").mkdir(parents=True)
    (tmp_path / "mcp" / "project" / "wsgi.py").write_text(wsgi)
    (tmp_path / "manage.py").write_text(MANAGE)
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def launched(project: Path, free_port: int) -> Iterator[subprocess.Popen[str]]:
    """The running launcher; a test that fails midway leaves none behind either."""
    variables = {"PATH": os.environ["PATH"], "PORT": str(free_port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "launch"],
        cwd=project, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    yield process
    process.terminate()
    process.communicate(timeout=30)


def lines_until(process: subprocess.Popen[str], start: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1].startswith(start)):
        line = process.stdout.readline()
        assert line, process.communicate()
        lines.append(line.rstrip("\n"))
    return lines


def programs_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The web server, its two workers, and the worker for long tasks, once all are there."""
    deadline = time.monotonic() + 10
    while len(found := psutil.Process(process.pid).children(recursive=True)) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(found) == 4
    return found


def left(project: Path, family: list[psutil.Process]) -> list[psutil.Process]:
    """What still runs of the programs and of the server."""
    server = Cluster(folder=project / "var" / "postgres").postmaster()
    running = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    return [*running, *([server] if server else [])]


def test_run_is_ready_and_ctrl_c_leaves_nothing_behind(project: Path, launched: subprocess.Popen[str], free_port: int):
    process = launched
    lines = lines_until(process, "bodo")
    family = programs_of(process)
    assert lines[-3:] == [
        f"Stammhaus is ready: http://127.0.0.1:{free_port}/",
        "anna: central of Nordlicht",
        "bodo: Hamburg and Bremen",
    ]
    assert len([line for line in lines if line.startswith("Stammhaus is ready")]) == 1
    assert port.status(free_port, "/login/") == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "\nStopping …\n", "")
    assert left(project, family) == []
    assert port.chosen(str(free_port)) == free_port


def test_run_migrates_and_loads_the_demo_as_the_plain_role(project: Path, launched: subprocess.Popen[str]):
    process = launched
    lines_until(process, "Stammhaus is ready")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert (project / "commands.txt").read_text().splitlines() == [
        "migrate --no-input as postgresql://stammhaus_web",
        "demo --if-empty as postgresql://stammhaus_web",
    ]


def test_run_ends_with_the_name_of_the_program_that_died(project: Path, launched: subprocess.Popen[str]):
    process = launched
    lines_until(process, "Stammhaus is ready")
    family = programs_of(process)
    worker = next(one for one in family if "procrastinate" in one.cmdline())
    worker.kill()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.startswith("The worker ended by SIGKILL. Its last lines, from ")
    assert left(project, family) == []


@pytest.mark.parametrize("wsgi", [BROKEN_WSGI], ids=["broken"])
def test_run_with_a_web_server_that_cannot_start_shows_why(project: Path, launched: subprocess.Popen[str]):
    process = launched
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Stammhaus is ready" not in out
    assert err.startswith("The web server ended with exit code ")
    assert "RuntimeError: The table is missing." in err
    assert left(project, []) == []


def test_ctrl_c_while_starting_leaves_nothing_behind(project: Path, launched: subprocess.Popen[str]):
    process = launched
    lines_until(process, "Starting the embedded PostgreSQL")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert left(project, []) == []


@pytest.fixture
def branch(project: Path, free_port: int) -> dict[str, str]:
    """The environment of a branch."""
    return {"PATH": os.environ["PATH"], "PORT": str(free_port), "SIDE": "branch"}


def test_upgrade_stops_the_branch_migrates_it_and_starts_it_again(
    project: Path, branch: dict[str, str], free_port: int
):
    run: dict[str, Any] = {"cwd": project, "env": branch, "text": True, "stdout": subprocess.PIPE}
    ready = f"Stammhaus at a branch is ready: http://127.0.0.1:{free_port}/"
    with subprocess.Popen([sys.executable, "-m", "launch"], **run) as before:
        lines_until(before, ready)
        with subprocess.Popen([sys.executable, "-m", "launch.upgrade", "touch", "installed"], **run) as after:
            lines = lines_until(after, ready)
            assert before.communicate(timeout=30)[0].endswith("Stopping …\n")
            assert lines[0] == "Stopped what ran."
            after.terminate()
            assert after.communicate(timeout=30)[0].endswith("Stopping …\n")
        assert (before.returncode, after.returncode) == (0, 0)
    commands = [line.partition(" as ")[0] for line in (project / "commands.txt").read_text().splitlines()]
    assert commands == ["migrate --no-input", "upgrade", "migrate --no-input"]
    assert (project / "installed").exists()
    assert (project / "var" / "branch" / "side").read_text() == "branch\n"
