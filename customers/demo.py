"""The customers of the demo. They are the same at every start, except that dates are counted from today.

They are made by the operations that people use and under their names, so that there is a history to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pghistory
from django.db import transaction

from customers.cards.demo import hand_out_cards
from customers.choices import FormerNumberSource, PaymentMethod
from customers.consents.demo import record_consents, word_purposes
from customers.demo_people import CITIES, FIRST_NAMES, LAST_NAMES, SPECIAL, STREETS
from customers.models import Customer, CustomerGroup, FormerNumber, Tag
from customers.numbers import take_numbers
from customers.operations import (
    archive_customers,
    change_customer,
    register_customer,
    save_customer_group,
    save_tag,
)
from customers.write_order import take_order
from locations.permissions import Right
from mcp.isolation import access
from mcp.isolation.scope import Scope
from mcp.models import User

GROUPS = (("Gast", None, "0"), ("Stammgast", 1, "5"), ("Mitarbeiter", 2, "15"), ("Firma", 3, "10"))
TAGS = ("VIP", "Allergie", "Newsletter", "Vorbesteller", "Vegetarisch")
BIRTHDAYS_EACH = 3
"""How many customers of each place have their birthday in the next days."""


@dataclass(frozen=True)
class Plan:
    """How many customers somebody registers at a place, and who manages the groups there."""

    account_number: int
    client_number: int
    count: int
    by: str
    manager: str


PLANS = (
    Plan(10400, 1, 15, "anna", "anna"),
    Plan(10400, 2, 50, "bodo", "anna"),
    Plan(10400, 3, 40, "bodo", "anna"),
    Plan(10400, 6, 60, "frida", "anna"),
    Plan(10400, 4, 20, "dirk", "anna"),
    Plan(10400, 5, 10, "anna", "anna"),
    Plan(20800, 2, 25, "sven", "sven"),
    Plan(20800, 3, 15, "sven", "sven"),
    Plan(30100, 2, 12, "ines", "ines"),
)


@transaction.atomic
def build_customers(*, now: datetime) -> int:
    """Fill the bases of the cast, which must stand and have no customers. Returns how many there are then.

    `now` has a time zone; birthdays and dates of registration are counted from it.
    """
    for index, plan in enumerate(PLANS):
        manager, staff = _scope(plan.manager, plan), _scope(plan.by, plan)
        _words(manager)
        with pghistory.context(**staff.history()):
            customers = _register(staff, _people(plan, seed=index * 101, now=now))
            record_consents(customers, now=now, actor=staff)
            hand_out_cards(customers, actor=staff)
        _story(customers, manager)
    return Customer.objects.count()


def _scope(username: str, plan: Plan) -> Scope:
    user = User.objects.select_related("organization").get(
        username=username, organization__account_number=plan.account_number
    )
    return access.scope_at(user, account_number=plan.account_number, client_number=plan.client_number)


def _words(manager: Scope) -> None:
    """Create the customer groups and tags of a base, once."""
    if CustomerGroup.objects.in_base(manager.base).exists():
        return
    with pghistory.context(**manager.history()):
        for name, price_level, discount in GROUPS:
            group = CustomerGroup(name=name, price_level=price_level, discount=Decimal(discount))
            save_customer_group(group=group, actor=manager)
        for name in TAGS:
            save_tag(tag=Tag(name=name), actor=manager)
        word_purposes(manager)


def _register(actor: Scope, people: Iterator[dict[str, Any]]) -> list[Customer]:
    """Insert many customers at once, which also lets the demo set when each was registered."""
    actor.demand(Right.ADD_CUSTOMERS)
    take_order(actor.base)
    groups = list(CustomerGroup.objects.in_base(actor.base).order_by("id"))
    place = {"organization": actor.organization, "base": actor.base, "home_location": actor.location}
    customers = [Customer(**place, **values) for values in people]
    numbers = take_numbers(actor.location, len(customers))
    for index, (customer, number) in enumerate(zip(customers, numbers, strict=True)):
        customer.customer_number = number
        customer.customer_group = groups[3] if customer.company else groups[index % 3] if index % 4 else None
        customer.full_clean(exclude={"uid"})
    made = Customer.objects.bulk_create(customers)
    FormerNumber.objects.bulk_create(
        FormerNumber(base=actor.base, customer=customer, number=number, source=FormerNumberSource.TYPED)
        for customer in made
        for number in customer.former_numbers
    )
    return made


def _story(customers: list[Customer], manager: Scope) -> None:
    """Change customers as the manager: one is blocked, some have moved away, some have another phone number."""
    fresh = list(Customer.objects.filter(pk__in=[customer.pk for customer in customers]).order_by("customer_number"))
    blocked, moved, gone = fresh[-1], fresh[-2], fresh[-3:-5:-1]
    with pghistory.context(**manager.history()):
        blocked.is_blocked, blocked.blocked_reason = True, "Drei Rechnungen offen"
        change_customer(customer=blocked, actor=manager)
        moved.street, moved.memo = "Neuer Weg 7", "Umgezogen, neue Anschrift telefonisch bestätigt."
        change_customer(customer=moved, actor=manager)
        archive_customers(customers=[one.pk for one in gone], reason="Verzogen", actor=manager)


def edit(customer_number: int, *, actor: Scope, **values: object) -> Customer:
    """Change a customer of the actor's base, as on his page."""
    with pghistory.context(**actor.history()):
        customer = Customer.objects.in_base(actor.base).get(customer_number=customer_number)
        for name, value in values.items():
            setattr(customer, name, value)
        return change_customer(customer=customer, actor=actor)


