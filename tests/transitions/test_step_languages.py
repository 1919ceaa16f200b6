"""What the program notes of a step is read in the language of whoever looks at it; what somebody has typed stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from tests.transitions.moving import exit_in, fresh, join_in, last_step, named
from tests.transitions.test_protocol import told, words
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import Transition
from transitions.operations import ordering

FLENSBURG = "/10400/6/transitions/transition/"


@pytest.fixture
def noted(cast) -> Transition:
    """By a German: moved, its ground named, and taken back."""
    anna = cast.scope("anna", "Zentrale")
    leaving = exit_in(cast, TransitionState.REVIEWED)
    day = timezone.localdate().replace(year=2031, month=5, day=6)
    with override("de"):
        operations.move_day(transition=leaving, planned_for=day, actor=anna)
        named(fresh(leaving), anna)
        operations.review_again(transition=fresh(leaving), actor=anna)
    return fresh(leaving)


def remarks(transition: Transition, language: str) -> list[str]:
    with override(language):
        return [step.remark for step in transition.steps.all()][-3:]


def test_notes_of_the_program_are_read_in_the_language_of_the_reader(noted):
    english, german = remarks(noted, "en"), remarks(noted, "de")
    assert english[0].endswith("to 6 May 2031.")
    assert english[1:] == [
        "The legal ground is named; somebody else confirms it.", "To be reviewed once more."
    ]  # fmt: skip
    assert "auf den 06.05.2031" in german[0]
    assert not set(german) & set(english)


def test_page_and_protocol_say_it_in_the_language_of_the_reader(noted, cast, log_in):
    anna = cast.scope("anna", "Zentrale")
    client = log_in("anna")
    page = f"/10400/1/transitions/transition/{noted.pk}/"
    for language, sentence in (("en", "To be reviewed once more."), ("de", remarks(noted, "de")[-1])):
        assert sentence in client.get(page, headers={"accept-language": language}).content.decode()
        with override(language):
            assert sentence in words(told(noted, anna))


def test_note_that_somebody_has_typed_stays_as_it_is(cast):
    leaving = exit_in(cast, TransitionState.REQUESTED)
    with override("de"):
        operations.cancel(transition=leaving, note="Doch nicht", actor=cast.scope("anna", "Zentrale"))
    with override("en"):
        assert last_step(leaving).remark == "Doch nicht"


def test_place_that_is_given_up_is_told_in_any_language(cast):
    joining = join_in(cast, TransitionState.NUMBERED)
    with override("de"):
        rita = cast.scope("rita", "Dresden", 30100)
        operations.assign_group(transition=joining, account_number=20800, client_number=9, actor=rita)
    with override("en"):
        told_steps = [step.remark for step in joining.steps.all()]
    assert "Number 7 in Nordlicht Bäckereien is given up for another place." in told_steps


@pytest.mark.parametrize(("state", "english"), [
    (TransitionState.NUMBERED, "To be reviewed."), (TransitionState.CONFIRMED, "To be executed now."),
])  # fmt: skip
def test_what_is_left_to_the_worker_is_told_in_any_language(cast, monkeypatch, state, english):
    monkeypatch.setattr(ordering, "_is_small", lambda actor: False)
    anna, leaving = cast.scope("anna", "Zentrale"), exit_in(cast, state)
    Transition.objects.filter(pk=leaving.pk).update(planned_for=timezone.localdate() - timedelta(days=1))
    with override("de"):
        if state == TransitionState.NUMBERED:
            operations.review_now(transition=fresh(leaving), is_narrowed=False, actor=anna)
        else:
            operations.execute_now(transition=fresh(leaving), actor=anna)
    with override("en"):
        assert last_step(leaving).remark == english
