"""The page of the branch: how it stands with the central, its last runs, and the button that reconciles now."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from clearing.branch.starting import clear_now
from clearing.models import Cycle, HeldBack, OwnNode
from clearing.pages.frame import may
from customers.models import CustomerRevision
from locations.choices import Side
from locations.permissions import Right
from mcp.console.pages import show
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope

OWN = "clearing_own"
MOST_RUNS = 50


def own_urls() -> list[URLPattern]:
    """The address of this page."""
    return [path("own/", console.admin_view(own_page), name=OWN)]


def own_page(request: HttpRequest) -> HttpResponse:
    """Shows how it stands; a form that was sent reconciles now. At a central it says where that is done."""
    scope = scope_of(request)
    scope.demand(Right.CLEAR)
    if request.method == "POST":
        return _start(request, scope)
    own = OwnNode.objects.filter(base=scope.base).select_related("node").first()
    runs = (
        Cycle.objects.in_base(scope.base).filter(node=own.node_id).order_by("-number") if own else Cycle.objects.none()
    )
    context = {
        "title": _("Reconciliation with the central"),
        "own": own,
        "is_branch": settings.SIDE == Side.BRANCH,
        "is_under_way": bool(own and own.step),
        "can_pair": may(scope, Right.MANAGE_LOCATION),
        "waiting": _waiting(own),
        "held_back": HeldBack.objects.in_base(scope.base).count(),
        "runs": [(run, dict(run.counts)) for run in runs[:MOST_RUNS]],
    }
    response = show(request, "clearing/own.html", context)
    if own and own.step:
        response["Refresh"] = "2"
    return response


def _waiting(own: OwnNode | None) -> int:
    """How many customers were changed since the last run."""
    if own is None:
        return 0
    return CustomerRevision.objects.filter(base=own.base_id, sequence__gt=own.sent_up_to).count()


def _start(request: HttpRequest, scope: Scope) -> HttpResponse:
    try:
        clear_now(actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("The reconciliation begins in a moment."))
    return HttpResponseRedirect(reverse(f"admin:{OWN}"))
