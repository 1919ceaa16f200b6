"""What waits for somebody: the steps, files and answers that are his to take, fetch or give.

This floor knows none of them. Each app registers a `Source` in its module `dashboard`, which finds them with the rights
and at the location of a scope; the front page shows them, and of some the worker reminds by mail
(mcp/console/reminders.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.functional import Promise

from locations.models import Location
from locations.permissions import Right
from mcp.isolation.http import CONSOLE_URLCONF
from mcp.isolation.scope import Scope

type Values = Mapping[str, str | int]

MOST_SHOWN = 20
"""So many things of one source are shown; who has more waiting looks at its list."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing that waits. What it says is made where it is shown, in the language there, of `code` and `values`."""

    code: str
    values: Values = field(default_factory=dict)
    page: str
    """The name of the address at which it is done."""
    arguments: Sequence[str] = ()
    since: datetime
    key: str
    """The same as long as it is the same thing; one that comes back later is another."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where things come from. `things(scope)` gives those of somebody, and `sentences` what each code says."""

    name: str
    rights: frozenset[Right]
    """Who holds none of them is never waited for."""
    things: Callable[[Scope], Iterable[Thing]]
    sentences: Mapping[str, str | Promise]
    list_page: str = ""
    """The name of the address at which all of them are; needed where there may be more than MOST_SHOWN."""
    places: Callable[[], Iterable[Location]] | None = None
    """At which locations somebody may have to be reminded, where all businesses are open; None: nobody is."""


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a source; registered again under its name, it replaces the earlier one."""
    _sources[source.name] = source


def registered() -> list[Source]:
    return list(_sources.values())


def is_ever_waited_for(scope: Scope) -> bool:
    """Whether anything can wait for somebody with these rights."""
    return any(source.rights & scope.rights for source in registered())


def things_of(source: Source, scope: Scope) -> list[Thing]:
    """What waits for him here, the oldest first. That he may see it allows nothing."""
    with scope.asked.only_looking():
        found = source.things(scope) if source.rights & scope.rights else ()
        return sorted(found, key=lambda thing: thing.since)


def sentence(source: str, code: str, values: Values) -> str:
    """What is said of a thing, in the language of now."""
    return str(_sources[source].sentences[code]) % values


def facts(scope: Scope) -> dict[str, Any]:
    """For the panel of the front page."""
    shown, further = [], []
    for source in registered():
        found = things_of(source, scope)
        shown += [(thing, sentence(source.name, thing.code, thing.values)) for thing in found[:MOST_SHOWN]]
        if len(found) > MOST_SHOWN:
            further.append((reverse(source.list_page), len(found) - MOST_SHOWN))
    shown.sort(key=lambda one: one[0].since)
    return {"things": [(said, thing.since, _address(thing)) for thing, said in shown], "further": further}


def _address(thing: Thing) -> str:
    return reverse(thing.page, urlconf=CONSOLE_URLCONF, args=[*thing.arguments])


def address_at(place: str, page: str, arguments: Sequence[str]) -> str:
    """The address of a page at a location ("10400/1"), without the server."""
    with _prefix(f"/{place}/"):
        return reverse(page, urlconf=CONSOLE_URLCONF, args=[*arguments])


@contextmanager
def _prefix(prefix: str) -> Iterator[None]:
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        yield
    finally:
        set_script_prefix(before)
