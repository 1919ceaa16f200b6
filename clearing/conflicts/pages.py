"""The pages of conflicts: the list, one conflict, and all of a run. Mounted by an admin of this app."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clearing.choices import BulkChoice, BulkState, ConflictState
from clearing.conflicts import bulk, deciding, held_back_pages
from clearing.conflicts.authors import author_of
from clearing.conflicts.comparing import Row, names_of, rows_of
from clearing.conflicts.deciding import AlreadyDecided, demand_resolving
from clearing.conflicts.finding import find, next_open
from clearing.conflicts.forms import FilterForm, run_name
from clearing.models import Conflict, Cycle, HeldBack
from customers.console.frame import page_number
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.permissions import Right
from mcp.console.pages import show
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope

CONFLICTS, CONFLICT, OF_RUN = "clearing_conflicts", "clearing_conflict", "clearing_conflicts_of_run"


def conflict_urls() -> list[URLPattern]:
    """To be put in front of the other addresses of an admin of this app, within its site."""
    return [
        path("", console.admin_view(conflicts_page), name=CONFLICTS),
        *held_back_pages.held_back_urls(),
        path("run/<uuid:run>/", console.admin_view(run_page), name=OF_RUN),
        path("<uuid:pk>/", console.admin_view(conflict_page), name=CONFLICT),
    ]


def _resolver(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    demand_resolving(scope)
    return scope


# --- the list ----------------------------------------------------------------------------------------------------


def conflicts_page(request: HttpRequest) -> HttpResponse:
    """The conflicts of the base, the newest first; the open ones, unless others are asked for."""
    scope = _resolver(request)
    form = FilterForm(request.GET, actor=scope)
    wanted = form.wanted()
    found = find(wanted, page=page_number(request), actor=scope)
    asked = request.GET.copy()
    asked.pop("p", None)
    run = Cycle.objects.in_base(scope.base).filter(pk=wanted.run).select_related("node").first() if wanted.run else None
    return show(
        request,
        "clearing/conflicts.html",
        {
            "title": _("Conflicts"),
            "form": form,
            "found": found,
            "query": asked.urlencode(),
            "is_narrowed": bool(asked),
            "run": run,
            "run_name": run_name(run) if run else "",
            "held_back": HeldBack.objects.in_base(scope.base).waiting().count(),
            "newer": found.page - 1,
            "older": found.page + 1 if found.page < found.last else 0,
        },
    )


# --- one conflict ------------------------------------------------------------------------------------------------


def conflict_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What stands beside what was overridden, and what to do with it."""
    scope = _resolver(request)
    conflict = Conflict.objects.in_base(scope.base).filter(pk=pk).select_related("cycle__node").first()
    if conflict is None:
        raise Http404
    refusal, ticked = "", None
    if request.method == "POST":
        try:
            return _decide(request, conflict, scope)
        except AlreadyDecided as meanwhile:
            messages.warning(request, " ".join(meanwhile.messages))
            return HttpResponseRedirect(_address(conflict))
        except ValidationError as error:
            refusal, ticked = " ".join(error.messages), frozenset(request.POST.getlist("field"))
    return _show_conflict(request, conflict, scope, refusal=refusal, ticked=ticked)


def _show_conflict(
    request: HttpRequest, conflict: Conflict, scope: Scope, *, refusal: str, ticked: frozenset[str] | None
) -> HttpResponse:
    of_base = Customer.objects.in_base(scope.base).select_related("base")
    customer = of_base.filter(uid=conflict.uid).first()
    created = of_base.filter(uid=conflict.created_uid).first() if conflict.created_uid else None
    rows = rows_of(conflict, customer, ticked=ticked, actor=scope)
    is_open = conflict.state == ConflictState.OPEN
    with scope.asked.only_looking():
        may_change, may_add = scope.allows(Right.CHANGE_CUSTOMERS), scope.allows(Right.ADD_CUSTOMERS)
        masked = [group.right.label for group in FieldGroup if not scope.allows(group.right)]
    following = next_open(conflict, scope)
    return show(
        request,
        "clearing/conflict.html",
        {
            "title": _("Conflict: %(customer)s") % {"customer": conflict},
            "conflict": conflict,
            "customer": customer,
            "author": author_of(conflict, customer, actor=scope),
            "created": created,
            "rows": rows,
            "names": names_of(conflict),
            "refusal": refusal,
            "is_open": is_open,
            "may_take_over": is_open and may_change and _are_offered(rows),
            "may_recreate": is_open and may_add and conflict.lost is not None,
            "lacks": _lacking(may_change, may_add, is_open=is_open),
            "masked": masked if any(line.is_masked for row in rows for line in row.lines) else [],
            "own": conflict.result.get("own", {}) if conflict.state == ConflictState.SUPERSEDED else {},
            "stands": _state(conflict.result.get("stands")),
            "own_state": _state(conflict.result.get("own", {}).get("state")),
            "own_state_wrote": conflict.result.get("own", {}).get("state") in _WRITES,
            "following": following,
            "run_name": run_name(conflict.cycle) if conflict.cycle else "",
        },
    )


