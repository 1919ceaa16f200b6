"""Switches off one guard after the other and asks who notices.

The guards are read from the code: those that are marked (mcp.guards) and those that stand inside functions
(mutants.py). A guard has a `name` and `switched_off()`, a context manager. Whoever adds guards of another kind, such
as a policy of the database, adds them to `guards_of_the_code` and their probes to the list.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType

import pytest

from mcp import guards
from mcp.guards import Guard, Switchable
from tests.isolation.mutants import ROOT, Spot, spots
from tests.isolation.probing import PROBES
from tests.isolation.test_holes import SUBJECTS
from tests.isolation.unnoticeable import UNNOTICEABLE
from tests.isolation.world import World

pytestmark = pytest.mark.isolation

_TOOL = 4  # a number of sys.monitoring that neither coverage nor a debugger uses
_FEWEST = 40


def guards_of_the_code() -> list[Switchable]:
    """Every guard, marked or found, but those that cannot be missed, each of which has its reason."""
    found: list[Switchable] = [*guards.all(), *spots()]
    return [guard for guard in found if not any(part in guard.name for part in UNNOTICEABLE)]


@dataclass
class Reach:
    """Which probe runs which code, and how long each takes: those that run the guard's code are asked first."""

    codes: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, float] = field(default_factory=dict)

    def order(self, guard: Switchable) -> list[str]:
        """The probes that run the function, the quickest first; where none is known to, all."""
        quickest = sorted(self.seconds, key=self.seconds.__getitem__)
        if isinstance(guard, Spot):
            return [name for name in quickest if (str(ROOT / guard.file), guard.function) in self.codes[name]]
        if isinstance(guard, Guard):
            file = str(ROOT / f"{guard.module.replace('.', '/')}.py")
            reached = [name for name in quickest if (file, guard.path) in self.codes[name]]
            return reached + [name for name in quickest if name not in reached]
        return quickest


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
    except Exception as failure:
        return f"{type(failure).__name__}: {failure}"
    return ""


def who_notices(guard: Switchable, world: World, reach: Reach) -> str:
    """The first probe that notices that the guard is off, or nothing."""
    with guard.switched_off():
        for name in reach.order(guard):
            if noticed(world, name):
                return name
    return ""


def test_every_guard_is_missed_when_it_is_switched_off(cast, log_in, capsys):
    world, every, started = World(cast, log_in), guards_of_the_code(), time.monotonic()
    reach = reach_of(world)
    unnoticed = [guard.name for guard in every if not who_notices(guard, world, reach)]
    with capsys.disabled():
        seconds = time.monotonic() - started
        print(
            f"\n{len(every)} guards mutated, {len(every) - len(unnoticed)} noticed by {len(PROBES)} probes, {seconds:.0f} s"
        )  # noqa: T201, E501
    assert not unnoticed, "nobody notices that these are switched off:\n" + "\n".join(unnoticed)
    assert len(every) >= _FEWEST


def test_every_subject_has_probes():
    assert {probe.__module__.rpartition("probes_")[2] for probe in PROBES.values()} == set(SUBJECTS)


def test_what_cannot_be_noticed_is_still_there():
    names = [guard.name for guard in [*guards.all(), *spots()]]
    assert [part for part in UNNOTICEABLE if not any(part in name for name in names)] == []
