"""Bulk changes in every state, and filters that are shared."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.utils import timezone

from customers.choices import BulkKind, BulkState
from customers.models import BulkChange, SavedFilter


def plant_bulk(business: Any) -> None:
    """One for each state at each location; and a shared filter of each base."""
    for place in business.locations:
        for state in BulkState:
            business.row(
                BulkChange, organization=business.organization, base=place.base, location=place,
                user=business.people[0], kind=BulkKind.ADD_TAG, target=None, customers=[], state=state,
                figures={"found": 1, "change": 1, "already": 0, "archived": 0, "word": _word(business, "figures")},
                result={"changed": 1, "word": _word(business, "result")},
                undoing={"restored": 1, "left": 1, "word": _word(business, "undoing")},
                context=uuid4(), undo_context=uuid4(), state_since=timezone.now(),
            )  # fmt: skip
    for base in business.bases:
        query = f"q={business._word('customers.SavedFilter', 'query')}"
        owner = {"organization": business.organization, "base": base, "user": business.people[0]}
        business.row(SavedFilter, **owner, query=query, is_shared=True)


def _word(business: Any, column: str) -> str:
    return str(business._word("customers.BulkChange", column))
