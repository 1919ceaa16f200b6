"""`make run` and `make demo-branch` beside it, as they are started by hand: with servers, migrations and the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launch.folders import PROJECT
from tests.clearing.installation.world import free_port

pytestmark = [pytest.mark.isolation, pytest.mark.sample("make demo-branch, whole", most=0)]

STOP_SECONDS = 60


def environment(var: Path, **more: object) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "STAMMHAUS_VAR": str(var), **{name: str(value) for name, value in more.items()}}


@contextmanager
def started(module: str, var: Path, last_line: str) -> Iterator[tuple[str, list[str]]]:
    """The address at which it is served, and what it says until the line that begins so; it is ended by Ctrl-C."""
    number = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", module], cwd=PROJECT, env=environment(var, PORT=number), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said: list[str] = []
            while not (said and said[-1].startswith(last_line)):
                line = process.stdout.readline()
                assert line, said
                said.append(line.rstrip("\n"))
            yield f"http://127.0.0.1:{number}/", said
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=STOP_SECONDS)


def manage(var: Path, *command: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=PROJECT, env=environment(var), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_branch_waits_for_one_click_and_starting_it_again_changes_nothing(tmp_path: Path):
    var = tmp_path / "var"
    branch = var / "demo-branch"
    with started("launch", var, "Stammhaus is ready") as (central, _said):
        with started("launch.demo_branch", var, "It is Lübeck") as (here, said):
            assert f"Stammhaus at a branch is ready: {here}" in said
            assert any(central in line for line in said)
        with started("launch.demo_branch", var, "It is Lübeck") as (_here, said):
            assert not any(line.startswith(("Pairing", "Changing")) for line in said)
            counts = [line.rpartition(": ")[2] for line in manage(branch, "clear")]
            sent_taken_same_in_conflict_held_back = ("4", "1", "0", "2", "1")
            assert sent_taken_same_in_conflict_held_back in zip(*(counts[start:] for start in range(5)), strict=False)
    assert not (var / "postgres" / "postmaster.pid").exists()
    assert not (branch / "postgres" / "postmaster.pid").exists()
