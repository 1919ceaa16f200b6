"""Carrying a switch out, in one transaction; undoing all of it; and ending for good that it can be undone.

What it waits for, and holds to its end, in the order in which everybody takes it: the nodes of the base 1.0, the
locations, the turn of imports in both bases, the bases, the order of changes, the numbers of the locations. Whoever was
about to register somebody there waits, and is then told that the location works with another base.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy

from clearing.central import switching as nodes
from customers.imports import take_turn
from customers.models import Customer, CustomerRevision, RevisionCounter, Tombstone
from customers.numbers import SwitchedMeanwhile, locked_counter
from customers.write_order import lock_order
from locations.choices import EditSide
from locations.models import CustomerBase, Location
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.progress import Progress
from transitions.choices import SwitchState
from transitions.models import BaseSwitch, SwitchedCustomer
from transitions.query_settings import set_by_set
from transitions.switching import moving
from transitions.switching.looking import (
    MAY_BE_EXECUTED,
    Going,
    Preview,
    course_of,
    going_back,
    places_of,
    preview,
)
from transitions.switching.moving import Course
from transitions.switching.stepping import both_bases, demand_support, locked_switch, offline_base, take_step

MOVED = stored_sentence("switch_moved", gettext_lazy("Customers: %(total)s. With another number: %(renumbered)s."))
RETIRED = stored_sentence("switch_retired", gettext_lazy("Pairings ended: %(count)s."))
REASON = stored_sentence("base_switched", gettext_lazy("Switch of the customer base"))
"""Why customers were changed, as the history keeps it."""


class NotNow(ValidationError):
    """Something keeps the switch from being carried out; each sentence says what."""

    def __init__(self, found: Preview) -> None:
        super().__init__([ValidationError(one, code="switch_obstacle") for one in found.obstacles])


@busy_told()
def execute(*, switch: BaseSwitch, progress: Progress | None = None, actor: Scope) -> BaseSwitch:
    """Carry it out. Raises PermissionDenied for everybody but the provider's support, NotThisSwitchStep, NotNow with
    all that keeps it, AnotherImport, Busy, or ValidationError where the numbers do not suffice.
    """
    return _carry_out(switch, is_back=False, progress=progress, actor=actor)


@busy_told()
def undo(*, switch: BaseSwitch, progress: Progress | None = None, actor: Scope) -> BaseSwitch:
    """Take all of it back: the locations work with their base 1.0 again, and their customers are in it as they are now.

    Whoever was erased for good meanwhile stays so, at the nodes as well. Raises as `execute` does.
    """
    return _carry_out(switch, is_back=True, progress=progress, actor=actor)


@busy_told()
@transaction.atomic
def end(*, switch: BaseSwitch, actor: Scope) -> BaseSwitch:
    """It stays so: the pairings of the nodes end, and nothing can be undone any more.

    Raises PermissionDenied, NotThisSwitchStep.
    """
    support = demand_support(actor)
    with both_bases("end a switch of the customer base", actor.actor_name):
        ended = locked_switch(switch, before=[SwitchState.EXECUTED], organization=actor.organization.pk)
        count = nodes.retire_all(ended.source)
        nodes.forget_revisions(ended.source)
        take_step(
            ended, SwitchState.SETTLED, by=support, name=actor.actor_name, told=RETIRED(count=count) if count else None
        )  # fmt: skip
        base = CustomerBase.objects.select_for_update(of=("self",), no_key=True).get(pk=ended.source_id)
        if base.edit_side == EditSide.NEITHER:
            nodes.go_on(base, ended.edit_side)
    return ended


@transaction.atomic
def _carry_out(switch: BaseSwitch, *, is_back: bool, progress: Progress | None, actor: Scope) -> BaseSwitch:
    support = demand_support(actor)
    before = (SwitchState.EXECUTED,) if is_back else MAY_BE_EXECUTED[switch.is_to_offline]
    with (
        both_bases("switch the customer base of a location", actor.actor_name),
        pghistory.context(**actor.history(reason=REASON())),
        told_as_refusals(),
        connection.cursor() as cursor,
    ):
        moved = locked_switch(switch, before=before, organization=actor.organization.pk)
        base = _lock_all(moved, is_back=is_back, progress=progress or Progress())
        found = preview(moved, is_back=is_back)
        if not found.is_free:
            raise NotNow(found)
        course = course_of(moved, found.places, is_back=is_back)
        if is_back and base.has_node:
            nodes.go_on(base, EditSide.BOTH)  # for as long as they arrive; where they are edited is said below
        _move(cursor, moved, course, found)
        values = _facts(moved, found, is_back=is_back)
        state = SwitchState.UNDONE if is_back else SwitchState.EXECUTED
        take_step(
            moved, state, by=support, name=actor.actor_name,
            told=MOVED(total=found.total, renumbered=found.renumbered), **values,
        )  # fmt: skip
        _leave(cursor, course, found.places[0].location, actor)
        _settle_places(found.places, course)
        if is_back:
            _let_go_who_is_gone(moved)
            nodes.go_on(base, moved.edit_side)
    return moved


def _lock_all(switch: BaseSwitch, *, is_back: bool, progress: Progress) -> CustomerBase:
    """Lock what is written; returns the base 1.0 as it is now."""
    offline = offline_base(switch)
    nodes.locked_nodes(offline)
    places = [one.location for one in going_back(switch)] if is_back else places_of(switch)
    rows = Location.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    known = {place.pk: place.base_id for place in rows.filter(pk__in=[place.pk for place in places])}
    if not places or any(known[place.pk] != place.base_id for place in places):
        raise SwitchedMeanwhile(switch.location)
    for pk in sorted([switch.source_id, switch.target_id]):
        take_turn(pk, progress=progress, is_left=True)
    bases = CustomerBase.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    found = {base.pk: base for base in bases.filter(pk__in=[switch.source_id, switch.target_id])}
    lock_order(found[offline.pk])
    for place in sorted(places, key=lambda one: one.pk):
        locked_counter(place)
    return found[offline.pk]


def _move(cursor: CursorWrapper, switch: BaseSwitch, course: Course, found: Preview) -> None:
    cursor.execute("DISCARD PLANS")  # what was planned for single rows
    with set_by_set(cursor):
        if moving.plan(cursor, course) != found.total:
            raise ValidationError(
                gettext_lazy(
                    "The number range that %(location)s would get has too few free numbers. Give it a larger one first."
                ),
                code="too_few_numbers", params={"location": switch.location},
            )  # fmt: skip
        moving.arrive(cursor, course)


def _leave(cursor: CursorWrapper, course: Course, place: Location, actor: Scope) -> None:
    """As a reconciliation lets go whom the other side has; in the scope of the base that they leave."""
    system = Scope.of_system(place, name=actor.actor_name)
    with row_scope.rows_of_clearing(system), set_by_set(cursor):
        moving.leave(cursor, course)


def _settle_places(going: Sequence[Going], course: Course) -> None:
    for one in going:
        one.location.base_id, one.location.number_range = course.place_to, one.after
        one.location.save(update_fields=["base", "number_range"])


def _facts(switch: BaseSwitch, found: Preview, *, is_back: bool) -> dict[str, Any]:
    """What is kept of it: the figures, and where each location comes from."""
    figures = {
        "total": found.total, "renumbered": found.renumbered, "other_uid": found.other_uid, "new": found.new,
        "erased": found.erased, "gone": found.gone,
    }  # fmt: skip
    if is_back:
        return {"figures": {**switch.figures, "back": figures}}
    places = [
        {
            "location": one.location.pk, "name": one.location.name, "number": one.location.client_number,
            "before": [one.before.lower, one.before.upper], "after": [one.after.lower, one.after.upper],
        }
        for one in found.places
    ]  # fmt: skip
    return {"figures": figures, "places": places}


def _let_go_who_is_gone(switch: BaseSwitch) -> None:
    """Whoever has not come back is gone at the nodes as well: erased for good, or let go."""
    there = Customer.objects.filter(base=switch.source_id, uid=OuterRef("uid"))
    known = CustomerRevision.objects.in_base(switch.source).filter(~Exists(there), is_deleted=False)
    if not known.exists():
        return
    turn = RevisionCounter.objects.select_for_update(of=("self",)).get(base=switch.source_id)
    turn.sequence += 1
    turn.save(update_fields=["sequence"])
    went = SwitchedCustomer.objects.filter(switch=switch, is_back=False, uid_before=OuterRef("uid"))
    stones = Tombstone.objects.filter(base=switch.target_id, customer_id=OuterRef("customer_id"))
    known.filter(Exists(went.filter(Exists(stones)))).update(
        is_deleted=True, is_erased=True, customer_number=None, before=None, sent=None, origin=None,
        sequence=turn.sequence,
    )  # fmt: skip
    known.update(is_deleted=True, origin=None, sequence=turn.sequence)
