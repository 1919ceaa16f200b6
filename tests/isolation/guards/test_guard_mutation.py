"""Switches off one guard after the other and asks who notices.

The guards are read from the code: those that are marked (mcp.isolation.guards) and those that stand inside functions
(mutants.py). A guard has a `name` and `switched_off()`, a context manager. Whoever adds guards of another kind, such
as a policy of the database, adds them to `guards_of_the_code` and their probes to the list.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.urls import clear_url_caches

from mcp.isolation import guards
from mcp.isolation.guards import Guard, Switchable
from mcp.project import location_urls, urls
from tests.isolation.guards.declared import declared
from tests.isolation.guards.mutants import ROOT, spots
from tests.isolation.guards.probing import PROBES
from tests.isolation.guards.reach import Reach, key_of, noticed, where_is
from tests.isolation.guards.test_holes import SUBJECTS
from tests.isolation.guards.unnoticeable import UNNOTICEABLE, is_unnoticeable, named_by
from tests.isolation.guards.world import World

pytestmark = pytest.mark.isolation

_FEWEST = 400


def every_guard() -> list[Switchable]:
    return [*guards.all(), *declared(), *spots()]


def guards_of_the_code() -> list[Switchable]:
    """Every guard, marked or found, but those that cannot be missed, each of which has its reason."""
    return [guard for guard in every_guard() if not is_unnoticeable(guard.name)]


def _cases() -> Iterator[object]:
    for guard in guards_of_the_code():
        file = where_is(guard)[0].removeprefix(f"{ROOT}/") or f"{guard.name.split('.')[0]}/"
        yield pytest.param(guard, id=guard.name, marks=pytest.mark.about(file))


@pytest.mark.sample("guards switched off", most=30)
@pytest.mark.parametrize("guard", list(_cases()))
def test_guard_is_missed_when_it_is_switched_off(guard: Switchable, world: World, db, reach: Reach, record_property):
    first = who_notices(guard, world, reach)
    assert first, "no probe notices that it is switched off"
    record_property("guard", (key_of(guard), first))


def who_notices(guard: Switchable, world: World, reach: Reach) -> str:
    """A probe that notices that the guard is off, or nothing.

    First those that are known to notice it or others of its file, then all that reach it: to find out which those are
    every probe has to run once.
    """
    for known in reach.known(guard, world):
        if _first_of([known], guard, world):
            return known
    reach.complete(world)
    first = _first_of(reach.order(guard), guard, world)
    if first:
        reach.demand_quiet(first, world)
        reach.remember(guard, first)
    return first


def _first_of(probes: list[str], guard: Switchable, world: World) -> str:
    with _addresses(guard), guard.switched_off():
        _make_addresses_of(guard)
        return next((name for name in probes if noticed(world, name)), "")


@contextmanager
def _addresses(guard: Switchable) -> Iterator[None]:
    try:
        yield
    finally:
        _make_addresses_of(guard)


def _make_addresses_of(guard: Switchable) -> None:
    """The addresses hold the methods of the pages: they are made anew where a method may be another one now."""
    if isinstance(guard, Guard):
        for module in (location_urls, urls):
            importlib.reload(module)
        clear_url_caches()


def test_many_guards_are_found():
    assert len(guards_of_the_code()) >= _FEWEST


def test_every_file_of_probes_is_a_subject():
    files = {path.stem.removeprefix("probes_") for path in Path(__file__).parent.glob("probes_*.py")}
    assert files == set(SUBJECTS)


def test_every_subject_has_probes():
    assert {probe.__module__.rpartition("probes_")[2] for probe in PROBES.values()} == set(SUBJECTS)


def test_what_cannot_be_noticed_is_still_there():
    names = [guard.name for guard in every_guard()]
    assert [key for key in UNNOTICEABLE if not any(named_by(key, name) for name in names)] == []
