"""Whatever is done at both sides, in whatever order: once it is quiet both have the same, and no value is lost.

Each edit writes a word that was never written before. A word that nobody has overwritten at the side where it was seen
is alive: at the end it stands at both sides, or in a version that a conflict keeps, or its person was erased.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.models import Conflict, Cycle
from customers.erasure import erase_customer
from customers.models import Customer
from locations.choices import Side
from tests.clearing.two_sides import TwoSides, at, changed
from tests.customers.people import customer, says
from tests.proofs.sampling import examples

FIELDS = ("city", "street", "memo")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("register"), st.sampled_from(Side), st.integers(1, 4)),
        st.tuples(st.just("change"), st.sampled_from(Side), st.integers(0, 9), st.sampled_from(FIELDS)),
        st.tuples(st.just("archive"), st.sampled_from(Side), st.integers(0, 9)),
        st.tuples(st.just("say"), st.sampled_from(Side), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("erase"), st.sampled_from(Side), st.integers(0, 9)),
        st.tuples(st.sampled_from(["cut", "decide", "apply", "run"])),
    ),
    max_size=24,
)


class World:
    """Both sides, and what must not be lost."""

    def __init__(self) -> None:
        self.sides = TwoSides()
        self.words = 0
        self.alive: dict[UUID, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.said: dict[UUID, int] = defaultdict(int)
        self.erased: set[UUID] = set()
        self.sent: Cycle | None = None
        self.decided: Cycle | None = None

    def scope(self, side: Side) -> Any:
        return self.sides.branch.actor if side == Side.BRANCH else self.sides.central

    def step(self, kind: str, *how: Any) -> None:
        getattr(self, kind)(*how)

    def word(self) -> str:
        self.words += 1
        return f"w{self.words}"

    def somebody(self, side: Side, at_: int) -> UUID | None:
        uids = Customer.objects.in_base(self.scope(side).base).order_by("uid").values_list("uid", flat=True)
        return uids[at_ % len(uids)] if uids else None

    def register(self, side: Side, number: int) -> None:
        if Customer.objects.in_base(self.scope(side).base).filter(customer_number=number).exists():
            return
        word = self.word()
        with at(side):
            row = customer(self.scope(side), last_name="Muster", customer_number=number, city=word)
        self.alive[row.uid]["city"] = {word}

    def change(self, side: Side, at_: int, field: str) -> None:
        uid = self.somebody(side, at_)
        if uid is not None:
            seen = Customer.objects.in_base(self.scope(side).base).values_list(field, flat=True).get(uid=uid)
            word = self.word()
            changed(self.scope(side), side, uid, **{field: word})
            self.alive[uid][field] = (self.alive[uid][field] - {seen}) | {word}

    def archive(self, side: Side, at_: int) -> None:
        uid = self.somebody(side, at_)
        if uid is not None:
            changed(self.scope(side), side, uid, archived_at="2026-03-02T12:00:00+00:00")

    def say(self, side: Side, at_: int, is_given: bool) -> None:
        uid = self.somebody(side, at_)
        row = Customer.objects.in_base(self.scope(side).base).filter(uid__in=[uid], archived_at=None).first()
        if row is not None and uid is not None:
            with at(side):
                self.said[uid] += says(self.scope(side), row, "newsletter", is_given)

    def erase(self, side: Side, at_: int) -> None:
        uid = self.somebody(side, at_)
        if uid is not None:
            scope = self.scope(side)
            with at(side):
                pk = Customer.objects.in_base(scope.base).get(uid=uid).pk
                erase_customer(customer=pk, reason="Wunsch", actor=scope)
            self.erased.add(uid)

    def cut(self) -> None:
        self.sent = self.sides.cut()

    def decide(self) -> None:
        if self.sent is not None:
            self.decided = self.sides.decide(self.sent)

    def apply(self) -> None:
        if self.sent is not None and self.decided is not None:
            self.sides.apply(self.sent, self.decided)
            self.sent = self.decided = None

    def run(self) -> dict[str, int]:
        self.cut()
        self.decide()
        assert self.decided is not None
        counts = dict(self.decided.counts)
        self.apply()
        return counts

    def is_kept(self, uid: UUID, field: str, word: str, versions: Any) -> bool:
        if uid in versions and versions[uid].values[field] == word:
            return True
        lost = Conflict.objects.in_base(self.sides.central.base).values_list("lost", flat=True)
        return any(one and one["uid"] == str(uid) and one["values"][field] == word for one in lost)


@pytest.mark.django_db
@given(steps=STEPS)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_sides_agree_in_the_end_and_nothing_is_lost(cast, as_owner, steps):
    with transaction.atomic():
        world = World()
        for kind, *how in steps:
            world.step(kind, *how)
        for _turn in range(3):
            world.run()
        assert not any(world.run().values())
        central, branch = (world.sides.versions(base) for base in (world.sides.central.base, world.sides.branch.base))
        assert central == branch
        assert not world.erased & central.keys()
        for uid, fields in world.alive.items():
            for field, words in fields.items() if uid not in world.erased else ():
                for word in words:
                    assert world.is_kept(uid, field, word, central), (uid, field, word)
        for uid, count in world.said.items():
            if uid in central:
                assert len(central[uid].consents) == count
        transaction.set_rollback(True)
