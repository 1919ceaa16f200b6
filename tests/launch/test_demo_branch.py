"""`make demo-branch` finds the central that runs, and does what is not done yet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from launch import __main__ as installation
from launch import demo_branch, port, running
from launch.problem import CannotStart

CENTRAL = "http://127.0.0.1:8765/"


@pytest.fixture
def var(monkeypatch, tmp_path: Path) -> Path:
    """The folder of the central."""
    monkeypatch.setattr(os, "environ", {**os.environ, "STAMMHAUS_VAR": str(tmp_path)})
    os.environ.pop("SIDE", None)
    return tmp_path


class Told:
    """Instead of a supervisor: notes the steps, and answers."""

    def __init__(self, standing: str) -> None:
        self.answers = {"standing": f"{standing}\n", "code": '{"code": "ABCD-EFGH"}\n'}
        self.steps: list[tuple[str, bool]] = []
        self.arguments: tuple[str, ...] = ()

    def run(self, _name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        step = arguments[3]
        self.steps.append((step, environment is not None))
        if step == "pair":
            self.arguments = arguments[4:]
        return self.answers.get(step, "")


def test_without_a_central_it_says_so(var):
    with pytest.raises(CannotStart, match=r"No central runs in .* make run"):
        demo_branch.main()


def test_the_address_is_known_as_long_as_it_runs(var):
    assert running.address() == ""
    with running.noted(CENTRAL):
        assert running.address() == CENTRAL
    assert running.address() == ""
    with running.noted():
        assert running.address() == ""


def test_a_central_that_starts_is_waited_for(var, monkeypatch):
    monkeypatch.setattr(port, "status", lambda number, path: None)
    with running.noted(CENTRAL), pytest.raises(CannotStart, match="not ready yet"):
        demo_branch.main()


def test_beside_a_branch_nothing_is_started(var):
    os.environ["SIDE"] = "branch"
    with pytest.raises(CannotStart, match="beside a central"):
        demo_branch.main()


def test_the_branch_has_a_folder_of_its_own_and_nothing_of_the_centrals_database(var, monkeypatch):
    asked: list[tuple[int, str]] = []
    found: dict[str, Any] = {}

    def status(number: int, path: str) -> int:
        asked.append((number, path))
        return 200

    def started(made_ready: Any, *, command: str) -> None:
        found.update(os.environ, command=command)

    monkeypatch.setattr(port, "status", status)
    monkeypatch.setattr(installation, "main", started)
    os.environ.update(DATABASE_URL="postgresql://central", SECRET_KEY="of-the-central")
    with running.noted(CENTRAL):
        demo_branch.main()
    assert asked == [(8765, "/health/")]
    wanted = (found["STAMMHAUS_VAR"], found["SIDE"], found["CLEARS_ON_SCHEDULE"], found["command"])
    assert wanted == (str(var / "demo-branch"), "branch", "0", "make demo-branch")
    assert not {"DATABASE_URL", "SECRET_KEY"} & found.keys()


@pytest.mark.parametrize(
    ("standing", "steps"),
    [
        ("unpaired", ["standing", "code", "pair", "edit-at-central", "edit-at-branch"]),
        ("paired", ["standing", "edit-at-central", "edit-at-branch"]),
        ("ready", ["standing"]),
    ],
)
def test_what_is_done_is_not_done_again(standing, steps):
    told: Any = Told(standing)
    said = demo_branch._make_ready(told, CENTRAL, {"SIDE": "central"})
    assert CENTRAL in said
    assert ("a run waits" in said) is (standing != "ready")
    assert told.steps == [(step, step in {"code", "edit-at-central"}) for step in steps]
    if standing == "unpaired":
        assert told.arguments == ("--central", CENTRAL, "--shown", '{"code": "ABCD-EFGH"}')


def test_a_port_that_is_taken_is_told_with_the_command_that_was_typed():
    with pytest.raises(CannotStart, match="make demo-branch PORT=8101"):
        port.chosen("none", is_branch=True, command="make demo-branch")
