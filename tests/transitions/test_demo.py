"""The demo shows a location that is about to leave, at the very beginning of its way."""

from datetime import timedelta

from django.utils import timezone

from locations.permissions import Right
from mcp.isolation import access
from transitions.choices import TransitionState
from transitions.demo import AHEAD, RIGHTS, build_transitions
from transitions.models import Transition


def test_central_has_a_second_person_who_can_confirm(cast):
    build_transitions(today=timezone.localdate())
    gesa = cast.scope("gesa", "Zentrale")
    assert gesa.rights == frozenset(RIGHTS)
    assert list(access.holders_at(Right.CARRY_OVER, gesa.location).order_by("username")) == [
        cast.user("anna"), cast.user("gesa"),
    ]  # fmt: skip


def test_flensburg_has_asked_to_leave_in_two_weeks(cast):
    today = timezone.localdate() + timedelta(days=1)
    asked = build_transitions(today=today)
    assert Transition.objects.get() == asked
    assert (asked.location.name, asked.state, asked.planned_for) == (
        "Flensburg",
        TransitionState.REQUESTED,
        today + AHEAD,
    )
    assert asked.steps.get().user_name == "Frida Friis"
    assert asked.receiver_account is None
