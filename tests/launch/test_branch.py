"""A branch on a fresh machine: one command, and its first page asks which branch it is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from launch import running
from launch.folders import PROJECT


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(port: int, path: str) -> tuple[int, str, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Accept-Language": "de"})
    response = connection.getresponse()
    try:
        return response.status, response.getheader("Location") or "", response.read().decode()
    finally:
        connection.close()


def test_branch_starts_on_a_fresh_machine_and_as_nothing_else(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    variables = {**kept, "STAMMHAUS_VAR": str(tmp_path), "PORT": str(free_port)}
    command = [sys.executable, "-m", "launch"]
    started: dict[str, Any] = {"cwd": PROJECT, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, env={**variables, "SIDE": "branch"}, **started) as branch:
        assert branch.stdout is not None
        lines = []
        for line in branch.stdout:
            lines.append(line.rstrip())
            if line.startswith("Open this address"):
                break
        assert lines[-2:] == [
            f"Stammhaus at a branch is ready: http://127.0.0.1:{free_port}/",
            "Open this address in a browser on this machine and set the branch up.",
        ]
        assert answer(free_port, "/10400/4/")[:2] == (302, "/setup/")
        status, _, page = answer(free_port, "/setup/")
        assert (status, "Filiale einrichten" in page) == (200, True)
        assert answer(free_port, "/health/")[2] == "ok"
        monkeypatch.setenv("STAMMHAUS_VAR", str(tmp_path))
        assert running.stop() is True
        branch.communicate()
        assert branch.returncode == 0
    as_central = subprocess.run(command, env={**variables, "SIDE": "central"}, check=False, timeout=60, **started)
    assert as_central.returncode == 1
    assert "is that of a branch, and SIDE=central would serve it as a central" in as_central.stdout
