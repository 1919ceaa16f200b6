"""Every address of the product, read from Django's own resolver: nobody lists them by hand."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import URLPattern, get_resolver

from mcp.isolation.addresses import Rule, Zone, registered

ROOT = Path(__file__).resolve().parents[3]
URLCONFS = {Zone.OUTSIDE: "mcp.project.urls", Zone.LOCATION: "mcp.project.location_urls"}


@dataclass(frozen=True)
class Pattern:
    """One address of the resolver."""

    zone: Zone
    name: str
    route: str
    file: str
    """Where the page stands in the project, or where the library's page does that it uses."""

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

    @property
    def kind(self) -> tuple[Any, ...]:
        """What the table decides by before any page is asked: who is served, and which methods are known."""
        return (self.pattern.zone, self.rule.served, self.rule.methods)


def patterns() -> list[Pattern]:
    return [
        Pattern(zone, name, route, _file(callback))
        for zone, urlconf in URLCONFS.items()
        for name, route, callback in _leaves(get_resolver(urlconf).url_patterns, "", "")
    ]


def lines() -> list[Line]:
    """Each pattern with each of its lines; one without a line is missing here, which a test finds."""
    return [
        Line(pattern, rule) for pattern in patterns() for rule in registered(pattern.zone) if rule.name == pattern.name
    ]


def _file(callback: Any) -> str:
    page = inspect.unwrap(callback)
    owner = getattr(page, "__self__", None)
    path = Path(inspect.getfile(type(owner) if owner is not None else page))
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


def _leaves(entries: list[Any], route: str, namespace: str) -> Iterator[tuple[str, str, Any]]:
    for entry in entries:
        here = route + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield (f"{namespace}{entry.name}" if entry.name else ""), here, entry.callback
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _leaves(entry.url_patterns, here, inner)
