"""Customers as they are answered: without what the device may not see."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from api.schemas import SHOWN
from api.versions import version_of
from customers.duplicates import Candidate
from customers.field_groups import withheld
from customers.models import Card, Customer, Tombstone, read_former_numbers
from mcp.isolation.scope import Scope


def state_of(customer: Customer) -> str:
    return "archived" if customer.is_archived else "active"


def shown(customers: Collection[Customer], scope: Scope) -> list[dict[str, Any]]:
    """The customers with their cards and former numbers, by two queries."""
    hidden = withheld(scope)
    read_former_numbers(customers)
    cards = cards_of([customer.pk for customer in customers], scope)
    return [_shown(customer, cards.get(customer.pk, []), hidden) for customer in customers]


def _shown(customer: Customer, cards: list[dict[str, Any]], hidden: frozenset[str]) -> dict[str, Any]:
    named = {name: _value(customer, name) for name in SHOWN if name not in hidden}
    return {
        "id": customer.pk,
        "number": customer.customer_number,
        "version": version_of(customer),
        "state": state_of(customer),
        "display_name": customer.display_name,
        **named,
        "former_numbers": customer.former_numbers,
        "cards": cards,
        "withheld": sorted(hidden),
    }


def _value(customer: Customer, name: str) -> Any:
    return getattr(customer, Customer._meta.get_field(name).attname)  # type: ignore[union-attr]


def cards_of(customers: Iterable[int], scope: Scope) -> dict[int, list[dict[str, Any]]]:
    """The cards of these customers by their ids, the active ones first."""
    rows = Card.objects.in_base(scope.base).filter(customer__in=list(customers)).select_related("successor")
    found: dict[int, list[dict[str, Any]]] = {}
    for card in rows.order_by("customer", "state", "-assigned_at", "-id"):
        successor = card.successor.number if card.successor else None
        told = {"number": card.number, "state": card.state, "reason": card.reason, "successor": successor}
        found.setdefault(card.customer_id, []).append(told)
    return found


def changes(ids: list[int], scope: Scope) -> list[dict[str, Any]]:
    """What has become of these customers, in this order."""
    rows = Customer.objects.in_base(scope.base).in_bulk(ids)
    told = {one["id"]: one for one in shown(list(rows.values()), scope)}
    gone = [pk for pk in ids if pk not in rows]
    erased = set(
        Tombstone.objects.filter(base=scope.base, customer_id__in=gone).values_list("customer_id", flat=True)
        if gone
        else ()
    )
    return [
        {"id": pk, "state": told[pk]["state"], "customer": told[pk]}
        if pk in told
        else {"id": pk, "state": "erased" if pk in erased else "removed", "customer": None}
        for pk in ids
    ]


def duplicates(found: Iterable[Candidate]) -> list[dict[str, Any]]:
    """Who may be the same, with the reasons in words."""
    return [
        {
            "number": one.customer.customer_number,
            "name": one.customer.display_name,
            "state": state_of(one.customer),
            "reasons": [str(reason) for reason in one.reasons],
            "facts": list(one.facts),
        }
        for one in found
    ]
