"""What becomes of one customer of a base 1.0 when branch and central meet: the rules R19 to R21, as a pure function.

    outcome = decide(agreed, branch, central, base_rev=…, central_rev=…)

agreed    what both had after their last cycle, as far as it is known; None where there was nothing
branch    what the branch has now
central   what the central has now, of the same uid; where it has none, whoever bears the number that the branch gives
base_rev  the central's revision from which the branch's change began; None for whoever was born there. Where the branch
          has nobody, that there is one says that it has deleted him, even if nobody knows any more what was agreed
central_rev  the central's revision now; None where it has, and has had, nobody of this uid

No clock is asked, and it makes no difference by which way the record came, late, twice, or after a backup.

1. Erased at any side: erased at both. Nothing of the person is kept, not as a conflict either.
2. The central has the revision from which the branch began, or nobody and the branch's customer was born there: the
   branch's version stands. No conflict.
3. The branch has changed nothing: the central's version stands. No conflict.
4. Otherwise both have changed, and where a field differs it is a conflict: the branch's version stands as a whole, and
   the other is kept whole (`lost`). Against a deletion the change stands, whichever side it is on.
5. Born twice, the same number for two uids: the branch's customer has the number; the other leaves with all that he is,
   his consents too, for they may be two people.
6. Statements about consents are never in conflict: both sides get the union.

What only one side's program knows of is left as it is there. Within a cycle erasures and deletions are decided first:
a number that has become free at the branch is free then. The SQL that decides for a whole cycle is held to this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from clearing.protocol.consent_union import union
from clearing.protocol.versions import Version, differing_fields, written_over


class ConflictKind(StrEnum):
    """Why two versions could not both stand."""

    BOTH_CHANGED = "both_changed"
    BORN_TWICE = "born_twice"
    ARCHIVED_AGAINST_CHANGED = "archived_against_changed"
    DELETED_AGAINST_CHANGED = "deleted_against_changed"


class Verdict(StrEnum):
    """As what a record of the branch is counted."""

    SAME = "same"
    APPLIED = "applied"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Erased:
    """A person who was erased, as a state and as what is to be done: a tombstone, and nothing else."""

    uid: UUID


@dataclass(frozen=True)
class Deleted:
    """What is to be done: the customer goes. As a state it is None, like that of one who never was."""

    uid: UUID


type State = Version | Erased | None
"""What one side has; None: nobody."""
type Write = Version | Deleted | Erased | None
"""What one side has to do; None: nothing."""


@dataclass(frozen=True)
class Outcome:
    """What both sides do, and what is shown of it."""

    central_writes: Write = None
    branch_gets: Write = None
    conflict: ConflictKind | None = None
    stood: Version | None = None
    """What both sides have afterwards; None where nobody is there any more."""
    lost: Version | None = None
    """Of a conflict: the version that does not stand, whole. None where it was a deletion that does not stand."""
    common: Version | None = None
    """Of a conflict: the version from which both began, as far as it is known."""
    differing: tuple[str, ...] = ()
    """Of a conflict: the fields that both versions know and in which they differ, by name."""
    only_lost_changed: tuple[str, ...] = ()
    """Those of them that only the lost version has changed: what can be put together without a question."""

    @property
    def verdict(self) -> Verdict:
        """As what the record of the branch is counted."""
        if self.conflict is not None:
            return Verdict.CONFLICT
        return Verdict.SAME if self.central_writes is None else Verdict.APPLIED

    @property
    def displaced(self) -> UUID | None:
        """Who leaves the central before anything is written, because his number goes to another customer."""
        return self.lost.uid if self.conflict is ConflictKind.BORN_TWICE and self.lost is not None else None


def decide(agreed: State, branch: State, central: State, *, base_rev: int | None, central_rev: int | None) -> Outcome:
    """What becomes of a customer. Raises ValueError where `agreed` and `branch` are of different uids."""
    uid = _whose(agreed, branch, central)
    if uid is None:
        return Outcome()
    own = central if central is not None and central.uid == uid else None
    if isinstance(agreed, Erased) or isinstance(branch, Erased) or isinstance(own, Erased):
        return _erased(Erased(uid), branch, own)
    if isinstance(central, Version) and central.uid != uid and branch is not None:
        return _number_taken(agreed, branch, holder=central)
    # Without a revision on either side nothing says that the branch has ever seen what the central has.
    is_same_rev = base_rev == central_rev and (base_rev is not None or own is None)
    if not is_same_rev and not _agree(branch, own) and not _has_changed(agreed, branch, own, base_rev):
        return _settled(branch, own, stands=own)
    return _one_customer(agreed, branch, own, is_same_rev=is_same_rev)


def _whose(agreed: State, branch: State, central: State) -> UUID | None:
    """About whom it is decided."""
    if agreed is not None and branch is not None and agreed.uid != branch.uid:
        raise ValueError("what was agreed is of another customer")
    return next((side.uid for side in (branch, agreed, central) if side is not None), None)


def _erased(erased: Erased, branch: State, central: State) -> Outcome:
    return Outcome(
        central_writes=None if central == erased else erased, branch_gets=None if branch == erased else erased
    )


def _number_taken(agreed: Version | None, branch: Version, *, holder: Version) -> Outcome:
    """The central has nobody of this uid, and the number is another customer's there."""
    if agreed is not None and not _has_changed(agreed, branch, None, base_rev=None):
        return Outcome(branch_gets=Deleted(branch.uid))  # the central has deleted him and given the number anew
    return Outcome(
        central_writes=branch,
        conflict=ConflictKind.BORN_TWICE,
        stood=branch,
        lost=holder,
        differing=differing_fields(branch.values, holder.values),
    )


