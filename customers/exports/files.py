"""Exports: a file of customers for one user, made while the browser waits or by the worker, kept for a day.

`demand_export`, `make_now` and `fetch` are called by the pages, `make` by the worker. That a file was made, by whom and
of what, stays on record; its bytes are deleted.
"""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.choices import ExportState
from customers.exports.writer import Making, Order
from customers.field_groups import demand_fields
from customers.imports import chunks
from customers.models import CustomerExport, ExportChunk, ExportDownload
from customers.selection.selecting import Selection, select
from customers.table.resources import CustomerResource
from locations.permissions import Right
from mcp.isolation import access, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.worker.queueing import NothingThere
from spreadsheets import ENDINGS, Profile

LIFETIME = timedelta(hours=24)
DIRECT_ROWS = 10_000
"""Up to here a file is made while the browser waits, in about a second; beyond it the worker makes it."""
MOST_SHOWN = 100
"""How many of his exports somebody sees; older ones are only on record."""
HELD_IN_MEMORY = 4 * 1024**2
"""A file made at once is kept in memory up to this size, then on the disk without a name."""
FORMATS: dict[Profile, object] = {
    "excel-de": gettext_lazy("CSV for Excel in Germany (semicolons)"),
    "xlsx": gettext_lazy("Excel workbook (XLSX)"),
    "plain": gettext_lazy("CSV, plain (commas, UTF-8)"),
    "jsonl": gettext_lazy("JSON Lines"),
}
CONTENT_TYPES: dict[Profile, str] = {
    "excel-de": "text/csv; charset=utf-8",
    "plain": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson; charset=utf-8",
}
UNDER_WAY = frozenset({ExportState.WAITING, ExportState.RUNNING})
log = logging.getLogger("stammhaus.export")


class Stopped(Exception):
    """The export is not this worker's to make any more: it was cancelled, or begun anew by another one."""


def exports_of(scope: Scope) -> QuerySet[CustomerExport]:
    """What this user has exported at this location, newest first, with `is_kept`: whether the bytes are still there."""
    if scope.user is None:
        return CustomerExport.objects.none()
    own = CustomerExport.objects.filter(user=scope.user.pk, location=scope.location.pk, base=scope.base.pk)
    pieces = ExportChunk.objects.filter(base=OuterRef("base"), file=OuterRef("pk"))
    return own.annotate(is_kept=Exists(pieces)).order_by("-created_at", "pk")


def expires_at(export: CustomerExport) -> datetime:
    return export.state_since + LIFETIME


def is_ready(export: Any, *, now: datetime) -> bool:
    """Whether the file can be fetched. `export` is one of `exports_of`."""
    return bool(export.state == ExportState.DONE and export.is_kept and now < expires_at(export))


def order_of(export: CustomerExport) -> Order:
    kept = export.choices
    return Order(
        profile=kept["profile"],
        columns=tuple(kept["columns"]),
        language=kept["language"],
        filter_words=export.narrowed_by,
    )


def demand_export(*, order: Order, query: str, total: int, actor: Scope) -> CustomerExport:
    """Put an export on record, to be made by the worker. Raises MissingRight."""
    actor.demand(Right.EXPORT_CUSTOMERS)
    return _record(order, query, actor, state=ExportState.WAITING, total=total)


def make_now(*, order: Order, query: str, customers: Any, actor: Scope) -> tuple[CustomerExport, IO[bytes]]:
    """The file, open at its beginning, and its record. No bytes are kept. Raises MissingRight."""
    making = Making(actor, order, is_small=True)
    file = SpooledTemporaryFile(max_size=HELD_IN_MEMORY)  # noqa: SIM115 - the answer closes it
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            with closing(making.parts(customers, cursor)) as parts:
                file.writelines(parts)
            export = _record(order, query, actor, state=ExportState.DONE, **_figures(making))
            _note_download(export, actor)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    log_made(making, filtered_by=Selection.of_query(query).criteria)
    return export, file


def make(*, pk: str, actor: Scope) -> None:
    """Make an export that waits, or begin anew one that a worker has left undone.

    The rows are read over a second connection, in one transaction; what is made of them is kept step by step, so that
    the page shows it. What goes wrong is told there; one that is made or cancelled already stays as it is. Raises
    NothingThere.
    """
    try:
        with row_scope.rows_of(actor):
            export = _begin(pk)
        if export is not None:
            _fill(export, actor)
    except NothingThere:
        raise
    except Stopped:
        log.info("Export %s is not made any further", pk)
    except MissingRight as refusal:
        fail(pk=pk, reason=str(refusal), actor=actor)
    except Http404:
        fail(pk=pk, reason=_("What the list was filtered by does not exist any more."), actor=actor)
    except Exception:
        log.exception("Export %s broke off", pk)
        fail(pk=pk, reason=_("The export broke off. Try again; if it happens again, tell support."), actor=actor)


def fail(*, pk: str, reason: str, actor: Scope) -> None:
    with row_scope.rows_of(actor):
        fail_here(pk=pk, reason=reason)


def fail_here(*, pk: str, reason: str) -> None:
    """In a transaction for which the export exists. Raises NothingThere where it does not."""
    if not CustomerExport.objects.filter(pk=pk).exists():
        raise NothingThere("export", pk)
    failed = CustomerExport.objects.filter(pk=pk, state__in=UNDER_WAY)
    if failed.update(state=ExportState.FAILED, failure=reason, state_since=timezone.now()):
        ExportChunk.objects.filter(file__pk=pk).delete()


