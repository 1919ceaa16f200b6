"""By what an item is named in a payment, as told by whoever makes invoices and debits.

    register(lambda ledger: {movement: Named(number="RE-2026-000012", due_on=…)})

An invoice is one thing to be paid, whatever it is made of: movements with one `number` of one customer are proposed
together, the oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from accounting.models import Ledger


@dataclass(frozen=True, kw_only=True)
class Named:
    """Number and day of the invoice on which a movement stands, and the references of the debit that collects it."""

    number: str = ""
    due_on: date | None = None
    end_to_end_id: str = ""
    mandate_id: str = ""
    batch_id: str = ""

    def with_more(self, more: Named) -> Named:
        """What both say; this one counts where both do."""
        return Named(**{one.name: getattr(self, one.name) or getattr(more, one.name) for one in fields(self)})


type Source = Callable[[Ledger], Mapping[UUID, Named]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """Have this function asked for the names of the open items of a ledger, by the ids of their movements."""
    _sources.append(source)
    return source


def names_of(ledger: Ledger) -> dict[UUID, Named]:
    """What is known of the items of a ledger."""
    found: dict[UUID, Named] = {}
    for source in _sources:
        for movement, named in source(ledger).items():
            found[movement] = found.get(movement, Named()).with_more(named)
    return found