def _one_customer(
    agreed: Version | None, branch: Version | None, central: Version | None, *, is_same_rev: bool
) -> Outcome:
    """The same customer at both sides, or at one of them, or at neither; the branch has changed what it has."""
    common = central if is_same_rev else agreed
    if is_same_rev or _agree(branch, central):
        return _settled(branch, central, stands=branch)
    stands, lost = (branch, central) if branch is not None else (central, branch)
    settled = _settled(branch, central, stands=stands)
    differing = differing_fields(stands.values, lost.values) if stands is not None and lost is not None else ()
    return replace(
        settled,
        conflict=_kind(branch, central),
        lost=lost,
        common=common,
        differing=differing,
        only_lost_changed=_only_lost_changed(stands, lost, common, differing),
    )


def _agree(one: Version | None, other: Version | None) -> bool:
    """Whether both are there, with the same values as far as both know the fields, or neither."""
    if one is None or other is None:
        return one is other
    return not differing_fields(one.values, other.values)


def _has_changed(agreed: Version | None, branch: Version | None, central: Version | None, base_rev: int | None) -> bool:
    """Whether the branch has done something of its own.

    What it would lose if the central's version stood has to be what was agreed: so a field that was not known when they
    agreed counts where the central has another value of it, or nobody. A new statement about a consent is nothing over
    which versions quarrel, as both sides get it; but against a deletion it counts as well, or it would go too.
    """
    if branch is None:
        return agreed is not None or base_rev is not None
    if agreed is None or not _agree(branch, agreed):
        return True
    if central is None:
        return _says_more(branch, agreed) or not branch.values.keys() <= agreed.values.keys()
    return not {*differing_fields(branch.values, central.values)} <= agreed.values.keys()


def _says_more(branch: Version, agreed: Version) -> bool:
    return union(agreed.consents, branch.consents) != union(agreed.consents)


def _settled(branch: Version | None, central: Version | None, *, stands: Version | None) -> Outcome:
    """Both sides get the version that stands, with the consents of both and with what only one of them knows of."""
    sides = [side for side in (branch, central) if side is not None]
    if stands is None:
        gone = Deleted(sides[0].uid) if sides else None
        return Outcome(
            central_writes=gone if central is not None else None, branch_gets=gone if branch is not None else None
        )
    values = stands.values
    for side in sides:
        if side is not stands:
            values = written_over(values, side.values)
    stood = Version(stands.uid, stands.number, stands.created_at, values, union(*(side.consents for side in sides)))
    return Outcome(central_writes=_to_write(central, stood), branch_gets=_to_write(branch, stood), stood=stood)


def _to_write(side: Version | None, stood: Version) -> Version | None:
    """What the side does not have yet: the whole version, or nothing."""
    has_it = side is not None and _agree(side, stood) and side.consents == stood.consents
    return None if has_it else stood


def _kind(branch: Version | None, central: Version | None) -> ConflictKind:
    if branch is None or central is None:
        return ConflictKind.DELETED_AGAINST_CHANGED
    if branch.is_archived != central.is_archived:
        return ConflictKind.ARCHIVED_AGAINST_CHANGED
    return ConflictKind.BOTH_CHANGED


def _only_lost_changed(
    stood: Version | None, lost: Version | None, common: Version | None, differing: tuple[str, ...]
) -> tuple[str, ...]:
    if stood is None or lost is None or common is None:
        return ()
    return tuple(name for name in differing if name in common.values and stood.values[name] == common.values[name])
