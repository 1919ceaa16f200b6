"""The demo, with its published password, comes only with the embedded database or by a word of its own."""

from __future__ import annotations

from typing import Any

import pytest

from launch import __main__ as run
from launch import database

OWN = "postgresql://stammhaus_web:secret@example.invalid/stammhaus"


class Told:
    """Instead of a supervisor: notes which programs it would run."""

    def __init__(self) -> None:
        self.programs: list[str] = []

    def run(self, name: str, *_command: object) -> str:
        self.programs.append(name)
        return ""


@pytest.mark.parametrize(
    ("environment", "is_demo"),
    [
        ({}, True),
        ({"DATABASE_URL": OWN}, False),
        ({"DATABASE_URL": OWN, "DEMO": "0"}, False),
        ({"DATABASE_URL": OWN, "DEMO": "1"}, True),
        ({"SIDE": "branch"}, False),
        ({"SIDE": "branch", "DATABASE_URL": OWN, "DEMO": "1"}, False),
    ],
)
def test_demo_is_loaded_into_no_database_of_ones_own(monkeypatch, tmp_path, environment, is_demo):
    monkeypatch.setenv("STAMMHAUS_VAR", str(tmp_path))
    for name in ("DATABASE_URL", "DEMO", "MAIL_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(run, "prepare", lambda: None)
    monkeypatch.setattr(database, "check", lambda **_urls: None)
    told: Any = Told()
    assert run._prepare(told) is is_demo
    assert ("demo" in told.programs) is is_demo
    assert "migration" in told.programs


def test_own_database_is_told_how_the_first_person_is_created(monkeypatch):
    commands: list[tuple[object, ...]] = []

    class Serving(Told):
        def start(self, _name: str, *_command: object) -> None:
            pass

        def run(self, _name: str, *command: object) -> str:
            commands.append(command)
            return "how\n"

        def wait_until(self, _answers: object, *, seconds: float) -> bool:
            return True

    serving: Any = Serving()
    assert run._serve(serving, 8000, is_demo=False) == "how"
    assert commands[0][-2:] == ("create_support", "--if-nobody")
