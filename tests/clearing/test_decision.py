"""What becomes of one customer when branch and central meet: rule by rule, and every combination of states."""

from dataclasses import replace
from itertools import product

import pytest

from clearing.protocol.consent_union import union
from clearing.protocol.decision import ConflictKind, Deleted, Erased, Outcome, Verdict, decide
from clearing.protocol.field_kinds import FIELDS
from clearing.protocol.versions import differing_fields, known_part
from tests.clearing.deciding import demand_sound
from tests.clearing.people import CHANGED, EVA, NOON, OTTO, statement, version

BOTH, TWICE = ConflictKind.BOTH_CHANGED, ConflictKind.BORN_TWICE
ARCHIVED, DELETED = ConflictKind.ARCHIVED_AGAINST_CHANGED, ConflictKind.DELETED_AGAINST_CHANGED
AGREED = version()
STATES = {
    "absent": None,
    "equal": AGREED,
    "changed": version(city="Bremen"),
    "archived": version(archived_at=NOON, archived_reason="verzogen"),
    "erased": Erased(EVA),
}
NOBODY, BRANCH, CENTRAL, GONE = "nobody", "branch", "central", "erased"
EXPECTED = {
    ("absent", "absent"): (NOBODY, None),
    ("absent", "equal"): (NOBODY, None),
    ("absent", "changed"): (CENTRAL, DELETED),
    ("absent", "archived"): (CENTRAL, DELETED),
    ("equal", "absent"): (NOBODY, None),
    ("equal", "equal"): (BRANCH, None),
    ("equal", "changed"): (CENTRAL, None),
    ("equal", "archived"): (CENTRAL, None),
    ("changed", "absent"): (BRANCH, DELETED),
    ("changed", "equal"): (BRANCH, None),
    ("changed", "changed"): (BRANCH, BOTH),
    ("changed", "archived"): (BRANCH, ARCHIVED),
    ("archived", "absent"): (BRANCH, DELETED),
    ("archived", "equal"): (BRANCH, None),
    ("archived", "changed"): (BRANCH, ARCHIVED),
    ("archived", "archived"): (BRANCH, BOTH),
}
"""Of a customer whom both had: by what branch and central have done, what both have afterwards, and the conflict."""
ELSEWHERE = {
    "changed": version(city="Kiel"),
    "archived": version(archived_at=NOON.replace(hour=13), archived_reason="verstorben"),
}
"""What the central has done where it did something else than the branch."""


def decided(branch, central, *, agreed=AGREED, base_rev=1, central_rev=None):
    """The outcome for a customer who had revision 1 when both agreed; any change at the central is revision 2."""
    if central_rev is None:
        central_rev = 1 if central == agreed else 2
    return demand_sound(agreed, branch, central, base_rev=base_rev, central_rev=central_rev)


@pytest.mark.parametrize(("branch", "central"), [*product(STATES, STATES)])
def test_every_state_against_every_other(branch, central):
    at_branch = STATES[branch]
    at_central = ELSEWHERE.get(central, STATES[central])
    outcome = decided(at_branch, at_central)
    stands, conflict = (GONE, None) if "erased" in (branch, central) else EXPECTED[branch, central]
    assert outcome.conflict is conflict
    assert outcome.stood == {NOBODY: None, GONE: None, BRANCH: at_branch, CENTRAL: at_central}[stands]
    if conflict is not None:
        assert outcome.lost == (at_central if stands == BRANCH else at_branch)
        assert outcome.common == AGREED


@pytest.mark.parametrize("state", STATES)
def test_what_is_the_same_on_both_sides_is_the_same(state):
    for central_rev in (1, 2):
        outcome = decided(STATES[state], STATES[state], central_rev=central_rev)
        assert (outcome.verdict, outcome.central_writes, outcome.branch_gets) == (Verdict.SAME, None, None)


