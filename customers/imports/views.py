"""The pages of the import. Mounted by the customers' admin: `*import_urls()` in its get_urls."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from mimetypes import guess_type
from pathlib import PurePath
from typing import Any, BinaryIO
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from customers.choices import Decision, MatchBy, OnKnown, UploadState, Verdict
from customers.console import tabbed_lists
from customers.console.frame import lead_to, show_page, whole_page_again
from customers.console.tabbed_lists import PAGE, Tab
from customers.imports import beside, decisions, lifecycle, preview, receive, reserved_numbers, steps
from customers.imports.branch_numbers import is_asked_for
from customers.imports.forms import (
    DELIMITER_NAMES,
    ENCODING_NAMES,
    LINES_ABOVE,
    OldBaseForm,
    ReadingForm,
    UploadForm,
    column_choices,
    known_options,
    match_options,
    shown_columns,
)
from customers.imports.merge_sql import DECIDED
from customers.imports.similar_rows import MOST_SIMILAR
from customers.imports.undo import later_imports
from customers.models import ImportProgress, ImportUpload
from customers.numbers import surely_free_numbers
from customers.table.resources import CustomerResource
from customers.table.shared_fields import rules_of
from files.chunks import PIECE
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.console.site import console, scope_of
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences

IMPORT, UPLOAD, REJECTED, SIMILAR, IMPORTS, UNDO = (
    "customers_import", "customers_import_upload", "customers_import_rejected", "customers_import_similar",
    "customers_imports", "customers_import_undo",
)  # fmt: skip
REFUSED_FIELDS = {
    "other_branch": "client_number",
    "shared_client_number": "client_number",
    NON_FIELD_ERRORS: "file",
}
"""The field at which a refusal of an upload is shown."""


def import_urls() -> list[URLPattern]:
    """The addresses of imports, to be put in front of the others of the customers' admin."""
    return [
        path("import/", console.admin_view(upload_page), name=IMPORT),
        path("import/list/", console.admin_view(imports_page), name=IMPORTS),
        path("import/<uuid:pk>/", console.admin_view(import_page), name=UPLOAD),
        path("import/<uuid:pk>/rejected/", console.admin_view(rejected_page), name=REJECTED),
        path("import/<uuid:pk>/similar/", console.admin_view(similar_page), name=SIMILAR),
        path("import/<uuid:pk>/undo/", console.admin_view(undo_page), name=UNDO),
    ]


# --- upload -----------------------------------------------------------------------------------------------------


