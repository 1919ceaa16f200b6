"""The pages of switches between the customer bases 2.0 and 1.0, at the location that is switched.

Whoever manages the location sees how far it is. Only the provider's support asks for it, previews it and carries it
out; a developer signs it outside of any location (transitions/pages/signing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from customers.console.frame import whole_page_again
from locations.choices import LocationKind
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope
from transitions import switching
from transitions.choices import StartsWith, SwitchDirection, SwitchState
from transitions.models import BaseSwitch, SwitchStep
from transitions.operations import is_support
from transitions.pages.forms import StepForm
from transitions.pages.frame import show_page

LIST, REQUEST, SWITCH, STEP = (
    "transitions_switches", "transitions_switch_request", "transitions_switch", "transitions_switch_step",
)  # fmt: skip


def switch_urls() -> list[URLPattern]:
    """The addresses of these pages."""
    return [
        path("switches/", console.admin_view(list_page), name=LIST),
        path("switches/request/", console.admin_view(request_page), name=REQUEST),
        path("switches/<uuid:pk>/", console.admin_view(switch_page), name=SWITCH),
        path("switches/<uuid:pk>/step/", console.admin_view(take_step), name=STEP),
    ]


class AskForm(StepForm):
    """Why, and with whom a base 1.0 begins."""

    refused_fields = {"baseswitch_has_reason": "reason", "baseswitch_starts_with": "starts_with"}
    starts_with = forms.ChoiceField(
        label=gettext_lazy("The customer base 1.0 begins"),
        choices=StartsWith.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Who goes along is in the customer base of the group no more, and the other locations do not see him."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("It stays on record, and whoever signs reads it."),
    )  # fmt: skip

    def __init__(self, *args: Any, direction: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if direction == SwitchDirection.TO_SHARED:
            del self.fields["starts_with"]
            self.fields["reason"].help_text = _("Stays on record, with your name.")  # nobody signs it


class EmptyForm(StepForm):
    pass


class SureForm(StepForm):
    """For what cannot be undone."""

    refused_fields: ClassVar[Mapping[str, str]] = {}
    sure = forms.BooleanField(label=gettext_lazy("I have read what happens"), required=True)


@dataclass(frozen=True)
class Step:
    """One step as the page offers it to support."""

    name: str
    take: Callable[..., BaseSwitch]
    title: str | Promise
    button: str | Promise
    said: str | Promise
    form: type[StepForm] = EmptyForm
    is_dangerous: bool = False
    is_aside: bool = False


_EXECUTE = Step(
    "execute", switching.execute_now, gettext_lazy("Switch now"), gettext_lazy("Switch now"),
    gettext_lazy("Switched."), SureForm, is_dangerous=True,
)  # fmt: skip
_UNDO = Step(
    "undo", switching.undo_now, gettext_lazy("Take it back"), gettext_lazy("Take all of it back"),
    gettext_lazy("Everything is as it was before the switch, with what was edited since."), is_aside=True,
)  # fmt: skip
_END = Step(
    "end", switching.end, gettext_lazy("End it for good"), gettext_lazy("End it for good"),
    gettext_lazy("It stays so. The pairings have ended."), SureForm, is_dangerous=True,
)  # fmt: skip
_CANCEL = Step(
    "cancel", switching.cancel, gettext_lazy("Cancel it"), gettext_lazy("Cancel"),
    gettext_lazy("It is cancelled. The location works as before."), is_aside=True,
)  # fmt: skip
STEPS = {step.name: step for step in (_EXECUTE, _UNDO, _END, _CANCEL)}


def offered(switch: BaseSwitch, actor: Scope) -> list[Step]:
    """What support can do now at the location that is switched."""
    if not is_support(actor):
        return []
    due = SwitchState.SIGNED if switch.is_to_offline else SwitchState.REQUESTED
    steps = [_EXECUTE] if switch.state == due else []
    if switch.state in {SwitchState.REQUESTED, SwitchState.SIGNED}:
        steps.append(_CANCEL)
    if switch.state == SwitchState.EXECUTED and not switch.is_to_offline:
        steps += [_END, _UNDO]
    return steps


def list_page(request: HttpRequest) -> HttpResponse:
    """Which base the location has, and its switches: at the central those of all locations."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    found = list(switching.visible_switches(scope)[:100])
    return show_page(
        request, "switches", _("Customer base 2.0 and 1.0"), switches=[(one, who_is_next(one)) for one in found],
        location=scope.location, may_ask=is_support(scope) and scope.location.kind == LocationKind.BRANCH,
        is_branch=scope.location.kind == LocationKind.BRANCH, back=reverse("admin:transitions"),
    )  # fmt: skip


def request_page(request: HttpRequest) -> HttpResponse:
    """Support asks for a switch of the location at which it is."""
    scope = scope_of(request)
    if not is_support(scope):
        raise Http404
    direction = SwitchDirection.TO_SHARED if scope.base.is_discontinued else SwitchDirection.TO_OFFLINE
    form = AskForm(request.POST or None, direction=direction, initial={"starts_with": StartsWith.HOME})
    if request.method == "POST" and form.is_valid():
        try:
            asked = switching.request_switch(
                location=scope.location, direction=direction, starts_with=form.cleaned_data.get("starts_with", ""),
                reason=form.cleaned_data["reason"], actor=scope,
            )  # fmt: skip
        except ValidationError as refusal:
            show_refusal(form, refusal, form.refused_fields)
        else:
            messages.success(request, _("It is requested. You see here how far it is."))
            return HttpResponseRedirect(reverse(f"admin:{SWITCH}", args=[asked.pk]))
    title = _("Switch to the customer base 2.0") if scope.base.is_discontinued else _("Switch to a customer base 1.0")
    return show_page(
        request, "switch_request", title, form=form, is_to_offline=direction == SwitchDirection.TO_OFFLINE,
        location=scope.location, back=reverse(f"admin:{LIST}"), why_not=switching.why_not(scope.location, direction),
        still_open=_still_open(scope),
    )  # fmt: skip


