"""The nodes that are seen at a location, as the list and the front page show them: by their alarms, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from clearing.choices import ALARM_SENTENCES, AlarmKind, NodeState
from clearing.models import Alarm, Conflict, Node
from clearing.program import program_version
from clearing.protocol.messages import MOST_CLOCK_DIFFERENCE
from clearing.querysets import NodeQuerySet
from customers.console import tabbed_lists
from customers.console.tabbed_lists import PAGE, Tab
from locations.text import LazyText
from mcp.isolation.scope import Scope

ALL, ALARMS, CONFLICTS = "all", "alarms", "conflicts"
"""Tabs of the list besides one for each kind of alarm."""
GRAVE = frozenset({AlarmKind.QUARANTINED, AlarmKind.MISSING, AlarmKind.FAILING})


@dataclass(frozen=True)
class ShownAlarm:
    """An alarm as the pages show it."""

    alarm: Alarm

    @property
    def title(self) -> str:
        return str(self.alarm.get_kind_display())

    @property
    def sentence(self) -> LazyText:
        return ALARM_SENTENCES[AlarmKind(self.alarm.kind)]


@dataclass(frozen=True)
class Shown:
    """A node as the pages show it."""

    node: Node
    badge: str | Promise
    clock: str
    is_old: bool
    alarms: Sequence[ShownAlarm]
    """Those that are open."""

    @classmethod
    def of(cls, node: Node, alarms: Sequence[Alarm]) -> Shown:
        """What is to be seen of a node now."""
        is_old = bool(node.program) and node.program != program_version()
        order = list(AlarmKind)
        is_over = node.state == NodeState.RETIRED or is_switched(node)
        ranked = sorted([] if is_over else alarms, key=lambda alarm: order.index(AlarmKind(alarm.kind)))
        return cls(node, _badge(node), _clock(node), is_old, [ShownAlarm(alarm) for alarm in ranked])


def is_switched(node: Node) -> bool:
    """Whether its location works with another customer base now, and its pairing has not ended for good."""
    return node.state != NodeState.RETIRED and node.location.base_id != node.base_id


def _badge(node: Node) -> str | Promise:
    """How it stands; an alarm may say more."""
    if is_switched(node):
        return _("switched to 2.0")
    if node.state != NodeState.PAIRED:
        return node.get_state_display()
    return _("has never called") if node.contacted_at is None else _("paired")


def _clock(node: Node) -> str:
    """By how much its clock is wrong; empty where that is little."""
    ahead = node.clock_ahead
    if ahead is None or abs(ahead) <= MOST_CLOCK_DIFFERENCE:
        return ""
    minutes = round(abs(ahead.total_seconds()) / 60)
    words = _("%(minutes)s minutes fast") if ahead.total_seconds() > 0 else _("%(minutes)s minutes slow")
    return words % {"minutes": minutes}


def nodes_of(scope: Scope) -> NodeQuerySet:
    """The nodes that are seen here."""
    nodes = Node.objects.of_organization(scope.organization).select_related("location__organization", "base")
    return nodes if scope.location.is_central else nodes.filter(location=scope.location)


def with_conflicts(nodes: NodeQuerySet, scope: Scope) -> NodeQuerySet:
    """The nodes, each with how many conflicts are open (`conflicts_now`).

    Of the base in which somebody works they are counted; of others it is what the worker has counted last.
    """
    now: Any = F("open_conflicts")
    if scope.base.is_discontinued:
        opened = Conflict.objects.in_base(scope.base).open().count()
        now = Case(
            When(base=scope.base, then=Value(opened)), default=F("open_conflicts"), output_field=BigIntegerField()
        )
    counted: Any = nodes.annotate(conflicts_now=now)
    return counted


def listed(nodes: QuerySet[Node], asked: Mapping[str, str]) -> tabbed_lists.Shown | None:
    """The nodes in use, under tabs: all, those with an alarm, each kind of alarm, those with open conflicts."""
    used = nodes.exclude(state=NodeState.RETIRED)
    counts = alarm_counts(used)
    alarmed = used.filter(Exists(_open_alarms()))
    in_conflict = used.filter(Q(conflicts_now__gt=0))
    tabs = [_tab(ALL, _("All"), used, used.count())]
    if counts:
        tabs.append(_tab(ALARMS, _("With an alarm"), alarmed, alarmed.count()))
    tabs += [
        _tab(kind.value, str(kind.label), used.filter(Exists(_open_alarms(kind))), counts[kind])
        for kind in AlarmKind
        if counts[kind]
    ]
    tabs.append(_tab(CONFLICTS, _("With open conflicts"), in_conflict, in_conflict.count()))
    return tabbed_lists.shown(tabs, asked)


def alarm_counts(nodes: QuerySet[Node]) -> Counter[str]:
    """How many open alarms of each kind these nodes have. One query."""
    found = Alarm.objects.open().of_nodes(nodes.order_by()).order_by().values_list("kind", flat=True)
    return Counter(found)


def _open_alarms(kind: AlarmKind | None = None) -> QuerySet[Alarm]:
    found = Alarm.objects.open().filter(node=OuterRef("pk"), organization=OuterRef("organization"))
    return found.filter(kind=kind) if kind else found


def _tab(name: str, label: str, nodes: QuerySet[Node], count: int) -> Tab:
    def rows(page: int) -> Sequence[Shown]:
        opened = Prefetch("alarms", Alarm.objects.open(), to_attr="open_alarms")
        ordered = nodes.order_by("location__client_number", "paired_at", "pk").prefetch_related(opened)
        return [Shown.of(node, node.open_alarms) for node in ordered[(page - 1) * PAGE : page * PAGE]]

    return Tab(name, label, count, rows)
