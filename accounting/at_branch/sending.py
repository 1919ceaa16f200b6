"""The branch's side of a run: orders are sent until the central has said that it has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accounting.at_branch.contents import (
    ALL_TERMS,
    MOST_OF_A_RUN,
    NO_TERMS,
    RESULT,
    TERMS,
    kind_of,
    order_told,
    result_read,
    terms_read,
)
from accounting.at_branch.terms import forget_terms, keep_terms
from accounting.models import BranchOrder
from clearing.models import Cycle
from clearing.protocol.strict import Fields
from clearing.protocol.versions import RefusedRecord
from clearing.travelling import Content
from mcp.isolation.scope import Scope


def orders_to_send(actor: Scope) -> Iterator[Content]:
    """The oldest orders of this branch that the central has not said to have; the others go with the next run."""
    rows = BranchOrder.objects.in_base(actor.base).filter(location=actor.location).to_send()
    yield from map(order_told, rows.order_by("id")[:MOST_OF_A_RUN])


def apply_told(told: Sequence[Content], cycle: Cycle, actor: Scope) -> None:
    """What has become of orders, and what the accounts allow now. Raises RefusedRecord."""
    node, base = cycle.node_id, actor.base
    results = [result_read(one) for one in told if kind_of(one) == RESULT]
    here = BranchOrder.objects.in_base(base).filter(location=actor.location)
    for one in results:
        # A repeat writes the same; one that this branch has forgotten since it was restored is at the central.
        here.filter(key=one.key).update(state=one.state, reasons=one.reasons, run=cycle.number, is_sent=True)
    if any(kind_of(one) == ALL_TERMS for one in told):
        forget_terms(base, node)
    keep_terms(base, node, [terms_read(one) for one in told if kind_of(one) == TERMS])
    forget_terms(
        base, node, [Fields(one, refused=RefusedRecord).uuid("uid") for one in told if kind_of(one) == NO_TERMS]
    )


def offer_again(actor: Scope, known: int) -> None:
    """The central was restored and knows no run after `known`: what was settled since is sent once more."""
    BranchOrder.objects.in_base(actor.base).filter(location=actor.location, run__gt=known).update(is_sent=False)
