"""The pages of branches that reconcile, at the central: a list, each of them, the code by which one is paired.

The central of a group sees all of its branches; at a location its own are seen, and its runs, which belong to its base.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clearing.central import pairing, quarantine
from clearing.central.preconditions import preconditions_of
from clearing.central.quarantine import Heir
from clearing.choices import RIGHTS_TO_PAIR, NodeState
from clearing.models import Cycle, HeldBack, Node
from clearing.pages.alarms import mail_facts
from clearing.pages.frame import IS_BRANCH, RUN_RIGHT, may, may_resolve
from clearing.pages.listed import Shown, is_switched, listed, nodes_of, with_conflicts
from clearing.pages.protocol import counts_of, rows_of_answer
from clearing.preconditions import Precondition, Standing
from clearing.program import program_version
from clearing.protocol.pairing_codes import LIFETIME
from clearing.querysets import NodeQuerySet
from locations.permissions import Right
from mcp.console.pages import Question, ask, done, show
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope

NODES, NODE, CODE, WITHDRAW = "clearing_nodes", "clearing_node", "clearing_code", "clearing_code_withdraw"
RETIRE, RELEASE, RUN = "clearing_retire", "clearing_release", "clearing_run"
MOST_RUNS = 50
MOST_PAST = 10
"""Alarms that have ended, on the page of a node."""


def node_urls() -> list[URLPattern]:
    """The addresses of these pages."""
    return [
        path("", console.admin_view(nodes_page), name=NODES),
        path("code/", console.admin_view(code_page), name=CODE),
        path("code/withdraw/", console.admin_view(withdraw_code), name=WITHDRAW),
        path("<uuid:pk>/", console.admin_view(node_page), name=NODE),
        path("<uuid:pk>/retire/", console.admin_view(retire_page), name=RETIRE),
        path("<uuid:pk>/release/", console.admin_view(release_page), name=RELEASE),
        path("run/<uuid:pk>/", console.admin_view(run_page), name=RUN),
    ]


def _node(scope: Scope, pk: UUID) -> Node:
    scope.demand(Right.MANAGE_LOCATION)
    node = with_conflicts(nodes_of(scope), scope).filter(pk=pk).first()
    if node is None:
        raise Http404
    return node


def nodes_page(request: HttpRequest) -> HttpResponse:
    """The list."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    return _list(request, scope)


