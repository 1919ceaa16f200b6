"""Random days of a central with one base 1.0 and two nodes: edits everywhere, broken lines, old backups.

Both sides speak as in the product, from hello to the acknowledgement. Each edit writes a word that was never written
before. A word that nobody has overwritten where it was seen is alive: at the end it stands on all sides, or in what a
conflict keeps, or its person was erased. After a restore those words are alive that any side still has.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from clearing.branch import running
from clearing.branch.transport import Unreachable
from clearing.central import entering, pairing, standing
from clearing.models import Conflict, Cycle
from clearing.protocol.versions import Version
from clearing.rows.reading import versions_of
from customers.erasure import erase_customer
from customers.models import Customer, CustomerGroup, CustomerRevision, Tag
from locations.choices import EditSide, Side
from locations.models import CustomerBase
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.clearing import pairs
from tests.clearing.backups import Backup
from tests.clearing.two_sides import ASKED, at, changed
from tests.conftest import Cast
from tests.customers.people import customer, group, says, tag
from tests.proofs.sampling import examples

DAYS, STEPS = int(os.environ.get("DAYS", "8")), int(os.environ.get("STEPS", "15"))
"""How many days, and steps of each; `make test-clearing` asks more."""
MOST_ROUNDS = 5
"""So many runs of each branch at most, and nothing is left to be told."""
FIELDS = ("city", "street", "memo")
NODES = {"Lübeck": 4, "Kiel": 5}
"""The branches by name, with their client numbers."""
PLACES = ("central", *NODES)
WHO = st.integers(0, 9)
REQUESTS = ["knock", "prove", "hello", "site", "parts/1", "decide", "answer/1", "ack"]
LIVES: dict[str, str] = {}
"""Which life of its database each side is in: another one after a restore."""


class Day(RuleBasedStateMachine):
    """All sides, and what must not be lost."""

    pairs: ClassVar[dict[str, pairs.Pair]]
    scopes: ClassVar[dict[str, Scope]]

    def __init__(self) -> None:
        super().__init__()
        self._block = transaction.atomic()
        self._block.__enter__()
        LIVES.update(dict.fromkeys(PLACES, "first"))
        self.words = 0
        self.alive: dict[UUID, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.erased: set[UUID] = set()
        self.backups: dict[str, Backup] = {}

    def teardown(self) -> None:
        """The last runs, what must hold after them, and an end of it all."""
        try:
            self._demand_quiet()
        finally:
            transaction.set_rollback(True)
            self._block.__exit__(None, None, None)

    # --- where and who ----------------------------------------------------------------------------------------

    def base(self, place: str) -> CustomerBase:
        return self.scopes[place].base

    def side(self, place: str) -> Side:
        return Side.CENTRAL if place == "central" else Side.BRANCH

    def word(self) -> str:
        self.words += 1
        return f"w{self.words}"

    def somebody(self, place: str, who: int) -> Customer | None:
        rows = Customer.objects.in_base(self.base(place)).order_by("uid")
        return rows[who % len(rows)] if rows else None

    def versions(self, place: str) -> dict[UUID, Version]:
        base = self.base(place)
        return versions_of(base, list(Customer.objects.in_base(base).values_list("uid", flat=True)))

    # --- edits ------------------------------------------------------------------------------------------------

    @rule(place=st.sampled_from(PLACES), number=st.integers(0, 5))
    def register(self, place: str, number: int) -> None:
        scope = self.scopes[place]
        chosen = scope.location.number_range.lower + number
        if not Customer.objects.in_base(scope.base).filter(customer_number=chosen).exists():
            word = self.word()
            with at(self.side(place)):
                row = customer(scope, last_name="Muster", customer_number=chosen, city=word)
            self.alive[row.uid]["city"] = {word}

    @rule(place=st.sampled_from(PLACES), who=WHO, field=st.sampled_from(FIELDS))
    def change(self, place: str, who: int, field: str) -> None:
        row = self.somebody(place, who)
        if row is not None:
            seen, word = getattr(row, field), self.word()
            changed(self.scopes[place], self.side(place), row.uid, **{field: word})
            self.alive[row.uid][field] = (self.alive[row.uid][field] - {seen}) | {word}

    @rule(place=st.sampled_from(PLACES), who=WHO, is_archived=st.booleans())
    def archive(self, place: str, who: int, is_archived: bool) -> None:
        row = self.somebody(place, who)
        if row is not None:
            moment = "2026-03-02T12:00:00+00:00" if is_archived else None
            changed(self.scopes[place], self.side(place), row.uid, archived_at=moment)

    @rule(place=st.sampled_from(PLACES), who=WHO, name=st.sampled_from(["Firmen", "Gäste"]))
    def put_in_group(self, place: str, who: int, name: str) -> None:
        scope, row = self.scopes[place], self.somebody(place, who)
        if row is not None:
            with at(self.side(place)):
                found = CustomerGroup.objects.filter(base=scope.base, name=name).first() or group(scope, name)
            changed(scope, self.side(place), row.uid, customer_group=found.pk)

    @rule(place=st.sampled_from(PLACES), who=WHO, name=st.sampled_from(["Stamm", "Neu"]))
    def put_tag(self, place: str, who: int, name: str) -> None:
        scope, row = self.scopes[place], self.somebody(place, who)
        if row is not None:
            with at(self.side(place)):
                if not Tag.objects.filter(base=scope.base, name=name).exists():
                    tag(scope, name)
            changed(scope, self.side(place), row.uid, tags=sorted({*row.tags, name}))

    @rule(place=st.sampled_from(PLACES), who=WHO, is_given=st.booleans())
    def say(self, place: str, who: int, is_given: bool) -> None:
        row = self.somebody(place, who)
        if row is not None and row.archived_at is None:
            with at(self.side(place)):
                says(self.scopes[place], row, "newsletter", is_given)

    @rule(place=st.sampled_from(PLACES), who=WHO)
    def erase(self, place: str, who: int) -> None:
        row = self.somebody(place, who)
        if row is not None:
            with at(self.side(place)), row_scope.rows_of(self.scopes[place]):
                erase_customer(customer=row.pk, reason="Wunsch", actor=self.scopes[place])
            self.erased.add(row.uid)

    # --- runs -------------------------------------------------------------------------------------------------

    @rule(node=st.sampled_from([*NODES]))
    def run_undisturbed(self, node: str) -> None:
        self.done(node)

    def done(self, node: str) -> Cycle:
        with at(Side.BRANCH), life_of(node):
            done = self.pairs[node].run()
        counts = dict(done.counts)
        assert counts["sent"] == sum(counts[name] for name in ("applied", "same", "conflict", "held_back"))
        return done

    @rule(node=st.sampled_from([*NODES]), request=st.sampled_from(REQUESTS), is_lost=st.booleans())
    def run_that_breaks_off(self, node: str, request: str, is_lost: bool) -> None:
        line = self.pairs[node].line
        patterns = line.lost if is_lost else line.cut
        patterns.append(request)
        with suppress(Unreachable):
            self.done(node)
        patterns.clear()

    @rule(
        node=st.sampled_from([*NODES]),
        request=st.sampled_from(REQUESTS),
        place=st.sampled_from(PLACES),
        who=WHO,
        field=st.sampled_from(FIELDS),
    )
    def change_during_a_run(self, node: str, request: str, place: str, who: int, field: str) -> None:
        line, left = self.pairs[node].line, [request]

        def once(_method: str, path: str) -> None:
            if left and left[0] in path:
                left.pop()
                self.change(place, who, field)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(line, "before", once)
            self.done(node)

    # --- old backups ------------------------------------------------------------------------------------------

    @rule(place=st.sampled_from(PLACES))
    def back_up(self, place: str) -> None:
        self.backups[place] = Backup(self.base(place))

    @precondition(lambda self: self.backups)
    @rule(which=st.integers(0, 2))
    def restore(self, which: int) -> None:
        place = sorted(self.backups)[which % len(self.backups)]
        self.backups[place].restore()
        LIVES[place] = str(uuid4())
        self._forget_what_nobody_has()

    def _forget_what_nobody_has(self) -> None:
        there = [self.versions(place) for place in self.scopes]
        kept = self._kept_by_conflicts(Conflict.objects.all())
        for uid, fields in self.alive.items():
            for field, words in fields.items():
                known = {versions[uid].values[field] for versions in there if uid in versions} | kept[uid, field]
                words &= known
        known_erased = CustomerRevision.objects.filter(is_erased=True, uid__in=self.erased)
        self.erased = set(known_erased.values_list("uid", flat=True))

    @staticmethod
    def _kept_by_conflicts(conflicts: QuerySet[Conflict]) -> dict[tuple[UUID, str], set[Any]]:
        found: dict[tuple[UUID, str], set[Any]] = defaultdict(set)
        losts: list[Any] = list(conflicts.filter(lost__isnull=False).values_list("lost", flat=True))
        for lost in losts:
            for field in FIELDS:
                found[UUID(lost["uid"]), field].add(lost["values"][field])
        return found

    # --- the end ----------------------------------------------------------------------------------------------

    def _demand_quiet(self) -> None:
        for _turn in range(MOST_ROUNDS):
            last = [self.done(node) for node in self.pairs]
            if not any(run.sent or run.answer for run in last):
                break
        assert not any(run.sent or run.answer or any(run.counts.values()) for run in last)
        central = self.versions("central")
        for node in self.pairs:
            assert self.versions(node) == central
        assert not self.erased & central.keys()
        kept = self._kept_by_conflicts(Conflict.objects.in_base(self.base("central")))
        for uid, fields in self.alive.items():
            for field, words in fields.items() if uid not in self.erased else ():
                there = {central[uid].values[field]} if uid in central else set()
                assert words <= there | kept[uid, field], (uid, field)
        assert set(Cycle.objects.values_list("state", flat=True)) <= {"done"}


class Switching(pairs.Line):
    """A line whose other end writes as a central."""

    def send(self, method: str, path: str, **more: Any) -> Any:
        """Send it, and answer as the central."""
        self.before(method, path)
        with at(Side.CENTRAL):
            return super().send(method, path, **more)

    before: Callable[[str, str], None] = staticmethod(lambda _method, _path: None)


@contextmanager
def life_of(node: str) -> Iterator[None]:
    """This node and the central are in the lives of their databases in which they are now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "current_life", lambda: LIVES[node])
        for module in (standing, entering, pairing):
            patch.setattr(module, "current_life", lambda: LIVES["central"])
        yield