def upload_page(request: HttpRequest) -> HttpResponse:
    """Choose a file."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    is_old = is_asked_for(scope)
    form = (OldBaseForm if is_old else UploadForm)(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        said = form.said() if isinstance(form, OldBaseForm) else None
        try:
            upload = receive.receive_upload(name=file.name, content=file.chunks(), actor=scope, said=said)
        except ValidationError as error:
            show_refusal(form, error, REFUSED_FIELDS)
        else:
            return lead_to(request, _address(UPLOAD, upload))
    return show_page(
        request, "imports/upload", _("Import customers"), step=1, form=form, unfinished=unfinished_of(scope),
        location=scope.location, free_numbers=surely_free_numbers(scope.location),
    )  # fmt: skip


def unfinished_of(scope: Scope) -> list[ImportUpload]:
    """The files of this user that wait for him, or for the worker."""
    found = lifecycle.uploads_of(scope, now=timezone.now()).exclude(state__in=lifecycle.DONE)
    return list(found.order_by("-created_at")[:PAGE])


# --- the page of one import -------------------------------------------------------------------------------------


def import_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The one page of an import: what it shows depends on how far it is."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    if request.POST.get("step") in steps.DECIDING:
        scope.demand(Right.VIEW_CUSTOMERS)  # before it is told whether there is such a file
    upload = _own_or_404(scope, pk)
    if request.method == "POST":
        return _step(request, upload, scope, steps.STEPS, UPLOAD)
    if upload.state in {UploadState.UNDOING, UploadState.UNDONE}:
        return lead_to(request, _address(UNDO, upload))
    if upload.state in lifecycle.UNDER_WAY:
        return _progress(request, upload)
    if "HX-Request" in request.headers:
        return whole_page_again()
    pages = {UploadState.CHECKED: _preview, UploadState.APPLIED: _result}
    return pages.get(UploadState(upload.state), _columns)(request, upload, scope)


def _own_or_404(scope: Scope, pk: UUID) -> ImportUpload:
    upload = lifecycle.uploads_of(scope, now=timezone.now()).filter(pk=pk).first()
    if upload is None:
        raise Http404
    return upload


def _step(
    request: HttpRequest, upload: ImportUpload, scope: Scope, known: Mapping[str, steps.Step], name: str
) -> HttpResponse:
    """Do what the button says, and redirect to the page.

    The upload is locked, so that nobody else presses another button at the same moment. Only cancelling needs no lock:
    it is meant for whoever works on it.
    """
    step = known.get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    if step is steps.cancel:
        held: ImportUpload | None = upload
    else:
        held = lifecycle.hold(upload)
    if held is None:
        messages.error(request, _("Somebody is at this import at this moment. Wait until that is done."))
    else:
        _do(request, lambda: step(request.POST, held, scope))
    return HttpResponseRedirect(_address(name, upload))


def _do(request: HttpRequest, step: Callable[[], None]) -> None:
    """Call the step; a refusal becomes a message on the next page."""
    try:
        step()
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)


def _columns(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    """What was recognised, where each column goes, and what becomes of known customers."""
    if receive.is_of_package(upload):
        return show_page(request, "imports/settled", _title(upload), step=2, upload=upload, origin=_origin(upload))
    choices = upload.choices
    fields = CustomerResource(scope=scope).fields
    return show_page(
        request, "imports/columns", _title(upload), step=2, upload=upload, seen=choices["seen"],
        notices=[Sentences(notice) for notice in choices["seen"]["notices"]],
        encodings=ENCODING_NAMES.items(), delimiters=DELIMITER_NAMES.items(), columns=shown_columns(choices),
        choices=column_choices(fields, get_language() or "de"), form=ReadingForm.of(lifecycle.reading_of(upload)),
        known=known_options(choices.get("known", OnKnown.OVERWRITE)),
        match=match_options(choices.get("match", MatchBy.NUMBER)), undecided=receive.undecided(upload),
        lines_above=LINES_ABOVE, above=str(choices["seen"].get("above", 0)), profile=receive.profile_of(upload),
        declined=receive.declined(upload),
        rules=rules_of(fields, choices["headings"], choices["targets"]),
    )  # fmt: skip


def _progress(request: HttpRequest, upload: ImportUpload) -> HttpResponse:
    """The page of a step under way, which asks again every second."""
    progress = ImportProgress.objects.filter(file=upload).first() or ImportProgress(file=upload)
    percent = min(100, progress.done * 100 // progress.total) if progress.total else None
    seconds = int((timezone.now() - upload.state_since).total_seconds())
    return show_page(
        request, "imports/progress", _title(upload), step=2 if upload.state == UploadState.CHECKING else 4,
        upload=upload, progress=progress, percent=percent, seconds=seconds,
    )  # fmt: skip


def _preview(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    figures = upload.preview or {}
    if not scope.allows(Right.VIEW_CUSTOMERS):
        figures = {**figures, "similar": 0}  # else one could guess at people and be told
    return show_page(
        request, "imports/preview", _title(upload), step=3, upload=upload, figures=figures,
        fingerprint=lifecycle.fingerprint(upload), is_of_package=receive.is_of_package(upload), origin=_origin(upload),
        shown=tabbed_lists.shown(_tabs(upload, scope, figures), request.GET.dict()),
        decisions=Decision.choices, location=scope.location,
        shortage=reserved_numbers.shortage(upload=upload, scope=scope),
        decided=[(Decision(word).label, count) for word, count in sorted(upload.choices.get(DECIDED, {}).items())],
    )  # fmt: skip


def _tabs(upload: ImportUpload, scope: Scope, figures: Mapping[str, Any]) -> list[Tab]:
    """The lists of the preview, those that need most attention first."""
    may_see = scope.allows(Right.VIEW_CUSTOMERS)
    similar = int(figures.get("similar", 0)) if may_see else 0
    decided = sum(upload.choices.get(DECIDED, {}).values()) if may_see else 0
    changed, unsaid, archived, differs = (
        int(figures.get(name, 0)) if may_see else 0 for name in ("changed", "unsaid", "archived", "differs")
    )
    return [
        _rejected_tab(upload, figures),
        Tab("changed", _("Changed"), changed, lambda page: preview.changed(upload, scope, page=page)),
        Tab("new", _("New"), figures["created"], lambda page: preview.created(upload, scope, page=page)),
        Tab(
            "similar", _("Perhaps known already"), similar, lambda page: preview.similar(upload, scope, page=page),
            min(similar, MOST_SIMILAR),
        ),
        Tab("decided", _("Decided"), decided, lambda page: preview.decided(upload, scope, page=page)),
        Tab("archived", _("Archived"), archived, lambda page: preview.archived(upload, scope, page=page)),
        Tab("differs", _("Different in the file"), differs, lambda page: preview.differing(upload, scope, page=page)),
        Tab("unread", _("Values left out"), figures.get("unread", 0), lambda page: preview.unread(upload, page=page)),
        Tab("unsaid", _("Consents left out"), unsaid, lambda page: preview.unsaid(upload, scope, page=page)),
    ]  # fmt: skip


def _rejected_tab(upload: ImportUpload, figures: Mapping[str, Any]) -> Tab:
    return Tab("rejected", _("Rejected"), figures["rejected"], lambda page: preview.rejected(upload, page=page))


def _result(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    figures = upload.result or {}
    return show_page(
        request, "imports/result", _title(upload), step=4, upload=upload, figures=figures,
        touched=steps.touched(upload), shown=tabbed_lists.shown([_rejected_tab(upload, figures)], request.GET.dict()),
        beside=list(beside.offered(lifecycle.headings_of(upload), scope)),
    )  # fmt: skip


def rejected_page(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The rejected rows as a file in the format of the one that was uploaded."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    upload = _own_or_404(scope, pk)
    figures = upload.result or upload.preview
    if not figures or not figures["rejected"]:
        raise Http404
    path = PurePath(upload.name)
    ending = ".csv" if upload.choices.get("seen", {}).get("kind") == "vcard" else path.suffix
    name = f"{path.stem}-{_('rejected')}{ending}"
    return _as_file(scope, name, lambda file: preview.write_rejected(upload, file))


def similar_page(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The rows that look like known customers as a file for decisions; posted, it is read again."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    scope.demand(Right.VIEW_CUSTOMERS)
    upload = _own_or_404(scope, pk)
    figures = upload.preview or {}
    if request.method == "POST":
        return _take_decisions(request, upload, scope)
    if upload.state != UploadState.CHECKED or not (figures.get("similar") or upload.choices.get(DECIDED)):
        raise Http404
    name = f"{PurePath(upload.name).stem}-{_('decide')}.xlsx"
    return _as_file(scope, name, lambda file: decisions.write_similar(upload=upload, file=file, actor=scope))


def _take_decisions(request: HttpRequest, upload: ImportUpload, scope: Scope) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    held = lifecycle.hold(upload)
    if held is None:
        messages.error(request, _("Somebody is at this import at this moment. Wait until that is done."))
    elif not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
    else:
        file = form.cleaned_data["file"]
        _do(
            request,
            lambda: _keep_list(file, held, scope),
        )
    return HttpResponseRedirect(f"{_address(UPLOAD, upload)}?show=similar")


def _keep_list(file: Any, upload: ImportUpload, scope: Scope) -> None:
    chosen, shown = decisions.read_decisions(name=file.name, file=file)
    steps.keep_decisions(chosen, upload, scope, shown)


def _as_file(scope: Scope, name: str, write: Callable[[BinaryIO], object]) -> StreamingHttpResponse:
    """A download that is written while it is sent, in the language of the page."""
    return StreamingHttpResponse(
        row_scope.streamed(scope, _written(write, get_language() or "de")),
        content_type=guess_type(name)[0] or "application/octet-stream",
        headers={"Content-Disposition": content_disposition_header(True, name), "Cache-Control": "no-store"},
    )


def _written(write: Callable[[BinaryIO], object], language: str) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        with override(language):
            write(file)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


# --- all imports, and undoing one -------------------------------------------------------------------------------


def imports_page(request: HttpRequest) -> HttpResponse:
    """What has been imported at this location, by whomever."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    found = lifecycle.imports_of(scope)
    tab = Tab("all", "", found.count(), lambda page: list(found[(page - 1) * PAGE : page * PAGE]))
    return show_page(
        request, "imports/list", _("Imports"), shown=tabbed_lists.shown([tab], request.GET.dict()),
        unfinished=unfinished_of(scope),
    )  # fmt: skip


