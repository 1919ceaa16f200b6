"""What the demo shows of leaving: Flensburg has asked for it, and nobody has assigned a number yet."""

from __future__ import annotations

from datetime import date, timedelta

import pghistory
from django.db import transaction

from mcp import access
from mcp.models import User
from transitions.models import Transition
from transitions.operations import request_exit

AHEAD = timedelta(days=14)
NOTE = "Der Betrieb wird selbständig. Die Stammgäste wissen Bescheid."


@transaction.atomic
def build_transitions(*, today: date) -> Transition:
    """Frida asks that Flensburg leaves Nordlicht in two weeks. The cast must stand."""
    frida = User.objects.select_related("organization").get(username="frida", organization__account_number=10400)
    scope = access.scope_at(frida, account_number=10400, client_number=6)
    with pghistory.context(**scope.history()):
        return request_exit(location=scope.location, planned_for=today + AHEAD, note=NOTE, actor=scope)
