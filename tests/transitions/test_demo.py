"""The demo shows a location that is about to leave, at the very beginning of its way."""

from datetime import timedelta

from django.utils import timezone

from transitions.choices import State
from transitions.demo import AHEAD, build_transitions
from transitions.models import Transition


def test_flensburg_has_asked_to_leave_in_two_weeks(cast):
    today = timezone.localdate() + timedelta(days=1)
    asked = build_transitions(today=today)
    assert Transition.objects.get() == asked
    assert (asked.location.name, asked.state, asked.planned_for) == ("Flensburg", State.REQUESTED, today + AHEAD)
    assert asked.steps.get().user_name == "Frida Friis"
    assert asked.receiver_account is None
