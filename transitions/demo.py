"""What the demo shows of leaving: Flensburg has asked for it, and nobody has assigned a number yet.

Who is carried over is confirmed by two people, so the central has a second one.
"""

from __future__ import annotations

from datetime import date, timedelta

import pghistory
from django.db import transaction

from locations.permissions import Right
from mcp.central import operations
from mcp.demo import PASSWORD, Person
from mcp.isolation import access
from mcp.isolation.scope import Scope
from mcp.models import User
from transitions.models import Transition
from transitions.operations import request_exit

AHEAD = timedelta(days=14)
NOTE = "Der Betrieb wird selbständig. Die Stammgäste wissen Bescheid."

SECOND = Person("gesa", "Gesa", "Gerdes", "Datenschutz Nordlicht: bestätigt als zweite Person, was mitgeht")
RIGHTS = (
    Right.VIEW_CUSTOMERS,
    Right.SEE_CONTACT_DATA,
    Right.SEE_BANK_DATA,
    Right.SEE_MEMOS,
    Right.SEE_HISTORY,
    Right.CARRY_OVER,
    Right.MANAGE_LOCATION,
)


@transaction.atomic
def build_transitions(*, today: date) -> Transition:
    """Frida asks that Flensburg leaves Nordlicht in two weeks. The cast must stand."""
    _employ_second(_scope("anna", 1))
    scope = _scope("frida", 6)
    with pghistory.context(**scope.history()):
        return request_exit(location=scope.location, planned_for=today + AHEAD, note=NOTE, actor=scope)


def _employ_second(anna: Scope) -> None:
    with pghistory.context(**anna.history()):
        group = operations.create_user_group(name="Datenschutz", actor=anna)
        operations.change_grants(group=group, wanted=[(right, None) for right in RIGHTS], actor=anna)
        new = User(
            username=SECOND.username, first_name=SECOND.first_name, last_name=SECOND.last_name,
            organization=anna.organization, language="de",
        )  # fmt: skip
        gesa = operations.create_user(user=new, password=PASSWORD, actor=anna)
        operations.set_memberships(user=gesa, groups=[group], actor=anna)


def _scope(username: str, client_number: int) -> Scope:
    user = User.objects.select_related("organization").get(username=username, organization__account_number=10400)
    return access.scope_at(user, account_number=10400, client_number=client_number)
