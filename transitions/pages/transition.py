"""The pages of locations that leave or join. Mounted by the admin of transitions: `*transition_urls()`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounting.leaving import OpenMoney
from customers.console import tabbed_lists
from customers.console.frame import whole_page_again
from customers.console.tabbed_lists import PAGE, Tab
from locations.choices import LocationKind
from locations.models import Location
from locations.permissions import Right
from locations.querysets import LocationQuerySet
from mcp.central import operations as central
from mcp.central.admin.logins import after_link
from mcp.central.operations import first_link_of
from mcp.console.operation_forms import show_refusal
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope
from transitions import deciding, operations, status_texts, switching
from transitions.choices import JOINED_ANEW, OPEN, Reason, TransitionKind, TransitionState
from transitions.models import JoiningWord, Transition
from transitions.package.importing import HANDED_OVER, note_arrivals
from transitions.pages.forms import AccountForm, GroupForm, RequestForm, StepForm
from transitions.pages.frame import show_page
from transitions.pages.steps import STEPS, Step, offered
from transitions.querysets import TransitionQuerySet

CARRIED = "carried"
LIST, REQUEST, TRANSITION, STEP, ACCOUNT = (
    "transitions", "transitions_request", "transitions_transition", "transitions_step", "transitions_account",
)  # fmt: skip


def transition_urls() -> list[URLPattern]:
    """All addresses of the process itself."""
    return [
        path("", console.admin_view(list_page), name=LIST),
        path("request/", console.admin_view(request_page), name=REQUEST),
        path("<uuid:pk>/", console.admin_view(transition_page), name=TRANSITION),
        path("<uuid:pk>/step/", console.admin_view(take_step), name=STEP),
        path("<uuid:pk>/account/", console.admin_view(account_page), name=ACCOUNT),
    ]


# --- all of them, and a new one ---------------------------------------------------------------------------------


def list_page(request: HttpRequest) -> HttpResponse:
    """What is under way and what is over: at the central for all locations, elsewhere for this one."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    found = operations.visible_transitions(scope)
    tabs = [
        _tab("open", _("Under way"), found.open()),
        _tab("over", _("Over"), found.exclude(state__in=OPEN)),
    ]
    return show_page(
        request, "list", _("Leaving and joining"), shown=tabbed_lists.shown(tabs, request.GET.dict()),
        joinings=operations.admitting.asked_here(scope) if scope.location.is_central else [],
        may_request=not operations.is_support(scope),
    )  # fmt: skip


def _tab(name: str, label: str, found: TransitionQuerySet) -> Tab:
    def rows(page: int) -> list[tuple[Transition, str]]:
        some = found[(page - 1) * PAGE : page * PAGE]
        return [(transition, status_texts.who_is_next(transition)) for transition in some]

    return Tab(name, label, found.count(), rows)


