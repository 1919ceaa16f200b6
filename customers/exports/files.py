"""Exports: a file of customers for one user, made while the browser waits or by the worker, kept for a day.

`demand_export`, `make_now` and `fetch` are called by the pages, `make` by the worker. `take_out` does the same for the
other tables (customers/exports/tables.py). What all files have in common is
in `files.lifecycle`; here stands of whom an export is, who may have it, and how its content is made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.http import FileResponse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.choices import DisclosureKind
from customers.disclosures import record
from customers.exports.tables import OtherTable, TableMaking, table_named
from customers.exports.writer import Making, Order
from customers.field_groups import demand_fields
from customers.models import CustomerExport, ExportChunk, ExportDownload
from customers.models.narrowing import Narrowing
from customers.querysets import CustomerQuerySet
from customers.selection.selecting import Selection, select_still
from customers.table.resources import CustomerResource
from files import lifecycle
from files.choices import FileState
from files.kinds import Content, FileKind, declare
from files.reading_lock import reading
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.somebody import for_somebody
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
log = logging.getLogger("stammhaus.export")


def exports_of(scope: Scope) -> QuerySet[CustomerExport]:
    """What this user has exported at this location, newest first, with `is_kept`: whether the bytes are still there."""
    if scope.user is None:
        return CustomerExport.objects.none()
    own = CustomerExport.objects.filter(user=scope.user.pk, location=scope.location.pk, base=scope.base.pk)
    return lifecycle.with_kept(EXPORTS, own)


def order_of(export: CustomerExport) -> Order:
    """The order that an export was made by, or is to be made by."""
    kept = export.choices
    return Order(
        profile=kept["profile"],
        columns=tuple(kept["columns"]),
        language=kept["language"],
        filter_words=export.narrowed_by,
        left_out=tuple(kept.get("left_out", ())),
    )


@transaction.atomic
def demand_export(*, order: Order, query: str, total: int, actor: Scope) -> CustomerExport:
    """Store an export and have the worker make it. Raises MissingRight."""
    actor.demand(Right.EXPORT_CUSTOMERS)
    export = _record(order, query, actor, state=FileState.WAITING, total=total)
    lifecycle.order(EXPORTS, export, **for_somebody(actor))
    return export


def make_now(
    *, order: Order, query: str, customers: CustomerQuerySet, actor: Scope
) -> tuple[CustomerExport, IO[bytes]]:
    """Make an export at once. Returns its record, and the file, open at its beginning. No bytes are kept.

    Raises MissingRight.
    """
    making = Making(actor, order, is_small=True)
    made = _made_now(making, lambda cursor: making.parts(customers, cursor), actor, query=query)
    log_made(making, filtered_by=Selection.of_query(query).criteria)
    return made


def take_out(
    *, table: OtherTable, order: Order, asked: Mapping[str, str], actor: Scope
) -> tuple[CustomerExport, IO[bytes] | None]:
    """Make a file of another table at once, or where it is large have the worker make it; then there is no file yet.

    Raises MissingRight.
    """
    making = TableMaking(actor, order, table, asked)
    with transaction.atomic(), connection.cursor() as cursor:
        total = making.count(cursor)
        beside = {"table": table.name, "asked": dict(asked)}
        if total > DIRECT_ROWS:
            export = _record(order, "", actor, beside=beside, state=FileState.WAITING, total=total)
            lifecycle.order(EXPORTS, export, **for_somebody(actor))
            return export, None
    made = _made_now(making, making.parts, actor, query="", beside=beside)
    log_made(making, filtered_by=str(asked))
    return made


def _made_now(
    making: Making | TableMaking,
    parts: Callable[[CursorWrapper], Generator[bytes]],
    actor: Scope,
    *,
    query: str,
    beside: Mapping[str, object] | None = None,
) -> tuple[CustomerExport, IO[bytes]]:
    file = SpooledTemporaryFile(max_size=HELD_IN_MEMORY)  # noqa: SIM115 - the answer closes it
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            reading(actor.base.pk)
            with closing(parts(cursor)) as made:
                file.writelines(made)
            export = _record(making.order, query, actor, beside=beside, state=FileState.DONE, **_figures(making))
            lifecycle.note_download(EXPORTS, export, actor)
            _record_disclosure(export, making)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return export, file


@contextmanager
def _content(export: CustomerExport, actor: Scope) -> Iterator[Content]:
    if (other := _other_making(export, actor)) is not None:
        with (
            row_scope.second_connection(actor) as second,
            second.transaction() as cursor,
            closing(other.parts(cursor)) as parts,
        ):
            yield Content(parts=parts, done=lambda: other.rows, when_made=lambda: _end(export, other))
        return
    making = Making(actor, order_of(export))
    with row_scope.rows_of(actor), actor.asked.only_looking():
        wanted = select_still(actor, export.choices["query"], asked_on=timezone.localdate(export.created_at))
    with (
        row_scope.second_connection(actor) as second,
        second.transaction() as cursor,
        closing(making.parts(wanted.customers, cursor)) as parts,  # no transaction ends in the middle of a copy
    ):
        yield Content(parts=parts, done=lambda: making.rows, when_made=lambda: _end(export, making))


def _other_making(export: CustomerExport, actor: Scope) -> TableMaking | None:
    """What makes an export of another table; None for one of customers. Raises MissingRight."""
    table = table_named(export.choices.get("table", ""))
    return None if table is None else TableMaking(actor, order_of(export), table, export.choices["asked"])


def _end(export: CustomerExport, making: Making | TableMaking) -> None:
    _record_disclosure(export, making)
    log_made(making, filtered_by=Selection.of_query(export.choices["query"]).criteria)


def _record_disclosure(export: CustomerExport, making: Making | TableMaking) -> None:
    """A file that was made can be fetched: whoever is in it was handed to whoever has ordered it."""
    record(
        kind=DisclosureKind.EXPORT, numbers=making.numbers, total=making.rows, source=export.pk,
        receiver_name=making.scope.actor_name, actor=making.scope,
    )  # fmt: skip


def _demand_fetching(export: CustomerExport, actor: Scope) -> None:
    actor.demand(Right.EXPORT_CUSTOMERS)
    if (table := table_named(export.choices.get("table", ""))) is not None:
        table.demand(actor)
        return
    demand_fields(CustomerResource.told_by(order_of(export).columns), actor)


def _described(export: CustomerExport) -> str:
    return f"the export of {export.total} customers made at {export.created_at.isoformat()} (base {export.base_id})"


EXPORTS = declare(
    FileKind(
        name="export",
        model=CustomerExport,
        chunks=ExportChunk,
        downloads=ExportDownload,
        lifetime=LIFETIME,
        task="customers.exports.tasks.make_export",
        content=_content,
        demand_fetching=_demand_fetching,
        describe=_described,
        gone=gettext_lazy("This file is not there any more. Export it again."),
        broken=stored_sentence(
            "export_broken",
            gettext_lazy("The export broke off. Try again; if it happens again, tell support."),
        ),
        given_up=stored_sentence(
            "export_given_up",
            gettext_lazy("The worker has given it up. Tell support before you try again."),
        ),
        log=log,
    )
)


@transaction.atomic
def delete_file(*, export: CustomerExport, actor: Scope) -> None:
    """Delete the bytes of an export, or cancel one that is being made. Raises MissingRight."""
    actor.demand(Right.EXPORT_CUSTOMERS)
    mine = CustomerExport.objects.filter(pk__in=exports_of(actor).filter(pk=export.pk).values("pk"))
    lifecycle.stop(EXPORTS, mine, state=FileState.CANCELLED)
    lifecycle.delete_bytes(EXPORTS, mine)


def facts_of(export: CustomerExport, actor: Scope) -> list[tuple[str, str]]:
    """The facts about a finished file, as the text that accompanies it."""
    making: Making | TableMaking | None = _other_making(export, actor)
    if making is None:
        making = Making(actor, order_of(export))
    making.rows, making.started_at = export.total, export.created_at
    return [
        (_("File"), export.name),
        *making.facts(),
        (_("Size in bytes"), str(export.size)),
        ("SHA-256", export.sha256),
    ]


def _record(
    order: Order, query: str, actor: Scope, *, beside: Mapping[str, object] | None = None, **more: object
) -> CustomerExport:
    choices: dict[str, Any] = {
        "profile": order.profile,
        "columns": order.columns,
        "language": order.language,
        "query": query,
    }
    if order.left_out:
        choices["left_out"] = order.left_out
    choices |= beside or {}
    table = table_named(choices.get("table", ""))
    return CustomerExport.objects.create(
        organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
        user_name=actor.actor_name, name=file_name(order, actor, table), choices=choices,
        narrowed_by=Narrowing.of(order.filter_words),
        state_since=timezone.now(), **more,
    )  # fmt: skip


def file_name(order: Order, actor: Scope, table: OtherTable | None = None) -> str:
    """The name of the file: what it holds, the location, and the day."""
    day = timezone.localdate().isoformat()
    what = _("customers") if table is None else slugify(str(table.title))
    return f"{what}-{actor.location.client_number}-{day}{ENDINGS[order.profile]}"


def _figures(making: Making | TableMaking) -> dict[str, object]:
    return {"total": making.rows, "done": making.rows, "size": making.size, "sha256": making.sha256}


def log_made(making: Making | TableMaking, *, filtered_by: str) -> None:
    """Log that a file was made. `filtered_by` names the filters, without the words that were searched for."""
    scope, order = making.scope, making.order
    what = "rows" if isinstance(making, TableMaking) else "customers"
    log.info(
        "%r exported %s %s of %r (base %s) as %s, columns %s, filter %r",
        scope.actor_name, making.rows, what, str(scope.location), scope.base.pk, order.profile,
        ", ".join(making.columns), filtered_by,
    )  # fmt: skip


def as_file(export: CustomerExport, file: IO[bytes]) -> FileResponse:
    """The answer that hands the file to a browser."""
    content_type = CONTENT_TYPES[order_of(export).profile]
    response = FileResponse(file, as_attachment=True, filename=export.name, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response
