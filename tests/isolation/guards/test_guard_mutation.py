"""Switches off one guard after the other and asks who notices.

The guards are read from the code: those that are marked (mcp.guards) and those that stand inside functions
(mutants.py). A guard has a `name` and `switched_off()`, a context manager. Whoever adds guards of another kind, such
as a policy of the database, adds them to `guards_of_the_code` and their probes to the list.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType

import pytest
from django.urls import clear_url_caches

from mcp import console_urls, guards, urls
from mcp.guards import Guard, Switchable
from tests.isolation.guards.declared import declared
from tests.isolation.guards.mutants import ROOT, Spot, spots
from tests.isolation.guards.probing import PROBES
from tests.isolation.guards.test_holes import SUBJECTS
from tests.isolation.guards.unnoticeable import UNNOTICEABLE
from tests.isolation.guards.world import World

pytestmark = pytest.mark.isolation

_TOOL = 4  # a number of sys.monitoring that neither coverage nor a debugger uses
_FEWEST = 40


def guards_of_the_code() -> list[Switchable]:
    """Every guard, marked or found, but those that cannot be missed, each of which has its reason."""
    found: list[Switchable] = [*guards.all(), *declared(), *spots()]
    return [guard for guard in found if not any(part in guard.name for part in UNNOTICEABLE)]


@dataclass
class Reach:
    """Which probe runs which code and how long it takes, so that those are asked who may notice, the best first."""

    codes: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, float] = field(default_factory=dict)
    merits: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many guards of a file each probe has noticed."""

    def order(self, guard: Switchable) -> list[str]:
        """The probes that run the guard's function; first those that noticed others of its file, then the quickest."""
        file, function = _where(guard)
        reached = [name for name in self.seconds if (file, function) in self.codes[name]] or list(self.seconds)
        return sorted(reached, key=lambda name: (-self.merits[file, name], self.seconds[name]))

    def remember(self, guard: Switchable, name: str) -> None:
        self.merits[_where(guard)[0], name] += 1


def _where(guard: Switchable) -> tuple[str, str]:
    """File and function of a guard of the code; of one that stands elsewhere nothing is known."""
    if isinstance(guard, Spot):
        return str(ROOT / guard.file), guard.function
    if isinstance(guard, Guard):
        return str(ROOT / f"{guard.module.replace('.', '/')}.py"), guard.path
    return "", ""


def reach_of(world: World) -> Reach:
    """Runs every probe once, with all guards in place."""
    reach = Reach()
    for name in PROBES:
        started = time.monotonic()
        with _watched(reach.codes[name]):
            assert noticed(world, name) == "", f"{name} fails with all guards in place"
        reach.seconds[name] = time.monotonic() - started
    return reach


@contextmanager
def _watched(codes: set[tuple[str, str]]) -> Iterator[None]:
    """Notes the functions of the product that run inside."""
    monitor = sys.monitoring

    def entered(code: CodeType, offset: int) -> object:
        if code.co_filename.startswith(str(ROOT)):
            codes.add((code.co_filename, code.co_qualname))
        return monitor.DISABLE

    monitor.use_tool_id(_TOOL, "isolation")
    monitor.register_callback(_TOOL, monitor.events.PY_START, entered)
    monitor.set_events(_TOOL, monitor.events.PY_START)
    monitor.restart_events()
    try:
        yield
    finally:
        monitor.set_events(_TOOL, 0)
        monitor.free_tool_id(_TOOL)


def noticed(world: World, name: str) -> str:
    """What the probe says; empty where it notices nothing. A page that breaks is noticed as well."""
    try:
        with world.undone() as twin:
            PROBES[name](twin)
    except (Exception, pytest.fail.Exception) as failure:
        return f"{type(failure).__name__}: {failure}"
    return ""


def who_notices(guard: Switchable, world: World, reach: Reach) -> str:
    """The first probe that notices that the guard is off, or nothing."""
    with _addresses(guard), guard.switched_off():
        _make_addresses_of(guard)
        first = next((name for name in reach.order(guard) if noticed(world, name)), "")
    if first:
        reach.remember(guard, first)
    return first


@contextmanager
def _addresses(guard: Switchable) -> Iterator[None]:
    try:
        yield
    finally:
        _make_addresses_of(guard)


def _make_addresses_of(guard: Switchable) -> None:
    """The addresses hold the methods of the pages: they are made anew where a method may be another one now."""
    if isinstance(guard, Guard):
        for module in (console_urls, urls):
            importlib.reload(module)
        clear_url_caches()


def summary(mutated: int, unnoticed: int, seconds: float) -> str:
    return f"{mutated} guards mutated, {mutated - unnoticed} noticed by {len(PROBES)} probes, {seconds:.0f} s"


def test_every_guard_is_missed_when_it_is_switched_off(cast, log_in, note):
    world, every, started = World(cast, log_in), guards_of_the_code(), time.monotonic()
    reach = reach_of(world)
    unnoticed = [guard.name for guard in every if not who_notices(guard, world, reach)]
    note(summary(len(every), len(unnoticed), time.monotonic() - started))
    assert not unnoticed, "nobody notices that these are switched off:\n" + "\n".join(unnoticed)
    assert len(every) >= _FEWEST


def test_every_subject_has_probes():
    assert {probe.__module__.rpartition("probes_")[2] for probe in PROBES.values()} == set(SUBJECTS)


def test_what_cannot_be_noticed_is_still_there():
    every: list[Switchable] = [*guards.all(), *declared(), *spots()]
    names = [guard.name for guard in every]
    assert [part for part in UNNOTICEABLE if not any(part in name for name in names)] == []