@pytest.mark.parametrize("name", [*CHANGED, "archived_at"])
def test_a_field_of_each_kind_changed_on_one_side_reaches_the_other(name):
    changed = version(**{"archived_at": NOON} | CHANGED if name == "archived_at" else {name: CHANGED[name]})
    at_branch = decided(changed, AGREED)
    assert (at_branch.verdict, at_branch.central_writes, at_branch.branch_gets) == (Verdict.APPLIED, changed, None)
    at_central = decided(AGREED, changed)
    assert (at_central.verdict, at_central.central_writes, at_central.branch_gets) == (Verdict.SAME, None, changed)


@pytest.mark.parametrize("name", CHANGED)
def test_a_field_of_each_kind_changed_at_the_central_is_put_together_with_one_click(name):
    branch, central = version(street="Am Dom 1"), version(**{name: CHANGED[name]})
    outcome = decided(branch, central)
    assert (outcome.conflict, outcome.verdict) == (BOTH, Verdict.CONFLICT)
    assert (outcome.stood, outcome.lost, outcome.common) == (branch, central, AGREED)
    assert (outcome.central_writes, outcome.branch_gets) == (branch, None)
    assert outcome.differing == tuple(sorted(["street", name]))
    assert outcome.only_lost_changed == (name,)


def test_a_field_that_both_have_changed_is_not_ticked():
    outcome = decided(version(city="Bremen", street="Am Dom 1"), version(city="Kiel", email="eva@example.org"))
    assert outcome.differing == ("city", "email", "street")
    assert outcome.only_lost_changed == ("email",)


def test_a_conflict_is_one_of_revisions_and_never_of_clocks():
    """The branch's change began from what the central has: it was made there a month ago, or at this moment."""
    central = version(city="Kiel")
    outcome = decided(version(city="Bremen"), central, base_rev=2, central_rev=2)
    assert (outcome.verdict, outcome.conflict) == (Verdict.APPLIED, None)
    assert decided(version(city="Bremen"), central, base_rev=1, central_rev=2).conflict is BOTH


def test_changed_and_changed_back_at_the_branch_is_no_change():
    outcome = decided(AGREED, version(city="Kiel"))
    assert (outcome.conflict, outcome.branch_gets) == (None, version(city="Kiel"))


def test_changed_and_changed_back_at_the_central_is_a_change_of_its_revision():
    outcome = decided(version(city="Bremen"), AGREED, central_rev=3)
    assert (outcome.conflict, outcome.lost, outcome.only_lost_changed) == (BOTH, AGREED, ())


def test_the_same_change_on_both_sides_is_none():
    same = version(city="Bremen")
    assert decided(same, same) == Outcome(stood=same)


def test_who_is_born_at_one_side_reaches_the_other():
    born = version()
    at_branch = decided(born, None, agreed=None, base_rev=None)
    at_branch_first = demand_sound(None, born, None, base_rev=None, central_rev=None)
    assert at_branch_first.central_writes == at_branch.central_writes == born
    assert at_branch_first.conflict is None
    at_central = demand_sound(None, None, born, base_rev=None, central_rev=5)
    assert (at_central.branch_gets, at_central.conflict) == (born, None)


def test_a_birth_whose_answer_was_lost_is_not_born_again():
    born = version()
    assert demand_sound(None, born, born, base_rev=None, central_rev=5).verdict is Verdict.SAME
    changed_since = demand_sound(None, born, version(city="Kiel"), base_rev=None, central_rev=6)
    assert (changed_since.conflict, changed_since.common, changed_since.only_lost_changed) == (BOTH, None, ())


def test_born_twice_the_branch_has_the_number_and_the_other_is_kept_whole():
    """They may be two people: consents of the one never become those of the other."""
    eva = version(EVA, said=(statement(),))
    otto = version(OTTO, first_name="Otto", said=(statement("transfer"),))
    outcome = demand_sound(None, eva, otto, base_rev=None, central_rev=3)
    assert (outcome.conflict, outcome.displaced) == (TWICE, OTTO)
    assert (outcome.central_writes, outcome.branch_gets) == (eva, None)
    assert (outcome.stood, outcome.lost, outcome.common) == (eva, otto, None)
    assert (outcome.differing, outcome.only_lost_changed) == (("first_name",), ())


