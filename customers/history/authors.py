"""Who has changed a customer last before a moment, as the history of this side knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.history.changes import CustomerEvent
from customers.models import Customer
from mcp.isolation.scope import name_shown

LOOKED_AT = 10


@dataclass(frozen=True)
class Recorded:
    """A change in the history: when it was, the facts that were recorded with it, and the row as it was then."""

    at: datetime
    facts: Mapping[str, Any]
    row: Any

    @property
    def who(self) -> str:
        """The name as it was then; blank where nobody knows."""
        return name_shown(str(self.facts.get("user_name") or ""))


def recorded_before(customer: Customer, moment: datetime) -> Iterator[Recorded]:
    """The latest changes of the customer up to this moment, the last one first. One query."""
    events = CustomerEvent.objects.filter(pgh_obj=customer.pk, base=customer.base_id, pgh_created_at__lte=moment)
    ordered = events.select_related("pgh_context").order_by("-pgh_created_at", "-changed_at")
    for event in ordered[:LOOKED_AT]:
        facts = (event.pgh_context.metadata if event.pgh_context else None) or {}
        yield Recorded(event.pgh_created_at, facts, event)
