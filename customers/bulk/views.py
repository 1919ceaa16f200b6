"""The pages of changes of many customers at once. Mounted by the customers' admin: `*bulk_urls()` in its get_urls."""

from __future__ import annotations

from uuid import UUID

import pghistory
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.bulk import changing, tasks
from customers.bulk.changing import MoreThanCounted
from customers.bulk.forms import WishForm
from customers.bulk.kinds import kind_of
from customers.choices import BulkKind, BulkState
from customers.console.frame import LIST, show_page
from customers.console.shown_count import SHOWN, counted_anew, split_shown
from customers.field_groups import withheld
from customers.models import BulkChange
from customers.search import SEARCHED_FIELDS
from customers.selection.selecting import Selected, select
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.console.operation_forms import show_refusal
from mcp.console.site import console, scope_of
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody
from mcp.worker.task_frame import Stopped

BULKS, NEW, BULK = "customers_bulks", "customers_bulk_new", "customers_bulk"
COUNTED_DIRECTLY = 10_000
"""So many are counted while the browser waits; more by the worker."""
CHANGED_DIRECTLY = 2_000
"""So many are changed or brought back while the browser waits, in half a second; more by the worker."""
MOST_LISTED = 100


def bulk_urls() -> list[URLPattern]:
    """The addresses of bulk changes, to be put in front of the others of the customers' admin."""
    return [
        path("bulk/", console.admin_view(bulks_page), name=BULKS),
        path("bulk/<uuid:pk>/", console.admin_view(bulk_page), name=BULK),
        path("bulk/<str:kind>/", console.admin_view(new_page), name=NEW),
    ]


def bulks_page(request: HttpRequest) -> HttpResponse:
    """The list of the changes applied in this base, and of those that this user has begun."""
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    found = changing.changes_of(scope).select_related("location").exclude(state=BulkState.CANCELLED)
    changes = [(change, _title(change, scope)) for change in found[:MOST_LISTED]]
    return show_page(request, "bulk/list", _("Bulk changes"), changes=changes)


def new_page(request: HttpRequest, kind: str) -> HttpResponse:
    """Say how many were found, and ask what to do with them."""
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    scope.demand(kind_of(kind).right)
    query, shown = split_shown(request.GET)
    wanted, wish = select(scope, query), BulkKind(kind)
    if not wanted.count and query.startswith("id="):
        raise Http404  # as for those that are not there, whosever they may be
    if not wanted.count:
        messages.warning(request, _("No customer is found."))
        return HttpResponseRedirect(reverse(LIST))
    form = WishForm(request.POST or None, kind=wish, scope=scope)
    if request.method == "POST" and form.is_valid():
        told = request.POST.get(SHOWN, "")
        then = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else None
        try:
            return _propose(form, query, wanted, then, scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {})
    return show_page(
        request, "bulk/new", str(wish.label), kind=wish.value, form=form, count=wanted.count, is_more=wanted.is_more,
        filter_words=wanted.in_words, meanwhile="" if wanted.is_more else counted_anew(shown, wanted.count),
        back=_back(query),
    )  # fmt: skip


def _back(query: str) -> str:
    """The address of the list with its filters. A selection by ids is left out."""
    return reverse(LIST) if query.startswith("id=") else f"{reverse(LIST)}?{query}"


def _propose(form: WishForm, query: str, wanted: Selected, shown: int | None, scope: Scope) -> HttpResponse:
    with transaction.atomic():
        change = changing.propose(wish=form.wish(), query=query, chosen=wanted, shown=shown, actor=scope)
        if wanted.count >= COUNTED_DIRECTLY:
            enqueue(tasks.count_bulk.name, change=str(change.pk), **for_somebody(scope))
        else:
            changing.count(change=change, chosen=wanted, actor=scope)
    return HttpResponseRedirect(_address(change))


