"""Customers as a file: streamed, in the chosen columns, never rows of another base.

return export_response(request, queryset)      # a list's filter or selection
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import BinaryIO, cast
from urllib.parse import parse_qsl

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from customers.columns import CustomerField
from customers.querysets import CustomerQuerySet
from customers.resources import CustomerResource
from locations.permissions import Right
from mcp import row_security
from mcp.console import scope_of
from mcp.scope import Scope
from spreadsheets import ENDINGS, Profile, open_writer

CHUNK = 2_000
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


def export_chunks(
    resource: CustomerResource,
    customers: CustomerQuerySet,
    *,
    profile: Profile,
    columns: dict[str, CustomerField],
    language: str,
    narrowed_by: str = "",
) -> Iterator[bytes]:
    """The bytes of the file, a few hundred kilobytes at a time.

    Only customers of the resource's scope are in it, whatever `customers` holds. At the end the log says who took
    how many, by which filter. Raises NoScope or MissingRight before the first byte.
    """
    scope = resource.demand(Right.EXPORT_CUSTOMERS)
    rows = customers.in_base(scope.base).select_related("customer_group", "home_location")
    rows = rows.order_by("customer_number").defer("search_text", "sort_name")
    return _chunks(resource, rows, scope, profile, columns, language, narrowed_by)


def _chunks(
    resource: CustomerResource,
    rows: CustomerQuerySet,
    scope: Scope,
    profile: Profile,
    columns: dict[str, CustomerField],
    language: str,
    narrowed_by: str,
) -> Iterator[bytes]:
    file, count = Outlet(), 0
    with open_writer(cast(BinaryIO, file), profile=profile, sheet=_("Customers")) as writer:
        writer.write_headings([field.heading(language) for field in columns.values()])
        for customer in rows.iterator(chunk_size=CHUNK):
            writer.write_row(resource.export_row(customer, columns))
            count += 1
            if count % CHUNK == 0:
                yield file.drain()
        writer.write_notes(_("About this file"), _notes(scope, count, narrowed_by))
    yield file.drain()
    log.info(
        "%r exported %s customers of %r (base %s) as %s, columns %s, filter %r",
        scope.actor_name, count, str(scope.location), scope.base.pk, profile, ", ".join(columns), _asked(narrowed_by),
    )  # fmt: skip


def _asked(narrowed_by: str) -> str:
    """By what was filtered, without the words: who was looked for is nothing for a log."""
    return ", ".join(dict(parse_qsl(narrowed_by))) or narrowed_by


def _notes(scope: Scope, count: int, narrowed_by: str) -> list[tuple[str, str]]:
    return [
        (_("Exported by"), scope.actor_name),
        (_("Location"), f"{scope.organization} · {scope.location}"),
        (_("Time"), timezone.localtime().isoformat(" ", "seconds")),
        (_("Customers"), str(count)),
        (_("Filter"), narrowed_by or "–"),
    ]


class Outlet(io.RawIOBase):
    """A file to write into that hands on what it holds; it cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        self._handed_on = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # a writer of bytes, no other buffer comes here
        self._held += data
        return len(data)

    def tell(self) -> int:
        return self._handed_on + len(self._held)

    def drain(self) -> bytes:
        data = bytes(self._held)
        self._handed_on += len(data)
        self._held.clear()
        return data


def export_response(
    request: HttpRequest,
    customers: CustomerQuerySet,
    *,
    profile: Profile = "excel-de",
    names: list[str] | None = None,
    narrowed_by: str = "",
) -> StreamingHttpResponse:
    """The customers as a download, in the language of the request. Demands the right to export.

    `names` are the columns (all without it), `narrowed_by` says in words how the rows were chosen.
    """
    resource = CustomerResource(scope=scope_of(request))
    language = get_language() or "de"
    chunks = export_chunks(
        resource,
        customers,
        profile=profile,
        columns=resource.export_columns(names),
        language=language,
        narrowed_by=narrowed_by,
    )
    day = timezone.localdate().isoformat()
    name = f"{_('customers')}-{scope_of(request).location.client_number}-{day}{ENDINGS[profile]}"
    return StreamingHttpResponse(
        row_security.streamed(scope_of(request), chunks),
        content_type=CONTENT_TYPES[profile],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
