"""What people make of a version that did not stand. Each decision can be undone, and none takes anything away.

    take_over    writes fields of the lost version into the customer, as any change
    recreate     registers the lost version under a new number; the old one finds him as well
    leave        leaves everything as it is
    undo         the customer as he was before the decision, and the conflict is open again

Decisions are written in turns: the counter of changes of the base is locked first, as a reconciliation does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID, uuid4

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.choices import ConflictState
from clearing.conflicts import restoring
from clearing.conflicts.restoring import InTheWay
from clearing.conflicts.versions import FORMER, HOME, consents_of, fields_of, lost_values, values_now, version_of
from clearing.models import Conflict
from clearing.protocol.field_kinds import ARCHIVED
from clearing.protocol.versions import Values
from clearing.rows import revisions
from clearing.rows.decisions import number, store
from customers.field_groups import withheld
from customers.models import Customer
from customers.other_versions import number_before_reconciliation, overwrite, register_anew
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Moment, stored_sentence

TAKEN_OVER = stored_sentence(
    "conflict_taken_over", gettext_lazy("Taken over from the version that a reconciliation had overridden")
)
RECREATED = stored_sentence(
    "conflict_recreated", gettext_lazy("Created from a version that a reconciliation had overridden")
)
UNDONE = stored_sentence("conflict_undone", gettext_lazy("The decision about a conflict was undone"))
LINKED: tuple[frozenset[str], ...] = (
    frozenset({"archived_at", "archived_reason"}),
    frozenset({"is_blocked", "blocked_reason"}),
    frozenset({"birthday", "birthday_without_year"}),
)
"""Fields of which one says nothing without the other: they are taken over together."""


class AlreadyDecided(ValidationError):
    """Somebody has decided about the conflict meanwhile, or it is not decided."""

    def __init__(self, conflict: Conflict) -> None:
        if conflict.state == ConflictState.OPEN:
            super().__init__(gettext_lazy("Nothing is decided here: the conflict is open."), code="not_decided")
            return
        super().__init__(
            gettext_lazy("Meanwhile %(who)s has decided on %(when)s: %(state)s."),
            code="already_decided",
            params={
                "who": conflict.decided_by or "–",
                "when": Moment.of(conflict.decided_at or timezone.now()),
                "state": ConflictState(conflict.state).label,
            },
        )


class ChangedMeanwhile(ValidationError):
    """Somebody has changed the customer since the page was shown."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(
            gettext_lazy(
                "Meanwhile somebody has changed %(customer)s, so nothing was taken over. Look at what he has today, "
                "tick again what shall be taken over, and send it once more."
            ),
            code="changed_meanwhile",
            params={"customer": customer},
        )


class NothingTicked(ValidationError):
    """No field was chosen."""

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Tick at least one field that shall be taken over."), code="nothing_ticked")


class NobodyThere(ValidationError):
    """The customer about whom it is is not there any more."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "The customer is not there any more, so nothing can be taken over. Create him under a new number."
            ),
            code="nobody_there",
        )


class NothingToCreate(ValidationError):
    """The version that did not stand is a deletion."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("What was overridden is a deletion: there is nobody to be created."), code="nothing_to_create"
        )


def demand_resolving(actor: Scope) -> None:
    """Raise MissingRight unless the actor may see and decide conflicts."""
    actor.demand(Right.RESOLVE_CONFLICTS)
    actor.demand(Right.VIEW_CUSTOMERS)


@busy_told()
def take_over(
    *, conflict: UUID, fields: Collection[str], seen_at: datetime | None = None, actor: Scope
) -> tuple[str, ...]:
    """Write these fields of the lost version into the customer; returns the names of those that were written.

    Fields that the actor may not see stay as they are, so do those that do not differ. A field that says nothing
    without another one brings that along (LINKED). Raises MissingRight, AlreadyDecided, NothingTicked, NobodyThere,
    ChangedMeanwhile where he has changed since `seen_at`, or ValidationError where a rule refuses a value.
    """
    with _open(conflict, actor) as found:
        names = _writable(found, fields, actor)
        if not names:
            raise NothingTicked
        customer = locked_customer(found.uid, actor)
        if customer is None:
            raise NobodyThere
        if seen_at is not None and customer.changed_at != seen_at:
            raise ChangedMeanwhile(customer)
        lost, before = lost_values(found), values_now(customer)
        after = {name: lost[name] for name in names}
        values, former = fields_of(after, base=actor.base)
        with pghistory.context(**actor.history(reason=TAKEN_OVER())):
            overwrite(customer=customer, values=values, former_numbers=former, actor=actor)
        written = {name: {"before": before[name], "after": after[name]} for name in names}
        settle(found, ConflictState.RESTORED, {"fields": written}, actor)
    return names


