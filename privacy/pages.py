"""The page on which the file of a person is ordered and fetched."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from files import lifecycle
from files.choices import UNDER_WAY
from mcp.console.pages import show
from mcp.console.site import scope_of
from privacy.models import PersonFile
from privacy.person_files import PERSON_FILES, demand_protector, order_person_file, person_files_of

PERSON, PERSON_DOWNLOAD = "privacy_person", "privacy_person_download"
MOST_SHOWN = 20


def person_page(request: HttpRequest, customer: int) -> HttpResponse:
    """The files about a customer; sent, another one is made. While one is, the page loads itself again."""
    scope = scope_of(request)
    demand_protector(scope)
    him = get_object_or_404(Customer.objects.in_base(scope.base), pk=customer)
    address = reverse(f"admin:{PERSON}", args=[him.pk])
    if request.method == "POST":
        order_person_file(customer=him, actor=scope)
        return HttpResponseRedirect(address)
    now = timezone.now()
    files = [
        {
            "file": one,
            "is_ready": lifecycle.is_ready(PERSON_FILES, one, now=now),
            "expires_at": lifecycle.expires_at(PERSON_FILES, one),
        }
        for one in person_files_of(him, scope)[:MOST_SHOWN]
    ]
    is_under_way = any(one["file"].state in UNDER_WAY for one in files)  # type: ignore[attr-defined]
    context = {
        "title": _("What is stored about %(customer)s") % {"customer": him},
        "files": files,
        "is_under_way": is_under_way,
        "back": reverse("admin:customers_customer_change", args=[him.pk]),
    }
    response = show(request, "privacy/person.html", context)
    if is_under_way:
        response["Refresh"] = "1"
    return response


def person_download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The archive. It is asked for by POST, since each download is recorded."""
    scope = scope_of(request)
    demand_protector(scope)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    of_here = PersonFile.objects.filter(base=scope.base, location=scope.location.pk, customer__isnull=False)
    file = get_object_or_404(lifecycle.with_kept(PERSON_FILES, of_here), pk=pk)
    try:
        content = lifecycle.fetch(PERSON_FILES, file, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return HttpResponseRedirect(reverse(f"admin:{PERSON}", args=[file.customer_id]))
    response = FileResponse(content, as_attachment=True, filename=file.name, content_type="application/zip")
    response["Cache-Control"] = "no-store"
    return response