def _still_open(scope: Scope) -> dict[str, int]:
    """What is to be decided or dismissed first, for whoever may."""
    with scope.asked.only_looking():
        may_resolve = scope.allows(Right.RESOLVE_CONFLICTS) and scope.allows(Right.VIEW_CUSTOMERS)
    if not (may_resolve and scope.base.is_discontinued):
        return {}
    held, conflicts = switching.still_open(scope.base)
    return {"held": held, "conflicts": conflicts}


def switch_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is, who must do what next; for support what would happen, and the steps."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    switch = _visible_or_404(scope, pk)
    if "HX-Request" in request.headers and switching.under_way(switch) != request.GET.get("under_way"):
        return whole_page_again()
    return _page(request, switch, scope)


def take_step(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Do what the button says; where it is refused the page is shown again and says why."""
    scope = scope_of(request)
    if not is_support(scope):
        raise Http404
    switch = _visible_or_404(scope, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    step = STEPS.get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    form = step.form(request.POST)
    if form.is_valid():
        try:
            taken = step.take(switch=switch, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, form.refused_fields)
        else:
            is_left = taken.state == switch.state
            messages.success(request, _("The worker does it now. The page shows when it is done.") if is_left
                             else str(step.said))  # fmt: skip
            return HttpResponseRedirect(reverse(f"admin:{SWITCH}", args=[pk]))
    return _page(request, _visible_or_404(scope, pk), scope, refused=(step, form))


def _visible_or_404(scope: Scope, pk: UUID) -> BaseSwitch:
    found = switching.visible_switches(scope).select_related("source", "target").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, switch: BaseSwitch, scope: Scope, *, refused: tuple[Step, StepForm] | None = None
) -> HttpResponse:
    under_way = switching.under_way(switch)
    steps = [] if under_way else offered(switch, scope)
    shown = [(step, refused[1] if refused and refused[0] is step else step.form()) for step in steps]
    names = {step.name for step in steps}
    forward = names & {"execute", "cancel"}
    seen = switching.look(switch=switch, actor=scope) if forward else None
    back = switching.look_back(switch=switch, actor=scope) if "undo" in names else None
    is_offered = refused is not None and refused[0] in steps
    taken = list(switch.steps.all())
    return show_page(
        request, "switch", f"{switch.location}: {switch.get_direction_display()}", switch=switch, steps=taken,
        stages=stages(switch, taken), under_way=under_way,
        next=who_is_next(switch, is_under_way=bool(under_way), is_ready=bool(seen and not seen.obstacles)),
        address=reverse(f"admin:{SWITCH}", args=[switch.pk]), forms=shown, seen=seen, back_seen=back,
        refused=refused[1] if refused and not is_offered else None, back=reverse(f"admin:{LIST}"),
        places=[
            (place, place["before"][1] - 1, place["after"][1] - 1, place["before"] != place["after"])
            for place in switch.places
        ],
    )  # fmt: skip


# --- in words -----------------------------------------------------------------------------------------------------

_NEXT: dict[tuple[str, str], Promise] = {
    (SwitchDirection.TO_OFFLINE, SwitchState.REQUESTED): gettext_lazy(
        "A developer of the provider signs it. Until then nothing changes."
    ),
    (SwitchDirection.TO_OFFLINE, SwitchState.SIGNED): gettext_lazy("The provider's support carries it out."),
    (SwitchDirection.TO_OFFLINE, SwitchState.EXECUTED): gettext_lazy(
        "The branch is paired: the location has a code shown under “Branches that reconcile”."
    ),
    (SwitchDirection.TO_SHARED, SwitchState.REQUESTED): gettext_lazy(
        "The nodes hear at their next contact that nothing is to be changed any more, and reconcile for the last time. "
        "Then the provider's support carries it out."
    ),
    (SwitchDirection.TO_SHARED, SwitchState.EXECUTED): gettext_lazy(
        "Work with it. If something is wrong, support takes all of it back; if not, support ends it for good."
    ),
}


def who_is_next(switch: BaseSwitch, *, is_under_way: bool = False, is_ready: bool = False) -> str:
    """Who must do what next, in a sentence; empty where nobody must. Ready: nothing stands in the way any more."""
    if is_under_way:
        return _("The worker does it now. The page shows when it is done.")
    is_waiting = switch.state == SwitchState.REQUESTED and not switch.is_to_offline
    if is_waiting and (is_ready or not switch.location.base.has_node):
        return _("The provider's support carries it out.")  # there is no node to wait for
    return str(_NEXT.get((switch.direction, switch.state), ""))


@dataclass(frozen=True)
class Stage:
    """One state on the bar, with the step that has reached it."""

    label: str | Promise
    step: SwitchStep | None
    is_current: bool


def stages(switch: BaseSwitch, steps: list[SwitchStep]) -> list[Stage]:
    """The states on the way, each with the first step that has reached it."""
    way = [SwitchState.REQUESTED, SwitchState.EXECUTED]
    if switch.is_to_offline:
        way.insert(1, SwitchState.SIGNED)
    else:
        way.append(SwitchState.UNDONE if switch.state == SwitchState.UNDONE else SwitchState.SETTLED)
    reached: dict[str, SwitchStep] = {}
    for step in steps:
        reached.setdefault(step.state, step)
    return [Stage(state.label, reached.get(state), switch.state == state) for state in way]
