"""Random days in memory: a central and two branches, false clocks, broken lines, messages that come again, old disks.

As in test_random_days.py each edit writes a word that was never written before, and no word that is alive may vanish.
Here nothing is stored, so many more days are tried.
"""

from __future__ import annotations

import copy
import os
import random
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from clearing.protocol.consent_union import ConsentStatement, union
from clearing.protocol.versions import Version
from tests.clearing import people
from tests.clearing.model.branch import Branch
from tests.clearing.model.central import Central
from tests.clearing.model.disks import Cut, Place, Run
from tests.clearing.model.line import run
from tests.proofs.sampling import examples

DAYS, STEPS = int(os.environ.get("MODEL_DAYS", "320")), 50
"""How many days, and steps of each; `make test-clearing` asks more."""
NODES = ("Lübeck", "Kiel")
PLACES = ("central", *NODES)
PLACE, NODE, WHO = st.sampled_from(PLACES), st.sampled_from(NODES), st.integers(0, 9)
FIELD = st.sampled_from(["city", "street", "memo"])
REQUEST = st.sampled_from(["hello", "decide", "answer", "ack"])
NUMBERS = {"central": 4_000, "Lübeck": 4_000, "Kiel": 5_000}


class Day(RuleBasedStateMachine):
    """All places, and what must not be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.central = Central(list(NODES))
        self.branches = {name: Branch(name) for name in NODES}
        self.places: dict[str, Central | Branch] = {"central": self.central, **self.branches}
        self.words = 0
        self.alive: dict[UUID, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.erased: set[UUID] = set()
        self.backups: dict[str, Any] = {}
        self.last: dict[str, Run] = {}

    def teardown(self) -> None:
        """The last runs, and what must hold after them."""
        for _turn in range(3):
            for node in NODES:
                self.done(node)
        for node in NODES:
            last = self.done(node)
            assert (last.sent, last.answer) == ([], [])
        central = self.central.disk
        for branch in self.branches.values():
            assert branch.disk.people == central.people
        assert not self.erased & central.people.keys()
        kept = self._kept_by_conflicts(self.central)
        for uid, fields in self.alive.items():
            for field, words in fields.items() if uid not in self.erased else ():
                there = {central.people[uid].values[field]} if uid in central.people else set()
                assert words <= there | kept[uid, field], (uid, field)

    def word(self) -> str:
        self.words += 1
        return f"w{self.words}"

    def somebody(self, place: str, who: int) -> Version | None:
        there = sorted(self.places[place].disk.people)
        return self.places[place].disk.people[there[who % len(there)]] if there else None

    # --- edits ------------------------------------------------------------------------------------------------

    @rule(place=PLACE, number=st.integers(0, 3))
    def register(self, place: str, number: int) -> None:
        here = self.places[place]
        chosen = NUMBERS[place] + number
        if any(one.number == chosen for one in here.disk.people.values()):
            return
        word = self.word()
        uid = UUID(int=random.Random(word).getrandbits(128), version=4)  # the same for the same day
        new = replace(people.version(uid, number=chosen, city=word), created_at=here.now())
        here.write(new)
        self.alive[new.uid]["city"] = {word}

    @rule(place=PLACE, who=WHO, field=FIELD)
    def change(self, place: str, who: int, field: str) -> None:
        own = self.somebody(place, who)
        if own is not None:
            word, seen = self.word(), own.values[field]
            self.places[place].write(replace(own, values={**own.values, field: word}))
            self.alive[own.uid][field] = (self.alive[own.uid][field] - {str(seen)}) | {word}

    @rule(place=PLACE, who=WHO, is_archived=st.booleans())
    def archive(self, place: str, who: int, is_archived: bool) -> None:
        own = self.somebody(place, who)
        if own is not None:
            moment = "2026-03-02T12:00:00.000000+00:00" if is_archived else None
            self.places[place].write(replace(own, values={**own.values, "archived_at": moment}))

    @rule(place=PLACE, who=WHO, is_given=st.booleans())
    def say(self, place: str, who: int, is_given: bool) -> None:
        own, here = self.somebody(place, who), self.places[place]
        if own is not None:
            moment = here.now()
            said = ConsentStatement("newsletter", is_given, moment, "counter", moment, self.word())
            here.say(replace(own, consents=union(own.consents, [said])))

    @rule(place=PLACE, who=WHO)
    def erase(self, place: str, who: int) -> None:
        own = self.somebody(place, who)
        if own is not None:
            self.places[place].erase(own.uid)
            self.erased.add(own.uid)

    @rule(place=PLACE, days=st.integers(-3650, 3650))
    def set_clock(self, place: str, days: int) -> None:
        self.places[place].clock = people.NOON + timedelta(days=days)

    # --- runs -------------------------------------------------------------------------------------------------

    @rule(node=NODE)
    def run_undisturbed(self, node: str) -> None:
        self.done(node)

    def done(self, node: str) -> Run:
        done = run(self.branches[node], self.central)
        counts = done.counts
        assert counts.sent == counts.applied + counts.same + counts.conflict + counts.held_back
        self.last[node] = copy.deepcopy(done)
        return done

    @rule(node=NODE, request=REQUEST, is_lost=st.booleans())
    def run_that_breaks_off(self, node: str, request: str, is_lost: bool) -> None:
        with suppress(Cut):
            run(self.branches[node], self.central, broken=request, is_lost=is_lost)

    @rule(node=NODE, request=REQUEST, place=PLACE, who=WHO, field=FIELD)
    def change_during_a_run(self, node: str, request: str, place: str, who: int, field: str) -> None:
        with suppress(Cut):
            run(self.branches[node], self.central, broken=request, is_lost=True)
        self.change(place, who, field)
        self.done(node)

    @precondition(lambda self: self.last)
    @rule(node=NODE)
    def what_was_sent_comes_again(self, node: str) -> None:
        row = self.central.disk.nodes[node]
        if node in self.last and self.last[node].number <= row.decided:
            before = copy.deepcopy(self.central.disk)
            self.central.decide(node, self.last[node])
            self.central.acknowledge(node, self.last[node].number, self.last[node].receipt)
            after = self.central.disk
            assert (after.people, after.known, after.sequence) == (before.people, before.known, before.sequence)
            assert after.conflicts == before.conflicts

    # --- old disks --------------------------------------------------------------------------------------------

    @rule(place=PLACE)
    def back_up(self, place: str) -> None:
        self.backups[place] = self.places[place].backup()

    @precondition(lambda self: self.backups)
    @rule(which=st.integers(0, 2))
    def restore(self, which: int) -> None:
        place = sorted(self.backups)[which % len(self.backups)]
        self.places[place].restore(self.backups[place])
        self._forget_what_nobody_has()

    def _forget_what_nobody_has(self) -> None:
        disks = [place.disk for place in self.places.values()]
        kept = self._kept_by_conflicts(*self.places.values())
        for uid, fields in self.alive.items():
            for field, words in fields.items():
                words &= {disk.people[uid].values[field] for disk in disks if uid in disk.people} | kept[uid, field]
        self.erased = {uid for disk in disks for uid, known in disk.known.items() if known.is_erased}

    @staticmethod
    def _kept_by_conflicts(*places: Place[Any]) -> dict[tuple[UUID, str], set[Any]]:
        found: dict[tuple[UUID, str], set[Any]] = defaultdict(set)
        for place in places:
            for lost in (one.lost for one in place.disk.conflicts.values() if one.lost is not None):
                for field in ("city", "street", "memo"):
                    found[lost.uid, field].add(lost.values[field])
        return found


def test_nothing_is_lost_or_apart_after_any_day_in_memory():
    run_state_machine_as_test(
        Day,
        settings=settings(max_examples=examples(DAYS), stateful_step_count=STEPS, deadline=None, print_blob=True),
    )
