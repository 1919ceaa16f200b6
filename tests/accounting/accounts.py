"""Customers with accounts, and short names for what is done with them."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from accounting.balances import Standing, standing
from accounting.models import Account, AccountTerms
from accounting.operations import ask_accounting_switch, confirm_accounting_switch, set_terms
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Cast
from tests.customers.people import customer

ADDRESS = {"street": "Deichstraße 1", "postal_code": "20095", "city": "Hamburg"}
_keys = count(1)


def key() -> str:
    """A key that nobody has used."""
    return f"k{next(_keys)}"


def terms(scope: Scope, whose: Customer, **values: Any) -> AccountTerms:
    """Terms that allow everything up to 100 €, but for what is said."""
    allowed = {"may_buy_on_account": True, "may_hold_credit": True, "hard_limit": Decimal(100)}
    return set_terms(customer=whose.pk, **{**allowed, **values}, actor=scope)


def guest(scope: Scope, *, last_name: str = "Gast", **values: Any) -> Customer:
    """A customer with an address and an account."""
    whose = customer(scope, last_name=last_name, **ADDRESS)
    terms(scope, whose, **values)
    return whose


def now(scope: Scope, whose: Customer) -> Standing:
    with row_scope.rows_of(scope):
        found = standing(whose, scope)
    assert found is not None
    return found


def amounts(scope: Scope, whose: Customer) -> tuple[Any, Any]:
    """What he owes, and his credit; any, so that tests may compare them with whole numbers."""
    found = now(scope, whose)
    return found.open_amount, found.credit_amount


def account(scope: Scope, whose: Customer, kind: str) -> Account:
    with row_scope.rows_of(scope):
        return Account.objects.get(base=scope.base, customer=whose, kind=kind)


def on_its_own(cast: Cast, place: str) -> None:
    """A branch of Nordlicht keeps its accounts on its own from now on, as two people have decided."""
    central, branch = cast.location("Zentrale"), cast.location(place)
    asks, confirms = (
        Scope(user=cast.user(name), location=central, rights=frozenset({Right.MANAGE_LOCATION}))
        for name in ("anna", "bodo")
    )
    row = ask_accounting_switch(location=branch.pk, mode="own", reason="x", actor=asks)
    confirm_accounting_switch(switch=row.pk, actor=confirms)
