"""A folder is that of a central or of a branch, and is started as nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import folders, running, side, version
from launch.problem import CannotStart


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STAMMHAUS_VAR", str(tmp_path))
    monkeypatch.setenv("SIDE", "")
    return tmp_path


def test_side_is_what_was_said_else_what_the_folder_keeps_else_the_central(monkeypatch: pytest.MonkeyPatch):
    assert side.settle() == "central"
    monkeypatch.setenv("SIDE", "branch")
    assert side.settle() == "branch"
    side.keep()
    monkeypatch.setenv("SIDE", "")
    assert (side.settle(), os.environ["SIDE"]) == ("branch", "branch")
    monkeypatch.setenv("SIDE", "central")
    with pytest.raises(CannotStart, match="is that of a branch, and SIDE=central would serve it as a central"):
        side.settle()
    side.keep()
    monkeypatch.setenv("SIDE", "")
    assert side.settle() == "branch"


def test_side_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path):
    monkeypatch.setenv("SIDE", "till")
    with pytest.raises(CannotStart, match="SIDE=till is neither central nor branch"):
        side.settle()
    monkeypatch.setenv("SIDE", "")
    (folder / "side").write_text("till")
    with pytest.raises(CannotStart, match="says 'till', which is neither"):
        side.settle()


def test_branch_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("STAMMHAUS_VAR")
    assert folders.var() == folders.PROJECT / "var"
    monkeypatch.setenv("SIDE", "branch")
    assert folders.var() == folders.PROJECT / "var" / "branch"


@pytest.mark.parametrize(
    ("one", "other", "is_older"),
    [
        ("0.1.0", "0.2.0", True),
        ("0.2.0", "0.10.0", True),
        ("1.0", "1.0.1", True),
        ("1.0", "0.9", False),
        ("1", "1", False),
    ],
)
def test_versions_are_compared_number_by_number(one: str, other: str, is_older: bool):
    assert version.is_older(one, other) is is_older


def test_version_stands_in_one_place():
    assert version.read() == version.read(folders.PROJECT)
    with pytest.raises(CannotStart, match="'next' is no version"):
        version.is_older("next", "1.0")


HOLD = """
import signal, sys, time
from launch import running
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with running.noted():
    print("running", flush=True)
    time.sleep(300)
"""


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    variables = {"PATH": os.environ["PATH"], "STAMMHAUS_VAR": str(folder)}
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, cwd=folders.PROJECT, env=variables, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        yield process
        process.kill()


def test_what_runs_in_a_folder_is_stopped_once(holder: subprocess.Popen[str]):
    assert running.stop() is True
    assert holder.wait(10) == 0
    assert running.stop() is False


def test_what_does_not_stop_is_told(holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running, "STOP_SECONDS", 0)
    holder.send_signal(signal.SIGSTOP)
    with pytest.raises(CannotStart, match="does not stop"):
        running.stop()
    holder.send_signal(signal.SIGCONT)
    assert holder.wait(10) == 0


def test_nothing_runs_in_an_empty_folder(folder: Path):
    assert running.stop() is False
    with running.noted():
        assert (folder / "running.lock").read_text() == f"{os.getpid()}\n"
    assert running.stop() is False