def archive(customer_number: int, *, reason: str, actor: Scope) -> None:
    """Archive a customer of the actor's base."""
    with pghistory.context(**actor.history()):
        found = Customer.objects.in_base(actor.base).get(customer_number=customer_number)
        archive_customers(customers=[found.pk], reason=reason, actor=actor)


def register(*, actor: Scope, **values: Any) -> Customer:
    """Register a customer at the actor's location, with the next number unless one is named."""
    with pghistory.context(**actor.history()):
        return register_customer(customer=Customer(**values), actor=actor)


def _people(plan: Plan, *, seed: int, now: datetime) -> Iterator[dict[str, Any]]:
    special = SPECIAL if (plan.account_number, plan.client_number) == (10400, 2) else ()
    for index, given in enumerate(special):
        yield {**_address(seed + index), **given, **_stamps(index, now)}
    for index in range(len(special), plan.count):
        yield _person(seed + index, index, now)


def _person(seed: int, index: int, now: datetime) -> dict[str, Any]:
    is_female, at = seed % 2 == 0, seed // 2
    first = FIRST_NAMES[is_female][at % len(FIRST_NAMES[is_female])]
    last = LAST_NAMES[seed * 7 % len(LAST_NAMES)]
    company = f"{last} & Söhne GmbH" if seed % 9 == 4 else ""
    return {
        **_address(seed),
        **_stamps(index, now),
        "salutation": "Frau" if is_female else "Herr",
        "title": "Dr." if seed % 23 == 5 else "",
        "first_name": first,
        "last_name": last,
        "company": company,
        "birthday": _birthday(index, seed, now.date()),
        "email": f"kunde{seed}@example.com" if seed % 4 else "",
        "mobile": f"+49171{3000000 + seed}" if seed % 3 else "",
        "phone_private": f"+4940{1000000 + seed}" if seed % 3 != 1 else "",
        "language": "de",
        "former_numbers": [f"K-{1000 + seed}"] if seed % 7 == 3 else [],
        "payment_method": PaymentMethod.INVOICE if company else ("", PaymentMethod.CASH, PaymentMethod.CARD)[seed % 3],
        "payment_term": 14 if company else None,
        "credit_limit": Decimal(1250) if company else None,
        "tags": sorted({TAGS[seed % 5], TAGS[seed % 3]}) if seed % 3 == 0 else [],
        "is_favourite": seed % 8 == 3,
        "memo": "Sitzt gern am Fenster. Allergie: Nüsse." if seed % 11 == 2 else "",
    }


def _address(seed: int) -> dict[str, str]:
    postal_code, city = CITIES[seed % len(CITIES)]
    street = f"{STREETS[seed % len(STREETS)]} {1 + seed * 3 % 90}"
    return {"street": street, "postal_code": postal_code, "city": city, "country": "DE"}


def _stamps(index: int, now: datetime) -> dict[str, datetime]:
    """When a customer was registered: most within the last two years, some within the last weeks."""
    registered = now - timedelta(days=index * 3 if index % 3 else index * 17 % 700, hours=index % 9)
    return {"created_at": registered, "changed_at": registered}


def _birthday(index: int, seed: int, today: date) -> date | None:
    """A birthday in a leap year, so that any day exists; of the first customers of a place within the next week."""
    if index % 12 < BIRTHDAYS_EACH and index < 24:
        day = today + timedelta(days=index % 7)
        return date(1960 + seed % 10 * 4, day.month, day.day)
    return None if index % 5 == 4 else date(1945 + seed % 58, 1 + seed % 12, 1 + seed % 28)
