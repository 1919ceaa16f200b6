"""Where the browser tests get their Chromium."""

from pathlib import Path

import pytest

from launch import chromium
from launch.problem import CannotStart


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    return tmp_path


def add(programs: Path, name: str) -> str:
    path = programs / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_installed_chromium_is_found(programs: Path):
    path = add(programs, "chromium-browser")
    assert chromium.ensure() == path


def test_named_chromium_goes_first(programs: Path, monkeypatch: pytest.MonkeyPatch):
    add(programs, "chromium")
    monkeypatch.setenv("CHROMIUM", add(programs, "my-browser"))
    assert chromium.ensure() == str(programs / "my-browser")


@pytest.mark.usefixtures("programs")
def test_missing_chromium_without_apt_says_how_to_get_it():
    with pytest.raises(CannotStart) as caught:
        chromium.ensure()
    assert caught.value.sentence == (
        "The browser tests need Chromium, and none was found. Install it (apt install chromium), "
        "name one in CHROMIUM, or leave those tests out: make test-fast"
    )


def test_missing_chromium_is_installed_for_root(programs: Path, monkeypatch: pytest.MonkeyPatch):
    add(programs, "apt-get")
    monkeypatch.setattr("launch.debian.os.geteuid", lambda: 0)
    monkeypatch.setattr("launch.debian.install", lambda package: add(programs, package))
    assert chromium.ensure() == str(programs / "chromium-headless-shell")


@pytest.mark.parametrize(
    ("offered", "used"), [("chromium-headless-shell", "chromium-headless-shell"), ("", "chromium")]
)
def test_shell_goes_before_the_whole_browser_where_it_can_be_had(
    programs: Path, monkeypatch: pytest.MonkeyPatch, offered: str, used: str
):
    add(programs, "apt-get")
    add(programs, "chromium")
    monkeypatch.setattr("launch.debian.os.geteuid", lambda: 0)
    monkeypatch.setattr("launch.debian.install", lambda package: add(programs, package) if package == offered else None)
    chromium.prefer_shell()
    assert chromium.ensure() == str(programs / used)


def test_missing_chromium_is_not_installed_for_others(programs: Path, monkeypatch: pytest.MonkeyPatch):
    add(programs, "apt-get")
    monkeypatch.setattr("launch.debian.os.geteuid", lambda: 1000)
    with pytest.raises(CannotStart):
        chromium.ensure()