@busy_told()
def recreate(*, conflict: UUID, actor: Scope) -> Customer:
    """Register the lost version as a customer of his own, with the next free number of the actor's location.

    His number is a former number then, and what he has said comes with him. Whom an earlier, undone decision has
    created is brought back instead. Raises MissingRight, AlreadyDecided, NothingToCreate, or ValidationError.
    """
    with _open(conflict, actor) as found:
        lost = version_of(found.lost)
        if lost is None:
            raise NothingToCreate
        with pghistory.context(**actor.history(reason=RECREATED())):
            customer = restoring.bring_back(found, lost, actor=actor)
            if customer is None:
                customer = _register(found, actor)
        settle(found, ConflictState.RECREATED, {"given": _given(customer)}, actor)
    return customer


def _register(found: Conflict, actor: Scope) -> Customer:
    lost = version_of(found.lost)
    assert lost is not None  # noqa: S101 - for the types
    values = {name: value for name, value in lost.values.items() if name != HOME}
    fields, former = fields_of(values, base=actor.base)
    known = [*(former or []), number_before_reconciliation(lost.number)]
    found.created_uid = uuid4()
    return register_anew(
        customer=Customer(uid=found.created_uid, created_at=lost.created_at, **fields),
        former_numbers=known,
        consents=consents_of(lost, base=actor.base),
        actor=actor,
    )


def _given(customer: Customer) -> Values:
    """What was given to a new customer besides the values of the lost version."""
    now = values_now(customer)
    return {HOME: now[HOME], FORMER: now[FORMER], "number": customer.customer_number}


@busy_told()
def leave(*, conflict: UUID, actor: Scope) -> None:
    """Leave everything as it is. Raises MissingRight, or AlreadyDecided."""
    with _open(conflict, actor) as found:
        settle(found, ConflictState.DISMISSED, {}, actor)


@busy_told()
def undo(*, conflict: UUID, actor: Scope) -> ConflictState:
    """Undo a decision: the customer is as before it, and the conflict is open again. Returns what had been decided.

    A customer whom it has created is archived. Raises MissingRight, AlreadyDecided, or InTheWay where the customer has
    been changed since.
    """
    demand_resolving(actor)
    with row_scope.rows_of(actor), transaction.atomic():
        found = _locked(conflict, actor)
        decided = ConflictState(found.state)
        with pghistory.context(**actor.history(reason=UNDONE())):
            match decided:
                case ConflictState.RESTORED:
                    customer = locked_customer(found.uid, actor)
                    restoring.write_back(found, customer, actor=actor)
                case ConflictState.RECREATED:
                    customer = locked_customer(found.created_uid, actor)
                    restoring.put_away(found, customer, actor=actor)
                case ConflictState.DISMISSED:
                    pass
                case ConflictState.SUPERSEDED:
                    raise InTheWay(gettext_lazy("It was decided at the other side; it is undone there."))
                case _:
                    raise AlreadyDecided(found)
        settle(found, ConflictState.OPEN, {}, actor)
    return decided


@contextmanager
def _open(conflict: UUID, actor: Scope) -> Iterator[Conflict]:
    """The conflict, locked. Raises MissingRight, Conflict.DoesNotExist, or AlreadyDecided."""
    demand_resolving(actor)
    with row_scope.rows_of(actor), transaction.atomic():
        found = _locked(conflict, actor)
        if found.state != ConflictState.OPEN:
            raise AlreadyDecided(found)
        yield found


def _locked(conflict: UUID, actor: Scope) -> Conflict:
    revisions.lock_order(actor.base)
    return Conflict.objects.in_base(actor.base).select_for_update(of=("self",)).get(pk=conflict)


def locked_customer(uid: UUID | None, actor: Scope) -> Customer | None:
    """The customer of this uid in the actor's base, locked; None where he is not there."""
    if uid is None:
        return None
    of_base = Customer.objects.in_base(actor.base).select_for_update(of=("self",))
    return of_base.select_related("base").filter(uid=uid).first()


def _writable(found: Conflict, fields: Collection[str], actor: Scope) -> tuple[str, ...]:
    """Those of the fields, and of what is linked to them, that differ and that the actor may see."""
    wanted = set(fields)
    for group in LINKED:
        wanted |= group if wanted & group else frozenset()
    return tuple(sorted((wanted & offered(found)) - untouched(actor)))


def untouched(actor: Scope) -> frozenset[str]:
    """The fields that the actor cannot take over: those that he may not see, and what is linked to them."""
    hidden = withheld(actor)
    return hidden.union(*(group for group in LINKED if group & hidden))


def offered(found: Conflict) -> frozenset[str]:
    """The fields of the lost version that can be taken over."""
    if found.lost is None:
        return frozenset({ARCHIVED, "archived_reason"}) if found.stood is not None else frozenset()
    if found.stood is None:
        return frozenset()
    return frozenset(found.differing) & lost_values(found).keys()


def settle(found: Conflict, state: ConflictState, result: dict[str, object], actor: Scope) -> None:
    """Write down what was decided, and number it so that it travels."""
    is_open = state == ConflictState.OPEN
    found.state, found.result = state, result
    found.decided_by = "" if is_open else actor.actor_name[:200]
    found.decided_at = None if is_open else timezone.now()
    number(found, actor.base)
    store(found)
