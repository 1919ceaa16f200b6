"""Which state may follow which, kept by the database on every path, and by the operations with a sentence."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from locations import operations as opening
from locations.operations import Place
from tests.transitions.moving import WAY, assigned, confirmed, exit_in, fresh, join_in
from transitions import operations
from transitions.choices import JOINED_ANEW, STEPS, TransitionState
from transitions.models import Transition, TransitionStep

BELONGS: dict[TransitionState, str] = {
    TransitionState.NUMBERED: ", receiver_account = 40900, receiver_client_number = 2, receiver_id = "
    "(SELECT id FROM locations_organization WHERE account_number = 40900)",
    TransitionState.REVIEWED: ", review = '{}'",
    TransitionState.CONFIRMED: ", basis = 'consent', ground = 'G', ground_by = 'M', confirmed_by = 'N'",
    TransitionState.EXECUTED: ", executed_at = now(), result = '{}'",
}
"""What has to come along with a state; a step that is not allowed is refused before anything else is looked at."""
UNREVIEWED = ", review = NULL, basis = '', ground = '', ground_by = '', confirmed_by = '', field_groups = '{}'"


def force(transition, state: TransitionState) -> None:
    """Put it into a state by raw SQL."""
    is_back = state == TransitionState.NUMBERED and transition.state != TransitionState.REQUESTED
    more = UNREVIEWED if is_back else BELONGS.get(state, "")
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE transitions_transition SET state = %s{more} WHERE id = %s", [state, transition.pk])


@pytest.mark.parametrize("before", TransitionState)
def test_each_pair_of_states_is_allowed_or_refused_by_the_database(cast, before):
    asked = exit_in(cast, before)
    opening.open_organization(account_number=40900, name="Neu", kind="independent", place=Place(name="Neu"))
    for after in set(TransitionState) - {before} - STEPS[before]:
        with pytest.raises(IntegrityError, match="cannot go from"), transaction.atomic():
            force(asked, after)
        assert fresh(asked).state == before
    for after in STEPS[before]:
        with transaction.atomic():
            force(asked, after)
            assert fresh(asked).state == after
            transaction.set_rollback(True)


NOWHERE = f", receiver_id = NULL, receiver_account = NULL, receiver_client_number = NULL{UNREVIEWED}"


@pytest.mark.parametrize("state", [state for state in WAY if state != TransitionState.REQUESTED])
def test_only_a_joining_goes_back_to_its_request_and_without_a_place(cast, state):
    joining, leaving = join_in(cast, state), exit_in(cast, state)
    back = f"UPDATE transitions_transition SET state = 'requested'{{}} WHERE id = '{joining.pk}'"
    with connection.cursor() as cursor:
        for sql in (back.format(""), back.format(NOWHERE).replace(str(joining.pk), str(leaving.pk))):
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(sql)
        if state in JOINED_ANEW:
            cursor.execute(back.format(NOWHERE))
            return
        with pytest.raises(IntegrityError, match="cannot go from"), transaction.atomic():
            cursor.execute(back.format(NOWHERE))


@pytest.mark.parametrize("state", [state for state in TransitionState if state != TransitionState.REQUESTED])
def test_nothing_begins_in_the_middle(cast, state):
    hamburg = cast.location("Hamburg")
    with pytest.raises(IntegrityError, match="begins as a request"), transaction.atomic():
        Transition.objects.create(
            organization=hamburg.organization, location=hamburg, planned_for=timezone.localdate(), state=state
        )


@pytest.mark.parametrize(
    ("state", "change"),
    [
        (TransitionState.REQUESTED, "kind = 'join'"),
        (TransitionState.REQUESTED, "location_id = location_id - 1"),
        (TransitionState.NUMBERED, "receiver_account = 5"),
        (TransitionState.NUMBERED, "receiver_client_number = 5"),
        (TransitionState.CONFIRMED, "ground = 'Anders'"),
        (TransitionState.CONFIRMED, "confirmed_by = 'Jemand Anders'"),
        (TransitionState.CONFIRMED, "is_narrowed = NOT is_narrowed"),
        (TransitionState.CONFIRMED, "basis = 'interests'"),
        (TransitionState.CONFIRMED, "ground_by = 'Jemand Anders'"),
        (TransitionState.CONFIRMED, "ground_user = NULL"),
        (TransitionState.CONFIRMED, "confirmed_user = ground_user"),
        (TransitionState.CONFIRMED, "field_groups = '{}'"),
        (TransitionState.EXECUTED, "field_groups = '{}'"),
        (TransitionState.REVIEWED, "field_groups = '{passwords}'"),
        (TransitionState.REVIEWED, "basis = 'because'"),
        (TransitionState.CONFIRMED, "review = '{}'"),
        (TransitionState.REVIEWED, "state = 'numbered'"),
        (TransitionState.CONFIRMED, "state = 'numbered'"),
        (TransitionState.CONFIRMED, f"state = 'numbered'{UNREVIEWED}".replace("ground = '', ", "", 1)),
        (TransitionState.CONFIRMED, f"state = 'numbered'{UNREVIEWED}".replace("confirmed_by = '', ", "", 1)),
        (TransitionState.CONFIRMED, f"state = 'numbered'{UNREVIEWED}".replace(", field_groups = '{}'", "", 1)),
        (TransitionState.EXECUTED, "planned_for = planned_for + 1"),
        (TransitionState.EXECUTED, "result = '{}'"),
        (TransitionState.CLOSED, "executed_at = now() + interval '1 day'"),
    ],
)
def test_what_is_settled_stays(cast, state, change):
    asked = exit_in(cast, state)
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(f"UPDATE transitions_transition SET {change} WHERE id = %s", [asked.pk])


@pytest.mark.parametrize(
    ("state", "change"),
    [
        (TransitionState.REQUESTED, "state = 'numbered'"),
        (TransitionState.NUMBERED, "state = 'reviewed'"),
        (TransitionState.REVIEWED, "state = 'confirmed'"),
        (TransitionState.CONFIRMED, "state = 'executed'"),
    ],
)
def test_no_step_without_what_belongs_to_it(cast, state, change):
    asked = exit_in(cast, state)
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(f"UPDATE transitions_transition SET {change} WHERE id = %s", [asked.pk])


@pytest.mark.parametrize("sql", ["UPDATE {} SET note = 'x'", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["transitions_transitionstep", "transitions_transitioncustomer"])
def test_records_are_only_added_to(cast, sql, table):
    exit_in(cast, TransitionState.EXECUTED)
    change = sql.format(table).replace("note", "note" if table.endswith("step") else "reason")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(change)


def _all_operations(asked, cast):
    anna, rita = cast.scope("anna", "Zentrale"), cast.scope("rita", "Zentrale")
    return {
        "review": (
            {TransitionState.NUMBERED},
            lambda: operations.review(transition=asked, is_narrowed=False, actor=anna),
        ),
        "again": (
            {TransitionState.REVIEWED, TransitionState.CONFIRMED},
            lambda: operations.review_again(transition=asked, actor=anna),
        ),
        "confirm": ({TransitionState.REVIEWED}, lambda: confirmed(asked, anna)),
        "execute": (
            {TransitionState.CONFIRMED},
            lambda: operations.execute(transition=asked, at=timezone.now(), actor=anna),
        ),
        "assign": ({TransitionState.REQUESTED}, lambda: assigned(asked, rita, 40900)),
    }


@pytest.mark.parametrize("state", list(TransitionState))
@pytest.mark.parametrize("name", ["review", "again", "confirm", "execute", "assign"])
def test_each_operation_is_refused_in_every_state_but_its_own(cast, state, name):
    asked = exit_in(cast, state)
    due, call = _all_operations(asked, cast)[name]
    if state in due:
        call()
        assert fresh(asked).state != state
        return
    steps = TransitionStep.objects.count()
    with pytest.raises(operations.NotThisStep):
        call()
    assert (fresh(asked).state, TransitionStep.objects.count()) == (state, steps)


def test_a_step_that_was_done_says_by_whom(cast):
    asked = exit_in(cast, TransitionState.CONFIRMED)
    with pytest.raises(operations.NotThisStep, match="already by Zoe Zweite on"):
        operations.confirm(transition=asked, actor=cast.scope("anna", "Zentrale"))


def test_a_step_that_is_not_due_yet_names_the_state(cast):
    asked = exit_in(cast, TransitionState.REQUESTED)
    with pytest.raises(operations.NotThisStep, match="the state is “Requested”"):
        operations.review(transition=asked, is_narrowed=False, actor=cast.scope("anna", "Zentrale"))


def test_every_step_is_recorded_once_and_in_order(cast):
    asked = exit_in(cast, TransitionState.CLOSED)
    assert [(step.state, step.user_name) for step in asked.steps.all()] == [
        ("requested", "test"),
        ("numbered", "Rita Richter"),
        ("reviewed", "Anna Andresen"),
        ("reviewed", "Anna Andresen"),  # the legal ground is named
        ("confirmed", "Zoe Zweite"),
        ("executed", "Anna Andresen"),
        ("closed", "Anna Andresen"),
    ]
