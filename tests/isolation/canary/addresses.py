"""Every address that the resolver knows, with anybody's keys put in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

_ARGUMENT = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")


@dataclass(frozen=True)
class Pattern:
    """One address with its arguments as (converter, name), such as ("int", "object_id")."""

    route: str
    name: str
    arguments: tuple[tuple[str, str], ...]

    def address(self, *values: str) -> str:
        """The path with these values in place of the arguments, without a slash in front."""
        given = iter(values)
        return _ARGUMENT.sub(lambda _match: next(given), self.route)


def patterns(urlconf: str) -> list[Pattern]:
    """All addresses of a urlconf, each route once."""
    found = {pattern.route: pattern for pattern in _walk(get_resolver(urlconf).url_patterns, "")}
    return list(found.values())


def _walk(entries: list[Any], prefix: str) -> Iterator[Pattern]:
    for entry in entries:
        route = prefix + str(entry.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            arguments = tuple((match["converter"] or "str", match["name"]) for match in _ARGUMENT.finditer(route))
            yield Pattern(route, entry.name or "", arguments)


def filled(pattern: Pattern, keys: list[str], words: list[str]) -> Iterator[str]:
    """The addresses of a pattern with each of the keys; words take the places that take no key."""
    fitting = [
        [value for value in [*keys, *words] if _fits(converter, value)] for converter, _name in pattern.arguments
    ]
    for values in product(*fitting):
        yield pattern.address(*values)


def _fits(converter: str, value: str) -> bool:
    match converter:
        case "int":
            return value.isdecimal()
        case "uuid":
            return value.count("-") == 4
        case "slug":
            return re.fullmatch(r"[-a-zA-Z_]+", value) is not None
        case _:
            return value.isdecimal() or value.count("-") == 4
