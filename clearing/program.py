"""Which version of the program this is, as node and central tell each other."""

import tomllib
from functools import cache

from django.conf import settings


@cache
def program_version() -> str:
    """The version in pyproject.toml."""
    with (settings.ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def is_older(program: str, than: str) -> bool:
    """Whether a version is older than another one. What is no version of ours is not."""
    try:
        return _numbers(program) < _numbers(than)
    except ValueError:
        return False


def _numbers(program: str) -> tuple[int, ...]:
    return tuple(int(part) for part in program.split("."))
