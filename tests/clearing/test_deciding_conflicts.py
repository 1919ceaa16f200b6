"""What people make of a version that did not stand: nothing is lost, and each decision can be undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.choices import ConflictState
from clearing.conflicts.deciding import (
    AlreadyDecided,
    NobodyThere,
    NothingTicked,
    NothingToCreate,
    leave,
    recreate,
    take_over,
    undo,
)
from clearing.conflicts.restoring import InTheWay
from clearing.conflicts.versions import lost_values, values_now, version_of
from clearing.models import Conflict
from clearing.protocol.decision import ConflictKind
from clearing.protocol.field_kinds import FormerNumber as Known
from clearing.protocol.versions import Version
from customers.history.changes import history_of
from customers.models import Card, Consent, Customer, CustomerRevision, FormerNumber
from customers.operations import change_customer
from customers.other_versions import written_on_either_side
from locations.choices import EditSide
from locations.permissions import Right
from mcp.isolation.scope import MissingRight
from tests.clearing.conflicting import born_twice, both_changed, conflict_of, edited_at, version_now, with_values
from tests.clearing.people import statement
from tests.customers.people import customer, group, says, tag
from tests.proofs.sampling import examples


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Lübeck")


@pytest.fixture
def eva(anna):
    tag(anna, "Stammgast")
    group(anna, "Firmen")
    return customer(anna, first_name="Eva", last_name="Sommer", city="Lübeck", email="eva@example.com")


def again(conflict: Conflict) -> Conflict:
    return Conflict.objects.get(pk=conflict.pk)


def now(row: Customer) -> Customer:
    return Customer.objects.get(pk=row.pk)


def _whole(record: Any) -> Version:
    version = version_of(record)
    assert version is not None
    return version


LOST: dict[str, Any] = {
    "city": "Kiel",
    "email": "sommer@example.com",
    "customer_group": "Firmen",
    "tags": ("Stammgast",),
    "is_blocked": True,
    "blocked_reason": "Zahlt nicht",
    "former_numbers": (Known("K-12", "import", "alt"),),
}


@pytest.mark.django_db
def test_taking_over_writes_what_is_ticked_and_undoing_it_gives_back_what_was(anna, eva):
    made = both_changed(anna, eva, before={}, lost=LOST)
    before = values_now(eva)
    assert set(made.only_lost_changed) == set(LOST)
    names = take_over(conflict=made.pk, fields=["city", "is_blocked", "former_numbers"], actor=anna)
    assert names == ("blocked_reason", "city", "former_numbers", "is_blocked")
    row = now(eva)
    assert (row.city, row.is_blocked, row.blocked_reason, row.email) == ("Kiel", True, "Zahlt nicht", "eva@example.com")
    assert list(FormerNumber.objects.filter(customer=row).values_list("number", "source", "origin")) == [
        ("K-12", "import", "alt")
    ]
    decided = again(made)
    assert (decided.state, decided.decided_by) == (ConflictState.RESTORED, anna.actor_name)
    [newest, *_older], _more = history_of(row, page=1, scope=anna)
    assert newest.reason == "Taken over from the version that a reconciliation had overridden"
    assert undo(conflict=made.pk, actor=anna) == ConflictState.RESTORED
    assert values_now(now(eva)) == before
    assert (again(made).state, again(made).decided_at, again(made).result) == (ConflictState.OPEN, None, {})
    take_over(conflict=made.pk, fields=LOST, actor=anna)
    assert {name: values_now(now(eva))[name] for name in LOST} == {name: lost_values(made)[name] for name in LOST}


@pytest.mark.django_db
def test_who_changed_the_customer_since_is_in_the_way_only_where_it_is_the_same_field(anna, eva):
    made = both_changed(anna, eva, before={}, lost={"city": "Kiel", "email": "sommer@example.com"})
    take_over(conflict=made.pk, fields=["city", "email"], actor=anna)
    row = now(eva)
    row.first_name = "Evi"
    change_customer(customer=row, actor=anna)
    row.city = "Plön"
    change_customer(customer=row, actor=anna)
    with pytest.raises(InTheWay, match="Somebody has changed this since: City"):
        undo(conflict=made.pk, actor=anna)
    assert (now(eva).city, again(made).state) == ("Plön", ConflictState.RESTORED)
    row.city = "Kiel"
    change_customer(customer=row, actor=anna)
    undo(conflict=made.pk, actor=anna)
    assert (now(eva).city, now(eva).email, now(eva).first_name) == ("Lübeck", "eva@example.com", "Evi")


@pytest.mark.django_db
def test_what_is_refused_stays_open(anna, eva):
    lost = {"tags": ("Unbekannt",), "customer_group": "Weg", "birthday_without_year": "05-17"}
    made = both_changed(anna, eva, before={}, lost=lost)
    for field, code in (("tags", "unknown_tag"), ("customer_group", "unknown_group")):
        with pytest.raises(ValidationError) as refusal:
            take_over(conflict=made.pk, fields=[field], actor=anna)
        [error] = refusal.value.error_dict["tags"] if field == "tags" else [refusal.value]
        assert error.code == code
    with pytest.raises(NothingTicked):
        take_over(conflict=made.pk, fields=["last_name", "nonsense"], actor=anna)
    with pytest.raises(AlreadyDecided, match="Nothing is decided here"):
        undo(conflict=made.pk, actor=anna)
    seen = eva.changed_at
    change_customer(customer=now(eva), actor=anna)
    with pytest.raises(ValidationError, match="Meanwhile somebody has changed"):
        take_over(conflict=made.pk, fields=["birthday_without_year"], seen_at=seen, actor=anna)
    assert again(made).state == ConflictState.OPEN


@pytest.mark.django_db
def test_a_place_out_of_whose_range_the_number_is_is_told(anna, eva):
    made = both_changed(anna, eva, before={}, lost={"home_location": 5})
    with pytest.raises(ValidationError, match="outside the number range of Kiel"):
        take_over(conflict=made.pk, fields=["home_location"], actor=anna)
    other = both_changed(anna, eva, before={}, lost={"home_location": 99})
    with pytest.raises(ValidationError, match="no location with the client number 99"):
        take_over(conflict=other.pk, fields=["home_location"], actor=anna)


@pytest.mark.django_db
def test_of_two_who_decide_one_is_told_what_the_other_has_decided(anna, cast, eva):
    made = both_changed(anna, eva, before={}, lost={"city": "Kiel"})
    leave(conflict=made.pk, actor=anna)
    for decide in (leave, recreate, lambda **given: take_over(fields=["city"], **given)):
        with pytest.raises(AlreadyDecided, match=r"Meanwhile .* has decided on .*: Left as it is"):
            decide(conflict=made.pk, actor=anna)
    assert undo(conflict=made.pk, actor=anna) == ConflictState.DISMISSED
    assert again(made).state == ConflictState.OPEN


@pytest.mark.django_db
def test_whose_number_was_given_twice_gets_a_new_one_with_all_that_he_is(anna, eva):
    said = (statement(), statement("transfer", minutes=5, struck_out=10))
    made = born_twice(anna, eva, said=said, **LOST)
    lost = _whole(made.lost)
    anew = recreate(conflict=made.pk, actor=anna)
    assert anew.customer_number != eva.customer_number
    assert anew.home_location == anna.location
    assert anew.created_at == lost.created_at
    assert anew.former_numbers == sorted(["K-12", str(eva.customer_number)])
    assert {row.pk for row in Customer.objects.in_base(anna.base).matching(str(eva.customer_number), hidden=())} >= {
        eva.pk,
        anew.pk,
    }
    told = values_now(anew)
    assert all(told[name] == value for name, value in lost.values.items() if name != "former_numbers")
    rows = Consent.objects.filter(customer=anew.pk).order_by("purpose")
    assert [(one.purpose, one.recorded_by, one.struck_out_at is None) for one in rows] == [
        ("newsletter", "dirk", True),
        ("transfer", "dirk", False),
    ]
    assert (again(made).state, again(made).created_uid) == (ConflictState.RECREATED, anew.uid)
    assert values_now(now(eva)) == _whole(made.stood).values
    # undone, he is archived; decided so again, he is the same one
    undo(conflict=made.pk, actor=anna)
    assert now(anew).archived_reason == "The decision about the conflict was undone"
    assert recreate(conflict=made.pk, actor=anna).pk == anew.pk
    assert values_now(now(anew)) == told


@pytest.mark.django_db
def test_a_new_customer_with_whom_something_was_done_stays(anna, eva):
    made = born_twice(anna, eva)
    anew = recreate(conflict=made.pk, actor=anna)
    with transaction.atomic():
        says(anna, anew, "newsletter", is_given=True)
        with pytest.raises(InTheWay, match="agrees to has been recorded"):
            undo(conflict=made.pk, actor=anna)
        transaction.set_rollback(True)
    with transaction.atomic():
        Card.objects.create(base=anna.base, customer=anew, number="4711")
        with pytest.raises(InTheWay, match="given a card"):
            undo(conflict=made.pk, actor=anna)
        transaction.set_rollback(True)
    anew.city = "Eutin"
    change_customer(customer=anew, actor=anna)
    with pytest.raises(InTheWay, match="Somebody has changed this since: City"):
        undo(conflict=made.pk, actor=anna)


@pytest.mark.django_db
def test_a_deletion_that_did_not_stand_can_still_archive(anna, eva):
    made = conflict_of(anna, eva, version_now(eva), None, kind=ConflictKind.DELETED_AGAINST_CHANGED)
    with pytest.raises(NothingToCreate):
        recreate(conflict=made.pk, actor=anna)
    take_over(conflict=made.pk, fields=["archived_at"], actor=anna)
    assert (now(eva).is_archived, now(eva).archived_reason) == (True, "Deleted at the other side of the reconciliation")
    undo(conflict=made.pk, actor=anna)
    assert (now(eva).is_archived, now(eva).archived_reason) == (False, "")


@pytest.mark.django_db
def test_archived_against_changed_goes_with_its_reason(anna, eva):
    archived = {"archived_at": eva.created_at, "archived_reason": "Verzogen", "city": "Kiel"}
    lost = with_values(version_now(eva), **archived)
    made = conflict_of(anna, eva, version_now(eva), lost, kind=ConflictKind.ARCHIVED_AGAINST_CHANGED)
    take_over(conflict=made.pk, fields=["archived_reason"], actor=anna)
    assert (now(eva).is_archived, now(eva).archived_reason, now(eva).city) == (True, "Verzogen", "Lübeck")
    undo(conflict=made.pk, actor=anna)
    assert not now(eva).is_archived


@pytest.mark.django_db
def test_of_whom_nobody_is_left_can_be_created(anna, eva):
    gone = with_values(version_now(eva), city="Kiel")
    made = Conflict.objects.create(
        base=anna.base, uid=UUID(int=7), customer_number=eva.customer_number, name="Eva Sommer",
        kind=ConflictKind.BOTH_CHANGED, lost=both_changed(anna, eva, before={}, lost={}).stood, differing=["city"],
    )  # fmt: skip
    with pytest.raises(NothingTicked):
        take_over(conflict=made.pk, fields=["city"], actor=anna)
    Conflict.objects.filter(pk=made.pk).update(state=ConflictState.OPEN)
    other = Conflict.objects.create(
        base=anna.base, uid=UUID(int=8), customer_number=eva.customer_number, name="Eva Sommer",
        kind=ConflictKind.BOTH_CHANGED, lost=made.lost, stood=made.lost, differing=["city"],
    )  # fmt: skip
    with pytest.raises(NobodyThere):
        take_over(conflict=other.pk, fields=["city"], actor=anna)
    assert recreate(conflict=made.pk, actor=anna).last_name == gone.values["last_name"]


@pytest.mark.django_db
def test_what_somebody_may_not_see_he_does_not_take_over(anna, eva):
    made = both_changed(anna, eva, before={}, lost={**LOST, "iban": "DE89370400440532013000"})
    blind = replace(anna, rights=anna.rights - {Right.SEE_CONTACT_DATA, Right.SEE_BANK_DATA, Right.SEE_MEMOS})
    with pytest.raises(NothingTicked):
        take_over(conflict=made.pk, fields=["email", "iban", "is_blocked"], actor=blind)
    assert take_over(conflict=made.pk, fields=[*LOST, "iban"], actor=blind) == (
        "city", "customer_group", "former_numbers", "tags",
    )  # fmt: skip
    assert (now(eva).email, now(eva).iban, now(eva).is_blocked) == ("eva@example.com", "", False)
    other = born_twice(anna, eva, **LOST)
    with pytest.raises(MissingRight):
        recreate(conflict=other.pk, actor=blind)


@pytest.mark.django_db
@pytest.mark.parametrize("missing", [Right.RESOLVE_CONFLICTS, Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS])
def test_taking_over_and_undoing_it_take_their_rights(anna, eva, missing):
    made = both_changed(anna, eva, before={}, lost={"city": "Kiel"})
    with pytest.raises(MissingRight) as refusal:
        take_over(conflict=made.pk, fields=["city"], actor=replace(anna, rights=anna.rights - {missing}))
    assert refusal.value.right == missing
    take_over(conflict=made.pk, fields=["city"], actor=anna)
    with pytest.raises(MissingRight):
        undo(conflict=made.pk, actor=replace(anna, rights=anna.rights - {missing}))
    assert now(eva).city == "Kiel"


@pytest.mark.django_db
@pytest.mark.parametrize("side", [EditSide.BRANCH, EditSide.BOTH])
def test_a_decision_passes_on_either_side_and_is_numbered_and_nothing_else_passes(anna, eva, side):
    made, other = both_changed(anna, eva, before={}, lost={"city": "Kiel"}), born_twice(anna, eva)
    somebody = customer(anna, last_name="Andere")
    edited_at(anna.base, side)
    before = CustomerRevision.objects.get(uid=eva.uid)
    take_over(conflict=made.pk, fields=["city"], actor=anna)
    after = CustomerRevision.objects.get(uid=eva.uid)
    assert (after.revision, after.sequence > before.sequence) == ((before.revision or 0) + 1, True)
    anew = recreate(conflict=other.pk, actor=anna)
    assert CustomerRevision.objects.get(uid=anew.uid).revision == 1
    undo(conflict=made.pk, actor=anna)
    undo(conflict=other.pk, actor=anna)
    assert (now(eva).city, now(anew).is_archived) == ("Lübeck", True)
    # the permission is for the one customer, and ends with his decision
    if side == EditSide.BRANCH:
        for writing in (eva, anew):
            with pytest.raises(IntegrityError, match="are edited at the"), transaction.atomic():
                Customer.objects.filter(pk=writing.pk).update(city="Plön")
        with (
            pytest.raises(IntegrityError, match="are edited at the"),
            transaction.atomic(),
            written_on_either_side(eva.uid),
        ):
            Customer.objects.filter(pk__in=[eva.pk, somebody.pk]).update(city="Plön")


@pytest.mark.django_db
def test_the_database_keeps_the_versions_and_the_conflict(anna, eva):
    made = both_changed(anna, eva, before={}, lost={"city": "Kiel"})
    rows = Conflict.objects.filter(pk=made.pk)
    kept: tuple[dict[str, Any], ...] = (
        {"lost": None},
        {"stood": {}},
        {"common": {}},
        {"name": "x"},
        {"customer_number": 7},
    )
    for change in kept:
        with pytest.raises(IntegrityError, match="versions of a conflict"), transaction.atomic():
            rows.update(**change)
    fixed: tuple[dict[str, Any], ...] = ({"uid": UUID(int=1)}, {"lost_uid": eva.uid}, {"kind": "born_twice"})
    for change in fixed:
        with pytest.raises(IntegrityError, match="can never change"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError, match="A conflict stays"), transaction.atomic():
        rows.delete()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take_over", "recreate", "leave", "undo"]),
        st.sets(st.sampled_from(sorted(LOST)), min_size=1),
    ),
    max_size=6,
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "city": st.sampled_from(["", "Kiel", "Plön"]),
        "email": st.sampled_from(["", "sommer@example.com"]),
        "customer_group": st.sampled_from([None, "Firmen"]),
        "tags": st.sampled_from([(), ("Stammgast",)]),
        "former_numbers": st.sampled_from([(), (Known("K-12", "import"),), (Known("7", "typed"),)]),
        "company": st.sampled_from(["", "Sommer GmbH"]),
        "price_level": st.sampled_from([None, 3]),
    },
)


@pytest.mark.django_db
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=VALUES, lost=VALUES, is_born_twice=st.booleans(), steps=STEPS)
def test_whatever_is_decided_and_undone_no_value_of_the_loser_is_gone(anna, eva, before, lost, is_born_twice, steps):
    with transaction.atomic():
        made = born_twice(anna, eva, **lost) if is_born_twice else both_changed(anna, eva, before=before, lost=lost)
        _demand_nothing_lost(anna, eva, made, steps)
        transaction.set_rollback(True)


def _demand_nothing_lost(anna, eva, made, steps) -> None:
    first, kept_versions = values_now(now(eva)), (made.common, made.stood, made.lost)
    for step, fields in steps:
        was, state = values_now(now(eva)), again(made).state
        try:
            match step:
                case "take_over":
                    names = take_over(conflict=made.pk, fields=fields, actor=anna)
                    after = values_now(now(eva))
                    assert set(names) == fields & set(made.differing)
                    assert all(after[name] == lost_values(made)[name] for name in names)
                    assert all(after[name] == was[name] for name in after.keys() - set(names))
                case "recreate":
                    anew = values_now(recreate(conflict=made.pk, actor=anna))
                    given = {"former_numbers", "home_location"}
                    assert all(anew[name] == value for name, value in lost_values(made).items() if name not in given)
                    assert values_now(now(eva)) == was
                case "leave":
                    leave(conflict=made.pk, actor=anna)
                    assert values_now(now(eva)) == was
                case "undo":
                    undo(conflict=made.pk, actor=anna)
                    assert values_now(now(eva)) == first
            assert (again(made).state == ConflictState.OPEN) == (step == "undo")
        except (AlreadyDecided, NothingTicked):
            assert (values_now(now(eva)), again(made).state) == (was, state)
        stored = again(made)
        assert (stored.common, stored.stood, stored.lost) == kept_versions
