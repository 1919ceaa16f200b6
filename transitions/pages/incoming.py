"""What arrives at the receiver: the page on which it is uploaded, and how far the worker is with it.

Mounted by an admin of this app: `*incoming_urls()` in its get_urls.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from customers import imports
from customers.console import tabbed_lists
from customers.console.frame import lead_to, whole_page_again
from customers.console.tabbed_lists import PAGE, Tab
from customers.edit_side import standing
from customers.imports import DONE, UPLOAD_PAGE
from customers.numbers import surely_free_numbers
from files.choices import UNDER_WAY, FileState
from locations.permissions import Right
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope
from transitions.incoming import taking
from transitions.models import Arrival, IncomingFile
from transitions.package.importing import arrivals_of, receive_package
from transitions.pages import withdrawals
from transitions.pages.frame import show_page
from transitions.pages.package_forms import PackageForm
from transitions.withdrawals.taking import is_list, take_in

ARRIVALS, INCOMING = "transitions_arrivals", "transitions_incoming"
OF_THE_PASSWORD = frozenset({"password_missing", "password_wrong"})


def incoming_urls() -> list[URLPattern]:
    """To be put in front of the other addresses of an admin of this app, within its site."""
    return [
        path("arrivals/", console.admin_view(arrivals_page), name=ARRIVALS),
        path("arrivals/<uuid:pk>/", console.admin_view(incoming_page), name=INCOMING),
    ]


@sensitive_post_parameters("password")
def arrivals_page(request: HttpRequest) -> HttpResponseBase:
    """The page on which a package is uploaded, with what has been taken in so far."""
    scope = _importer(request)
    form = PackageForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return lead_to(request, _taken_in(request, form, scope))
        except ValidationError as refusal:
            form.add_error("password" if refusal.code in OF_THE_PASSWORD else "file", refusal)
    found = arrivals_of(scope)
    tab = Tab("all", "", found.count(), lambda page: list(map(_arrived, found[(page - 1) * PAGE : page * PAGE])))
    return show_page(
        request, "arrivals", _("Carry over"), form=form, shown=tabbed_lists.shown([tab], request.GET.dict()),
        lists=withdrawals.shown_at_receiver(scope), incoming=list(taking.under_way_at(scope)[:PAGE]),
        location=scope.location, free_numbers=surely_free_numbers(scope.location), edit_side=standing(scope.base),
    )  # fmt: skip


def _taken_in(request: HttpRequest, form: PackageForm, scope: Scope) -> str:
    """Take the file in, or leave it to the worker. Returns the address of the next page."""
    sent, password = form.cleaned_data["file"], form.cleaned_data["password"]
    of_withdrawals = is_list(sent.file)  # not encrypted: no password is asked for
    if not taking.is_small(sent.file, scope):
        kept = taking.keep_file(
            file=sent.file, name=sent.name, password="" if of_withdrawals else password, is_list=of_withdrawals,
            actor=scope,
        )  # fmt: skip
        return reverse(f"admin:{INCOMING}", args=[kept.pk])
    if of_withdrawals:
        taken = take_in(file=sent.file, actor=scope)
        said = withdrawals.sentence(known=len(taken.numbers), unknown=taken.unknown, added=taken.added)
        messages.success(request, said)
        return reverse(f"admin:{ARRIVALS}")
    arrival = receive_package(file=sent.file, password=password, actor=scope)
    imports.check(arrival.upload, scope)
    return reverse(f"admin:{UPLOAD_PAGE}", args=[arrival.upload.pk])


def incoming_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of one file: how far the worker is with it, then what has become of it. POST cancels it."""
    scope = _importer(request)
    file = taking.incoming_of(scope).filter(pk=pk).first()
    if file is None:
        raise Http404
    if request.method == "POST":
        taking.cancel(file=file, actor=scope)
        return lead_to(request, reverse(f"admin:{INCOMING}", args=[pk]))
    if file.state == FileState.DONE:
        return lead_to(request, _outcome(request, file))
    if file.state not in UNDER_WAY and "HX-Request" in request.headers:
        return whole_page_again()
    return show_page(
        request, "incoming", file.name, file=file, is_under_way=file.state in UNDER_WAY,
        percent=min(file.done * 100 // file.total, 100) if file.total else None,
        back=reverse(f"admin:{ARRIVALS}"),
    )  # fmt: skip


def _outcome(request: HttpRequest, file: IncomingFile) -> str:
    """The address of what has become of a file: the import of a package, or the page with the lists of withdrawals."""
    if file.upload is not None:
        return reverse(f"admin:{UPLOAD_PAGE}", args=[file.upload])
    if "HX-Request" in request.headers:
        return reverse(f"admin:{INCOMING}", args=[file.pk])  # the page itself says it, not what has asked how far it is
    messages.success(request, withdrawals.sentence(**(file.taken_in or {})))
    return reverse(f"admin:{ARRIVALS}")


def _importer(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    return scope


def _arrived(arrival: Arrival) -> dict[str, object]:
    return {
        "arrival": arrival,
        "executed_at": datetime.fromisoformat(arrival.manifest["executed_at"]),
        "is_done": arrival.upload.state in DONE,
    }
