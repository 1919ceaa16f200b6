"""The pages of packages at the sender: the file and the protocol (what arrives at the receiver: pages/incoming).

Mounted by an admin of this app: `*package_urls()` in its get_urls.
"""

from __future__ import annotations

import io
from typing import IO
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from files import lifecycle
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope
from transitions.archive import encrypting
from transitions.models import Package, PackageDownload, Transition
from transitions.operations.stepping import demand_reviewer
from transitions.package import lifecycle as packages
from transitions.package.importing import note_arrivals
from transitions.package.lifecycle import PACKAGES
from transitions.pages.frame import show_page
from transitions.pages.package_forms import DownloadForm
from transitions.pages.withdrawals import shown_at_sender
from transitions.protocol import protocol_of

PACKAGE, DOWNLOAD, PROTOCOL, PDF = (
    "transitions_package", "transitions_package_download", "transitions_protocol", "transitions_protocol_pdf",
)  # fmt: skip


def package_urls() -> list[URLPattern]:
    """To be put in front of the other addresses of an admin of this app, within its site."""
    return [
        path("<uuid:pk>/package/", console.admin_view(package_page), name=PACKAGE),
        path("package/<uuid:pk>/download/", console.admin_view(download), name=DOWNLOAD),
        path("<uuid:pk>/protocol/", console.admin_view(protocol_page), name=PROTOCOL),
        path("<uuid:pk>/protocol/pdf/", console.admin_view(protocol_pdf), name=PDF),
    ]


# --- at the sender ----------------------------------------------------------------------------------------------


def package_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The package of a transition: how far it is, what it is, who has fetched it; and to have it made anew."""
    scope = _carrier(request)
    transition = _transition_or_404(scope, pk)
    if request.method == "POST":
        return _make_anew(request, transition, scope)
    made = list(packages.packages_of(transition))
    newest = made[0] if made else None
    under_way = lifecycle.is_under_way(PACKAGES, newest)
    withdrawals = shown_at_sender(transition)
    response = show_page(
        request, "package", _("Package: %(location)s") % {"location": transition.location.name}, transition=transition,
        shown=_shown(made, withdrawals["count"] if withdrawals else 0), is_under_way=under_way,
        refused_password=request.GET.get("password", ""),
        can_be_made=transition.state in packages.MAKING and not under_way,
        download_form=DownloadForm(auto_id=False), left_out=(transition.result or {}).get("left_out", 0),
        withdrawals=withdrawals,
        downloads=PackageDownload.objects.filter(file__in=[one.pk for one in made]).select_related("file"),
    )  # fmt: skip
    if under_way:
        response["Refresh"] = "1"
    return response


def _make_anew(request: HttpRequest, transition: Transition, scope: Scope) -> HttpResponse:
    try:
        packages.request_package(transition=transition, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return HttpResponseRedirect(reverse(f"admin:{PACKAGE}", args=[transition.pk]))


def _shown(made: list[Package], withdrawn: int) -> list[dict[str, object]]:
    """The packages as the page shows them.

    `withdrawn` customers have withdrawn since the execution; those who had done so before are not in a package.
    """
    now = timezone.now()
    return [
        {
            "package": package,
            "is_under_way": lifecycle.is_under_way(PACKAGES, package),
            "is_ready": lifecycle.is_ready(PACKAGES, package, now=now),
            "expires_at": lifecycle.expires_at(PACKAGES, package),
            "withdrawn": max(withdrawn - int((package.manifest or {}).get("withdrew", 0)), 0),
            "percent": min(package.done * 100 // package.total, 100) if package.total else 0,
        }
        for package in made
    ]


@sensitive_post_parameters("password", "again")
def download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file. It is asked for by POST, since each download is recorded."""
    scope = _carrier(request)
    transition = packages.transitions_for(scope).filter(packages=pk).first()
    if transition is None:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    found, form = packages.packages_of(transition).get(pk=pk), DownloadForm(request.POST)
    if not form.is_valid():
        sentences = [str(message) for errors in form.errors.values() for message in errors]
        return _refused(request, transition, sentences, password_for=pk)
    password = form.cleaned_data["password"]
    try:
        file = lifecycle.fetch(PACKAGES, found, actor=scope, is_encrypted=bool(password))
    except ValidationError as refusal:
        return _refused(request, transition, refusal.messages)
    if not password:
        return _as_file(file, found.name, "application/zip")
    name = f"{found.name.removesuffix('.zip')}-{_('encrypted')}.zip"
    content = encrypting.encrypted(file, name=found.name, password=password, at=found.created_at)
    return _kept_by_nobody(
        StreamingHttpResponse(
            content,
            content_type="application/zip",
            headers={"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or ""},
        )
    )


def _refused(
    request: HttpRequest, transition: Transition, sentences: list[str], *, password_for: UUID | None = None
) -> HttpResponse:
    """Back to the page of the package. `password_for` is the package whose fields for a password stay unfolded."""
    messages.error(request, " ".join(sentences))
    query = {"password": str(password_for)} if password_for else None
    return HttpResponseRedirect(reverse(f"admin:{PACKAGE}", args=[transition.pk], query=query))


def protocol_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is on record about a transition, on one page."""
    scope = _carrier(request)
    transition = _transition_or_404(scope, pk)
    protocol = protocol_of(transition=transition, actor=scope)
    return show_page(request, "protocol", protocol.title, protocol=protocol, transition=transition)


def protocol_pdf(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The same as a file to keep."""
    scope = _carrier(request)
    transition = _transition_or_404(scope, pk)
    from files.paper_pdf import as_pdf  # noqa: PLC0415 - its library takes as long to load as all of ours

    content = as_pdf(protocol_of(transition=transition, actor=scope))
    name = f"{_('protocol')}-{transition.organization.account_number}-{transition.location.client_number}.pdf"
    return _as_file(io.BytesIO(content), name, "application/pdf")


def _as_file(file: IO[bytes], name: str, content_type: str) -> FileResponse:
    return _kept_by_nobody(FileResponse(file, as_attachment=True, filename=name, content_type=content_type))


def _kept_by_nobody[Answer: HttpResponseBase](response: Answer) -> Answer:
    response["Cache-Control"] = "no-store"
    return response


def _carrier(request: HttpRequest) -> Scope:
    """The scope. Raises MissingRight except at the head of the business that hands over."""
    scope = scope_of(request)
    demand_reviewer(scope)
    return scope


def _transition_or_404(scope: Scope, pk: UUID) -> Transition:
    """The transition, after noting what the receiver has imported meanwhile. Raises Http404."""
    if not packages.transitions_for(scope).filter(pk=pk).exists():
        raise Http404
    note_arrivals(transition=pk, actor=scope.actor_name)
    return packages.transitions_for(scope).get(pk=pk)
