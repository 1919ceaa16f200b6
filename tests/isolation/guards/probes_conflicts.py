"""Conflicts and changes held back: they take rights of their own, and are those of the base."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pghistory
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model
from django.utils import timezone

from clearing.choices import BulkChoice, CycleState, NodeState
from clearing.conflicts import bulk, finding, telling
from clearing.conflicts.authors import author_of
from clearing.conflicts.deciding import leave, recreate, take_over, undo
from clearing.conflicts.dismissing import dismiss, take_up
from clearing.models import Conflict, Cycle, HeldBack, Node
from clearing.protocol.records import CustomerRecord
from customers.models import Customer
from customers.other_versions import overwrite, register_anew
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from tests.clearing import conflicting
from tests.customers.people import customer
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probes_revoked import revoke
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, World

LUEBECK = "/10400/4"
PAGES = f"{LUEBECK}/clearing/conflict/"
RESOLVE = (Right.RESOLVE_CONFLICTS, Right.VIEW_CUSTOMERS)
DECISIONS: list[Callable[[UUID, Scope], Any]] = [
    lambda pk, actor: take_over(conflict=pk, fields=["city"], actor=actor),
    lambda pk, actor: recreate(conflict=pk, actor=actor),
    lambda pk, actor: leave(conflict=pk, actor=actor),
    lambda pk, actor: undo(conflict=pk, actor=actor),
]


def _here(world: World) -> Scope:
    return world.scope("anna", "Lübeck")


def _conflict(scope: Scope, word: str = "Muster") -> Conflict:
    row = customer(scope, last_name=word, city="Kiel")
    return conflicting.both_changed(scope, row, before={}, lost={"city": "Bonn"})


def _run(scope: Scope, conflict: Conflict) -> Cycle:
    run = Cycle.objects.create(base=scope.base, node=conflicting.node(scope), number=1, state=CycleState.ARRIVING)
    Conflict.objects.filter(pk=conflict.pk).update(cycle=run)
    return run


def _held(scope: Scope, word: str = "Muster") -> HeldBack:
    version = conflicting.version_now(customer(scope, last_name=word))
    return conflicting.held_back(scope, CustomerRecord(version), conflicting.UNKNOWN_TAG)


def _left(scope: Scope, word: str = "Muster") -> HeldBack:
    """A change held back of a node that was retired."""
    held = _held(scope, word)
    Node.objects.filter(pk=held.node_id).update(state=NodeState.RETIRED)
    return held


@probe
def dismissing_what_is_held_back_takes_its_rights_in_the_base(world: World) -> None:
    here = _here(world)
    own = _left(here)
    steps: list[Any] = [dismiss, take_up]
    for missing in RESOLVE:
        others = [right for right in Right if right != missing]
        for call in steps:
            with refused(MissingRight):
                call(held=own.pk, actor=bare(world, "Lübeck", *others, who="anna"))
    for other in (world.south, world.scope("anna", "Hamburg")):
        foreign = _left(other, CANARY)
        dismiss(held=foreign.pk, actor=other)
        for call in steps:
            with refused(ObjectDoesNotExist):
                call(held=foreign.pk, actor=here)
        assert CANARY not in world.text("anna", f"{PAGES}held-back/?show=dismissed")
        assert world.post("anna", f"{PAGES}held-back/{foreign.pk}/", {"step": "undo"}).status_code == 404
    assert world.post("dirk", f"{PAGES}held-back/{own.pk}/", {"step": "dismiss"}).status_code == 403
    assert HeldBack.objects.in_base(here.base).waiting().filter(pk=own.pk).exists()


@probe
def who_is_held_back_in_another_base_keeps_nothing_from_waiting_again(world: World) -> None:
    here, hamburg = _here(world), world.scope("anna", "Hamburg")
    own = _left(here)
    dismiss(held=own.pk, actor=here)
    elsewhere = customer(hamburg, last_name=CANARY, uid=own.uid)
    conflicting.held_back(hamburg, CustomerRecord(conflicting.version_now(elsewhere)), conflicting.UNKNOWN_TAG)
    take_up(held=own.pk, actor=here)


@probe
def deciding_conflicts_takes_its_rights(world: World) -> None:
    here = _here(world)
    made = _conflict(here)
    for missing in RESOLVE:
        others = [right for right in Right if right != missing]
        for call in (*DECISIONS, lambda pk, actor: bulk.counts(pk, actor), _bulk, *ORDERS):
            with refused(MissingRight):
                call(made.pk, bare(world, "Lübeck", *others, who="anna"))


def _bulk(pk: UUID, actor: Scope) -> Any:
    return bulk.decide_run(run=pk, choice=BulkChoice.LEAVE, actor=actor)


ORDERS: list[Any] = [
    lambda pk, actor: bulk.order(run=pk, choice=BulkChoice.LEAVE, total=1, actor=actor),
    lambda pk, actor: bulk.cancel(run=pk, actor=actor),
    lambda pk, actor: bulk.work(str(pk), actor),
]


@probe
def orders_for_the_worker_are_those_of_the_base_and_end_with_the_right(world: World) -> None:
    here = _here(world)
    for other in (world.south, world.scope("anna", "Hamburg")):
        run = _run(other, _conflict(other, CANARY))
        ordered = bulk.order(run=run.pk, choice=BulkChoice.LEAVE, total=1, actor=other)
        with refused(ObjectDoesNotExist):
            bulk.order(run=run.pk, choice=BulkChoice.LEAVE, total=1, actor=here)
        assert bulk.latest(run.pk, here) is None
        bulk.cancel(run=run.pk, actor=here)
        ordered.refresh_from_db()
        assert ordered.state == "deciding"
    run = _run(here, _conflict(here))
    ordered = bulk.order(run=run.pk, choice=BulkChoice.LEAVE, total=1, actor=here)
    assert bulk.latest(run.pk, here) == ordered
    bulk.cancel(run=run.pk, actor=here)
    ordered.refresh_from_db()
    assert ordered.state == "cancelled"
    again = bulk.order(run=run.pk, choice=BulkChoice.LEAVE, total=1, actor=here)
    revoke(Right.RESOLVE_CONFLICTS)
    with refused(MissingRight):
        bulk.work(str(again.pk), here)


@probe
def other_versions_are_written_with_the_rights_to_do_it_by_hand(world: World) -> None:
    here = _here(world)
    row = customer(here, last_name="Muster")
    values: dict[Right, dict[str, object]] = {
        Right.CHANGE_CUSTOMERS: {"city": "Bonn"},
        Right.ARCHIVE_CUSTOMERS: {"archived_at": row.created_at},
    }
    for missing, given in values.items():
        others = [right for right in Right if right != missing]
        with refused(MissingRight):
            overwrite(customer=row, values=given, actor=bare(world, "Lübeck", *others, who="anna"))
    blind = [right for right in Right if right != Right.SEE_MEMOS]
    with refused(MissingRight):
        overwrite(customer=row, values={"memo": "x"}, actor=bare(world, "Lübeck", *blind, who="anna"))
    new: dict[str, Any] = {"former_numbers": [], "consents": []}
    for missing in (Right.ADD_CUSTOMERS, Right.SEE_MEMOS):
        others = [right for right in Right if right != missing]
        with refused(MissingRight):
            somebody = Customer(uid=UUID(int=5), last_name="Neu", memo="x")
            register_anew(customer=somebody, **new, actor=bare(world, "Lübeck", *others, who="anna"))


@probe
def conflicts_are_those_of_the_base(world: World) -> None:
    here = _here(world)
    own = _conflict(here)
    for other in (world.south, world.scope("anna", "Hamburg")):
        foreign = _conflict(other, CANARY)
        run = _run(other, foreign)
        for call in DECISIONS:
            with refused(ObjectDoesNotExist):
                call(foreign.pk, here)
        assert bulk.counts(run.pk, here)[BulkChoice.LEAVE] == 0
        assert bulk.decide_run(run=run.pk, choice=BulkChoice.LEAVE, actor=here) == bulk.Done(0, 0)
        found = finding.find(finding.Wanted(state=finding.ALL), page=1, actor=here).rows
        assert own in found
        assert foreign not in found
        assert finding.find(finding.Wanted(words=CANARY), page=1, actor=here).rows == []
        assert run not in finding.runs(here.base)
        assert finding.next_open(own, here) != foreign


@probe
def pages_of_conflicts_are_of_the_base_and_take_their_rights(world: World) -> None:
    here, hamburg = _here(world), world.scope("anna", "Hamburg")
    own, foreign, other = _conflict(here), _conflict(world.south, CANARY), _conflict(hamburg, CANARY)
    run, held = _run(here, own), _held(here)
    pages = ["", f"{own.pk}/", f"run/{run.pk}/", "held-back/", f"held-back/{held.pk}/"]
    foreign_ones: list[tuple[str, Model]] = [("{}/", foreign), ("{}/", other)]
    for scope, conflict in ((world.south, foreign), (hamburg, other)):
        foreign_ones += [("run/{}/", _run(scope, conflict)), ("held-back/{}/", _held(scope, CANARY))]
    for page in pages:
        assert CANARY not in world.text("anna", PAGES + page), page
        assert world.get("dirk", PAGES + page).status_code == 403
    for pattern, row in foreign_ones:
        if isinstance(row, Cycle):
            assert f"run/{row.pk}/" not in world.text("anna", f"{PAGES}?run={row.pk}")
        assert world.get("anna", PAGES + pattern.format(row.pk)).status_code == 404, pattern
    assert world.text("anna", f"{LUEBECK}/").count(PAGES) > 0
    assert PAGES not in world.text("dirk", f"{LUEBECK}/")
    page = f"{LUEBECK}/customers/customer/{Customer.objects.get(uid=own.uid).pk}/change/"
    assert f"{PAGES}{own.pk}/" in world.text("anna", page)
    assert PAGES not in world.text("dirk", page)


@probe
def who_resolves_conflicts_without_seeing_customers_sees_none(world: World) -> None:
    own = _conflict(_here(world))
    group = world.cast.user("dirk").memberships.get().group
    grants.add_grants(group, [(Right.RESOLVE_CONFLICTS, world.place("Lübeck").pk)])
    assert world.get("dirk", f"{PAGES}{own.pk}/").status_code == 200
    grants.remove_grants(group, [(Right.VIEW_CUSTOMERS, world.place("Lübeck").pk)])
    assert world.get("dirk", f"{PAGES}{own.pk}/").status_code == 403


@probe
def what_is_offered_about_a_conflict_follows_the_rights(world: World) -> None:
    here = _here(world)
    own = conflicting.born_twice(here, customer(here, last_name="Muster"))
    group = world.cast.user("dirk").memberships.get().group
    place = world.place("Lübeck").pk
    grants.add_grants(group, [(Right.RESOLVE_CONFLICTS, place)])
    grants.remove_grants(group, [(Right.CHANGE_CUSTOMERS, place), (Right.ADD_CUSTOMERS, place)])
    shown = world.text("dirk", f"{PAGES}{own.pk}/")
    assert 'value="leave"' in shown
    assert 'value="take_over"' not in shown
    assert 'value="recreate"' not in shown
    assert world.post("dirk", f"{PAGES}{own.pk}/", {"step": "recreate"}).status_code == 403


@probe
def fields_withheld_are_masked_in_conflicts(world: World) -> None:
    here = _here(world)
    row = customer(here, last_name="Muster", email="a@example.com", memo="geheim")
    made = conflicting.both_changed(here, row, before={}, lost={"email": "b@example.com", "memo": "ganz geheim"})
    blind = bare(world, "Lübeck", *(right for right in Right if right != Right.SEE_MEMOS), who="anna")
    with refused(ValidationError):
        take_over(conflict=made.pk, fields=["memo"], actor=blind)


@probe
def who_has_the_same_uid_in_another_base_is_not_meant(world: World) -> None:
    """As after a carry-over: the one of the other base was there first."""
    here, hamburg = _here(world), world.scope("anna", "Hamburg")
    elsewhere = customer(hamburg, last_name=CANARY, city="Kiel")
    row = customer(here, last_name="Muster", city="Kiel", uid=elsewhere.uid)
    made = conflicting.both_changed(here, row, before={}, lost={"city": "Bonn"})
    held = conflicting.held_back(here, CustomerRecord(conflicting.version_now(row)), conflicting.UNKNOWN_TAG)
    foreign = conflicting.both_changed(hamburg, elsewhere, before={}, lost={"city": "Bonn"})
    other = conflicting.held_back(hamburg, CustomerRecord(conflicting.version_now(elsewhere)), conflicting.UNKNOWN_TAG)
    place = world.foreign_place
    moved = conflicting.both_changed(here, row, before={}, lost={"home_location": place.client_number})
    assert place.name not in world.text("anna", f"{PAGES}{moved.pk}/")
    assert "1 Änderung der Filiale ist zurückgehalten" in world.text("anna", PAGES)
    for page in (f"{PAGES}{made.pk}/", f"{PAGES}held-back/{held.pk}/", PAGES):
        assert CANARY not in world.text("anna", page)
        assert f"/customer/{elsewhere.pk}/" not in world.text("anna", page)
    page = f"{LUEBECK}/customers/customer/{row.pk}/change/"
    assert str(foreign.pk) not in world.text("anna", page)
    assert f"held-back/{other.pk}/" not in world.text("anna", page)
    take_over(conflict=made.pk, fields=["city"], actor=here)
    assert (Customer.objects.get(pk=row.pk).city, Customer.objects.get(pk=elsewhere.pk).city) == ("Bonn", "Kiel")
    twice = conflicting.born_twice(here, row)
    anew = recreate(conflict=twice.pk, actor=here)
    undo(conflict=twice.pk, actor=here)
    assert recreate(conflict=twice.pk, actor=here).pk == anew.pk
    assert telling.facts(here)["open"] == Conflict.objects.filter(base=here.base, state="open").count()
    assert telling.facts(here)["held_back"] == HeldBack.objects.filter(base=here.base).count()


@probe
def who_has_changed_a_version_is_told_to_those_who_see_histories(world: World) -> None:
    here = _here(world)
    with pghistory.context(**here.history()):
        row = customer(here, last_name="Muster", city="Kiel")
    known = conflicting.version_now(row)
    lost, moment = conflicting.with_values(known, city="Bonn"), timezone.now() + timedelta(minutes=1)
    made = conflicting.conflict_of(here, row, lost, known, happened_at=moment)
    blind = bare(world, "Lübeck", *[right for right in Right if right is not Right.SEE_HISTORY])
    assert author_of(made, row, actor=here) is not None
    assert author_of(made, row, actor=blind) is None
