"""The list of those who have withdrawn since: a button at the sender, an upload at the receiver."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope
from transitions.models import Transition, WithdrawalList
from transitions.operations.stepping import demand_reviewer
from transitions.package.lifecycle import transitions_for
from transitions.withdrawals.making import HANDED_OVER, file_name, lists_of, make_list, withdrawn_since
from transitions.withdrawals.taking import lists_taken_in

WITHDRAWALS = "transitions_withdrawals"
MOST_SHOWN = 50
"""So many lists are shown, and so many customers of each."""


def withdrawal_urls() -> list[URLPattern]:
    """To be put in front of the other addresses of an admin of this app, within its site."""
    return [path("<uuid:pk>/withdrawals/", console.admin_view(download), name=WITHDRAWALS)]


def download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The signed list for the receiver. It is asked for by POST, since it is recorded that it was made."""
    scope = scope_of(request)
    demand_reviewer(scope)
    transition = transitions_for(scope).filter(pk=pk).first()
    if transition is None:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        file = make_list(transition=transition, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return HttpResponseRedirect(reverse("admin:transitions_package", args=[transition.pk]))
    response = FileResponse(file, as_attachment=True, filename=file_name(transition), content_type="application/zip")
    response["Cache-Control"] = "no-store"
    return response


def shown_at_sender(transition: Transition) -> dict[str, Any] | None:
    """Context of the page of packages: withdrawals since the execution; None before anybody was handed over."""
    if transition.state not in HANDED_OVER:
        return None
    return {"count": len(withdrawn_since(transition)), "lists": lists_of(transition)[:MOST_SHOWN]}


def shown_at_receiver(scope: Scope) -> list[WithdrawalList]:
    """The lists that were taken in, with the numbers of the customers as far as a page shows them."""
    lists = list(lists_taken_in(scope)[:MOST_SHOWN])
    for one in lists:
        one.shown, one.more = one.numbers[:MOST_SHOWN], max(len(one.numbers) - MOST_SHOWN, 0)  # type: ignore[attr-defined]
    return lists


def sentence(*, known: int, unknown: int, added: int) -> str:
    """What has become of a list that was taken in."""
    said = ngettext(
        "The withdrawal of one customer is noted.", "The withdrawals of %(count)s customers are noted.", known
    ) % {"count": number_format(known, force_grouping=True)}
    if unknown:
        said += " " + ngettext(
            "One customer of the list is not here.", "%(count)s customers of the list are not here.", unknown
        ) % {"count": number_format(unknown, force_grouping=True)}
    if not added:
        said += " " + _("All of it was known here already.")
    return said
