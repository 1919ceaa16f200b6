"""The page of the branch: how it stands with the central, its last runs, and the button that reconciles now."""

from __future__ import annotations

import time

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clearing.branch.alarms import OVER, OwnAlarm, own_alarms
from clearing.branch.preconditions import is_first_run, preconditions_of
from clearing.branch.starting import clear_now
from clearing.branch.transport import PASSING
from clearing.choices import RIGHTS_TO_PAIR, AlarmKind, RunStep
from clearing.models import Conflict, Cycle, HeldBack, OwnNode
from clearing.pages.frame import IS_BRANCH, may, may_resolve
from customers.edit_side import standing
from customers.models import CustomerRevision
from locations.choices import Side
from locations.permissions import Right
from locations.text import LazyText
from mcp.console.pages import show
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope

OWN = "clearing_own"
MOST_RUNS = 50
WORKER_SECONDS = 30
"""So long the page waits for the worker after somebody has pressed the button."""


def own_urls() -> list[URLPattern]:
    """The address of this page."""
    return [path("own/", console.admin_view(own_page), name=OWN)]


def own_page(request: HttpRequest) -> HttpResponse:
    """Shows how it stands; a form that was sent reconciles now. At a central it says where that is done."""
    scope = scope_of(request)
    scope.demand(Right.CLEAR)
    if request.method == "POST":
        return _start(request, scope)
    own = OwnNode.objects.filter(base=scope.base).select_related("node", "base", "location").first()
    runs = (
        Cycle.objects.in_base(scope.base).filter(node=own.node_id).order_by("-number") if own else Cycle.objects.none()
    )
    is_begun = own is not None and not own.step and _is_begun(request, own)
    context = {
        "title": _("Reconciliation with the central"),
        "own": own,
        "is_branch": settings.SIDE == Side.BRANCH,
        "is_offline": scope.base.is_discontinued,
        "is_under_way": bool(own and own.step),
        "is_begun": is_begun,
        "step": own.get_step_display() if own and own.step else RunStep.CALLING.label,
        "is_on_schedule": settings.CLEARS_ON_SCHEDULE,
        "may_resolve": may_resolve(scope),
        "may_see_nodes": not IS_BRANCH and may(scope, Right.MANAGE_LOCATION),
        "can_pair": all(may(scope, right) for right in RIGHTS_TO_PAIR),
        "waiting": _waiting(own),
        "held_back": HeldBack.objects.in_base(scope.base).waiting().count(),
        "alarms": _alarms_beside_failure(own) if settings.SIDE == Side.BRANCH else [],
        "is_over": _is_over(own),
        "switching": _switching(scope),
        "is_passing": own is not None and any(sentence["code"] in PASSING for sentence in own.failure),
        "preconditions": preconditions_of(own) if own and is_first_run(own) else [],
        "open_conflicts": Conflict.objects.in_base(scope.base).open().count(),
        "runs": [(run, dict(run.counts)) for run in runs[:MOST_RUNS]],
    }
    response = show(request, "clearing/own.html", context)
    if own and (own.step or is_begun):
        response["Refresh"] = "2"
    return response


def alarm_facts(scope: Scope) -> dict[str, object]:
    """The context of the panel at a branch."""
    own = OwnNode.objects.filter(base=scope.base).select_related("node").first()
    alarms = own_alarms(own, now=timezone.now())
    is_paired, is_over = bool(own and own.node_id), _is_over(own)
    return {
        "alarms": alarms, "is_paired": is_paired, "is_over": is_over, "own": own,
        "switching": "" if is_over else _switching(scope),
    }  # fmt: skip


def _alarms_beside_failure(own: OwnNode | None) -> list[OwnAlarm]:
    """Why the last run has failed stands on this page already."""
    return [alarm for alarm in own_alarms(own, now=timezone.now()) if alarm.kind != AlarmKind.FAILING]


def _is_over(own: OwnNode | None) -> bool:
    """Whether the last contact was told that the branch works with another base now."""
    return own is not None and any(sentence["code"] in OVER for sentence in own.failure)


def _switching(scope: Scope) -> LazyText:
    """What is said while the base is switched to 2.0, as on the pages of customers; empty otherwise."""
    found = standing(scope.base)
    return (found.sentence or "") if found is not None and found.is_switched else ""


def _is_begun(request: HttpRequest, own: OwnNode) -> bool:
    """Whether somebody has just pressed the button, and the worker has not begun yet."""
    pressed = request.GET.get("begun", "")
    if not pressed.isdecimal() or time.time() - int(pressed) > WORKER_SECONDS:
        return False
    return own.tried_at is None or own.tried_at.timestamp() < int(pressed)


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
        return HttpResponseRedirect(f"{reverse(f'admin:{OWN}')}?begun={int(time.time())}")
    return HttpResponseRedirect(reverse(f"admin:{OWN}"))
