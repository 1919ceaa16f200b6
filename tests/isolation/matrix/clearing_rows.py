"""Of the rows that addresses name, those of reconciliation."""

from __future__ import annotations

from uuid import UUID

from clearing.choices import CycleState, NodeState
from clearing.models import Conflict, Cycle, Node
from clearing.protocol.keys import PrivateKey
from clearing.protocol.records import CustomerRecord
from mcp.isolation.scope import Scope
from tests.clearing import conflicting
from tests.customers import people
from tests.isolation.matrix.world import Place, World

KEY = PrivateKey.make().public.text


class OfClearing:
    """Makes them at a place."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _system(self, place: Place) -> Scope:
        return self.world.system[place]

    def _node(self, place: Place) -> Node:
        location = self.world.places[place]
        return Node.objects.create(
            organization=location.organization, base=location.base, location=location, name="Kasse", receipt="0" * 64
        )

    def _reconciliation(self, place: Place) -> UUID:
        node = self._node(place)
        run = Cycle.objects.create(base=node.base, node=node, number=1, state=CycleState.ARRIVING)
        run_id: UUID = run.pk
        return run_id

    def _answered(self, place: Place) -> UUID:
        """A run that was decided, and whose answer nobody has fetched."""
        node = self._node(place)
        run = Cycle.objects.create(base=node.base, node=node, number=1, state=CycleState.ARRIVING)
        counts = {"sent": 0, "applied": 0, "same": 0, "conflict": 0, "held_back": 0}
        Cycle.objects.filter(pk=run.pk).update(state=CycleState.DECIDED, receipt="0" * 64, counts=counts)
        Node.objects.filter(pk=node.pk).update(decided=1, public_key=KEY)
        run_id: UUID = run.pk
        return run_id

    def _conflict(self, place: Place) -> Conflict:
        system = self._system(place)
        return conflicting.both_changed(system, people.customer(system, city="Kiel"), before={}, lost={"city": "Bonn"})

    def _given_twice(self, place: Place) -> UUID:
        system = self._system(place)
        return conflicting.born_twice(system, people.customer(system)).pk

    def _run(self, place: Place) -> UUID:
        """A run that has found a conflict."""
        system = self._system(place)
        run = Cycle.objects.create(base=system.base, node=conflicting.node(system), number=1, state=CycleState.ARRIVING)
        Conflict.objects.filter(pk=self._conflict(place).pk).update(cycle=run)
        return run.pk

    def _held_back(self, place: Place) -> int:
        system = self._system(place)
        version = conflicting.version_now(people.customer(system, last_name="Zurück"))
        held = conflicting.held_back(system, CustomerRecord(version), conflicting.UNKNOWN_TAG)
        Node.objects.filter(pk=held.node_id).update(state=NodeState.RETIRED)
        return held.pk
