"""The places where a customer is found besides his own row: what of him each holds, and how it goes.

    register(Place(…))      by each app that has such tables
    places()                in the order in which they are told

The tables themselves, and those that hold nobody, are named in tests/customers/test_erasure_places.py: a new table that
is not named there fails the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from customers.models import Customer
from locations.text import LazyText


def with_the_customer(_customer: Customer) -> None:
    """Stands for what `customers_erase` removes together with the customer."""


def known_by_no_other(_customer: Customer) -> Collection[UUID]:
    """Stands for what knows a customer by his uid alone."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Something of a customer that goes when he is erased."""

    name: str
    """In the figures of the tombstone."""
    label: LazyText
    """What it is, in words: "Files that lose their content"."""
    count: Callable[[Customer], int]
    """How many there are now."""
    remove: Callable[[Customer], None] = with_the_customer
    """Called while he is still there, in the transaction that erases."""
    other_uids: Callable[[Customer], Collection[UUID]] = known_by_no_other
    """By which he is known besides his own; whoever has one of them, or had it, is erased with him."""


_places: dict[str, Place] = {}


def register(place: Place) -> Place:
    """Add a place; returns it. Raises ValueError where the name is taken."""
    if _places.setdefault(place.name, place) is not place:
        raise ValueError(f"Two places are called {place.name!r}")
    return place


def places() -> list[Place]:
    """All places, in the order in which they were registered."""
    return list(_places.values())
