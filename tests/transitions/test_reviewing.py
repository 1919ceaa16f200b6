"""The review, and the legal ground confirmed in words by a named person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from mcp.scope import MissingRight
from tests.customers.people import customer
from tests.transitions.moving import GROUND, exit_in, fresh, join_in, last_step, reviewed, say
from transitions import operations
from transitions.choices import State
from transitions.models import Transition


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def test_review_keeps_the_figures_and_how_it_was_narrowed(cast, anna):
    say(customer(cast.scope("anna", "Hamburg")))
    looked_at = operations.review(transition=exit_in(cast, State.NUMBERED), is_narrowed=True, actor=anna)
    assert fresh(looked_at).is_narrowed
    assert reviewed(looked_at)["reasons"] == {"unrelated": 1}


def test_review_again_sees_what_has_changed(cast, anna):
    asked = exit_in(cast, State.REVIEWED)
    say(customer(cast.scope("anna", "Hamburg")))
    operations.review_again(transition=asked, actor=anna)
    assert (fresh(asked).state, fresh(asked).review) == (State.NUMBERED, None)
    operations.review(transition=asked, is_narrowed=False, actor=anna)
    assert reviewed(asked)["carried"] == 1


def test_what_was_confirmed_can_be_taken_back_until_it_is_executed(cast, anna):
    asked = exit_in(cast, State.CONFIRMED)
    operations.review_again(transition=asked, actor=anna)
    back = fresh(asked)
    assert (back.state, back.review, back.ground, back.confirmed_by) == (State.NUMBERED, None, "", "")
    assert "taken back" in last_step(asked).note
    history = apps.get_model("transitions", "TransitionEvent").objects
    assert history.filter(pgh_obj_id=asked.pk, ground=GROUND, confirmed_by="Anna Andresen").exists()
    with pytest.raises(operations.NotThisStep):
        operations.execute(transition=asked, at=timezone.now(), actor=anna)
    operations.review(transition=asked, is_narrowed=False, actor=anna)
    operations.confirm(transition=asked, ground="Vertrag über die Übergabe.", confirmed_by="Anna Andresen", actor=anna)
    assert operations.execute(transition=asked, at=timezone.now(), actor=anna).ground == "Vertrag über die Übergabe."


def test_page_takes_back_what_was_confirmed_and_says_what_that_means(cast, log_in):
    asked, client = exit_in(cast, State.CONFIRMED), log_in("anna")
    page = f"/10400/1/transitions/transition/{asked.pk}/"
    sentence = "Afterwards the legal ground has to be confirmed once more."
    assert sentence in client.get(page).content.decode()
    done = client.post(f"{page}step/", {"step": "again"}, follow=True)
    assert "It is to be reviewed once more." in done.content.decode()
    assert sentence not in done.content.decode()
    assert fresh(asked).state == State.NUMBERED


@pytest.mark.parametrize(
    ("ground", "name", "field"),
    [
        ("", "Anna Andresen", "ground"),
        ("   ", "Anna Andresen", "ground"),
        ("Einwilligung", "Anna Andresen", "ground"),
        ("ist ok", "Anna Andresen", "ground"),
        ("... ... ...", "Anna Andresen", "ground"),
        ("1 2 3 4", "Anna Andresen", "ground"),
        (GROUND, "- -", "confirmed_by"),
        (GROUND, "", "confirmed_by"),
        (GROUND, "Anna", "confirmed_by"),
    ],
)
def test_words_that_say_nothing_confirm_nothing(cast, anna, ground, name, field):
    asked = exit_in(cast, State.REVIEWED)
    with pytest.raises(ValidationError) as refusal:
        operations.confirm(transition=asked, ground=ground, confirmed_by=name, actor=anna)
    assert list(refusal.value.error_dict) == [field]
    assert fresh(asked).state == State.REVIEWED


def test_ground_and_name_are_kept(cast, anna):
    asked = exit_in(cast, State.REVIEWED)
    operations.confirm(transition=asked, ground=f" {GROUND} ", confirmed_by=" Anna  Andresen ", actor=anna)
    assert (fresh(asked).ground, fresh(asked).confirmed_by) == (GROUND, "Anna Andresen")
    assert GROUND not in last_step(asked).note  # support and the location read the steps, but not the ground


def test_ground_is_read_by_those_who_decide_and_by_nobody_else(cast, anna, log_in):
    asked = exit_in(cast, State.REVIEWED)
    confirmed(asked, anna)
    for who, place, is_shown in (("anna", "1", True), ("rita", "1", False), ("frida", "6", False)):
        page = log_in(who).get(f"/10400/{place}/transitions/transition/{asked.pk}/")
        assert page.status_code == 200
        assert (GROUND in page.content.decode()) is is_shown


@pytest.mark.parametrize(("who", "where"), [("frida", "Flensburg"), ("rita", "Zentrale"), ("anna", "Flensburg")])
def test_only_the_central_with_the_right_decides(cast, who, where):
    actor = cast.scope(who, where)
    for number, state, call in [
        (40201, State.NUMBERED, lambda asked: operations.review(transition=asked, is_narrowed=False, actor=actor)),
        (40202, State.REVIEWED, lambda asked: operations.review_again(transition=asked, actor=actor)),
        (
            40203,
            State.REVIEWED,
            lambda asked: operations.confirm(transition=asked, ground=GROUND, confirmed_by="A B", actor=actor),
        ),
    ]:
        asked = exit_in(cast, state, number=number)
        with pytest.raises(MissingRight):
            call(asked)
        assert fresh(asked).state == state
        operations.cancel(transition=asked, actor=cast.scope("anna", "Zentrale"))


def test_another_central_does_not_find_it(cast):
    with pytest.raises(PermissionDenied):
        operations.review(
            transition=exit_in(cast, State.NUMBERED), is_narrowed=False, actor=cast.scope("sven", "Zentrale", 20800)
        )


def test_who_joins_reviews_the_own_customers(cast):
    say(customer(cast.scope("ines", "Dresden", 30100)))
    customer(cast.scope("anna", "Hamburg"))
    assert reviewed(join_in(cast, State.CONFIRMED))["total"] == 1


def test_day_that_is_over_is_not_confirmed(cast, anna):
    """Else it would be executed within the hour, long after the day that everybody has in mind."""
    asked = exit_in(cast, State.REVIEWED)
    Transition.objects.filter(pk=asked.pk).update(planned_for=timezone.localdate() - timedelta(days=1))
    with pytest.raises(ValidationError, match="is over"):
        confirmed(asked, anna)
    operations.move_day(transition=asked, planned_for=timezone.localdate(), actor=anna)
    operations.confirm(transition=asked, ground=GROUND, confirmed_by="J. Andresen", actor=anna)
    assert fresh(asked).state == State.CONFIRMED
