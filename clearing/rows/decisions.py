"""Decisions about conflicts: written down in order, and on their way to the other side.

    number(conflict)                              as one is decided, at either side
    decisions_since(base, sequence, up_to=…)      what a central tells a node whose cursor is `sequence`
    decisions_to_tell(base)                       what a branch tells: until the central has answered
    offer_again(base)                             and what it has told, where the central was restored
    accept_decision(base, record)                 at either side, in the transaction of the run

The first that reaches the central stands: it takes a decision that began from the revision that it has, and answers
with what stands. At the branch that stands as well, and an own one is shown as superseded. What a decision has written
into a customer travels with the customer, as any change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db import connection
from django.db.models import F

from clearing.choices import ConflictState
from clearing.models import Conflict
from clearing.protocol.records import DecisionRecord
from clearing.rows import revisions
from locations.choices import Side
from locations.models import CustomerBase

DECIDED = ("state", "result", "decided_by", "decided_at", "created_uid", "revision", "sequence", "is_agreed")
"""What changes with a decision."""


def side_here() -> str:
    """On which side this installation stands (see Side)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT locations_side()")
        return str(cursor.fetchone()[0])


def next_number(base: CustomerBase) -> int:
    """The next number of changes of the base, which is held to the end of the transaction."""
    number = revisions.lock_order(base)[0] + 1
    revisions.set_sequence(base, number)
    return number


def number(conflict: Conflict, base: CustomerBase) -> None:
    """At the central the next revision, in the order of the changes; at a branch it is to be told to the central."""
    if side_here() == Side.CENTRAL:
        conflict.revision, conflict.sequence, conflict.is_agreed = conflict.revision + 1, next_number(base), True
    else:
        conflict.is_agreed = False


def decisions_since(base: CustomerBase, sequence: int, *, up_to: int) -> Iterator[DecisionRecord]:
    """Of a central: the decisions and undoings after this number of changes of the base, in order."""
    found = Conflict.objects.in_base(base).filter(sequence__gt=sequence, sequence__lte=up_to)
    return map(as_record, found.order_by("sequence", "id").iterator())


def decisions_to_tell(base: CustomerBase) -> Iterator[DecisionRecord]:
    """Of a branch: the decisions and undoings of which it does not know yet what has become of them."""
    return map(as_record, Conflict.objects.in_base(base).filter(is_agreed=False).order_by("id").iterator())


def offer_again(base: CustomerBase) -> None:
    """Of a branch: whatever is decided is told as if the central did not know it yet.

    It is told from the revision before, so that a central that has it, or has decided anew, keeps what it has.
    """
    agreed = Conflict.objects.in_base(base).filter(is_agreed=True, revision__gt=0)
    agreed.update(revision=F("revision") - 1, is_agreed=False)


def as_record(conflict: Conflict) -> DecisionRecord:
    """What is decided about a conflict now, as it travels."""
    return DecisionRecord(
        conflict=conflict.pk, state=conflict.state, by=conflict.decided_by, at=conflict.decided_at,
        revision=conflict.revision, result=conflict.result, created=conflict.created_uid,
    )  # fmt: skip


def accept_decision(
    base: CustomerBase, record: DecisionRecord, *, is_offered: bool = False
) -> tuple[Conflict | None, bool]:
    """Take a decision of the other side. The conflict as it is then, and whether anything was written.

    There is none where the person was erased. The same decision again changes nothing. `is_offered` is whether a
    central that was restored is offered what it may have forgotten: then the branch may know later revisions.
    """
    revisions.lock_order(base)
    of_base = Conflict.objects.in_base(base).select_for_update(of=("self",))
    found: Conflict | None = of_base.filter(pk=record.conflict).first()
    is_known = record.state in ConflictState.values and (record.at is None) == (record.state == ConflictState.OPEN)
    if found is None or not is_known:
        return found, False
    if side_here() == Side.CENTRAL:
        return found, _at_central(found, record, base, is_offered=is_offered)
    return found, _at_branch(found, record)


def _at_central(found: Conflict, record: DecisionRecord, base: CustomerBase, *, is_offered: bool) -> bool:
    is_next = found.revision == record.revision or (is_offered and found.revision < record.revision)
    if not is_next or record.state == ConflictState.SUPERSEDED:
        return False
    _write(found, {**_arrived(record), "revision": record.revision + 1, "sequence": next_number(base)})
    return True


def _at_branch(found: Conflict, record: DecisionRecord) -> bool:
    """What the central tells stands. An own decision that the central has not taken is kept beside it."""
    if found.is_agreed and found.revision >= record.revision:
        return False
    arrived = _arrived(record)
    is_same = (found.state, found.decided_by, found.decided_at) == (record.state, record.by, record.at)
    is_beaten = not found.is_agreed and found.state not in {ConflictState.OPEN, ConflictState.SUPERSEDED}
    if is_beaten and not is_same and record.state != ConflictState.OPEN:
        own = {"state": found.state, "by": found.decided_by, "at": _iso(found.decided_at), "result": found.result}
        arrived |= {
            "state": ConflictState.SUPERSEDED,
            "result": {"stands": record.state, "own": own},
            "created_uid": found.created_uid or record.created,
        }
    _write(found, {**arrived, "revision": record.revision, "is_agreed": True})
    return True


def _arrived(record: DecisionRecord) -> dict[str, object]:
    return {
        "state": record.state, "decided_by": record.by, "decided_at": record.at, "result": dict(record.result),
        "created_uid": record.created,
    }  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _write(found: Conflict, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(found, name, value)
    store(found)


def store(conflict: Conflict) -> None:
    """Write what has changed with a decision."""
    values = {name: getattr(conflict, name) for name in DECIDED}
    Conflict.objects.filter(pk=conflict.pk, base=conflict.base_id).update(**values)
