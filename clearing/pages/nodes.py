"""The pages of branches that reconcile, at the central: a list, each of them, the code by which one is paired.

The central of a group sees all of its branches; at a location its own are seen, and its runs, which belong to its base.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clearing.central import pairing, quarantine
from clearing.central.quarantine import Heir
from clearing.choices import NodeState
from clearing.models import Cycle, HeldBack, Node
from clearing.pages.frame import IS_BRANCH, RUN_RIGHT, may
from clearing.pages.protocol import counts_of, rows_of_answer
from clearing.program import program_version
from clearing.protocol.messages import MOST_CLOCK_DIFFERENCE
from clearing.protocol.pairing_codes import LIFETIME
from locations.permissions import Right
from mcp.console.pages import Question, ask, done, show
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope

NODES, NODE, CODE, WITHDRAW = "clearing_nodes", "clearing_node", "clearing_code", "clearing_code_withdraw"
RETIRE, RELEASE, RUN = "clearing_retire", "clearing_release", "clearing_run"
MOST_RUNS = 50
LONG_AGO = 24 * 60 * 60
"""Seconds without contact after which a branch is marked as late."""


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


@dataclass(frozen=True)
class Shown:
    """A node as the pages show it."""

    node: Node
    badge: str | Promise
    is_alarming: bool
    clock: str
    is_old: bool

    @classmethod
    def of(cls, node: Node) -> Shown:
        """What is to be seen of a node now."""
        badge, is_alarming = _badge(node)
        return cls(node, badge, is_alarming, _clock(node), bool(node.program) and node.program != program_version())


def _badge(node: Node) -> tuple[str | Promise, bool]:
    if node.state != NodeState.PAIRED:
        return node.get_state_display(), node.state == NodeState.QUARANTINED
    if node.contacted_at is None:
        return _("has never called"), False
    if (timezone.now() - node.contacted_at).total_seconds() > LONG_AGO:
        return _("late"), True
    return _("in touch"), False


def _clock(node: Node) -> str:
    """By how much its clock is wrong; empty where that is little."""
    ahead = node.clock_ahead
    if ahead is None or abs(ahead) <= MOST_CLOCK_DIFFERENCE:
        return ""
    minutes = round(abs(ahead.total_seconds()) / 60)
    words = _("%(minutes)s minutes fast") if ahead.total_seconds() > 0 else _("%(minutes)s minutes slow")
    return words % {"minutes": minutes}


def nodes_of(scope: Scope) -> QuerySet[Node]:
    """The nodes that are seen here."""
    nodes = Node.objects.of_organization(scope.organization).select_related("location__organization", "base")
    return nodes if scope.location.is_central else nodes.filter(location=scope.location)


def _node(scope: Scope, pk: UUID) -> Node:
    scope.demand(Right.MANAGE_LOCATION)
    node = nodes_of(scope).filter(pk=pk).first()
    if node is None:
        raise Http404
    return node


def nodes_page(request: HttpRequest) -> HttpResponse:
    """The list."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    nodes = [Shown.of(node) for node in nodes_of(scope).order_by("location__client_number", "paired_at")]
    return _list(request, scope, nodes)


def _list(request: HttpRequest, scope: Scope, nodes: list[Shown], *, code: str = "") -> HttpResponse:
    can_pair = scope.base.is_discontinued
    open_code = pairing.open_code(scope.location) if can_pair else None
    context = {
        "title": _("Branches that reconcile"),
        "nodes": [one for one in nodes if one.node.state != NodeState.RETIRED],
        "retired": [one for one in nodes if one.node.state == NodeState.RETIRED],
        "is_central": scope.location.is_central,
        "can_pair": can_pair,
        "code": code,
        "open_code": open_code,
        "code_until": open_code.made_at + LIFETIME if open_code else None,
        "address": request.build_absolute_uri("/"),
    }
    response = show(request, "clearing/nodes.html", context)
    response["Cache-Control"] = "no-store"
    return response


def code_page(request: HttpRequest) -> HttpResponse:
    """Makes a code and shows it, this once."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    if request.method != "POST":
        return HttpResponseRedirect(reverse(f"admin:{NODES}"))
    try:
        code = pairing.make_pairing_code(location=scope.location, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return HttpResponseRedirect(reverse(f"admin:{NODES}"))
    nodes = [Shown.of(node) for node in nodes_of(scope).order_by("location__client_number", "paired_at")]
    return _list(request, scope, nodes, code=code)


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
        "shown": Shown.of(node),
        "node": node,
        "is_here": is_here,
        "runs": [(run, dict(run.counts)) for run in runs],
        "may_retire": node.state != NodeState.RETIRED and node.location_id == scope.location.pk,
        "is_support": quarantine.is_support(scope),
        "heirs": [(heir.value, _HEIRS[heir]) for heir in Heir],
        "newest": program_version(),
    }
    return show(request, "clearing/node.html", context)


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
        "back": reverse("admin:clearing_own") if IS_BRANCH else reverse(f"admin:{NODE}", args=[run.node_id]),
    }
    return show(request, "clearing/run.html", context)
