"""The page of reconciling by a stick, where there is no line: files are saved and taken in at both sides.

At a branch its run is saved and the answer taken in; at the central, at its location, the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget

from clearing.branch import by_stick as at_branch
from clearing.central import by_stick as at_central
from clearing.models import Cycle, OwnNode
from clearing.pages.protocol import counts_of
from locations.permissions import Right
from mcp.console.pages import show
from mcp.console.site import console, scope_of
from mcp.isolation import row_scope
from mcp.isolation.branch import is_branch
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

STICK, FILE = "clearing_stick", "clearing_stick_file"
ENDING = ".stick"


class StickForm(forms.Form):
    """The file of the other side."""

    file = forms.FileField(
        label=gettext_lazy("File from the stick"),
        help_text=gettext_lazy("It ends in .stick and was written by the other side."),
        widget=UnfoldAdminFileFieldWidget(
            attrs={"accept": ENDING, "aria-describedby": "id_file_helptext id_file_error"}
        ),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > at_central.LARGEST:
            raise ValidationError(
                gettext_lazy("The file is larger than any that is written here. Let the branch reconcile over a line."),
                code="stick_file_too_large",
            )
        return file


def stick_urls() -> list[URLPattern]:
    """The addresses of this page."""
    return [
        path("own/stick/", console.admin_view(stick_page), name=STICK),
        path("own/stick/<uuid:pk>/", console.admin_view(file_page), name=FILE),
    ]


def stick_page(request: HttpRequest) -> HttpResponse:
    """What there is to save, and the form for what comes back."""
    scope = scope_of(request)
    scope.demand(Right.CLEAR)
    if request.method != "POST":
        return _show(request, scope, StickForm())
    is_prepared = request.POST.get("step") == "prepare"
    form = StickForm() if is_prepared else StickForm(request.POST, request.FILES)
    if form.is_bound and not form.is_valid():
        return _show(request, scope, form)
    try:
        with busy_told():
            _prepare(request, scope) if is_prepared else _take_in(request, form, scope)
    except ValidationError as refusal:
        return _show(request, scope, StickForm(), refusal=refusal)
    return HttpResponseRedirect(reverse(f"admin:{STICK}"))


def _show(
    request: HttpRequest, scope: Scope, form: StickForm, *, refusal: ValidationError | None = None
) -> HttpResponse:
    own = OwnNode.objects.filter(base=scope.base).select_related("node").first() if is_branch() else None
    run = at_branch.open_run(own) if own and own.node_id else None
    context = {
        "title": _("Reconcile by a stick"),
        "is_branch": is_branch(),
        "is_offline": scope.base.is_discontinued,
        "own": own,
        "run": run,
        "is_under_way": bool(own and own.step),
        "is_on_schedule": settings.CLEARS_ON_SCHEDULE,
        "answers": [] if is_branch() else [(one, counts_of(one)) for one in at_central.answers(scope)],
        "form": form,
        "refusal": " ".join(refusal.messages) if refusal else "",
        "back": reverse("admin:clearing_own"),
    }
    response = show(request, "clearing/stick.html", context, status=400 if form.errors or refusal else 200)
    if own and own.step:
        response["Refresh"] = "2"
    return response


def _prepare(request: HttpRequest, scope: Scope) -> None:
    run = at_branch.prepare(actor=scope)
    if run is None:
        messages.info(request, _("The changes are being collected. This page says when the file is ready."))
    else:
        messages.success(
            request, _("Run %(number)s is collected. Save its file to the stick.") % {"number": run.number}
        )


def _take_in(request: HttpRequest, form: StickForm, scope: Scope) -> None:
    file = form.cleaned_data["file"].file
    if is_branch():
        _tell_branch(request, at_branch.take_in(file=file, actor=scope))
    else:
        _tell_central(request, at_central.take_in(file=file, actor=scope))


def _tell_branch(request: HttpRequest, taken: at_branch.Taken) -> None:
    number = {"number": taken.number}
    if not taken.is_new:
        messages.info(request, _("The answer to run %(number)s was applied before. Nothing was changed.") % number)
    elif taken.is_applied:
        messages.success(request, _("The answer is applied: run %(number)s is done.") % number)
    else:
        messages.info(request, _("The answer to run %(number)s is taken in, and is being applied.") % number)


def _tell_central(request: HttpRequest, taken: at_central.Taken) -> None:
    number = {"number": taken.run.number}
    if not taken.is_new:
        messages.info(request, _("Run %(number)s was taken in before. Nothing was changed.") % number)
    elif taken.is_decided:
        messages.success(
            request, _("Run %(number)s is taken in. Save the answer to the stick and take it back.") % number
        )
    else:
        messages.info(request, _("Run %(number)s is taken in, and is being reconciled. Its answer follows.") % number)


def file_page(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file itself: at a branch with the run, at the central with the answer."""
    scope = scope_of(request)
    scope.demand(Right.CLEAR)
    try:
        run, pieces = at_branch.written(actor=scope) if is_branch() else at_central.answer(run=pk, actor=scope)
    except Cycle.DoesNotExist:
        raise Http404 from None
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return HttpResponseRedirect(reverse(f"admin:{STICK}"))
    if run.pk != pk:
        raise Http404
    return _as_file(scope, run, pieces)


def _as_file(scope: Scope, run: Cycle, pieces: Iterator[bytes]) -> StreamingHttpResponse:
    words = {"account": scope.organization.account_number, "client": scope.location.client_number, "run": run.number}
    name = (
        _("reconciliation-%(account)s-%(client)s-run-%(run)s-to-central")
        if is_branch()
        else _("reconciliation-%(account)s-%(client)s-run-%(run)s-to-branch")
    )
    return StreamingHttpResponse(
        row_scope.streamed(scope, pieces),
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name % words}{ENDING}"', "Cache-Control": "no-store"},
    )
