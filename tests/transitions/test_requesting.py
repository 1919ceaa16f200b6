"""A location asks to leave, an independent business to join; who may ask, for what, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from locations import legacy
from locations import operations as places
from locations.choices import LegacyRule
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import Restriction, UserGroup
from tests.locations.refusals import refused_by
from tests.locations.rules import lift
from tests.transitions.moving import exit_in, fresh, last_step
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import Transition


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.mark.parametrize(("who", "where"), [("frida", "Flensburg"), ("anna", "Zentrale"), ("anna", "Flensburg")])
def test_own_people_and_the_central_ask_for_an_exit(cast, today, who, where):
    actor = cast.scope(who, where)
    asked = operations.request_exit(location=cast.location("Flensburg"), planned_for=today, note=" Bald ", actor=actor)
    assert (asked.state, asked.kind, asked.note, asked.requested_by) == ("requested", "exit", "Bald", str(actor.user))
    step = asked.steps.get()
    assert (step.state, step.user_name, step.location_name) == ("requested", str(actor.user), where)


def test_independent_business_asks_to_join(cast, today):
    asked = operations.request_join(planned_for=today, actor=cast.scope("ines", "Dresden", 30100))
    assert (asked.kind, asked.location.name, asked.state) == ("join", "Dresden", "requested")


def test_without_the_right_nobody_asks(cast, today):
    bodo = cast.scope("bodo", "Hamburg")
    with pytest.raises(MissingRight):
        operations.request_exit(location=bodo.location, planned_for=today, actor=bodo)
    with pytest.raises(MissingRight):
        operations.request_join(planned_for=today, actor=bodo)


def test_people_of_one_location_do_not_ask_for_another(cast, today):
    frida = cast.scope("frida", "Flensburg")
    with pytest.raises(MissingRight):
        operations.request_exit(location=cast.location("Hamburg"), planned_for=today, actor=frida)


def test_whoever_manages_all_locations_asks_for_another_one_at_the_central_only(cast, today):
    with pytest.raises(PermissionDenied):
        operations.request_exit(
            location=cast.location("Flensburg"), planned_for=today, actor=cast.scope("anna", "Hamburg")
        )


def test_right_at_the_central_alone_is_not_enough_for_another_location(cast, today):
    group = cast.group("Auskunft Bremen")
    grants.add_grants(group, [(Right.MANAGE_LOCATION, cast.location("Zentrale").pk)])
    with pytest.raises(MissingRight):
        operations.request_exit(
            location=cast.location("Flensburg"), planned_for=today, actor=cast.scope("carla", "Zentrale")
        )


def test_location_of_another_business_does_not_exist(cast, today):
    with pytest.raises(PermissionDenied):
        operations.request_exit(
            location=cast.location("München", 20800), planned_for=today, actor=cast.scope("anna", "Zentrale")
        )


@pytest.mark.parametrize(
    ("place", "code"),
    [("Zentrale", "central_stays"), ("Lübeck", "offline_base"), ("Kiel", "offline_base")],
)
def test_who_cannot_leave_is_told_why(cast, today, place, code):
    with pytest.raises(operations.CannotLeave) as refusal:
        operations.request_exit(location=cast.location(place), planned_for=today, actor=cast.scope("anna", "Zentrale"))
    assert refusal.value.code == code
    assert operations.why_not(cast.location(place)) == refusal.value.messages[0]


def test_rule_that_keeps_a_base_1_0_in_the_group_cannot_be_lifted(cast, today):
    """The carry-over knows no such base, so the database takes nothing that would let it go."""
    for organization in (None, cast.organization()):
        with refused_by("legacyswitch_can_be_lifted"):
            lift(LegacyRule.LEAVING, organization)
    assert legacy.is_in_force(LegacyRule.LEAVING, cast.organization())


def test_closed_location_and_independent_business_do_not_leave(cast, today):
    places.close_location(location=cast.location("Hamburg"), at=timezone.now())
    for actor, location, code in [
        (cast.system("Zentrale"), cast.location("Hamburg"), "closed"),
        (cast.system("Dresden", 30100), cast.location("Dresden", 30100), "not_in_a_group"),
    ]:
        with pytest.raises(operations.CannotLeave) as refusal:
            operations.request_exit(location=location, planned_for=today, actor=actor)
        assert refusal.value.code == code


def test_location_of_a_group_does_not_join_one(cast, today):
    with pytest.raises(operations.CannotLeave) as refusal:
        operations.request_join(planned_for=today, actor=cast.scope("frida", "Flensburg"))
    assert refusal.value.code == "in_a_group"


@pytest.mark.parametrize("place", ["Zentrale", "Flensburg"])
def test_support_does_not_ask_in_the_place_of_a_business(cast, today, place):
    with pytest.raises(operations.CannotLeave) as refusal:
        operations.request_exit(location=cast.location("Flensburg"), planned_for=today, actor=cast.scope("rita", place))
    assert refusal.value.code == "not_of_business"
    with pytest.raises(operations.CannotLeave):
        operations.request_join(planned_for=today, actor=cast.scope("rita", "Dresden", 30100))


def test_day_in_the_past_is_refused(cast, today):
    frida = cast.scope("frida", "Flensburg")
    with pytest.raises(ValidationError) as refusal:
        operations.request_exit(location=frida.location, planned_for=today - timedelta(days=1), actor=frida)
    assert refusal.value.error_dict["planned_for"][0].code == "day_is_over"


def test_location_is_on_its_way_once(cast, today):
    frida = cast.scope("frida", "Flensburg")
    operations.request_exit(location=frida.location, planned_for=today, actor=frida)
    with pytest.raises(ValidationError, match="on its way already"):
        operations.request_exit(location=frida.location, planned_for=today, actor=frida)
    assert Transition.objects.count() == 1


def test_after_a_cancellation_one_can_ask_again(cast):
    exit_in(cast, TransitionState.CANCELLED)
    assert exit_in(cast, TransitionState.REQUESTED).state == TransitionState.REQUESTED


def test_who_sees_what(cast):
    flensburg, hamburg = (
        exit_in(cast, TransitionState.REQUESTED),
        exit_in(cast, TransitionState.REQUESTED, place="Hamburg"),
    )
    seen = {
        (who, where): set(operations.visible_transitions(cast.scope(who, where, account)))
        for who, where, account in [
            ("anna", "Zentrale", 10400), ("anna", "Hamburg", 10400), ("frida", "Flensburg", 10400),
            ("bodo", "Hamburg", 10400), ("rita", "Zentrale", 10400), ("sven", "Zentrale", 20800),
        ]
    }  # fmt: skip
    assert seen == {
        ("anna", "Zentrale"): {flensburg, hamburg},
        ("anna", "Hamburg"): {hamburg},
        ("frida", "Flensburg"): {flensburg},
        ("bodo", "Hamburg"): set(),
        ("rita", "Zentrale"): {flensburg, hamburg},
        ("sven", "Zentrale"): set(),
    }


class TestCancel:
    def test_whoever_has_asked_cancels(self, cast, today):
        frida = cast.scope("frida", "Flensburg")
        asked = operations.request_exit(location=frida.location, planned_for=today, actor=frida)
        operations.cancel(transition=asked, note="Doch nicht", actor=frida)
        assert fresh(asked).state == TransitionState.CANCELLED
        assert [step.note for step in asked.steps.all()] == ["", "Doch nicht"]

    @pytest.mark.parametrize(
        "state",
        [TransitionState.REQUESTED, TransitionState.NUMBERED, TransitionState.REVIEWED, TransitionState.CONFIRMED],
    )
    def test_whoever_decides_cancels_until_it_is_executed(self, cast, state):
        asked = exit_in(cast, state)
        operations.cancel(transition=asked, actor=cast.scope("anna", "Zentrale"))
        assert fresh(asked).state == TransitionState.CANCELLED
        assert cast.location("Flensburg").closed_at is None

    @pytest.mark.parametrize(
        "state",
        [TransitionState.EXECUTED, TransitionState.CARRIED_OVER, TransitionState.CLOSED, TransitionState.CANCELLED],
    )
    def test_afterwards_nobody_does(self, cast, state):
        asked = exit_in(cast, state)
        with pytest.raises(operations.NotThisStep):
            operations.cancel(transition=asked, actor=cast.scope("anna", "Zentrale"))

    @pytest.mark.parametrize(
        ("who", "where"), [("frida", "Flensburg"), ("anna", "Hamburg"), ("rita", "Zentrale"), ("bodo", "Hamburg")]
    )
    def test_nobody_else_does(self, cast, who, where):
        asked = exit_in(cast, TransitionState.REQUESTED)
        with pytest.raises(MissingRight):
            operations.cancel(transition=asked, actor=cast.scope(who, where))

    def test_another_business_does_not_find_it(self, cast):
        asked = exit_in(cast, TransitionState.REQUESTED)
        with pytest.raises(PermissionDenied):
            operations.cancel(transition=asked, actor=cast.scope("sven", "Zentrale", 20800))


class TestMove:
    def test_day_is_moved_and_recorded(self, cast, today):
        asked = exit_in(cast, TransitionState.CONFIRMED)
        operations.move_day(
            transition=asked, planned_for=today + timedelta(days=3), actor=cast.scope("anna", "Zentrale")
        )
        assert fresh(asked).planned_for == today + timedelta(days=3)
        assert last_step(asked).state == TransitionState.CONFIRMED
        assert last_step(asked).remark.startswith("Moved from")

    def test_not_into_the_past_not_after_the_execution_and_not_by_others(self, cast, today):
        asked = exit_in(cast, TransitionState.REQUESTED)
        anna = cast.scope("anna", "Zentrale")
        with pytest.raises(ValidationError):
            operations.move_day(transition=asked, planned_for=today - timedelta(days=1), actor=anna)
        with pytest.raises(MissingRight):
            operations.move_day(transition=asked, planned_for=today, actor=cast.scope("frida", "Flensburg"))
        done = exit_in(cast, TransitionState.EXECUTED, place="Hamburg")
        with pytest.raises(operations.NotThisStep):
            operations.move_day(transition=done, planned_for=today, actor=anna)


def test_carry_over_at_a_branch_decides_nothing(cast):
    asked = exit_in(cast, TransitionState.NUMBERED)
    actor = Scope.of_system(cast.location("Hamburg"), name="test")
    with pytest.raises(MissingRight, match="Zentrale"):
        operations.review(transition=asked, is_narrowed=False, actor=actor)


def test_what_a_franchisee_keeps_back_holds_for_leaving_as_well(cast):
    """R25: the central may not close the location, so it may not send it out of the group either."""
    flensburg, anna = cast.location("Flensburg"), cast.scope("anna", "Zentrale")
    for group in UserGroup.objects.filter(organization=flensburg.organization, owner=None):
        Restriction.objects.create(
            organization=flensburg.organization, location=flensburg, group=group, right=Right.MANAGE_LOCATION
        )
    with pytest.raises(MissingRight):
        operations.request_exit(location=flensburg, planned_for=timezone.localdate(), actor=anna)
    operations.request_exit(location=cast.location("Bremen"), planned_for=timezone.localdate(), actor=anna)
