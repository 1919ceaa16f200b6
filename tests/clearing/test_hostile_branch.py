"""A branch whose administrator sends any bytes that he likes: nothing of it reaches further than his own customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from psycopg.types.range import Range

from clearing.choices import ConflictState
from clearing.conflicts.comparing import rows_of
from clearing.conflicts.deciding import recreate, undo
from clearing.models import Conflict, HeldBack
from clearing.protocol import lengths
from clearing.protocol.canonical import Json
from clearing.protocol.parts import PartLimits
from clearing.protocol.records import DecisionRecord, ErasureRecord, VocabularyRecord
from clearing.protocol.versions import RefusedRecord
from clearing.protocol.vocabulary import Group, Vocabulary
from customers.erasure import erase_customer
from customers.models import Consent, Customer, CustomerRevision
from customers.tombstones import Erased, Known
from locations.choices import Side
from locations.models import Location
from tests.clearing.conflicting import both_changed
from tests.clearing.forging import answered, line, sent
from tests.clearing.people import statement, version
from tests.clearing.two_sides import TwoSides, at, changed
from tests.customers.people import bears, customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def sides(cast, as_owner) -> TwoSides:
    return TwoSides()


def erased(scope, side: Side, uid: UUID) -> None:
    with at(side):
        erase_customer(customer=Customer.objects.get(base=scope.base, uid=uid).pk, reason="Auf Wunsch", actor=scope)


def of(scope, uid: UUID) -> bool:
    return Customer.objects.filter(base=scope.base, uid=uid).exists()


# --- erased people ------------------------------------------------------------------------------------------------


def number_given_twice(sides):
    """Who left the central's base because the branch had given his number as well; he had been there before."""
    with at(Side.CENTRAL):
        there = customer(sides.central, last_name="Zentrale", email="z@example.org", customer_number=5)
        bears(there, "Z-1")
    with at(Side.BRANCH):
        here = customer(sides.branch.actor, last_name="Filiale", customer_number=5)
    sides.run()
    assert Conflict.objects.filter(lost_uid=there.uid).count() == 2
    return there, here


def test_who_is_erased_under_his_new_number_does_not_come_back_from_the_conflict_at_the_branch(sides):
    there, here = number_given_twice(sides)
    with at(Side.CENTRAL):
        created = recreate(conflict=Conflict.objects.get(base=sides.central.base).pk, actor=sides.central)
    erased(sides.central, Side.CENTRAL, created.uid)
    sides.run()
    assert not Conflict.objects.exists()
    for scope in (sides.central, sides.branch.actor):
        assert CustomerRevision.objects.get(base=scope.base, uid=there.uid).is_erased
        assert of(scope, here.uid)
        known = Known.of(uid=None, numbers=[5], emails=["z@example.org"], phones=[])
        assert Erased.in_base(scope.base).is_one(known)
        event: Any = Customer._meta.get_field("history").related_model
        assert not event.objects.filter(base=scope.base, uid__in=[there.uid, created.uid]).exists()
    # and not by another branch that has him still, nor by what is sent once more
    cycle = sent(sides, line(version(there.uid, number=5)))
    assert [one["kind"] for one in answered(cycle)] == ["erasure"]


def test_who_is_gone_at_the_central_and_erased_at_the_branch_is_erased_at_both(sides):
    there, here = number_given_twice(sides)
    sent(sides, ErasureRecord(there.uid).to_json())
    assert not Conflict.objects.filter(base=sides.central.base).exists()
    assert CustomerRevision.objects.get(base=sides.central.base, uid=there.uid).is_erased
    assert of(sides.central, here.uid)
    again = sent(sides, ErasureRecord(there.uid).to_json(), line(version(there.uid, number=5)))
    assert [one["kind"] for one in answered(again)] == ["erasure"]


def test_nobody_is_made_of_the_erasure_of_nobody(sides):
    assert sent(sides, ErasureRecord(uuid4()).to_json()).counts["sent"] == 1
    assert not Customer.objects.filter(base=sides.central.base).exists()
    assert not CustomerRevision.objects.filter(base=sides.central.base).exists()


def test_of_somebody_who_was_erased_nothing_is_kept_but_that_he_is_held_back(sides):
    with at(Side.BRANCH):
        row = customer(sides.branch.actor, last_name="Sommer", email="eva@example.org", customer_number=10)
    sides.run()
    erased(sides.central, Side.CENTRAL, row.uid)
    cycle = sent(sides, line(version(uuid4(), number=10, email="eva@example.org")))
    (held,) = HeldBack.objects.all()
    assert (held.customer_number, held.name, held.record) == (10, "", None)
    assert not cycle.parts.filter(kind="sent").exists()


