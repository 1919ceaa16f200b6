"""What waits for a user: steps to take, files to fetch, answers to give.

Each app registers a `Source` in its module `dashboard`, which finds such things for a scope. The front page shows them,
and for some of them the worker sends reminders by mail (mcp/console/reminders.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.functional import Promise

from locations.models import Location
from locations.permissions import Right
from mcp.isolation.http import CONSOLE_URLCONF
from mcp.isolation.scope import Scope

type Values = Mapping[str, str | int]

MOST_SHOWN = 20
"""The largest number of things of one source that are shown; its list shows the others."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing that waits. Its sentence is made of `code` and `values` in the language in which it is shown."""

    code: str
    values: Values = field(default_factory=dict)
    page: str
    """The name of the address at which it is done."""
    arguments: Sequence[str] = ()
    since: datetime
    key: str
    """Identifies the thing in reminders. If it comes back later, it has another key."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A kind of things: `things(scope)` finds them, `sentences` has a sentence for each code."""

    name: str
    rights: frozenset[Right]
    """Nothing waits for somebody who holds none of them."""
    things: Callable[[Scope], Iterable[Thing]]
    sentences: Mapping[str, str | Promise]
    list_page: str = ""
    """The name of the address at which all of them are; needed where there may be more than MOST_SHOWN."""
    places: Callable[[], Iterable[Location]] | None = None
    """Locations where somebody may have to be reminded, found with the rows of all businesses; None: no reminders."""


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a source; registered again under its name, it replaces the earlier one."""
    _sources[source.name] = source


def registered() -> list[Source]:
    """All sources that were registered."""
    return list(_sources.values())


def is_ever_waited_for(scope: Scope) -> bool:
    """Whether anything can wait for somebody with these rights."""
    return any(source.rights & scope.rights for source in registered())


def things_of(source: Source, scope: Scope) -> list[Thing]:
    """What waits in this scope, the oldest first. The rights that are asked for here are not checked again."""
    with scope.asked.only_looking():
        found = source.things(scope) if source.rights & scope.rights else ()
        return sorted(found, key=lambda thing: thing.since)


def sentence(source: str, code: str, values: Values) -> str:
    """The sentence of a thing in the active language."""
    return str(_sources[source].sentences[code]) % values


def facts(scope: Scope) -> dict[str, object]:
    """The context of the panel on the front page."""
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
    """The address of a page at a location ("10400/1"), without the host."""
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
