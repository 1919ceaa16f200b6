"""The pages of the export. Mounted by the customers' admin: `*export_urls()` in its get_urls."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.console.frame import show_page
from customers.console.shown_count import SHOWN, counted_anew, split_shown
from customers.exports import files
from customers.exports.writer import CannotBeWritten, Order
from customers.figures.offline import left_out_of_lists, names_left_out
from customers.models import CustomerExport
from customers.selection.selecting import Selected, select
from customers.table.resources import CustomerResource
from files import lifecycle
from files.choices import UNDER_WAY, FileState
from locations.permissions import Right
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope
from spreadsheets import ENDINGS

EXPORT, EXPORTS, FILE, DOWNLOAD, FACTS = (
    "customers_export", "customers_exports", "customers_export_file", "customers_export_download",
    "customers_export_facts",
)  # fmt: skip


def export_urls() -> list[URLPattern]:
    """The addresses of exports, to be put in front of the others of the customers' admin."""
    return [
        path("export/", console.admin_view(export_page), name=EXPORT),
        path("export/files/", console.admin_view(exports_page), name=EXPORTS),
        path("export/files/<uuid:pk>/", console.admin_view(file_page), name=FILE),
        path("export/files/<uuid:pk>/download/", console.admin_view(download), name=DOWNLOAD),
        path("export/files/<uuid:pk>/facts/", console.admin_view(facts), name=FACTS),
    ]


def export_page(request: HttpRequest) -> HttpResponseBase:
    """Choose format and columns for the selection (`?id=`) or for the list as the address filters it."""
    scope = _exporter(request)
    query, shown = split_shown(request.GET)
    wanted = select(scope, query)
    columns = CustomerResource(scope=scope).export_columns()
    if request.method == "POST" and request.POST.get("format") in files.FORMATS:
        names = [name for name in columns if name in request.POST.getlist("column")]
        total = wanted.customers.count()
        if names and not (meanwhile := counted_anew(_told(request), total)):
            try:
                return _export(scope, _order(request, names, wanted), query, wanted)
            except CannotBeWritten as refusal:
                meanwhile = " ".join(refusal.messages)
        messages.error(request, meanwhile if names else _("Choose at least one column."))
    language, count = get_language() or "de", wanted.customers.count()
    return show_page(
        request, "exports/new", _("Export customers"), count=count, filter_words=wanted.in_words,
        columns=[(name, field.heading(language)) for name, field in columns.items()],
        formats=[(profile, label, ENDINGS[profile]) for profile, label in files.FORMATS.items()],
        not_listed=left_out_of_lists(scope), may_see_locations=Right.MANAGE_LOCATION in scope.rights,
        most=files.DIRECT_ROWS, meanwhile="" if request.method == "POST" else counted_anew(shown, count),
    )  # fmt: skip


def _told(request: HttpRequest) -> int | None:
    """The number of customers that the page has shown; None where none was sent."""
    told = request.POST.get(SHOWN, "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 9 else None


def _order(request: HttpRequest, names: list[str], wanted: Selected) -> Order:
    profile: Any = request.POST["format"]
    return Order(
        profile=profile, columns=tuple(names), language=get_language() or "de", filter_words=wanted.in_words,
        left_out=names_left_out(scope_of(request)),
    )  # fmt: skip


def _export(scope: Scope, order: Order, query: str, wanted: Selected) -> HttpResponseBase:
    """The answer to an order: the file at once, or a redirect to the page that shows how far the worker is."""
    total = wanted.customers.count()
    if total <= files.DIRECT_ROWS:
        export, file = files.make_now(order=order, query=query, customers=wanted.customers, actor=scope)
        return files.as_file(export, file)
    export = files.demand_export(order=order, query=query, total=total, actor=scope)
    return HttpResponseRedirect(reverse(f"admin:{FILE}", args=[export.pk]))


def exports_page(request: HttpRequest) -> HttpResponse:
    """The user's own exports at this location."""
    scope, now = _exporter(request), timezone.now()
    shown = [
        {
            "export": export,
            "is_ready": lifecycle.is_ready(files.EXPORTS, export, now=now),
            "is_under_way": export.state in UNDER_WAY,
            "expires_at": lifecycle.expires_at(files.EXPORTS, export),
        }
        for export in files.exports_of(scope)[: files.MOST_SHOWN]
    ]
    return show_page(request, "exports/list", _("My exports"), shown=shown)


def file_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of one export. While it is being made the page loads itself again."""
    scope = _exporter(request)
    export = _export_or_404(scope, pk)
    if request.method == "POST":
        files.delete_file(export=export, actor=scope)
        return HttpResponseRedirect(reverse(f"admin:{EXPORTS}"))
    is_under_way = export.state in UNDER_WAY
    response = show_page(
        request, "exports/file", export.name, export=export, is_under_way=is_under_way,
        is_ready=lifecycle.is_ready(files.EXPORTS, export, now=timezone.now()),
        expires_at=lifecycle.expires_at(files.EXPORTS, export),
        percent=min(export.done * 100 // export.total, 100) if export.total else 0,
        facts=files.facts_of(export, scope) if export.state == FileState.DONE else [],
    )  # fmt: skip
    if is_under_way:
        response["Refresh"] = "1"
    return response


def download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file. It is asked for by POST, since each download is recorded."""
    scope = _exporter(request)
    export = _export_or_404(scope, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        file = lifecycle.fetch(files.EXPORTS, export, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return HttpResponseRedirect(reverse(f"admin:{EXPORTS}"))
    return files.as_file(export, file)


def facts(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is to be known about a finished file, as a text to keep beside it."""
    scope = _exporter(request)
    export = _export_or_404(scope, pk)
    if export.state != FileState.DONE:
        raise Http404
    lines = [f"{name}: {value}\r\n" for name, value in files.facts_of(export, scope)]
    name = f"{export.name}.{_('facts')}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse("".join(lines), content_type="text/plain; charset=utf-8", headers=headers)


def _exporter(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    scope.demand(Right.EXPORT_CUSTOMERS)
    return scope


def _export_or_404(scope: Scope, pk: UUID) -> CustomerExport:
    export = files.exports_of(scope).filter(pk=pk).first()
    if export is None:
        raise Http404
    return export
