"""Which of the long proofs a run asks: all of them, or so many of each kind as its budget has room for.

    @pytest.mark.sample("guards", most=120)        at a parametrized test: so many of its cases
    pytest.param(…, marks=pytest.mark.about(file)) which file of the product a case is about
    sample.part(pairs, of=8)                       inside a test: each eighth
    @settings(max_examples=examples(60))           at a property: an eighth of so many, drawn anew each time

Of other tests that take three tenths of a second or more (`slow.json`, see ordering.py), proofs of isolation apart, it
asks one in SLOW_OF, those first whose files changed.

`--proofs=whole`, the default, asks everything. `--proofs=sampled` asks the cases first whose files changed in the last
commits; the other room is drawn by a seed, the number of changes taken in: each change asks others, and after many
everything was asked. The same seed on the same commit asks the same.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMITS = 50
"""So far back a file counts as changed."""
FOR_THE_CHANGED = 2 / 3
"""At most so much of the room is for what changed, so that the rest rotates even while everything changes."""
SLOW = Path(__file__).with_name("slow.json")
SLOW_KIND, SLOW_OF = "tests of three tenths of a second or more", 3
WHOLE, SAMPLED = "whole", "sampled"
FEWEST_EXAMPLES = 5
_is_whole = True
_NOTED = pytest.StashKey[dict[str, str]]()
_KEY = "sampled"


@dataclass(frozen=True)
class Sample:
    """What the run asks of each kind. `seed` is another one at each commit."""

    is_whole: bool
    seed: int = 0
    changed: frozenset[str] = field(default_factory=frozenset)
    """The files of the last commits, as paths below the project."""

    def part[T](self, things: Iterable[T], *, of: int, shift: int = 0) -> list[T]:
        """Each `of`-th thing, others at another commit; `shift` lets several askers differ in what they ask."""
        every = list(things)
        return every if self.is_whole else every[random.Random(self.seed + shift).randrange(of) :: of]

    def has(self, name: str, *, of: int) -> bool:
        """Whether a thing of this name is among each `of`-th, others at another commit."""
        return self.is_whole or (zlib.crc32(name.encode()) + self.seed) % of == 0

    def choose[T](self, things: Sequence[T], *, most: int, files: Sequence[frozenset[str]] = ()) -> list[T]:
        """At most so many of the things, in their order; first those of whose files one has changed."""
        if self.is_whole or most >= len(things):
            return list(things)
        touched = {i for i, about in enumerate(files) if about & self.changed}
        room = int(most * FOR_THE_CHANGED)
        if most == 1 and touched:  # a single place is for them half of the times, or they would never have it
            room = random.Random(f"{self.seed} whose").randrange(2)
        chosen = self._window(sorted(touched), room)
        chosen += self._window([i for i in range(len(things)) if i not in touched], most - len(chosen))
        chosen += self._window(sorted(touched.difference(chosen)), most - len(chosen))
        return [thing for i, thing in enumerate(things) if i in chosen]

    def _window(self, places: list[int], room: int) -> list[int]:
        """As many places as there is room for, drawn by the seed."""
        return random.Random(self.seed).sample(places, min(room, len(places)))


class Sampler:
    """Reads the options and git, and leaves out of a run what it does not ask."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.left_out: dict[str, tuple[int, int, int]] = {}
        """Of each kind: asked, asked because they changed, and all there are."""

    @cached_property
    def sample(self) -> Sample:
        if self._config.getoption("proofs") == WHOLE:
            return Sample(is_whole=True)
        given = self._config.getoption("seed")
        has_history = _git("rev-parse", "--is-shallow-repository") == "false"  # else every file would count as changed
        changed = _git("log", f"-{COMMITS}", "--name-only", "--format=") if has_history else ""
        seed = given if given is not None else _seed_of_today(has_history=has_history)
        return Sample(is_whole=False, seed=seed, changed=frozenset(changed.split()))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item], config: pytest.Config) -> None:
        kinds: dict[str, list[pytest.Item]] = {}
        slow: dict[str, float] = json.loads(SLOW.read_text())
        for item in items:
            markers = list(item.iter_markers("sample"))
            for marker in markers:
                kinds.setdefault(marker.args[0], []).append(item)
            if not markers and item.nodeid in slow and item.get_closest_marker("isolation") is None:
                kinds.setdefault(SLOW_KIND, []).append(item)
        gone = {item for kind, cases in kinds.items() for item in self._left_out(kind, cases)}
        if gone:
            config.hook.pytest_deselected(items=list(gone))
            items[:] = [item for item in items if item not in gone]

    def _left_out(self, kind: str, cases: list[pytest.Item]) -> list[pytest.Item]:
        if kind == SLOW_KIND:
            most, files = -(-len(cases) // SLOW_OF), [frozenset({case.nodeid.partition("::")[0]}) for case in cases]
        else:
            most, files = _marker(cases[0], "sample").kwargs["most"], [_files_of(case) for case in cases]
        chosen = set(self.sample.choose(cases, most=most, files=files))
        changed = sum(
            bool(about & self.sample.changed) for about, case in zip(files, cases, strict=True) if case in chosen
        )
        self.left_out[kind] = (len(chosen), changed, len(cases))
        return [case for case in cases if case not in chosen]

    def sentences(self) -> dict[str, str]:
        """What was asked of each kind; empty where everything is."""
        if self.sample.is_whole:
            return {}
        return {
            kind: f"{kind}: {asked} of {there_are}, {changed} of them changed in the last {COMMITS} commits"
            for kind, (asked, changed, there_are) in self.left_out.items()
            if asked < there_are
        }


def examples(number: int) -> int:
    """How many examples a property is tried with: all, or an eighth in a run that samples."""
    return number if _is_whole else max(FEWEST_EXAMPLES, number // 8)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("proofs")
    group.addoption("--proofs", choices=[WHOLE, SAMPLED], default=WHOLE, help="ask everything, or a part that rotates")
    group.addoption("--seed", type=int, default=None, help="which part; by default the number of changes taken in")


def pytest_configure(config: pytest.Config) -> None:
    global _is_whole
    _is_whole = config.getoption("proofs") == WHOLE
    config.stash[_NOTED] = {}
    config.pluginmanager.register(Sampler(config), "sampler")


def sampler(config: pytest.Config) -> Sampler:
    plugin = config.pluginmanager.get_plugin("sampler")
    assert isinstance(plugin, Sampler)
    return plugin


@pytest.fixture(scope="session")
def sample(request: pytest.FixtureRequest) -> Sample:
    """What this run asks."""
    return sampler(request.config).sample


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Only the processes that run tests know what they left out; they tell the one that prints."""
    told = getattr(session.config, "workeroutput", None)
    sentences = sampler(session.config).sentences()
    if told is not None:
        told[_KEY] = sentences
    else:
        session.config.stash[_NOTED].update(sentences)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[_NOTED].update(getattr(node, "workeroutput", {}).get(_KEY, {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    sentences = config.stash[_NOTED]
    if sentences:
        terminalreporter.section("sampled proofs")
        for sentence in sorted(sentences.values()):
            terminalreporter.write_line(sentence)
        seed = sampler(config).sample.seed
        again = f"the same again: --proofs=sampled --seed={seed}; everything: --proofs=whole"
        terminalreporter.write_line(f"seed {seed}; {again}")


def _files_of(item: pytest.Item) -> frozenset[str]:
    """Which files of the product it is about."""
    return frozenset(str(file) for about in item.iter_markers("about") for file in about.args)


def _marker(item: pytest.Item, name: str) -> pytest.Mark:
    marker = item.get_closest_marker(name)
    assert marker is not None
    return marker


def _seed_of_today(*, has_history: bool) -> int:
    """How many changes were taken in; of the commit where git does not know, and of the day where there is no git."""
    if has_history:
        return int(_git("rev-list", "--count", "--first-parent", "HEAD"))
    commit = _git("rev-parse", "HEAD")
    return int(commit[:6], 16) if commit else int(time.time() // 86_400)


def _git(*arguments: str) -> str:
    """What git says; nothing where the folder is no checkout."""
    try:
        asked = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""