@pytest.mark.parametrize(("side", "name"), [(Side.BRANCH, "Branch"), (Side.CENTRAL, "Central")])
def test_who_is_called_like_a_word_of_ours_is_erased_at_both(sides, side, name):
    with at(Side.BRANCH):
        row = customer(sides.branch.actor, last_name=name, alias="Erased", customer_number=10)
    sides.run()
    erased(sides.central if side == Side.CENTRAL else sides.branch.actor, side, row.uid)
    sides.run()
    assert not Customer.objects.filter(uid=row.uid).exists()


# --- values that no program of ours sends -------------------------------------------------------------------------


def test_a_value_that_no_column_holds_holds_back_its_customer_alone(sides):
    bad: list[dict[str, Json]] = [
        {"price_level": 2**40}, {"home_location": 2**31}, {"price_level": -(2**31)},
        {"archived_at": "9999-12-31T23:59:59.000000+00:00"}, {"discount": "99999999999.00"},
    ]  # fmt: skip
    lines = [
        line(replace(one, values={**one.values, **values}))
        for number, values in enumerate(bad, start=20)
        for one in [version(UUID(int=number), number=number)]
    ]
    early = line(version(UUID(int=40), number=40), created_at="9999-12-31T23:30:00.000000+00:00")
    good = line(version(UUID(int=41), number=41))
    counts = sent(sides, *lines, early, good).counts
    assert (counts["applied"], counts["held_back"]) == (1, len(bad) + 1)
    assert of(sides.central, UUID(int=41))


# --- more than can travel -----------------------------------------------------------------------------------------

LONG = "x" * 501


@pytest.fixture
def narrow(monkeypatch):
    """Limits that a test reaches at once; what the other side reads is wider."""
    monkeypatch.setattr(lengths, "LONGEST_TEXT", 500)
    monkeypatch.setattr(lengths, "MOST_STATEMENTS", 3)
    monkeypatch.setattr(lengths, "LIMITS", PartLimits(line_bytes=5_000))


def opinions(scope, row, count: int) -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    Consent.objects.bulk_create(
        Consent(
            organization=row.organization, base=row.base, customer=row, purpose="newsletter", is_given=bool(hour % 2),
            at=first + timedelta(hours=hour), source="counter", recorded_by="dirk",
        )
        for hour in range(count)
    )  # fmt: skip


@pytest.mark.parametrize("side", [Side.BRANCH, Side.CENTRAL])
def test_of_whom_there_is_too_much_nobody_else_waits_for_him(sides, side, narrow):
    scope, other = (sides.branch.actor, sides.central) if side == Side.BRANCH else (sides.central, sides.branch.actor)
    with at(side):
        many = customer(scope, last_name="Viel", memo=LONG, customer_number=10)
        said = customer(scope, last_name="Sagt", customer_number=11)
        opinions(scope, said, 4)
        row = customer(scope, last_name="Normal", customer_number=12)
    for _time in range(2):
        sides.run()
        assert [one.uid for one in Customer.objects.filter(base=other.base)] == [row.uid]
        held = HeldBack.objects.filter(base=sides.branch.base).order_by("customer_number")
        assert [one.uid for one in held] == [many.uid, said.uid]
        assert "1,000 statements" in str(held[1].reasons)
    changed(scope, side, many.uid, memo="kurz")
    sides.run()
    assert Customer.objects.get(base=other.base, uid=many.uid).memo == "kurz"
    assert [one.uid for one in HeldBack.objects.filter(base=sides.branch.base)] == [said.uid]


def test_what_could_not_be_sent_is_not_overwritten_meanwhile(sides, narrow):
    with at(Side.BRANCH):
        row = customer(sides.branch.actor, last_name="Viel", city="Kiel", customer_number=10)
    sides.run()
    changed(sides.branch.actor, Side.BRANCH, row.uid, memo=LONG)
    changed(sides.central, Side.CENTRAL, row.uid, city="Plön")
    sides.run()
    assert Customer.objects.get(base=sides.branch.base).memo == LONG
    changed(sides.branch.actor, Side.BRANCH, row.uid, memo="kurz")
    assert sides.run()["conflict"] == 1
    assert sides.agree()
    assert Customer.objects.get(base=sides.branch.base).memo == "kurz"
    assert Conflict.objects.filter(only_lost_changed=["city"]).count() == 2


def test_a_conflict_that_is_too_long_for_a_line_stays_at_the_central(sides, narrow):
    with at(Side.BRANCH):
        row = customer(sides.branch.actor, last_name="Viel", memo="ä" * 490, customer_number=10)
    sides.run()
    changed(sides.central, Side.CENTRAL, row.uid, memo="ö" * 490)
    changed(sides.branch.actor, Side.BRANCH, row.uid, memo="ü" * 490)
    assert sides.run()["conflict"] == 1
    assert sides.agree()
    assert Conflict.objects.filter(base=sides.central.base).count() == 1


