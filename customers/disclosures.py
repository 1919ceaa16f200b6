"""To whom a customer was handed over. An app that hands customers over registers a source.

register(source)          `source` gives the hand-overs of one customer
disclosures_of(customer)  those of all sources, newest first
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from customers.models import Customer


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """The data of a customer was handed over: when, to whom, on what occasion, by whom, and on which ground."""

    at: datetime
    receiver: int
    receiver_name: str
    occasion: str
    user: str
    location: str
    ground: str
    fields: str


type Source = Callable[[Customer], Iterable[Disclosure]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Add a source. It is called with a customer and gives his disclosures."""
    if source not in _sources:
        _sources.append(source)


def disclosures_of(customer: Customer) -> list[Disclosure]:
    """All hand-overs of a customer, newest first. A few queries for each source."""
    told = (one for source in _sources for one in source(customer))
    return sorted(told, key=lambda one: one.at, reverse=True)
