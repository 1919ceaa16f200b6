"""Does one edit make the next large change of the same session slow? Web processes and workers keep their sessions.

Each large change is measured in a fresh session and in one that has just edited a single customer, in turns.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

import pghistory
from django.db import connection
from django.utils import timezone

from bench.carrying import _confirmed, _in
from bench.importing import new_place
from customers.imports import lifecycle, receive
from customers.models import Customer, ImportUpload
from files import lifecycle as files
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User
from transitions import operations as leaving
from transitions.models import Package, Transition
from transitions.package.lifecycle import PACKAGES

EDITED = frozenset({1, 2})
"""Which of four turns begin with an edit."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Mean seconds of the same large change in a fresh session and after one edit in it.

    Turns come in the order fresh, edited, edited, fresh: what a turn leaves behind in tables and indexes makes later
    ones slower, and so both are slowed alike.
    """

    name: str
    rows: int
    fresh: float
    after_edit: float

    @property
    def ratio(self) -> float:
        return self.after_edit / self.fresh


def all_pairs(*, rows: int, turns: int) -> list[Pair]:
    """Measure an import, its undoing, an exit and its package, each fresh and after an edit, in turns."""
    scope = _someone(rows)
    taken: dict[str, list[tuple[float, bool]]] = {"import": [], "undo": [], "execution": [], "package": []}
    _turn(scope, rows, "Ort", is_edited=False)  # not measured: the first works on tables that nothing has changed yet
    for turn in range(4 * max(turns // 2, 1)):
        is_edited = turn % 4 in EDITED
        for name, seconds in _turn(scope, rows, f"Ort {turn}", is_edited=is_edited).items():
            taken[name].append((seconds, is_edited))
    return [
        Pair(
            name=name,
            rows=rows,
            fresh=fmean(seconds for seconds, is_edited in times if not is_edited),
            after_edit=fmean(seconds for seconds, is_edited in times if is_edited),
        )
        for name, times in taken.items()
    ]


def _turn(scope: Scope, rows: int, city: str, *, is_edited: bool) -> dict[str, float]:
    """Make each large change once. Returns the seconds of each."""
    upload = _checked(scope, rows, city)
    taken = {
        "import": _timed(scope, lambda: apply(upload, scope), is_edited=is_edited),
        "undo": _timed(scope, lambda: _undo(upload, scope), is_edited=is_edited),
    }
    transition, head = _confirmed(rows)
    taken["execution"] = _timed(head, lambda: _in(head, lambda: _execute(transition, head)), is_edited=is_edited)
    made = str(_in(head, lambda: Package.objects.get(transition=transition)).pk)
    system = Scope.of_system(head.location, name="bench")
    return {
        **taken,
        "package": _timed(head, lambda: files.make(PACKAGES, pk=made, actor=system), is_edited=is_edited),
    }


def scope_of(place: Location) -> Scope:
    """Its administrator, who may do everything."""
    with row_scope.without_scope(reason="who imports in the bench", actor="bench"):
        return Scope(user=User.objects.get(organization=place.organization_id), location=place, rights=frozenset(Right))


def _someone(rows: int) -> Scope:
    scope = scope_of(new_place())
    apply(_checked(scope, rows, "Anfang"), scope)
    return scope


def _checked(scope: Scope, rows: int, city: str) -> ImportUpload:
    file = io.StringIO()
    lines = ([number, f"Name {number}", city] for number in range(2, rows + 2))
    csv.writer(file, delimiter=";").writerows([["Kundennummer", "Name", "Ort"], *lines])
    with row_scope.rows_of(scope):
        upload = receive.receive_upload(name="bench.csv", content=file.getvalue().encode(), actor=scope)
    lifecycle.check_upload(upload=upload, actor=scope)
    return upload


def _timed(scope: Scope, call: Callable[[], object], *, is_edited: bool) -> float:
    connection.close()
    if is_edited:
        with row_scope.rows_of(scope):
            one = Customer.objects.order_by("customer_number").values_list("pk", flat=True)[:1]
            Customer.objects.filter(pk__in=list(one)).update(memo=f"bearbeitet {timezone.now()}")
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def apply(upload: ImportUpload, scope: Scope) -> None:
    """Confirm the preview and write what it says."""
    with row_scope.rows_of(scope):
        upload.refresh_from_db()
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=scope)
    with row_scope.rows_of(scope), pghistory.context(**scope.history()) as context:
        lifecycle.apply_upload(upload=upload, actor=scope, context=context.id)


def _undo(upload: ImportUpload, scope: Scope) -> None:
    with row_scope.rows_of(scope), pghistory.context(**scope.history()):
        lifecycle.start_undo(upload=upload, actor=scope)
        lifecycle.undo_upload(upload=upload, actor=scope)


def _execute(transition: Transition, head: Scope) -> None:
    with pghistory.context(**head.history()):
        leaving.execute(transition=transition, at=timezone.now(), actor=head)
