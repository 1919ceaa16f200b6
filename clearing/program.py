"""Which version of the program this is, as node and central tell each other."""

import tomllib
from functools import cache

from django.conf import settings


@cache
def program_version() -> str:
    """The version in pyproject.toml."""
    with (settings.ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
