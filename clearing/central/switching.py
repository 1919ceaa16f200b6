"""What a switch of a base 1.0 to 2.0 asks of the nodes that work with it, and does with them.

stop(base)            nothing is written in the base any more, here and, from their next contact on, at the nodes
go_on(base, side)     it is written again
obstacles(base)       what keeps the switch from being carried out: a node that may still have something to tell
locked_nodes(base)    their rows, locked: no run goes on meanwhile
retire_all(base)      ends the pairings
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clearing.central.quarantine import end_pairing
from clearing.choices import CycleState, NodeState
from clearing.models import Conflict, Cycle, HeldBack, Node
from customers.models import Customer, CustomerRevision
from locations.choices import EditSide
from locations.models import CustomerBase


@dataclass(frozen=True)
class Obstacle:
    """Why the switch cannot be carried out yet, and what helps. `node` is empty for what concerns the whole base."""

    sentence: Promise | str
    params: dict[str, object]
    node: Node | None = None

    def __str__(self) -> str:
        return str(self.sentence) % self.params


def stop(base: CustomerBase) -> None:
    """From now on nothing is written in this base, whose row is locked, by anybody but a reconciliation."""
    base.edit_side = EditSide.NEITHER
    base.save(update_fields=["edit_side"])


def go_on(base: CustomerBase, side: str) -> None:
    """The base, whose row is locked, is written on this side."""
    base.edit_side = side
    base.save(update_fields=["edit_side"])


def locked_nodes(base: CustomerBase) -> list[Node]:
    """The nodes of the base that are in use, locked to the end of the transaction."""
    return list(Node.objects.in_base(base).in_use().select_for_update(of=("self",)).order_by("pk"))


def obstacles(base: CustomerBase) -> Iterator[Obstacle]:
    """What is still to be done at the nodes, and with what they have sent."""
    for node in Node.objects.in_base(base).in_use().select_related("location").order_by("location__client_number"):
        yield from _of_node(node)
    waiting = HeldBack.objects.in_base(base).waiting()
    if left := waiting.of_ended_pairing().count():
        yield Obstacle(
            _(
                "Changes held back whose pairing has ended: %(count)s. Whoever decides conflicts at the location "
                "dismisses them."
            ),
            {"count": left},
        )
    if held := waiting.count() - left:
        yield Obstacle(
            _("Changes held back: %(count)s. They are mended at the branch, so cancel the switch first."),
            {"count": held},
        )
    if conflicts := Conflict.objects.in_base(base).open().count():
        yield Obstacle(_("Open conflicts: %(count)s. Decide them first."), {"count": conflicts})


def _of_node(node: Node) -> Iterator[Obstacle]:
    named: dict[str, object] = {"node": f"{node.location}: {node.name}"}
    if node.state == NodeState.QUARANTINED:
        yield Obstacle(_("%(node)s is held. Release it first, or end its pairing."), named, node)
        return
    if node.knows_side != EditSide.NEITHER:
        yield Obstacle(
            _("%(node)s has not heard yet that nothing is to be changed any more. It does at its next contact."),
            named, node,
        )  # fmt: skip
        return
    if node.waiting or node.held_back:
        yield Obstacle(
            _("%(node)s still has changes that are not taken: %(count)s. They come with its next reconciliation."),
            {**named, "count": (node.waiting or 0) + node.held_back}, node,
        )  # fmt: skip
    on_its_way = Cycle.objects.of_node(node).filter(state=CycleState.ARRIVING).exists()
    if on_its_way or node.acknowledged < node.decided:
        yield Obstacle(_("A reconciliation of %(node)s is not finished. The next one finishes it."), named, node)


def retire_all(base: CustomerBase) -> int:
    """End the pairings of all nodes of the base; returns how many. What they have not sent stays on the devices."""
    nodes = locked_nodes(base)
    for node in nodes:
        end_pairing(node)
    return len(nodes)


def forget_revisions(base: CustomerBase) -> None:
    """Mark whoever is not in the base any more as gone, so that no later node is told of him."""
    there = Customer.objects.in_base(base).filter(uid=OuterRef("uid"))
    CustomerRevision.objects.in_base(base).filter(~Exists(there), is_deleted=False).update(is_deleted=True)