def undo_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What undoing an import would do, how far it is, and what it has done."""
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    upload = lifecycle.imports_of(scope).filter(pk=pk).first()
    if upload is None:
        raise Http404
    if request.method == "POST":
        return _step(request, upload, scope, steps.UNDOING, UNDO)
    if upload.state == UploadState.UNDOING:
        return _progress(request, upload)
    if "HX-Request" in request.headers:
        return whole_page_again()
    shown = (
        tabbed_lists.shown(_left_tabs(upload, scope), request.GET.dict())
        if upload.state == UploadState.UNDONE
        else None
    )
    return show_page(
        request, "imports/undo", _title(upload), upload=upload, figures=upload.result or {},
        undoing=upload.undoing or {}, shown=shown, touched=steps.touched(upload),
        later=later_imports(upload) if upload.context else [],
    )  # fmt: skip


def _left_tabs(upload: ImportUpload, scope: Scope) -> list[Tab]:
    """The customers that undoing has not brought back."""
    figures = upload.undoing or {}
    return [
        Tab("kept", _("Kept"), figures["kept"], lambda page: preview.left(upload, Verdict.KEPT, scope, page=page)),
        Tab(
            "stuck",
            _("Could not be reversed"),
            figures["stuck"],
            lambda page: preview.left(upload, Verdict.STUCK, scope, page=page),
        ),
    ]


# --- showing ----------------------------------------------------------------------------------------------------


def _origin(upload: ImportUpload) -> dict[str, object]:
    """Where a package comes from; empty for a file of one's own."""
    origin = upload.choices.get("origin")
    return {**origin, "decided_at": datetime.fromisoformat(origin["decided_at"])} if origin else {}


def _title(upload: ImportUpload) -> str:
    return _("Import of %(name)s") % {"name": upload.name}


def _address(name: str, upload: ImportUpload) -> str:
    return reverse(f"admin:{name}", args=[upload.pk])
