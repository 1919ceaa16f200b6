"""What holds of the decision over any versions, revisions and statements."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.protocol.consent_union import union
from clearing.protocol.decision import ConflictKind, Erased, decide
from clearing.protocol.versions import Version, differing_fields
from tests.clearing.deciding import demand_sound
from tests.clearing.people import CONSENTS, EVA, NOON, OTTO

VALUES = st.fixed_dictionaries(
    {"last_name": st.sampled_from("ABC"), "city": st.sampled_from(["", "Kiel", "Bremen"])},
    optional={
        "archived_at": st.sampled_from([None, "2026-03-02T12:00:00.000000+00:00"]),
        "tags": st.sampled_from([[], ["a"]]),
    },
)


def versions(uid: Any) -> st.SearchStrategy[Version]:
    return st.builds(
        Version, st.just(uid), st.just(4001), st.just(NOON), VALUES, st.lists(CONSENTS, max_size=2).map(union)
    )


OWN = st.none() | versions(EVA) | st.just(Erased(EVA))
AT_CENTRAL = OWN | versions(OTTO)
REVISIONS = st.none() | st.integers(1, 3)


@given(OWN, OWN, AT_CENTRAL, REVISIONS, REVISIONS)
@settings(max_examples=100)
def test_every_decision_is_sound(agreed, branch, central, base_rev, central_rev):
    if agreed is branch is None:
        central = None if central is None or central.uid == OTTO else central
    demand_sound(agreed, branch, central, base_rev=base_rev, central_rev=central_rev)


@given(versions(EVA), versions(EVA), versions(EVA))
@settings(max_examples=40)
def test_it_is_the_same_conflict_from_either_side(agreed, one, other):
    if not differing_fields(one.values, agreed.values) or not differing_fields(other.values, agreed.values):
        return
    here = decide(agreed, one, other, base_rev=1, central_rev=2)
    there = decide(agreed, other, one, base_rev=1, central_rev=2)
    assert here.conflict is there.conflict
    assert here.differing == there.differing
    if here.conflict is not None:
        assert (here.lost, there.lost) == (other, one)


@given(versions(EVA), versions(EVA))
@settings(max_examples=40)
def test_against_a_deletion_the_change_stands_on_either_side(agreed, changed):
    if not differing_fields(changed.values, agreed.values):
        return
    for branch, central in ((changed, None), (None, changed)):
        outcome = demand_sound(agreed, branch, central, base_rev=1, central_rev=2)
        assert (outcome.conflict, outcome.stood) == (ConflictKind.DELETED_AGAINST_CHANGED, changed)


@given(versions(EVA), versions(EVA), st.lists(versions(EVA), min_size=2, max_size=4))
@settings(max_examples=20)
def test_with_equal_revisions_there_is_never_a_conflict(branch, central, others):
    for agreed in (None, *others):
        outcome = demand_sound(agreed, branch, central, base_rev=3, central_rev=3)
        assert outcome.conflict is None
        assert outcome.stood is not None
        assert differing_fields(outcome.stood.values, branch.values) == ()


@given(versions(EVA), versions(EVA), versions(EVA))
@settings(max_examples=20)
def test_it_makes_no_difference_when_a_customer_was_made(agreed, branch, central):
    earlier = replace(central, created_at=NOON.replace(year=2016))
    one, other = (decide(agreed, branch, each, base_rev=1, central_rev=2) for each in (central, earlier))
    assert (one.conflict, one.verdict, one.differing) == (other.conflict, other.verdict, other.differing)
