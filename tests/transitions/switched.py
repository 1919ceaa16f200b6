"""Customers of a base, and all of it as it is, for the tests of switches between 2.0 and 1.0."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from customers.choices import ConsentSource, FormerNumberSource
from customers.models import Card, Consent, Customer, CustomerGroup, FormerNumber, Tag
from locations.models import CustomerBase, Location
from tests.conftest import Cast
from transitions import switching
from transitions.choices import StartsWith, SwitchDirection
from transitions.models import BaseSwitch

REASON = "Die Leitung fällt zu oft aus"
TABLES = {
    "customers_customer": ("base_id", "customer_group_id", "search_text", "sort_name"),
    "customers_card": ("base_id",),
    "customers_consent": ("base_id",),
    "customers_formernumber": ("base_id",),
}
"""What is a customer's own, without the columns that say in which base it is."""


def customers(place: Location, *numbers: int, **values: Any) -> list[Customer]:
    """Customers who are registered there, each with a group, a tag, a card, a consent and a former number."""
    base = place.base
    group = CustomerGroup.objects.filter(base=base, name__iexact="Stammgäste").first()
    group = group or CustomerGroup.objects.create(base=base, name="Stammgäste", discount=3)
    Tag.objects.get_or_create(base=base, name="Brot")
    return [_customer(place, number, group, values) for number in numbers]


def _customer(place: Location, number: int, group: CustomerGroup, values: dict[str, Any]) -> Customer:
    long_ago = timezone.now() - timedelta(days=40)
    known: dict[str, Any] = {
        "organization": place.organization, "base": place.base, "home_location": place, "customer_number": number,
        "last_name": f"Kunde {number}", "email": f"k{number}@example.org", "customer_group": group, "tags": ["Brot"],
        "created_at": long_ago, **values,
    }  # fmt: skip
    one = Customer.objects.create(**known)
    Card.objects.create(base=place.base, customer=one, number=f"{place.branch_number}-{number}", assigned_at=long_ago)
    FormerNumber.objects.create(base=place.base, customer=one, number=f"A{number}", source=FormerNumberSource.TYPED)
    Consent.objects.create(
        organization=place.organization, base=place.base, customer=one, purpose="newsletter", is_given=True,
        at=long_ago, recorded_at=long_ago, source=ConsentSource.FORM, location=place, recorded_by="test",
    )  # fmt: skip
    return one


def state_of(base: CustomerBase, *, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """All customers of the base with what is theirs, whichever base that is."""
    found: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for table, left_out in TABLES.items():
            names = [*left_out, *without]
            order = "customer_id, number" if table == "customers_formernumber" else "id"
            cursor.execute(
                f"SELECT to_jsonb(row) - %s::text[] FROM {table} AS row WHERE base_id = %s ORDER BY {order}",
                [names, base.pk],
            )
            found[table] = [json.loads(row) for (row,) in cursor.fetchall()]
        cursor.execute(
            "SELECT c.id, g.name FROM customers_customer c LEFT JOIN customers_customergroup g "
            "ON g.base_id = c.base_id AND g.id = c.customer_group_id WHERE c.base_id = %s ORDER BY 1",
            [base.pk],
        )
        found["groups"] = cursor.fetchall()
    return found


def to_shared(cast: Cast, place: str = "Lübeck") -> BaseSwitch:
    """Asked for by support, and carried out."""
    rita = cast.scope("rita", place)
    asked = asked_to_shared(cast, place)
    return switching.execute(switch=asked, actor=rita)


def asked_to_shared(cast: Cast, place: str = "Lübeck") -> BaseSwitch:
    rita = cast.scope("rita", place)
    return switching.request_switch(
        location=rita.location, direction=SwitchDirection.TO_SHARED, reason=REASON, actor=rita
    )


def asked_to_offline(cast: Cast, place: str = "Hamburg", starts_with: str = StartsWith.HOME) -> BaseSwitch:
    rita = cast.scope("rita", place)
    return switching.request_switch(
        location=rita.location, direction=SwitchDirection.TO_OFFLINE, starts_with=starts_with, reason=REASON, actor=rita
    )


def to_offline(cast: Cast, place: str = "Hamburg", starts_with: str = StartsWith.HOME) -> BaseSwitch:
    """Asked for by support, signed by a developer, and carried out."""
    asked = asked_to_offline(cast, place, starts_with)
    switching.sign(switch=asked.pk, developer=cast.user("dev"))
    return switching.execute(switch=asked, actor=cast.scope("rita", place))
