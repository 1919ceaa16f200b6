"""Every address of the product, read from Django's own resolver: nobody lists them by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver

from mcp.addresses import Rule, Zone, registered

URLCONFS = {Zone.OUTSIDE: "mcp.urls", Zone.LOCATION: "mcp.console_urls"}


@dataclass(frozen=True)
class Pattern:
    """One address of the resolver."""

    zone: Zone
    name: str
    route: str

    def __str__(self) -> str:
        return f"{self.zone}: {self.name or self.route}"


@dataclass(frozen=True)
class Line:
    """A pattern together with one line of the table: what is asked and what the answer follows from."""

    pattern: Pattern
    rule: Rule

    def __str__(self) -> str:
        more = [f"{key}={value}" for key, value in {**self.rule.arguments, **self.rule.posted}.items()]
        return " ".join([str(self.pattern), *more])


def patterns() -> list[Pattern]:
    return [
        Pattern(zone, name, route)
        for zone, urlconf in URLCONFS.items()
        for name, route in _leaves(get_resolver(urlconf).url_patterns, "", "")
    ]


def lines() -> list[Line]:
    """Each pattern with each of its lines; one without a line is missing here, which a test finds."""
    return [
        Line(pattern, rule) for pattern in patterns() for rule in registered(pattern.zone) if rule.name == pattern.name
    ]


def _leaves(entries: list[Any], route: str, namespace: str) -> Iterator[tuple[str, str]]:
    for entry in entries:
        here = route + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield (f"{namespace}{entry.name}" if entry.name else ""), here
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _leaves(entry.url_patterns, here, inner)
