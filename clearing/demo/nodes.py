"""Lübeck and Kiel reconcile with the central, as the demo shows it there.

Both share a base. Kiel has not called for three days. Of what it sent then a new customer is held back, since the
central had taken the last of its numbers away. Lübeck has called just now: two of its changes met others of the
central, and one number was given at both sides.

Codes, runs, conflicts and decisions are made by what people and nodes use. What lies back in time is done as of then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest import mock

import pghistory
from django.db import transaction
from django.utils import timezone
from psycopg.types.range import Range

from clearing.central.pairing import make_pairing_code
from clearing.demo.node import GERMAN, DemoNode
from customers import demo as customers
from customers.models import Customer
from locations.choices import EditSide
from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import access
from mcp.isolation.scope import Scope
from mcp.models import User, UserGroup

ACCOUNT, CENTRAL, LUEBECK, KIEL = 10400, 1, 4, 5
PAIRED, KIEL_CALLED = timedelta(days=9), timedelta(days=3)
NUMBERS_GIVEN_AWAY = 1_000
STAFF = "Lübeck"
"""The user group of those who work there."""


@transaction.atomic
def build_nodes(*, now: datetime) -> None:
    """The cast and its customers must stand. `now` has a time zone."""
    let_staff_reconcile()
    at_luebeck = scope_of("anna", LUEBECK)
    with pghistory.context(**at_luebeck.history()):
        operations.choose_edit_side(location=at_luebeck.location, side=EditSide.BOTH, actor=scope_of("anna", CENTRAL))
    numbers = _numbers(at_luebeck)
    with _as_of(now - PAIRED):
        luebeck, kiel = _paired(LUEBECK, "Kasse Lübeck"), _paired(KIEL, "Kasse Kiel")
        luebeck.reconcile()
        kiel.reconcile()
    with _as_of(now - KIEL_CALLED):
        last = scope_of("anna", KIEL).location.last_number
        give_numbers_away(KIEL)
        kiel.change(numbers[4], memo="Holt die Torte immer erst nach 17 Uhr ab.")
        kiel.register(last, first_name="Inken", last_name="Claasen", city="Kiel")
        kiel.reconcile()
    luebeck.change(numbers[0], street="Holstenstraße 12", phone_private="+49451778201")
    luebeck.change(numbers[1], memo="Möchte weiter angerufen werden.")
    luebeck.change(numbers[2], email="bestellung@example.com")
    luebeck.register(numbers[-1] + 1, first_name="Ole", last_name="Brandt", city="Lübeck")
    customers.edit(numbers[0], actor=at_luebeck, street="Mühlenstraße 3", mobile="+491715550310")
    customers.archive(numbers[1], reason="Verzogen", actor=at_luebeck)
    customers.register(actor=at_luebeck, first_name="Silke", last_name="Rohde", city="Travemünde", **GERMAN)
    luebeck.reconcile()


def let_staff_reconcile() -> None:
    """Whoever works at Lübeck may reconcile and decide about conflicts."""
    anna = scope_of("anna", CENTRAL)
    group = UserGroup.objects.of_organization(anna.organization).get(name=STAFF)
    place = scope_of("anna", LUEBECK).location.pk
    added = {(right, place) for right in (Right.CLEAR, Right.RESOLVE_CONFLICTS)}
    with pghistory.context(**anna.history()):
        operations.change_grants(group=group, wanted=access.grants_of(group) | added, actor=anna)


def give_numbers_away(client_number: int) -> None:
    """The central takes the last numbers of a location's range back."""
    anna = scope_of("anna", client_number)
    location = anna.location
    location.number_range = Range(location.first_number, location.last_number + 1 - NUMBERS_GIVEN_AWAY)
    with pghistory.context(**anna.history()):
        operations.change_location(location=location, changed={"number_range"}, actor=anna)


def scope_of(username: str, client_number: int) -> Scope:
    """Somebody of Nordlicht at one of its locations. Raises User.DoesNotExist."""
    user = User.objects.select_related("organization").get(username=username, organization__account_number=ACCOUNT)
    return access.scope_at(user, account_number=ACCOUNT, client_number=client_number)


def _numbers(scope: Scope) -> list[int]:
    """The customer numbers of the location, from the first one on."""
    here = Customer.objects.in_base(scope.base).filter(home_location=scope.location).order_by("customer_number")
    return list(here.active().values_list("customer_number", flat=True))


def _paired(client_number: int, machine: str) -> DemoNode:
    anna = scope_of("anna", client_number)
    with pghistory.context(**anna.history()):
        code = make_pairing_code(location=anna.location, actor=anna)
    return DemoNode(code=code, machine=machine)


@contextmanager
def _as_of(moment: datetime) -> Iterator[None]:
    """What the program does in the block it does at this moment."""
    with mock.patch.object(timezone, "now", return_value=moment):
        yield
