"""The pages of import and export. Mounted by the customers' admin: `*transfer_urls()` in its get_urls."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers import tasks
from customers.choices import UploadState
from customers.models import Customer, ImportUpload
from customers.querysets import CustomerQuerySet
from customers.resources import CustomerResource
from customers.transfer import uploads
from customers.transfer.exporting import FORMATS, export_response
from customers.transfer.forms import ReadingForm, UploadForm, column_choices, overrules_of, shown_columns
from locations.permissions import Right
from mcp.console import console, scope_of
from mcp.scope import Scope
from spreadsheets import DELIMITERS, ENCODINGS, ENDINGS, open_writer

IMPORT, UPLOAD, REJECTED, EXPORT = (
    "customers_import", "customers_import_upload", "customers_import_rejected", "customers_export",
)  # fmt: skip
_LIST = "admin:customers_customer_changelist"


def transfer_urls() -> list[URLPattern]:
    """To be put in front of the other addresses of the customers' admin, within its site."""
    return [
        path("import/", console.admin_view(upload_page), name=IMPORT),
        path("import/<uuid:pk>/", console.admin_view(import_page), name=UPLOAD),
        path("import/<uuid:pk>/rejected/", console.admin_view(rejected_page), name=REJECTED),
        path("export/", console.admin_view(export_page), name=EXPORT),
    ]


