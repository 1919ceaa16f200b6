"""Which probe runs which code of the product, noted while the probes run anyway.

A guard that is switched off can only be missed by a probe that runs its function. The processes of a run share what
they have noted, in a folder: a probe is run to find out its reach only where none of them has run it yet.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import CodeType

import pytest

from mcp.isolation.guards import Guard, Switchable
from tests.isolation.guards.mutants import ROOT, Spot
from tests.isolation.guards.probing import PROBES
from tests.isolation.guards.world import World

NOTICED_BY = Path(__file__).with_name("noticed_by.json")
"""Who noticed each guard in the last run that wrote it: asked first, so that most guards need a single probe."""
_TOOL = 4  # a number of sys.monitoring that neither coverage nor a debugger uses

_MOST_OF_A_FILE = 4

type Code = tuple[str, str]
"""File and qualified name of a function."""


@dataclass
class Reach:
    """What each probe runs and how long it takes, so that those are asked who may notice, the best first."""

    folder: Path
    codes: dict[str, set[Code]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)
    """The probes that this process has seen to notice nothing while all guards are in place."""
    merits: Counter[Code] = field(default_factory=Counter)
    """How many guards of a file each probe has noticed."""

    def known(self, guard: Switchable, world: World) -> Iterator[str]:
        """The probes that noticed this guard before, then others of its file; quiet while all guards are in place."""
        told, key = self._noticed_by, key_of(guard)
        of_file = Counter(name for other, name in told.items() if _place(other) == _place(key))
        names = [told[key]] if key in told else []
        names += [name for name, _count in of_file.most_common(_MOST_OF_A_FILE) if name not in names]
        for name in names:
            if name in PROBES:
                self.demand_quiet(name, world)
                yield name

    def demand_quiet(self, name: str, world: World) -> None:
        """A probe that fails by itself, or in a world that was spoilt, would notice whatever is switched off."""
        if name not in self.quiet:
            assert (said := noticed(world, name)) == "", f"{name} fails with all guards in place: {said}"
            self.quiet.add(name)

    @cached_property
    def _noticed_by(self) -> dict[str, str]:
        told: dict[str, str] = json.loads(NOTICED_BY.read_text()) if NOTICED_BY.exists() else {}
        return told

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Note what runs inside as the reach of this probe, for all processes."""
        codes: set[Code] = set()
        started = time.monotonic()
        with _watched(codes):
            yield
        self._keep(name, codes, time.monotonic() - started)

    def complete(self, world: World) -> None:
        """Take what other processes have noted, and run the probes that nobody has run."""
        for name in PROBES.keys() - self.codes.keys():
            path = self.folder / f"{name}.json"
            if path.exists():
                noted = json.loads(path.read_text())
                self.codes[name] = {(file, function) for file, function in noted["codes"]}
                self.seconds[name] = noted["seconds"]
                continue
            self.quiet.discard(name)  # it has to run here, also where it was asked before
            with self.noting(name):
                self.demand_quiet(name, world)

    def order(self, guard: Switchable) -> list[str]:
        """The probes that run the guard's function; first those that noticed others of its file, then the quickest."""
        file, _function = where = where_is(guard)
        reached = [name for name in self.seconds if where in self.codes[name]] or list(self.seconds)
        return sorted(reached, key=lambda name: (-self.merits[file, name], self.seconds[name]))

    def remember(self, guard: Switchable, name: str) -> None:
        self.merits[where_is(guard)[0], name] += 1

    def _keep(self, name: str, codes: set[Code], seconds: float) -> None:
        self.codes[name], self.seconds[name] = codes, seconds
        unfinished = self.folder / f"{name}.{os.getpid()}"
        unfinished.write_text(json.dumps({"codes": sorted(codes), "seconds": seconds}))
        unfinished.rename(self.folder / f"{name}.json")


def noticed(world: World, name: str) -> str:
    """What the probe says; empty where it notices nothing. A page that breaks is noticed as well."""
    try:
        with world.undone() as twin:
            PROBES[name](twin)
    except (Exception, pytest.fail.Exception) as failure:
        return f"{type(failure).__name__}: {failure}"
    return ""


def key_of(guard: Switchable) -> str:
    """The guard's name without the line, which changes with every edit above it."""
    return re.sub(r":\d+ ", " ", guard.name, count=1)


def _place(key: str) -> str:
    """The file of a guard by its name, or its module."""
    return key.split(" ")[0].rpartition(".")[0]


def where_is(guard: Switchable) -> Code:
    """File and function of a guard of the code; of one that stands elsewhere nothing is known."""
    if isinstance(guard, Spot):
        return str(ROOT / guard.file), guard.function
    if isinstance(guard, Guard):
        return str(ROOT / f"{guard.module.replace('.', '/')}.py"), guard.path
    return "", ""


@contextmanager
def _watched(codes: set[Code]) -> Iterator[None]:
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