def all_paired(cast: Cast) -> dict[str, pairs.Pair]:
    """The branches, paired, and their customers edited on all sides."""
    found = {name: pairs.new_pair(cast, 77_700 + client, client) for name, client in NODES.items()}
    LIVES.update(dict.fromkeys(PLACES, "first"))
    for name, pair in found.items():
        pair.line = Switching(pair.line.account)
        with at(Side.BRANCH), life_of(name):
            pair.pair()
    bases = [pair.own.base_id for pair in found.values()] + [pair.there.base.pk for pair in found.values()]
    CustomerBase.objects.filter(pk__in=bases).update(edit_side=EditSide.BOTH)
    return found


@pytest.fixture
def kind(cast, as_owner):
    """The machine, with branches that are paired."""
    with connection.cursor() as cursor:
        cursor.execute(ASKED)
    found = all_paired(cast)
    scopes = {"central": found["Lübeck"].there}
    scopes |= {name: Scope.of_system(pair.fresh.location, name="test") for name, pair in found.items()}
    return type("DayOfCast", (Day,), {"pairs": found, "scopes": scopes})


@pytest.mark.django_db
def test_nothing_is_lost_or_apart_after_any_day(kind):
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=examples(DAYS), stateful_step_count=STEPS, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.django_db
def test_a_central_restored_once_more_numbers_on_behind_the_run_that_was_lost_with_it(kind):
    day = kind()
    day.back_up("central")
    day.register("Lübeck", 0)
    day.done("Lübeck")
    day.restore(0)
    day.run_that_breaks_off("Lübeck", "answer/1", is_lost=True)
    day.restore(0)
    assert day.done("Lübeck").number == 3
    day.teardown()


@pytest.mark.django_db
def test_a_central_restored_to_before_it_had_decided_does_not_stop_who_waits_for_the_answer(kind):
    day = kind()
    day.register("Lübeck", 0)
    day.register("central", 1)
    day.back_up("central")
    day.run_that_breaks_off("Lübeck", "answer/1", is_lost=True)
    day.change("Lübeck", 0, "city")
    day.restore(0)
    day.done("Lübeck")
    assert day.pairs["Lübeck"].courses[-2:] == ["go on", "the central was restored"]
    day.teardown()
