"""The version of the program: it stands in pyproject.toml, and nowhere else."""

import re
import tomllib
from pathlib import Path

from launch.folders import PROJECT
from launch.problem import CannotStart

_NUMBERS = re.compile(r"\d+(\.\d+)*")


def read(project: Path = PROJECT) -> str:
    """The version of the program in this folder."""
    return str(tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def is_older(version: str, other: str) -> bool:
    """Whether the first of two versions is the older one."""
    return _parts(version) < _parts(other)


def _parts(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    if found is None:
        raise CannotStart(f"{version!r} is no version. Write it as numbers with dots, as in 1.2.0.")
    return tuple(map(int, found.group().split(".")))
