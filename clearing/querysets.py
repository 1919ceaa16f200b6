"""Queries about nodes, runs and conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from clearing.choices import BulkState, ConflictState, NodeState
from locations.models import CustomerBase, Organization

if TYPE_CHECKING:
    from clearing.models import Alarm, BulkDecision, Conflict, Cycle, HeldBack, Node, PairingCode


class NodeQuerySet(models.QuerySet["Node"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def in_use(self) -> Self:
        return self.exclude(state=NodeState.RETIRED)


class PairingCodeQuerySet(models.QuerySet["PairingCode"]):
    def open(self) -> Self:
        """Neither used nor withdrawn; it may be too old."""
        return self.filter(used_at=None, withdrawn_at=None)


class CycleQuerySet(models.QuerySet["Cycle"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_node(self, node: Node) -> Self:
        return self.filter(base=node.base_id, node=node)


class HeldBackQuerySet(models.QuerySet["HeldBack"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def waiting(self) -> Self:
        """Neither taken nor dismissed."""
        return self.filter(dismissed_at=None)

    def dismissed(self) -> Self:
        return self.exclude(dismissed_at=None)

    def of_ended_pairing(self) -> Self:
        """Of an installation that does not send them again."""
        return self.filter(node__state=NodeState.RETIRED)


class ConflictQuerySet(models.QuerySet["Conflict"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def open(self) -> Self:
        return self.filter(state=ConflictState.OPEN)


class BulkDecisionQuerySet(models.QuerySet["BulkDecision"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def under_way(self) -> Self:
        return self.filter(state=BulkState.DECIDING)


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def open(self) -> Self:
        return self.filter(ended_at=None)

    def of_nodes(self, nodes: models.QuerySet[Node]) -> Self:
        return self.filter(node__in=nodes.values("pk"))