def upload_page(request: HttpRequest) -> HttpResponse:
    """Choose a file."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            upload = uploads.receive_upload(name=file.name, content=file.read(), actor=scope)
            return _to(upload)
        except ValidationError as error:
            form.add_error("file", error)
    return _show(request, "upload", _("Import customers"), form=form)


def import_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The one page of an upload: what it shows depends on how far the import is."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    upload = _upload_or_404(scope, pk)
    if request.method == "POST":
        return _step(request, upload, scope)
    pages = {
        UploadState.CHECKING: _progress,
        UploadState.APPLYING: _progress,
        UploadState.CHECKED: _preview,
        UploadState.APPLIED: _result,
    }
    return pages.get(UploadState(upload.state), _columns)(request, upload, scope)


def _step(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    steps = {"dialect": _choose_dialect, "columns": _choose_columns, "back": _go_back, "confirm": _confirm}
    step = steps.get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    try:
        step(request, upload, scope)
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
    return _to(upload)


def _choose_dialect(request: HttpRequest, upload: ImportUpload, scope: Scope) -> None:
    uploads.choose_dialect(upload=upload, overrules=overrules_of(request.POST), actor=scope)


def _choose_columns(request: HttpRequest, upload: ImportUpload, scope: Scope) -> None:
    form = ReadingForm(request.POST)
    targets = request.POST.getlist("target")
    uploads.choose_columns(upload=upload, targets=targets, reading=form.reading(), actor=scope)
    if upload.rows <= uploads.DIRECT_ROWS:
        uploads.check_upload(upload=upload, actor=scope)
        return
    uploads.start(upload=upload, state=UploadState.CHECKING)
    tasks.check_upload.defer(upload=str(upload.pk), **tasks.for_somebody(scope))


def _go_back(request: HttpRequest, upload: ImportUpload, scope: Scope) -> None:
    if upload.state == UploadState.CHECKED:
        uploads.start(upload=upload, state=UploadState.UPLOADED)


def _confirm(request: HttpRequest, upload: ImportUpload, scope: Scope) -> None:
    """A refusal while it is applied leaves it to be confirmed again."""
    with transaction.atomic():
        uploads.confirm_upload(upload=upload, confirmed=request.POST.get("fingerprint", ""), actor=scope)
        if upload.rows <= uploads.DIRECT_ROWS:
            uploads.apply_upload(upload=upload, actor=scope)
        else:
            tasks.apply_upload.defer(upload=str(upload.pk), **tasks.for_somebody(scope))


def _columns(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    """What was recognised, and where each column goes."""
    sheet = uploads.sheet_of(upload)
    fields = CustomerResource(scope=scope).fields
    language = get_language() or "de"
    return _show(
        request, "columns", _("Columns of %(name)s") % {"name": upload.name},
        upload=upload, dialect=sheet.dialect, encodings=ENCODINGS, delimiters=DELIMITERS,
        columns=shown_columns(sheet), choices=column_choices(fields, language),
        form=ReadingForm.of(uploads.reading_of(upload)), undecided=sheet.undecided(),
    )  # fmt: skip


def _progress(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    """Asks again every second. The worker may be busy with another import first."""
    seconds = int((timezone.now() - upload.state_since).total_seconds())
    response = _show(request, "progress", upload.get_state_display(), upload=upload, seconds=seconds)
    response["Refresh"] = "1"
    return response


def _preview(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    title = _("What the import of %(name)s will do") % {"name": upload.name}
    fingerprint = uploads.fingerprint(upload)
    return _show(request, "preview", title, upload=upload, outcome=upload.preview, fingerprint=fingerprint)


def _result(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    title = _("What the import of %(name)s has done") % {"name": upload.name}
    return _show(request, "result", title, upload=upload, outcome=upload.result)


def rejected_page(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The rejected rows as a file: row, column, value, reason."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    upload = _upload_or_404(scope, pk)
    outcome = upload.result or upload.preview
    if outcome is None:
        raise Http404
    file = io.BytesIO()
    with open_writer(file, profile="excel-de") as writer:
        writer.write_headings([_("Row"), _("Column"), _("Value"), _("Reason")])
        for rejection in outcome["rejections"]:
            writer.write_row([rejection["row"], rejection["column"], rejection["value"], rejection["reason"]])
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{_('rejected')}.csv", content_type="text/csv")


def export_page(request: HttpRequest) -> HttpResponseBase:
    """Choose format and columns for the selection (`?id=`) or for the list as the address filters it."""
    scope = scope_of(request)
    scope.demand(Right.EXPORT_CUSTOMERS)
    resource = CustomerResource(scope=scope)
    customers, narrowed_by = _rows(request, resource)
    if request.method == "POST" and request.POST.get("format") in FORMATS:
        names = [name for name in request.POST.getlist("column") if name in resource.export_columns()]
        if names:
            profile: Any = request.POST["format"]
            return export_response(request, customers, profile=profile, names=names, narrowed_by=narrowed_by)
        messages.error(request, _("Choose at least one column."))
    language = get_language() or "de"
    columns = [(name, field.heading(language)) for name, field in resource.export_columns().items()]
    formats = [(profile, label, ENDINGS[profile]) for profile, label in FORMATS.items()]
    return _show(
        request, "export", _("Export customers"), columns=columns, formats=formats, count=customers.count(),
        narrowed_by=narrowed_by,
    )  # fmt: skip


def _rows(request: HttpRequest, resource: CustomerResource) -> tuple[CustomerQuerySet, str]:
    """The customers that the address names, and how they were chosen, in words. Raises Http404."""
    ids = [int(pk) for pk in request.GET.getlist("id") if pk.isascii() and pk.isdigit() and len(pk) < 19]
    if ids:
        return resource.get_queryset().filter(pk__in=ids), _("Selection")
    # The list itself filters, so that the file has exactly the rows that it shows.
    model_admin: Any = console.get_model_admin(Customer)
    try:
        filtered: CustomerQuerySet = model_admin.get_changelist_instance(request).queryset
    except IncorrectLookupParameters as error:
        raise Http404 from error  # a choice that does not exist here, whosever it may be
    return filtered.order_by(), request.GET.urlencode()


def _upload_or_404(scope: Scope, pk: UUID) -> ImportUpload:
    upload = uploads.uploads_of(scope, now=timezone.now()).filter(pk=pk).first()
    if upload is None:
        raise Http404
    return upload


def _to(upload: ImportUpload) -> HttpResponse:
    return HttpResponseRedirect(reverse(f"admin:{UPLOAD}", args=[upload.pk]))


def _show(request: HttpRequest, page: str, title: str, **context: Any) -> HttpResponse:
    """A page in the frame of the console."""
    shown = {**console.each_context(request), "title": title, "back": reverse(_LIST), **context}
    return render(request, f"customers/transfer/{page}.html", shown)
