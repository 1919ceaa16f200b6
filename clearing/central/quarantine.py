"""Which of two installations with the same pairing goes on; and ending a pairing for good."""

from __future__ import annotations

from enum import StrEnum

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.central.entering import LEASE_FIELDS, MOST_REMEMBERED, become, locked, refused
from clearing.choices import NodeState
from clearing.models import Node
from locations.models import CustomerBase
from locations.permissions import Right
from mcp.choices import ProviderRole
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences


class Heir(StrEnum):
    """Which of the two goes on: the one that has reconciled last, or the one that came with an older lease."""

    KNOWN = "known"
    OTHER = "other"


class NotQuarantined(ValidationError):
    """Somebody else was faster."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This branch is not held any more. Somebody may have just released it."),
            code="not_quarantined",
        )


class Retired(ValidationError):
    """The pairing has ended already."""

    def __init__(self) -> None:
        super().__init__(gettext_lazy("The pairing of this branch has ended already."), code="retired")


def is_support(actor: Scope) -> bool:
    """Whether the provider's support acts."""
    return actor.user is not None and actor.user.provider_role == ProviderRole.SUPPORT


@transaction.atomic
def release(*, node: Node, heir: Heir, actor: Scope) -> Node:
    """The heir goes on where it stands. The other one is told to be paired anew whenever it calls; it loses nothing.

    Raises PermissionDenied for everybody but the provider's support, NotQuarantined.
    """
    if not is_support(actor):
        raise PermissionDenied
    row = locked(node)
    if row.state != NodeState.QUARANTINED:
        raise NotQuarantined
    if heir is Heir.KNOWN:
        _refuse(row, refused(row.other_lease, row.other_incarnation))
    else:
        _refuse(row, refused(row.lease, row.incarnation))
        become(row, lease=row.other_lease, incarnation=row.other_incarnation)
    row.state, row.state_since, row.state_reason = NodeState.PAIRED, timezone.now(), Sentences()
    row.other_lease, row.other_incarnation, row.other_at = "", None, None
    row.save(
        update_fields=[
            *LEASE_FIELDS, "refused_leases", "state", "state_since", "state_reason", "other_lease",
            "other_incarnation", "other_at",
        ]
    )  # fmt: skip
    return row


def _refuse(node: Node, other: str) -> None:
    node.refused_leases = [*node.refused_leases, other][-MOST_REMEMBERED:]


@transaction.atomic
def retire(*, node: Node, actor: Scope) -> Node:
    """End the pairing for good, as when a device was lost: whoever has it reaches the central no more.

    What was not sent stays on the device. Raises MissingRight, Retired.
    """
    actor.demand(Right.MANAGE_LOCATION)
    row = locked(node)
    if row.state == NodeState.RETIRED:
        raise Retired
    end_pairing(row)
    return row


def end_pairing(node: Node) -> None:
    """Retire a node whose row is locked; the last one of its base leaves that without a node."""
    node.state, node.state_since = NodeState.RETIRED, timezone.now()
    node.bearer, node.bearer_until = "", None
    node.save(update_fields=["state", "state_since", "bearer", "bearer_until"])
    base = CustomerBase.objects.get(pk=node.base_id)  # not that of the location, which may be another one by now
    if base.has_node and not Node.objects.in_base(base).in_use().exists():
        base.has_node = False
        base.save(update_fields=["has_node"])
