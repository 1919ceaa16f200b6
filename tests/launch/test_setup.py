"""What `make` does before anything is installed, and what it installs."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from launch.__main__ import check_python
from launch.folders import PROJECT
from launch.problem import CannotStart

PYTHONS = ("python3.14", "python3.13", "python3.12", "python3", "python")
OLD_PYTHON = """#!/bin/sh
case "$2" in *print*) echo 3.9 ;; *) exit 1 ;; esac
"""
NO_PYTHON = "#!/bin/sh\nexit 127\n"
PINS = ("requirements.txt", "requirements-dev.txt")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that `make run` needs for its first steps, in a folder with a space in its name."""
    folder = tmp_path / "fresh clone"
    (folder / "launch").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "launch/venv.sh"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def make_run(clone: Path, *, python: str, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    programs = clone / "programs"
    programs.mkdir()
    for name in PYTHONS:
        (programs / name).write_text(python)
        (programs / name).chmod(0o755)
    make = shutil.which("make")
    assert make is not None
    variables = {"PATH": f"{programs}:{os.environ['PATH']}"}
    return subprocess.run([make, "-s", "run", *arguments], cwd=clone, env=variables, capture_output=True, text=True)


def test_make_run_with_an_old_python_says_one_sentence(clone: Path):
    done = make_run(clone, python=OLD_PYTHON)
    sentence, *rest = done.stderr.splitlines()
    assert sentence == (
        "Stammhaus needs Python 3.12 or newer, and only 3.9 was found. "
        "Install it (python.org, or apt install python3 python3-venv) "
        "or name it: make PYTHON=/path/to/python3"
    )
    assert done.returncode != 0
    assert all(line.startswith("make") for line in rest)
    assert not (clone / ".venv").exists()


def test_make_run_without_python_says_so(clone: Path):
    done = make_run(clone, python=NO_PYTHON)
    assert done.stderr.startswith("Stammhaus needs Python 3.12 or newer, and none was found.")


def test_make_run_with_a_named_old_python_names_it(clone: Path):
    done = make_run(clone, python=OLD_PYTHON, arguments=("PYTHON=python3.12",))
    assert done.stderr.startswith("Stammhaus needs Python 3.12 or newer, and only 3.9 was found as python3.12.")


def test_launcher_in_an_old_python_refused():
    with pytest.raises(CannotStart, match=r"This is Python 3\.11, and Stammhaus needs 3\.12 or newer\."):
        check_python((3, 11))
    check_python((3, 12))


@pytest.mark.parametrize("name", PINS)
def test_requirements_are_pinned_with_hashes_and_name_no_host(name: str):
    text = (PROJECT / name).read_text()
    pins = re.split(r"\n(?=\S)", text.replace("\\\n", " "))
    wrong = [pin for pin in pins if not re.match(r"#|[\w.\[\]-]+==\S+ .*--hash=sha256:", pin.strip(), re.DOTALL)]
    assert wrong == []
    assert re.findall(r"https?:|--index|--extra|--find-links|\bfile:", text) == []


@pytest.mark.parametrize("name", PINS)
def test_requirements_without_the_package_of_our_own_import_name(name: str):
    names = re.findall(r"^([\w.-]+)(?:\[.*?\])?==", (PROJECT / name).read_text(), re.MULTILINE)
    assert len(names) > 30
    assert "mcp" not in [found.lower() for found in names]


def test_development_installs_the_same_versions_as_running():
    run, development = (set(re.findall(r"^\S+==\S+", (PROJECT / name).read_text(), re.MULTILINE)) for name in PINS)
    assert run - development == set()


def test_oldest_python_is_the_same_everywhere():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.12"
    assert "(3, 12)" in (PROJECT / "launch" / "venv.sh").read_text()
