"""Where the server of the tests lies: in memory, where nobody else can have put anything and there is room."""

from __future__ import annotations

from pathlib import Path

import pytest

from launch import folders


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("STAMMHAUS_VAR", raising=False)
    monkeypatch.setattr(folders, "MEMORY", tmp_path)
    monkeypatch.setattr(folders, "ROOM", 1)
    return tmp_path


def test_every_process_comes_to_the_same_folder(memory: Path, monkeypatch: pytest.MonkeyPatch):
    first = folders.for_tests()
    assert (first.parent, first.stat().st_mode & 0o777) == (memory, 0o700)
    monkeypatch.setattr(folders, "ROOM", 2**63)  # what was begun in memory goes on there
    assert folders.for_tests() == first


def test_without_room_and_with_a_folder_of_ones_own_it_lies_in_var(memory: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folders, "ROOM", 2**63)
    assert folders.for_tests() == folders.PROJECT / "var" / "postgres-tests"
    monkeypatch.setattr(folders, "ROOM", 1)
    monkeypatch.setattr(folders, "MEMORY", memory / "none")
    assert folders.for_tests() == folders.PROJECT / "var" / "postgres-tests"
    monkeypatch.setattr(folders, "MEMORY", memory)
    monkeypatch.setenv("STAMMHAUS_VAR", str(memory / "own"))
    assert folders.for_tests() == memory / "own" / "postgres-tests"


def test_what_somebody_else_has_put_there_is_not_taken(memory: Path, monkeypatch: pytest.MonkeyPatch):
    elsewhere = memory / "elsewhere"
    elsewhere.mkdir()
    folders._in_memory().symlink_to(elsewhere)
    assert folders.for_tests() == folders.PROJECT / "var" / "postgres-tests"


def test_what_a_lost_project_has_left_goes(memory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    lost = tmp_path / "clone"
    lost.mkdir()
    with monkeypatch.context() as there:
        there.setattr(folders, "PROJECT", lost)
        left = folders.for_tests()
    own = folders.for_tests()
    assert left.is_dir()
    lost.rmdir()
    assert folders.for_tests() == own
    assert not left.exists()
    folders.forget_tests()
    assert not own.exists()