def test_born_twice_with_the_same_values_is_still_born_twice():
    outcome = demand_sound(None, version(EVA), version(OTTO), base_rev=None, central_rev=3)
    assert (outcome.conflict, outcome.lost, outcome.differing) == (TWICE, version(OTTO), ())


def test_a_number_that_the_central_gave_anew_after_deleting():
    otto = version(OTTO, first_name="Otto")
    unchanged = demand_sound(AGREED, AGREED, otto, base_rev=1, central_rev=3)
    assert (unchanged.branch_gets, unchanged.central_writes, unchanged.conflict) == (Deleted(EVA), None, None)
    changed = demand_sound(AGREED, version(city="Bremen"), otto, base_rev=1, central_rev=3)
    assert (changed.conflict, changed.displaced) == (TWICE, OTTO)
    gone = demand_sound(AGREED, None, otto, base_rev=1, central_rev=3)
    assert (gone.branch_gets, gone.central_writes, gone.conflict) == (None, None, None)


def test_a_deletion_travels_and_gives_way_to_a_change():
    assert decided(None, AGREED).central_writes == Deleted(EVA)
    assert decided(AGREED, None).branch_gets == Deleted(EVA)
    changed = version(city="Kiel")
    kept = decided(None, changed)
    assert (kept.conflict, kept.stood, kept.lost, kept.branch_gets) == (DELETED, changed, None, changed)
    kept = decided(changed, None)
    assert (kept.conflict, kept.stood, kept.lost, kept.central_writes) == (DELETED, changed, None, changed)


def test_a_deletion_is_known_by_its_revision_where_nobody_knows_what_was_agreed():
    changed = version(city="Kiel")
    assert demand_sound(None, None, AGREED, base_rev=1, central_rev=1).central_writes == Deleted(EVA)
    kept = demand_sound(None, None, changed, base_rev=1, central_rev=2)
    assert (kept.conflict, kept.stood, kept.common) == (DELETED, changed, None)


def test_whom_the_branch_never_had_is_not_deleted():
    """Without any revision nothing says that the branch has seen him."""
    outcome = demand_sound(None, None, AGREED, base_rev=None, central_rev=None)
    assert (outcome.branch_gets, outcome.central_writes) == (AGREED, None)
    assert demand_sound(None, version(city="Bremen"), AGREED, base_rev=None, central_rev=None).conflict is BOTH


def test_a_new_consent_counts_against_a_deletion():
    told = version(said=(statement(),))
    assert decided(told, None).conflict is DELETED
    assert decided(None, told).conflict is DELETED
    assert decided(told, None, agreed=told).branch_gets == Deleted(EVA)


def test_a_field_that_was_not_known_when_they_agreed_is_not_lost():
    before = replace(AGREED, values={name: value for name, value in AGREED.values.items() if name != "memo"})
    told = version(memo="mag keine Nüsse")
    assert decided(told, None, agreed=before).conflict is DELETED
    assert decided(told, version(city="Kiel"), agreed=before).lost == version(city="Kiel")
    assert decided(told, version(city="Kiel", memo="mag keine Nüsse"), agreed=before).conflict is None
    assert decided(before, None).branch_gets == Deleted(EVA)


def test_an_erasure_wins_and_leaves_nothing():
    gone = Erased(EVA)
    for agreed, branch, central in product(
        [None, AGREED, gone], [None, AGREED, version(city="Kiel"), gone], [None, AGREED, version(city="Kiel"), gone]
    ):
        if gone in (agreed, branch, central):
            outcome = demand_sound(agreed, branch, central, base_rev=1, central_rev=2)
            assert (outcome.conflict, outcome.stood, outcome.lost, outcome.common) == (None, None, None, None)
            assert outcome.central_writes == (None if central == gone else gone)
            assert outcome.branch_gets == (None if branch == gone else gone)