_WRITES = frozenset({ConflictState.RESTORED, ConflictState.RECREATED})
"""Decisions that have changed customers."""


def _are_offered(rows: list[Row]) -> bool:
    return any(row.is_offered for row in rows)


def _lacking(may_change: bool, may_add: bool, *, is_open: bool) -> list[object]:
    """The rights for lack of which something is not offered."""
    lacking = [(Right.CHANGE_CUSTOMERS, may_change), (Right.ADD_CUSTOMERS, may_add)]
    return [right.label for right, is_held in lacking if is_open and not is_held]


def _state(value: object) -> str:
    return str(ConflictState(value).label) if isinstance(value, str) and value in ConflictState.values else ""


def _decide(request: HttpRequest, conflict: Conflict, scope: Scope) -> HttpResponse:
    """Do what was asked for, and redirect to the conflict, which says so. Raises ValidationError, or Http404."""
    match request.POST.get("step"):
        case "take_over":
            fields = request.POST.getlist("field")
            names = deciding.take_over(conflict=conflict.pk, fields=fields, seen_at=_seen_at(request), actor=scope)
            said = ngettext("%(count)s field is taken over.", "%(count)s fields are taken over.", len(names))
            said %= {"count": len(names)}
        case "recreate":
            customer = deciding.recreate(conflict=conflict.pk, actor=scope)
            said = _("%(customer)s is created.") % {"customer": customer}
        case "leave":
            deciding.leave(conflict=conflict.pk, actor=scope)
            said = _("It is left as it is.")
        case "undo":
            deciding.undo(conflict=conflict.pk, actor=scope)
            said = _("The decision is undone: the conflict is open again.")
        case _:
            raise Http404
    messages.success(request, said)
    return HttpResponseRedirect(_address(conflict))


def _seen_at(request: HttpRequest) -> datetime | None:
    """When the customer had been changed last as the page was shown; a page without it has shown nobody."""
    try:
        seen_at = parse_datetime(request.POST.get("seen_at", ""))
    except ValueError:
        return None
    return seen_at if seen_at is not None and timezone.is_aware(seen_at) else None


def _address(conflict: Conflict) -> str:
    return reverse(f"admin:{CONFLICT}", args=[conflict.pk])


# --- all of a run ------------------------------------------------------------------------------------------------


def run_page(request: HttpRequest, run: UUID) -> HttpResponse:
    """How many open conflicts of a run each choice would decide; sent, they are decided so, many by the worker."""
    scope = _resolver(request)
    cycle = Cycle.objects.in_base(scope.base).filter(pk=run).select_related("node").first()
    if cycle is None:
        raise Http404
    if request.method == "POST":
        _decide_run(request, run, scope)
        return HttpResponseRedirect(reverse(f"admin:{OF_RUN}", args=[run]))
    found, ordered = bulk.counts(run, scope), bulk.latest(run, scope)
    is_under_way = ordered is not None and ordered.state == BulkState.DECIDING
    response = show(
        request,
        "clearing/conflicts_of_run.html",
        {
            "title": _("All conflicts of a run"),
            "run": cycle,
            "run_name": run_name(cycle),
            "counts": {choice.value: count for choice, count in found.items()},
            "at_once": bulk.AT_ONCE[BulkChoice.TAKE_OVER],
            "ordered": ordered,
            "is_under_way": is_under_way,
            "done": ordered.decided + ordered.refused if ordered else 0,
            "sentences": _sentences(ordered.decided, ordered.refused) if ordered and not is_under_way else [],
        },
    )
    if is_under_way:
        response["Refresh"] = "2"
    return response


def _decide_run(request: HttpRequest, run: UUID, scope: Scope) -> None:
    """Do what was asked for with all of a run, and say what became of it."""
    if request.POST.get("step") == "cancel":
        bulk.cancel(run=run, actor=scope)
        return
    choice = request.POST.get("choice", "")
    if choice not in BulkChoice.values:
        messages.warning(request, _("Choose what to do first."))
        return
    try:
        done = bulk.decide_run(run=run, choice=BulkChoice(choice), actor=scope)
    except ValidationError as refusal:
        messages.warning(request, " ".join(refusal.messages))
        return
    if isinstance(done, bulk.Done):
        said = _sentences(done.decided, done.refused)
        if done.decided or done.refused:
            messages.success(request, said[0])
        else:
            messages.info(request, _("Nothing was left to decide like this: somebody has decided it meanwhile."))
        for more in said[1:]:
            messages.warning(request, more)


def _sentences(decided: int, refused: int) -> list[str]:
    """What became of it, in words."""
    said = [(ngettext("%(count)s conflict is decided.", "%(count)s conflicts are decided.", decided), decided)]
    if refused:
        sentence = ngettext(
            "%(count)s conflict stays open, because a rule refuses it: open it to see which.",
            "%(count)s conflicts stay open, because a rule refuses them: open them to see which.",
            refused,
        )
        said.append((sentence, refused))
    return [sentence % {"count": number_format(count, use_l10n=True, force_grouping=True)} for sentence, count in said]
