"""What must hold of every decision, whatever it was about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from clearing.protocol.consent_union import Statements, union
from clearing.protocol.decision import Deleted, Erased, Outcome, State, Verdict, Write, decide
from clearing.protocol.versions import Version, differing_fields, known_part, written_over


def after(side: State, write: Write) -> State:
    """What a side has when it has done what it was told; of a field that it does not know it takes nothing."""
    match write:
        case None:
            return side
        case Deleted():
            return None
        case Version() if isinstance(side, Version) and side.uid == write.uid:
            values = written_over(known_part(write.values, side.values), side.values)
            return replace(write, values=values, created_at=side.created_at)
    return write


def demand_sound(
    agreed: State, branch: State, central: State, *, base_rev: int | None, central_rev: int | None
) -> Outcome:
    """The outcome, after everything that holds of each is checked."""
    outcome = decide(agreed, branch, central, base_rev=base_rev, central_rev=central_rev)
    at_branch, at_central = after(branch, outcome.branch_gets), after(central, outcome.central_writes)
    _demand_one_version(at_branch, at_central, outcome, central)
    uid = next((side.uid for side in (branch, agreed, central) if side is not None), None)
    _demand_said_once(agreed, at_branch, at_central, base_rev, uid=uid)
    is_same_rev = base_rev == central_rev and (base_rev is not None or central is None)
    common = central if is_same_rev else agreed
    if not isinstance(at_branch, Erased) and not isinstance(at_central, Erased):
        concerned = [side for side in (branch, central) if isinstance(side, Version)]
        for side in concerned if outcome.displaced else [each for each in concerned if each.uid == uid]:
            _demand_kept(side, outcome, common if isinstance(common, Version) else None, agreed)
    _demand_described(outcome)
    return outcome


def _demand_one_version(at_branch: State, at_central: State, outcome: Outcome, central: State) -> None:
    """Both sides end with the same, which is what stood."""
    uids = {side.uid for side in (at_branch, at_central) if side is not None}
    if len(uids) == 2 or (at_branch is None and outcome.central_writes is None and at_central is not None):
        # The number is another customer's: he stays as he is, and the branch has nobody of this uid, or a tombstone.
        assert at_central == central
        assert not isinstance(at_branch, Version)
    elif isinstance(at_branch, Version) and isinstance(at_central, Version):
        assert differing_fields(at_branch.values, at_central.values) == ()
        assert at_branch.consents == at_central.consents
        assert outcome.stood is not None
        assert differing_fields(at_branch.values, outcome.stood.values) == ()
    else:
        assert at_branch == at_central
        assert outcome.stood is None


def _demand_said_once(
    agreed: State, at_branch: State, at_central: State, base_rev: int | None, *, uid: UUID | None
) -> None:
    """Decided again, because the answer was lost or because it is the next cycle, nothing is left to do."""
    if at_central is not None and at_central.uid != uid:
        at_central = None  # he has the number now, and nothing to do with it
    for now_agreed, began_from in ((at_branch, 9), (agreed, base_rev)):
        again = decide(now_agreed, at_branch, at_central, base_rev=began_from, central_rev=9)
        if isinstance(at_branch, Erased) and at_central is None:
            continue  # in the tests his tombstone has taken the place of whoever has the number
        assert (again.central_writes, again.branch_gets, again.conflict) == (None, None, None)
        assert again.verdict is Verdict.SAME


def _demand_kept(side: Version, outcome: Outcome, common: Version | None, agreed: State) -> None:
    """Each value of a side stands, is kept in what was lost, or was there before and was changed by the other."""
    places: list[Any] = [
        one for one in (outcome.stood, outcome.lost, common) if one is not None and one.uid == side.uid
    ]
    if outcome.stood is None and isinstance(agreed, Version) and agreed.uid == side.uid:
        places.append(agreed)
    for name, value in side.values.items():
        assert any(name in one.values and one.values[name] == value for one in places), name
    said: Statements = union(*(one.consents for one in places))
    assert {one.unstruck for one in side.consents} <= {one.unstruck for one in said}
    assert {one.unstruck for one in side.consents if one.struck_out} <= {one.unstruck for one in said if one.struck_out}


def _demand_described(outcome: Outcome) -> None:
    """What is shown of a conflict fits; without one nothing is shown."""
    if outcome.conflict is None:
        assert (outcome.lost, outcome.common, outcome.differing, outcome.only_lost_changed) == (None, None, (), ())
        return
    assert outcome.verdict is Verdict.CONFLICT
    assert outcome.stood is not None
    assert {*outcome.only_lost_changed} <= {*outcome.differing}
    if outcome.lost is not None:
        assert outcome.differing == differing_fields(outcome.stood.values, outcome.lost.values)
        assert (outcome.displaced is not None) == (outcome.lost.uid != outcome.stood.uid)
    for name in outcome.only_lost_changed:
        assert outcome.common is not None
        assert outcome.stood.values[name] == outcome.common.values[name]
