"""Does one edit make the next large change of the same session slow? Web processes and workers keep their sessions.

Each large change is measured in a fresh session and in one that has just edited a single customer, in turns.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import pghistory
from django.db import connection
from django.utils import timezone

from bench.carrying import _confirmed, _in
from bench.importing import new_place
from customers.models import Customer, ImportUpload
from customers.transfer import receiving, uploads
from locations.permissions import Right
from mcp import row_security
from mcp.models import User
from mcp.scope import Scope
from transitions import operations as leaving
from transitions.models import Package
from transitions.package import making

@dataclass(frozen=True, kw_only=True)
class Pair:
    """Seconds for the same large change."""

    name: str
    rows: int
    fresh: float
    after_edit: float

    @property
    def ratio(self) -> float:
        return self.after_edit / self.fresh


def all_pairs(*, rows: int, turns: int) -> list[Pair]:
    """The same so many customers, changed, changed back, and carried over."""
    scope = _someone(rows)
    taken: dict[str, list[tuple[float, bool]]] = {"import": [], "undo": [], "execution": [], "package": []}
    for turn in range(turns * 2):
        is_edited = turn % 2 == 1
        upload = _checked(scope, rows, f"Ort {turn}")
        taken["import"].append((_timed(scope, is_edited, lambda file=upload: _apply(file, scope)), is_edited))
        taken["undo"].append((_timed(scope, is_edited, lambda file=upload: _undo(file, scope)), is_edited))
        transition, head = _confirmed(rows)
        leave = lambda at=transition, who=head: _in(who, lambda: _execute(at, who))  # noqa: E731 - measured below
        taken["execution"].append((_timed(head, is_edited, leave), is_edited))
        made = _in(head, lambda at=transition: Package.objects.get(transition=at))
        system = Scope.of_system(head.location, name="bench")
        pack = lambda pk=str(made.pk), who=system: making.make(pk=pk, actor=who)  # noqa: E731 - as above
        taken["package"].append((_timed(head, is_edited, pack), is_edited))
    return [
        Pair(
            name=name,
            rows=rows,
            fresh=median(seconds for seconds, is_edited in times if not is_edited),
            after_edit=median(seconds for seconds, is_edited in times if is_edited),
        )
        for name, times in taken.items()
    ]


def _someone(rows: int) -> Scope:
    place = new_place()
    with row_security.without_scope(reason="who imports in the bench", actor="bench"):
        scope = Scope(user=User.objects.get(organization=place.organization_id), location=place, rights=frozenset(Right))
    _apply(_checked(scope, rows, "Anfang"), scope)
    return scope


def _checked(scope: Scope, rows: int, city: str) -> ImportUpload:
    file = io.StringIO()
    lines = ([number, f"Name {number}", city] for number in range(2, rows + 2))
    csv.writer(file, delimiter=";").writerows([["Kundennummer", "Name", "Ort"], *lines])
    with row_security.rows_of(scope):
        upload = receiving.receive_upload(name="bench.csv", content=file.getvalue().encode(), actor=scope)
    uploads.check_upload(upload=upload, actor=scope)
    return upload


def _timed(scope: Scope, is_edited: bool, call: Callable[[], Any]) -> float:  # noqa: FBT001 - one of two ways
    connection.close()
    if is_edited:
        with row_security.rows_of(scope):
            one = Customer.objects.order_by("customer_number").values_list("pk", flat=True)[:1]
            Customer.objects.filter(pk__in=list(one)).update(memo=f"bearbeitet {timezone.now()}")
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _apply(upload: ImportUpload, scope: Scope) -> None:
    with row_security.rows_of(scope):
        upload.refresh_from_db()
        uploads.confirm_upload(upload=upload, confirmed=uploads.fingerprint(upload), actor=scope)
    with row_security.rows_of(scope), pghistory.context(**scope.history()) as context:
        uploads.apply_upload(upload=upload, actor=scope, context=context.id)


def _undo(upload: ImportUpload, scope: Scope) -> None:
    with row_security.rows_of(scope), pghistory.context(**scope.history()):
        uploads.start_undo(upload=upload, actor=scope)
        uploads.undo_upload(upload=upload, actor=scope)


def _execute(transition: Any, head: Scope) -> None:
    with pghistory.context(**head.history()):
        leaving.execute(transition=transition, at=timezone.now(), actor=head)