def request_page(request: HttpRequest) -> HttpResponse:
    """Ask that a location leaves; at an independent business, that it joins a group."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    form = RequestForm(request.POST or None, places=_places(scope))
    if request.method == "POST" and form.is_valid():
        try:
            asked = _ask(form.cleaned_data, scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, form.refused_fields)
        else:
            messages.success(request, _("It is requested. You see here how far it is."))
            return HttpResponseRedirect(_address(TRANSITION, asked))
    is_joining = scope.location.kind == LocationKind.INDEPENDENT
    title = _("Join a group") if is_joining else _("Leave the group")
    return show_page(
        request, "request", title, form=form, is_joining=is_joining, back=reverse(f"admin:{LIST}"),
        why_not="" if scope.location.is_central else operations.why_not(scope.location),
        switch=reverse("admin:transitions_switches") if switching.is_in_the_way(scope.location) else "",
    )  # fmt: skip


def _places(scope: Scope) -> LocationQuerySet | None:
    """The locations among which the central chooses; None elsewhere, where only the own one can leave."""
    if not scope.location.is_central:
        return None
    under_way = operations.visible_transitions(scope).open().values("location")
    places: Any = central.visible_locations(scope)
    return places.open().branches().exclude(pk__in=under_way).order_by("client_number")


def _ask(data: dict[str, Any], scope: Scope) -> Transition:
    when: dict[str, Any] = {"planned_for": data["planned_for"], "note": data["note"], "actor": scope}
    if scope.location.kind == LocationKind.INDEPENDENT:
        return operations.request_join(**when)
    location: Location = data.get("location") or scope.location
    return operations.request_exit(location=location, **when)


# --- the page of one --------------------------------------------------------------------------------------------


def transition_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is, who must do what next, and the forms of what can be done here."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    transition = _visible_or_404(scope, pk)
    if transition.state in HANDED_OVER:
        note_arrivals(transition=pk, actor=scope.actor_name)
        transition = _visible_or_404(scope, pk)
    if "HX-Request" in request.headers and operations.under_way(transition) != request.GET.get("under_way"):
        return whole_page_again()  # the worker has begun, or is done
    return _page(request, transition, scope)


def take_step(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Do what the button says; where it is refused the page is shown again, with what was typed."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    transition = _visible_or_404(scope, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    step = STEPS.get(request.POST.get("step", ""))
    if step is None or step.kind not in {None, transition.kind}:
        raise Http404
    form = step.form(request.POST)
    seen = request.POST.get("seen", "")
    taken = _taken(step, transition, form, scope, seen=seen) if form.is_valid() else None
    if taken is None:
        _lead_to_error(request, form)
        # As it is now: somebody else may have been quicker, and what he has done is why it was refused.
        return _page(request, _visible_or_404(scope, pk), scope, refused=(step, form))
    messages.success(request, step.sentence(taken))
    return HttpResponseRedirect(_address(TRANSITION, transition))


def _lead_to_error(request: HttpRequest, form: StepForm) -> None:
    """Say at the top of the page that something is wrong, and set the focus to the first wrong field."""
    wrong = next((name for name in form.fields if name in form.errors), None)
    if wrong is not None:
        form.fields[wrong].widget.attrs["autofocus"] = True
        messages.error(request, _("Nothing was done. What is wrong stands at the field “%(field)s”.") % {
            "field": form.fields[wrong].label,
        })  # fmt: skip


def _taken(step: Step, transition: Transition, form: StepForm, scope: Scope, *, seen: str) -> Transition | None:
    """The transition after the step; None where it is refused, which the form then shows."""
    try:
        with transaction.atomic():
            if step.is_answered_for and transition.state in step.states:
                operations.demand_as_shown(transition, seen=seen, actor=scope)
            return step.take(transition, form.cleaned_data, scope)
    except ValidationError as refusal:
        show_refusal(form, refusal, form.refused_fields)
        return None


def _visible_or_404(scope: Scope, pk: UUID) -> Transition:
    found = operations.visible_transitions(scope).select_related("location__base", "organization").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, transition: Transition, scope: Scope, *, refused: tuple[Step, StepForm] | None = None
) -> HttpResponse:
    steps = list(transition.steps.all())
    with scope.asked.only_looking():
        figures = status_texts.figures_of(transition) if operations.reviews_here(scope) else None
        tabs = _listed_tabs(transition, scope, figures) if figures and scope.allows(Right.VIEW_CUSTOMERS) else []
    under_way = operations.under_way(transition)
    forms = [(step, _form(step, transition, refused)) for step in offered(transition, scope, under_way=under_way)]
    second = operations.why_not_confirm(transition, scope) if "confirm" in {step.name for step, _shown in forms} else ""
    is_offered = refused is not None and refused[0] in [step for step, _shown in forms]
    return show_page(
        request, "transition", _title(transition), transition=transition, stages=status_texts.stages(transition, steps),
        steps=steps, seen=steps[-1].pk if steps else "",
        next=status_texts.who_is_next(transition, is_under_way=bool(under_way)), figures=figures, forms=forms,
        under_way=under_way, address=_address(TRANSITION, transition),
        refused=refused[1] if refused and not is_offered else None, second=second,
        invite=_address_of_users(scope) if second else "", fields=status_texts.fields_of(transition),
        shown=tabbed_lists.shown(tabs, request.GET.dict()), back=reverse(f"admin:{LIST}"),
        further=status_texts.further_pages(transition) if figures else [],
        account=_address(ACCOUNT, transition) if _waits_for_support(transition, scope) else "",
        group=_answer_of_group(transition, scope),
        title_of_account=_title_of_account(transition), is_due=timezone.localdate() >= transition.planned_for,
        money=_money(transition, scope),
    )  # fmt: skip


def _money(transition: Transition, scope: Scope) -> OpenMoney | None:
    """What is open on accounts, or was at the execution; for whoever decides here and may see accounts."""
    with scope.asked.only_looking():
        if not (operations.reviews_here(scope) and scope.allows(Right.SEE_ACCOUNTS)):
            return None
    if transition.executed_at:
        kept = (transition.result or {}).get("money")
        return OpenMoney.read(kept) if kept else None
    return None if transition.state == TransitionState.CANCELLED else operations.money_of(transition)


def _answer_of_group(transition: Transition, scope: Scope) -> JoiningWord | None:
    """The answer of the group that is to be joined, as long as the joining is open."""
    if transition.kind != TransitionKind.JOIN or transition.state not in JOINED_ANEW:
        return None
    return operations.admitting.answer_of_group(transition, scope)


def _address_of_users(scope: Scope) -> str:
    """The address of the list of users, if the user may manage them; else empty."""
    with scope.asked.only_looking():
        return reverse("admin:mcp_user_changelist") if scope.allows(Right.MANAGE_USERS) else ""


def _form(step: Step, transition: Transition, refused: tuple[Step, StepForm] | None) -> StepForm:
    if refused is not None and refused[0] is step:
        return refused[1]
    names = ("planned_for", "is_narrowed", "basis", "ground", "field_groups")
    initial = {name: getattr(transition, name) for name in names} | {"agreement": transition.money_agreement}
    return step.form(initial=initial)


def _listed_tabs(transition: Transition, scope: Scope, figures: status_texts.Figures) -> list[Tab]:
    """Who is carried over, and who is left out for each reason."""

    def tab(name: str, label: str, count: int, reason: Reason | None) -> Tab:
        def rows(page: int) -> list[deciding.Listed]:
            return deciding.listed(transition=transition, reason=reason, page=page, actor=scope)

        return Tab(name, label, count, rows)

    reasons = [tab(line.reason, str(line.reason.label), line.count, line.reason) for line in figures.reasons]
    return [*([tab(CARRIED, _("Carried over"), figures.carried, None)] if figures.carried else []), *reasons]


# --- for support ------------------------------------------------------------------------------------------------


def account_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The provider's support assigns the number of the new business, or enters the group that is joined."""
    scope = scope_of(request)
    if not operations.is_support(scope):
        raise Http404
    transition = _visible_or_404(scope, pk)
    if not _waits_for_support(transition, scope):
        return HttpResponseRedirect(_address(TRANSITION, transition))
    form = _account_form(request, transition)
    if request.method == "POST" and form.is_valid():
        try:
            _assign(transition, form, scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, form.refused_fields)
            transition = _visible_or_404(scope, pk)
            if not _waits_for_support(transition, scope):
                messages.error(request, " ".join(refusal.messages))
                return HttpResponseRedirect(_address(TRANSITION, transition))
        else:
            is_joining = transition.kind == TransitionKind.JOIN
            said = _("The place in the group is entered.") if is_joining else _("The account number is assigned.")
            return _after_assigning(request, transition, said)
    return show_page(
        request, "account", _title_of_account(transition), transition=transition, form=form,
        is_joining=transition.kind == TransitionKind.JOIN, back=_address(TRANSITION, transition),
    )  # fmt: skip


