"""The page at the central of a group on which it answers who may join."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope
from transitions import operations
from transitions.operations import admitting
from transitions.pages.frame import show_page

JOININGS = "transitions_joinings"


def joining_urls() -> list[URLPattern]:
    """To be put in front of the other addresses of an admin of this app, within its site."""
    return [path("joinings/", console.admin_view(joinings_page), name=JOININGS)]


def joinings_page(request: HttpRequest) -> HttpResponse:
    """Who wants to join, as which location and when; yes or no to each."""
    scope = scope_of(request)
    admitting.demand_admitter(scope)
    refused = ""
    if request.method == "POST":
        try:
            _answer(request, scope)
        except ValidationError as refusal:
            refused = " ".join(refusal.messages)
        except PermissionDenied:
            if not operations.is_support(scope):
                raise
            refused = _(
                "Whether a location leaves or joins is decided by the business itself. Its people have to ask for it."
            )
        else:
            return HttpResponseRedirect(reverse(f"admin:{JOININGS}"))
    return show_page(
        request, "joinings", _("Who wants to join"), words=admitting.asked_here(scope), refused=refused,
        back=reverse("admin:transitions"),
    )  # fmt: skip


def _asked(request: HttpRequest) -> UUID:
    """The joining that was posted; a zero id where it is none.

    That is refused as unknown by the operation, after it has asked for the rights.
    """
    try:
        return UUID(request.POST.get("transition", ""))
    except ValueError:
        return UUID(int=0)


def _answer(request: HttpRequest, scope: Scope) -> None:
    agrees = request.POST.get("answer") == "yes"
    admitting.answer(transition=_asked(request), agrees=agrees, note=request.POST.get("note", "")[:2000], actor=scope)
    messages.success(request, _("The other side sees your answer.") if agrees else _("You have refused."))