def _list(request: HttpRequest, scope: Scope, *, code: str = "") -> HttpResponse:
    nodes = with_conflicts(nodes_of(scope), scope)
    can_pair = scope.base.is_discontinued
    open_code = pairing.open_code(scope.location) if can_pair else None
    context = {
        "title": _("Branches that reconcile"),
        "shown": listed(nodes, request.GET.dict()),
        "is_any": nodes.exists(),
        "retired": nodes.filter(state=NodeState.RETIRED).order_by("-state_since")[:MOST_RUNS],
        "is_central": scope.location.is_central,
        "mail": mail_facts(scope),
        "can_pair": can_pair,
        "preconditions": _before_pairing(scope, nodes) if can_pair and not code else [],
        "lacks": [right.label for right in RIGHTS_TO_PAIR if not may(scope, right)],
        "code": code,
        "open_code": open_code,
        "code_until": open_code.made_at + LIFETIME if open_code else None,
        "address": request.build_absolute_uri("/"),
    }
    response = show(request, "clearing/nodes.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _before_pairing(scope: Scope, nodes: NodeQuerySet) -> list[Precondition]:
    """What must be so before a first run; where there was one only what needs a look."""
    known = preconditions_of(scope.location)
    if nodes.in_use().filter(decided__gt=0).exists():
        return [one for one in known if one.standing in {Standing.MISSING, Standing.WARNING}]
    return known


def code_page(request: HttpRequest) -> HttpResponse:
    """Makes a code and shows it, this once. Raises MissingRight for whoever may not see all that a branch gets."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    if request.method != "POST":
        return HttpResponseRedirect(reverse(f"admin:{NODES}"))
    try:
        code = pairing.make_pairing_code(location=scope.location, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return HttpResponseRedirect(reverse(f"admin:{NODES}"))
    return _list(request, scope, code=code)


def withdraw_code(request: HttpRequest) -> HttpResponse:
    """The code that was shown holds no longer."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    if request.method == "POST":
        try:
            pairing.withdraw_pairing_code(location=scope.location, actor=scope)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(request, _("The code holds no longer."))
    return HttpResponseRedirect(reverse(f"admin:{NODES}"))


def node_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One node; its runs where its base is entered."""
    scope = scope_of(request)
    node = _node(scope, pk)
    is_here = node.base_id == scope.base.pk
    runs = Cycle.objects.of_node(node).order_by("-number")[:MOST_RUNS] if is_here else []
    context = {
        "title": f"{node.location}: {node.name}",
        "shown": Shown.of(node, [*node.alarms.open()]),
        "past": node.alarms.exclude(ended_at=None).order_by("-ended_at")[:MOST_PAST],
        "preconditions": []
        if node.decided or node.state == NodeState.RETIRED or is_switched(node)
        else preconditions_of(node.location, node),
        "node": node,
        "is_here": is_here,
        "is_switched": is_switched(node),
        "may_resolve": is_here and may_resolve(scope),
        "runs": [(run, dict(run.counts)) for run in runs],
        "may_take_stick": node.location_id == scope.location.pk and may(scope, Right.CLEAR),
        "may_retire": node.state != NodeState.RETIRED and node.location_id == scope.location.pk,
        "is_support": quarantine.is_support(scope),
        "heirs": [(heir.value, _HEIRS[heir]) for heir in Heir],
        "newest": program_version(),
    }
    return show(request, "clearing/node.html", context)


def _is_new(node: Node) -> bool:
    """Whether its first run is still to come."""
    return node.state != NodeState.RETIRED and not node.decided


_HEIRS = {
    Heir.KNOWN: gettext_lazy("The one that has reconciled last goes on"),
    Heir.OTHER: gettext_lazy("The one that called with an older state goes on"),
}


def retire_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks, then ends the pairing. It is done at the location of the node."""
    scope = scope_of(request)
    node = _node(scope, pk)
    if node.location_id != scope.location.pk:
        raise Http404
    question = Question(
        title=_("End the pairing of %(node)s") % {"node": node},
        sentences=[
            _("This installation reaches the central no more, as when a device was lost or replaced."),
            _("What was changed on it and not sent stays there. It can be paired anew with a new code."),
        ],
        button=_("End the pairing"),
        back=reverse(f"admin:{NODE}", args=[node.pk]),
    )
    if request.method != "POST":
        return ask(request, question)
    try:
        quarantine.retire(node=node, actor=scope)
    except ValidationError as refusal:
        return ask(request, question, refusal=refusal)
    return done(request, _("The pairing has ended."), reverse(f"admin:{NODES}"))


def release_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Support names which of two goes on."""
    scope = scope_of(request)
    if not quarantine.is_support(scope):
        raise Http404
    node = _node(scope, pk)
    back = HttpResponseRedirect(reverse(f"admin:{NODE}", args=[node.pk]))
    if request.method != "POST":
        return back
    heir = request.POST.get("heir", "")
    if heir not in set(Heir):
        messages.error(request, _("Choose which of the two goes on."))
        return back
    try:
        quarantine.release(node=node, heir=Heir(heir), actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    except PermissionDenied:
        raise Http404 from None
    else:
        messages.success(request, _("It goes on at the next contact. The other one is told to be paired anew."))
    return back


def run_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What became of one run; at both sides."""
    scope = scope_of(request)
    scope.demand(RUN_RIGHT)
    run = Cycle.objects.in_base(scope.base).select_related("node__location").filter(pk=pk).first()
    if run is None:
        raise Http404
    sees_people = may(scope, Right.VIEW_CUSTOMERS)
    held_back = HeldBack.objects.in_base(scope.base).filter(node=run.node_id, cycle_number=run.number)
    context = {
        "title": _("Run %(number)s of %(node)s") % {"number": run.number, "node": run.node},
        "run": run,
        "counts": counts_of(run),
        "answered": rows_of_answer(run),
        "held_back": held_back[:MOST_RUNS] if sees_people else [],
        "conflicts": run.conflicts.all()[:MOST_RUNS] if sees_people else [],
        "is_more_hidden": not sees_people,
        "may_resolve": may_resolve(scope),
        "back": reverse("admin:clearing_own") if IS_BRANCH else reverse(f"admin:{NODE}", args=[run.node_id]),
    }
    return show(request, "clearing/run.html", context)