@transaction.atomic
def delete_file(*, export: CustomerExport, actor: Scope) -> None:
    """Delete the bytes of an export; one under way is cancelled by it. Raises MissingRight."""
    actor.demand(Right.EXPORT_CUSTOMERS)
    mine = exports_of(actor).filter(pk=export.pk)
    cancelled = {"state": ExportState.CANCELLED, "state_since": timezone.now()}
    CustomerExport.objects.filter(pk__in=mine.values("pk"), state__in=UNDER_WAY).update(**cancelled)
    ExportChunk.objects.filter(file__in=mine.values("pk")).delete()


@transaction.atomic
def fetch(*, export: Any, actor: Scope) -> IO[bytes]:
    """The file of an export for its user, which is noted and logged. Raises MissingRight, or ValidationError."""
    actor.demand(Right.EXPORT_CUSTOMERS)
    demand_fields(CustomerResource.told_by(order_of(export).columns), actor)
    if not is_ready(export, now=timezone.now()):
        raise ValidationError(_("This file is not there any more. Export it again."), code="export_gone")
    _note_download(export, actor)
    log.info(
        "%r fetched the export of %s customers made at %s of %r (base %s), sha256 %s",
        actor.actor_name, export.total, export.created_at.isoformat(), str(actor.location), actor.base.pk,
        export.sha256,
    )  # fmt: skip
    return chunks.opened(ExportChunk, file=export)


def facts_of(export: CustomerExport, actor: Scope) -> list[tuple[str, str]]:
    """What is to be known about a finished file: what goes with it as a text."""
    making = Making(actor, order_of(export), rows=export.total, started_at=export.created_at)
    return [
        (_("File"), export.name),
        *making.facts(),
        (_("Size in bytes"), str(export.size)),
        ("SHA-256", export.sha256),
    ]


def delete_expired_exports(*, now: datetime) -> int:
    """Delete the bytes of what has expired; the records stay. In a transaction for which all exports exist."""
    expired = CustomerExport.objects.filter(state_since__lte=now - LIFETIME).exclude(state__in=UNDER_WAY)
    return ExportChunk.objects.filter(file__in=expired.values("pk")).delete()[0]


def _record(order: Order, query: str, actor: Scope, **more: Any) -> CustomerExport:
    choices = {"profile": order.profile, "columns": order.columns, "language": order.language, "query": query}
    return CustomerExport.objects.create(
        organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
        user_name=actor.actor_name, name=file_name(order, actor), choices=choices, narrowed_by=order.filter_words,
        state_since=timezone.now(), **more,
    )  # fmt: skip


def file_name(order: Order, actor: Scope) -> str:
    day = timezone.localdate().isoformat()
    return f"{_('customers')}-{actor.location.client_number}-{day}{ENDINGS[order.profile]}"


def _figures(making: Making) -> dict[str, Any]:
    return {"total": making.rows, "done": making.rows, "size": making.size, "sha256": making.sha256}


def _begin(pk: str) -> CustomerExport | None:
    """The export, marked as being made from now on; what an earlier worker has left is deleted."""
    export = CustomerExport.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if export is None:
        raise NothingThere("export", pk)
    if export.state not in UNDER_WAY:
        log.info("Export %s is to be made no more: %s", pk, export.state)
        return None
    ExportChunk.objects.filter(base=export.base_id, file=export).delete()
    export.state, export.state_since, export.done = ExportState.RUNNING, timezone.now(), 0
    export.save(update_fields=["state", "state_since", "done"])
    return export


def _fill(export: CustomerExport, actor: Scope) -> None:
    making = Making(actor, order_of(export))
    with row_scope.rows_of(actor), actor.asked.only_looking():
        wanted = select(actor, export.choices["query"], asked_on=timezone.localdate(export.created_at))
    with (
        row_scope.second_connection(actor) as second,
        second.transaction() as cursor,
        closing(making.parts(wanted.customers, cursor)) as parts,  # no transaction ends in the middle of a copy
    ):
        for position, piece in enumerate(chunks.of_size(parts)):
            with row_scope.rows_of(actor):
                _advance(export, done=making.rows)
                ExportChunk.objects.create(base=export.base, file=export, position=position, content=piece)
    with row_scope.rows_of(actor):
        access.demand_still(actor)
        _advance(export, state=ExportState.DONE, state_since=timezone.now(), **_figures(making))
    log_made(making, filtered_by=Selection.of_query(export.choices["query"]).criteria)


def _advance(export: CustomerExport, **values: Any) -> None:
    """Raises Stopped where the export was cancelled or has been begun anew since."""
    mine = CustomerExport.objects.filter(pk=export.pk, state=ExportState.RUNNING, state_since=export.state_since)
    if not mine.update(**values):
        raise Stopped


def _note_download(export: CustomerExport, actor: Scope) -> None:
    user = actor.user.pk if actor.user else 0
    ExportDownload.objects.create(base=actor.base, file=export, user_id=user, user_name=actor.actor_name)


def log_made(making: Making, *, filtered_by: str) -> None:
    """`filtered_by` names the filters without their words."""
    scope, order = making.scope, making.order
    log.info(
        "%r exported %s customers of %r (base %s) as %s, columns %s, filter %r",
        scope.actor_name, making.rows, str(scope.location), scope.base.pk, order.profile, ", ".join(making.columns),
        filtered_by,
    )  # fmt: skip