def bulk_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The one page of a bulk change: what it shows depends on how far it is."""
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    change = changing.changes_of(scope).filter(pk=pk).first()
    if change is None:
        raise Http404
    if request.method == "POST":
        return _step(request, change, scope)
    is_under_way = change.state in changing.UNDER_WAY
    page = request.GET.get("p", "1")
    number = max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    undoing, is_open = change.undoing or {}, _may_see_search(change, scope)
    response = show_page(
        request, "bulk/change", _title(change, scope), change=change, is_under_way=is_under_way,
        may_act=_may_act(change, scope), narrowed_by=change.narrowed_by if is_open else "",
        is_done=change.state in {BulkState.APPLIED, BulkState.UNDONE}, figures=change.figures,
        percent=min(change.done * 100 // change.total, 100) if change.total else None, sentences=_sentences(change),
        meanwhile=counted_anew(change.shown, change.figures.get("found")) if change.state == BulkState.COUNTED else "",
        left=changing.left_alone(change, scope, page=number) if undoing.get("left") else [],
        newer=number - 1, older=number + 1 if undoing.get("left", 0) > number * 50 else 0,
        back=_back(change.query if is_open else ""),
    )  # fmt: skip
    if is_under_way:
        response["Refresh"] = "1"
    return response


def _title(change: BulkChange, scope: Scope) -> str:
    """The title of a change. The reason of archiving is left out for whoever may not see free texts about people."""
    is_masked = change.kind == BulkKind.ARCHIVE and "archived_reason" in withheld(scope)
    return str(BulkKind(change.kind).label) if is_masked else str(change)


def _may_see_search(change: BulkChange, scope: Scope) -> bool:
    """Whether the user may see the words of a search by somebody else, which may be data that is hidden from him."""
    is_own = scope.user is not None and change.user_id == scope.user.pk
    return is_own or not withheld(scope).intersection(SEARCHED_FIELDS)


def _may_act(change: BulkChange, scope: Scope) -> bool:
    with scope.asked.only_looking():
        return scope.allows(kind_of(change.kind).right)


def _sentences(change: BulkChange) -> list[str]:
    """What would be done to whom, in words."""
    figures = change.figures
    if not figures:
        return []
    told = {
        "change": ngettext("One customer will be changed.", "%(count)s customers will be changed.", figures["change"]),
        "already": _already(change, figures["already"]),
        "archived": ngettext(
            "One is archived and stays as he is.", "%(count)s are archived and stay as they are.", figures["archived"]
        ),
    }
    return [
        sentence % {"count": figures[name], "word": change.word}
        for name, sentence in told.items()
        if name == "change" or figures[name]
    ]


def _already(change: BulkChange, count: int) -> str:
    match change.kind:
        case BulkKind.GROUP if change.target is None:
            return ngettext("One has no customer group already.", "%(count)s have no customer group already.", count)
        case BulkKind.GROUP | BulkKind.ADD_TAG:
            return ngettext("One has “%(word)s” already.", "%(count)s have “%(word)s” already.", count)
        case BulkKind.REMOVE_TAG:
            return ngettext("One does not have “%(word)s”.", "%(count)s do not have “%(word)s”.", count)
        case BulkKind.ARCHIVE:
            return ngettext("One is archived already.", "%(count)s are archived already.", count)
    return ngettext("One is not archived.", "%(count)s are not archived.", count)


def _step(request: HttpRequest, change: BulkChange, scope: Scope) -> HttpResponse:
    steps = {"confirm": _confirm, "undo": _undo, "cancel": _cancel}
    step = steps.get(request.POST.get("step", ""), _confirm)
    try:
        with told_as_refusals(), busy_told():
            step(request, change, scope)
    except Stopped:
        messages.info(request, _("Meanwhile it has gone on: this is how far it is."))
    except ValidationError as refusal:
        if isinstance(refusal, MoreThanCounted):
            _count_again(change, refusal)
        messages.error(request, " ".join(refusal.messages))
    return HttpResponseRedirect(_address(change))


def _count_again(change: BulkChange, refusal: MoreThanCounted) -> None:
    change.refresh_from_db(fields=["state"])
    if change.state == BulkState.COUNTED:
        changing.recount(change=change, failure=changing.NONE)


def _confirm(request: HttpRequest, change: BulkChange, scope: Scope) -> None:
    changing.confirm(change=change, seen=request.POST.get("seen", ""), actor=scope)
    if change.figures["change"] > CHANGED_DIRECTLY:
        enqueue(tasks.apply_bulk.name, change=str(change.pk), **for_somebody(scope))
        return
    # The history's context is that of the request, in which nothing else is changed.
    with pghistory.context(reason=changing.REASON()) as context:
        changing.apply(change=change, context=context.id, actor=scope)


def _undo(request: HttpRequest, change: BulkChange, scope: Scope) -> None:
    changing.start_undo(change=change, actor=scope)
    if change.total > CHANGED_DIRECTLY:
        enqueue(tasks.undo_bulk.name, change=str(change.pk), **for_somebody(scope))
        return
    with pghistory.context(reason=changing.REASON_UNDONE()) as context:
        changing.undo(change=change, context=context.id, actor=scope)


def _cancel(request: HttpRequest, change: BulkChange, scope: Scope) -> None:
    changing.cancel(change=change, actor=scope)


def _address(change: BulkChange) -> str:
    return reverse(f"admin:{BULK}", args=[change.pk])
