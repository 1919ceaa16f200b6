"""Erasing customers for good: it takes a right of its own, and nobody of another base is erased or shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils.html import escape
from django.utils.translation import override

from customers.erasure.erasing import erase_customer, what_goes
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import HAMBURG, World

CALLS: list[Callable[[Customer, Scope], Any]] = [
    lambda row, actor: erase_customer(customer=row.pk, reason="Wunsch", actor=actor),
    lambda row, actor: what_goes(customer=row, actor=actor),
]


@probe
def erasing_takes_its_right(world: World) -> None:
    for call in CALLS:
        with refused(MissingRight):
            call(world.customer, bare(world, "Hamburg", Right.VIEW_CUSTOMERS, Right.ARCHIVE_CUSTOMERS, who="anna"))


@probe
def nobody_of_another_base_is_erased(world: World) -> None:
    with refused(ObjectDoesNotExist):
        erase_customer(customer=world.foreign_customer.pk, reason="Wunsch", actor=world.scope("anna", "Hamburg"))


@probe
def page_of_an_erasure_needs_the_right_and_is_offered_to_nobody_else(world: World) -> None:
    row = f"{HAMBURG}/customers/customer/{world.customer.pk}"
    page = f"{row}/erase/"
    assert world.get("anna", page).status_code == 200
    assert page in world.text("anna", f"{row}/change/")
    assert world.get("bodo", page).status_code == 403
    assert page not in world.text("bodo", f"{row}/change/")


@probe
def page_of_an_erasure_is_for_who_sees_customers(world: World) -> None:
    refusal = world.get("blind", f"{HAMBURG}/customers/customer/{world.customer.pk}/erase/")
    with override("de"):
        label = escape(str(Right.VIEW_CUSTOMERS.label))
    assert refusal.status_code == 403
    assert f"„{label}“" in refusal.content.decode()