def _after_assigning(request: HttpRequest, transition: Transition, said: str) -> HttpResponse:
    """Show the first administrator's link to choose a password, by mail or on paper; else redirect with a message."""
    back, link = _address(TRANSITION, transition), None
    if transition.kind == TransitionKind.EXIT:
        transition.refresh_from_db(fields=["receiver"])
        link = first_link_of(transition.receiver_id)
    if link is not None:
        return after_link(request, link, back=back, said=said)
    messages.success(request, said)
    return HttpResponseRedirect(back)


def _title_of_account(transition: Transition) -> str:
    if transition.kind == TransitionKind.EXIT:
        return _("Assign the account number")
    return (
        _("Enter the group") if transition.state == TransitionState.REQUESTED else _("Enter another place in the group")
    )


def _waits_for_support(transition: Transition, scope: Scope) -> bool:
    waits_in = {TransitionState.REQUESTED} | (JOINED_ANEW if transition.kind == TransitionKind.JOIN else frozenset())
    return transition.state in waits_in and operations.is_support(scope)


def _account_form(request: HttpRequest, transition: Transition) -> GroupForm | AccountForm:
    if transition.kind == TransitionKind.JOIN:
        known = {"account_number": transition.receiver_account, "client_number": transition.receiver_client_number}
        return GroupForm(request.POST or None, initial=known)
    return AccountForm(request.POST or None, initial={"name": transition.location.name})


def _assign(transition: Transition, form: GroupForm | AccountForm, scope: Scope) -> None:
    data = form.cleaned_data
    if isinstance(form, GroupForm):
        operations.assign_group(
            transition=transition, account_number=data["account_number"], client_number=data["client_number"],
            actor=scope,
        )  # fmt: skip
        return
    operations.assign_account(
        transition=transition, account_number=data["account_number"], name=data["name"],
        administrator=form.administrator(), actor=scope,
    )  # fmt: skip


# --- showing ----------------------------------------------------------------------------------------------------


def _title(transition: Transition) -> str:
    return f"{transition.location}: {transition.get_kind_display()}"


def _address(name: str, transition: Transition) -> str:
    return reverse(f"admin:{name}", args=[transition.pk])
