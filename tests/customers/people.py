"""Dull, deterministic customers for the tests of the pages."""

from __future__ import annotations

from typing import Any

from customers.choices import ConsentSource
from customers.consents.operations import record_consent, save_purpose
from customers.models import ConsentPurpose, Customer, CustomerGroup, FormerNumber, Tag
from customers.operations import register_customer, save_customer_group, save_tag
from locations.models import Location
from locations.permissions import Right
from mcp.central.operations import create_user, create_user_group, set_memberships
from mcp.isolation import grants
from mcp.isolation.scope import Scope
from mcp.models import User

HAMBURG, BREMEN, SOUTH = "/10400/2", "/10400/3", "/20800/2"
LIST = "/customers/customer/"


def customer(scope: Scope, **values: Any) -> Customer:
    """A registered customer; without a name the last name is Muster."""
    named = {"last_name", "company", "first_name", "alias"} & set(values)
    row = Customer(**({} if named else {"last_name": "Muster"}), **values)
    return Customer.objects.get(pk=register_customer(customer=row, actor=scope).pk)


def bears(customer: Customer, *numbers: str, source: str = "typed", origin: str = "") -> None:
    """The customer has these former numbers besides, whoever has said so."""
    FormerNumber.objects.bulk_create(
        FormerNumber(base_id=customer.base_id, customer=customer, number=number, source=source, origin=origin)
        for number in numbers
    )
    customer.forget_former_numbers()


def customers(scope: Scope, count: int) -> list[Customer]:
    return [customer(scope, last_name=f"Muster{number:02}") for number in range(count)]


def group(scope: Scope, name: str) -> CustomerGroup:
    return save_customer_group(group=CustomerGroup(name=name), actor=scope)


def tag(scope: Scope, name: str) -> Tag:
    return save_tag(tag=Tag(name=name), actor=scope)


def purpose(scope: Scope, code: str, **values: Any) -> ConsentPurpose:
    """A purpose of the business; without a name it is called by its code."""
    row = ConsentPurpose(**{"code": code, "name": code.title(), **values})
    return save_purpose(purpose=row, actor=scope)


def says(scope: Scope, customer: Customer, about: str, is_given: bool, at: Any = None, **more: Any) -> int:
    """The customer gives or withdraws a consent; without a moment: now. How many statements are new."""
    values = {"source": ConsentSource.FORM, **more}
    return record_consent(customers=[customer.pk], purpose=about, is_given=is_given, at=at, **values, actor=scope)


def page_of(customer: Customer, place: str = HAMBURG) -> str:
    return f"{place}{LIST}{customer.pk}/change/"


def form_data(response: Any, **values: Any) -> dict[str, Any]:
    """What a browser would post from this page, with the given values typed into it."""
    form = response.context["adminform"].form
    data = {name: form[name].value() for name in form.fields if name not in ("known_candidates",)}
    data |= {f"{name}": value for name, value in values.items()}
    return {name: value for name, value in data.items() if value not in (None, False)}


def person_without(*missing: Right, username: str = "teilsicht") -> User:
    """Somebody of Nordlicht who holds every right at all locations but these."""
    central = Location.objects.select_related("organization", "base").get(
        client_number=1, organization__account_number=10400
    )
    system = Scope.of_system(central, name="test")
    group = create_user_group(name=username, actor=system)
    grants.add_grants(group, [(right, None) for right in Right if right not in missing])
    user = create_user(user=User(username=username), password="Sauerteig-und-Butter-7", actor=system)
    set_memberships(user=user, groups=[group], actor=system)
    return user