# --- decisions about conflicts ------------------------------------------------------------------------------------


def decided(conflict, state: str, result: dict, **more) -> dict:
    told = DecisionRecord(conflict.pk, state, "Anna Andresen", timezone.now(), conflict.revision, result)
    return {**told.to_json(), **more}


@pytest.mark.parametrize(
    "result",
    [
        {"fields": {"city": {"before": "Kiel", "after": ["x"]}, "price_level": {"before": 2**40, "after": 1}}},
        {"fields": {"unknown": {"before": "\0", "after": "\0"}, "city": {"after": "Plön"}}},
        {"own": 7, "stands": ["x"], "more": "\0"},
        {},
    ],
)
def test_what_a_decision_has_written_is_nothing_but_values_of_its_fields(sides, result):
    with at(Side.BRANCH):
        row = customer(sides.branch.actor, last_name="Sommer", city="Kiel", customer_number=10)
    sides.run()
    changed(sides.central, Side.CENTRAL, row.uid, city="Plön")
    changed(sides.branch.actor, Side.BRANCH, row.uid, city="Eutin")
    sides.run()
    conflict = Conflict.objects.get(base=sides.central.base)
    sent(sides, decided(conflict, "restored", result))
    conflict = Conflict.objects.get(base=sides.central.base)
    assert (conflict.state, conflict.result.get("fields", {})) == (ConflictState.RESTORED, {})
    with at(Side.CENTRAL):
        assert rows_of(conflict, Customer.objects.get(base=sides.central.base), ticked=None, actor=sides.central)
        undo(conflict=conflict.pk, actor=sides.central)
    assert Customer.objects.get(base=sides.central.base).city == "Eutin"


def test_a_decision_that_contradicts_itself_or_is_of_another_base_is_nothing(sides, cast):
    with at(Side.BRANCH):
        row = customer(sides.branch.actor, last_name="Sommer", city="Kiel", customer_number=10)
    sides.run()
    changed(sides.central, Side.CENTRAL, row.uid, city="Plön")
    changed(sides.branch.actor, Side.BRANCH, row.uid, city="Eutin")
    sides.run()
    conflict = Conflict.objects.get(base=sides.central.base)
    sent(sides, decided(conflict, "open", {}), decided(conflict, "dismissed", {}, at=None), decided(conflict, "x", {}))
    anna = cast.scope("anna", "Lübeck")
    elsewhere = both_changed(anna, customer(anna, last_name="Fremd"), before={}, lost={"city": "Kiel"})
    answer = answered(sent(sides, decided(elsewhere, "dismissed", {})))
    assert not answer
    assert not Conflict.objects.exclude(state=ConflictState.OPEN).exists()


# --- consents -----------------------------------------------------------------------------------------------------


def test_what_is_taken_back_by_a_wrong_clock_is_taken_back_at_once(sides):
    now = timezone.now()
    later = now + timedelta(days=3650)
    given = replace(statement(), at=now - timedelta(days=1), recorded_at=now)
    back = replace(statement(), at=later, recorded_at=later, is_given=False)
    wished = replace(statement("birthday"), at=later, recorded_at=later)
    sent(sides, line(version(said=(given, back, wished))))
    holding = Consent.objects.in_base(sides.central.base).holding
    assert [one.is_given for one in holding("newsletter", at=now)] == [False]
    assert not holding("birthday", at=now)


# --- what takes long ----------------------------------------------------------------------------------------------


def test_a_range_that_is_set_wrongly_holds_back_all_of_them_at_once(sides, django_assert_max_num_queries):
    """Found out one by one, ten thousand of them would hold the base for minutes."""
    Location.objects.filter(pk=sides.central.location.pk).update(number_range=Range(1, 100))
    lines = [line(version(UUID(int=number), number=number, home_location=4)) for number in range(200, 240)]
    with django_assert_max_num_queries(40 * 3 + 60):
        counts = sent(sides, *lines, line(version(UUID(int=1), number=1, home_location=4))).counts
    assert (counts["applied"], counts["held_back"]) == (1, 40)
    assert {one.reasons[0]["code"] for one in HeldBack.objects.all()} == {"clearing_number_out_of_range"}


def test_groups_that_no_base_can_have_refuse_the_run_with_a_sentence(sides):
    for name, discount in (("", "0.00"), ("Firmen", "10000.00"), (" ", "0.00")):
        told = VocabularyRecord(Vocabulary({name: Group(name, None, Decimal(discount))}))
        with pytest.raises(RefusedRecord), transaction.atomic():
            sent(sides, told.to_json())