def test_an_erasure_does_not_touch_whoever_has_the_number_now():
    otto = version(OTTO, first_name="Otto")
    for agreed, branch in ((AGREED, Erased(EVA)), (Erased(EVA), AGREED)):
        outcome = demand_sound(agreed, branch, otto, base_rev=1, central_rev=2)
        assert (outcome.central_writes, outcome.conflict, outcome.lost) == (Erased(EVA), None, None)
    assert demand_sound(AGREED, AGREED, Erased(OTTO), base_rev=1, central_rev=None).branch_gets == Deleted(EVA)


def test_consents_are_the_union_whatever_stands():
    here, also_here, there = statement(minutes=1), statement("birthday"), statement("transfer")
    struck_out = statement(minutes=1, struck_out=5)
    for branch, central, verdict in (
        ("", "", Verdict.APPLIED),
        ("Bremen", "", Verdict.APPLIED),
        ("", "Kiel", Verdict.APPLIED),
        ("Bremen", "Kiel", Verdict.CONFLICT),
    ):
        outcome = decided(
            version(said=(here, also_here), city=branch),
            version(said=(there, struck_out), city=central),
            central_rev=2 if central else 1,
        )
        assert outcome.verdict is verdict
        assert outcome.stood is not None
        assert outcome.stood.consents == union([struck_out, also_here, there])
        assert outcome.branch_gets == outcome.stood == outcome.central_writes


def test_a_field_that_one_side_does_not_know_is_neither_emptied_nor_in_conflict():
    older = replace(version(city="Bremen"), values={"city": "Bremen", "last_name": "Sommer"})
    central = version(memo="mag keine Nüsse")
    outcome = decided(older, central)
    assert outcome.differing == ("city",)
    assert outcome.stood is not None
    assert outcome.stood.values == {**central.values, "city": "Bremen"}
    unchanged = replace(AGREED, values={"city": "", "last_name": "Sommer"})
    assert decided(unchanged, central, agreed=unchanged, central_rev=2).branch_gets is None


def test_nobody_at_all_is_nothing():
    assert decide(None, None, None, base_rev=None, central_rev=None) == Outcome()


def test_what_was_agreed_must_be_of_the_same_customer():
    with pytest.raises(ValueError, match="another customer"):
        decide(version(OTTO), version(EVA), None, base_rev=1, central_rev=1)


def small(uid=EVA, **fields):
    """Of few fields, so that many can be compared."""
    full = version(uid, **fields)
    return replace(full, values=known_part(full.values, ["last_name", "city", "archived_at"]))


def test_all_combinations_of_states_and_revisions_are_sound():
    at_agreed = [None, small(), small(archived_at=NOON), small(said=(statement(),)), Erased(EVA)]
    at_branch = [*at_agreed, small(city="Bremen"), small(city="Bremen", archived_at=NOON)]
    at_central = [*at_branch, small(city="Kiel", said=(statement("transfer"),)), small(OTTO), Erased(OTTO)]
    revisions = [None, 1, 2]
    count = 0
    for agreed, branch, central, base_rev, central_rev in product(
        at_agreed, at_branch, at_central, revisions, revisions
    ):
        if agreed is branch is None and central is not None and central.uid != EVA:
            continue  # he is the one who is decided about, and no other
        demand_sound(agreed, branch, central, base_rev=base_rev, central_rev=central_rev)
        count += 1
    assert count == 5 * 7 * 10 * 9 - 18


def test_all_fields_can_be_in_conflict():
    branch = version(archived_at=NOON, **CHANGED)
    assert {*differing_fields(branch.values, AGREED.values)} == {*CHANGED, "archived_at"}
    assert {*CHANGED, "archived_at"} <= {*FIELDS}
    assert {FIELDS[name] for name in [*CHANGED, "archived_at"]} == {*FIELDS.values()}
