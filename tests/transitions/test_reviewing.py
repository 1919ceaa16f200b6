"""The review, and the legal ground: one person names it, another confirms it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User
from tests.conftest import Browser
from tests.customers.people import customer
from tests.transitions.moving import (
    ACCOUNT,
    GROUND,
    confirmed,
    exit_in,
    fresh,
    join_in,
    last_step,
    named,
    reviewed,
    say,
    second,
    seen_step,
)
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import Transition


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def test_review_keeps_the_figures_and_how_it_was_narrowed(cast, anna):
    hamburg = cast.scope("anna", "Hamburg")
    say(customer(hamburg), receiver=ACCOUNT, location=hamburg.location)
    looked_at = operations.review(transition=exit_in(cast, TransitionState.NUMBERED), is_narrowed=True, actor=anna)
    assert fresh(looked_at).is_narrowed
    assert reviewed(looked_at)["reasons"] == {"unrelated": 1}


def test_review_again_sees_what_has_changed(cast, anna):
    asked = exit_in(cast, TransitionState.REVIEWED)
    say(customer(cast.scope("anna", "Hamburg")))
    operations.review_again(transition=asked, actor=anna)
    assert (fresh(asked).state, fresh(asked).review) == (TransitionState.NUMBERED, None)
    operations.review(transition=asked, is_narrowed=False, actor=anna)
    assert reviewed(asked)["carried"] == 1


def test_what_was_confirmed_can_be_taken_back_until_it_is_executed(cast, anna):
    asked = exit_in(cast, TransitionState.CONFIRMED)
    operations.review_again(transition=asked, actor=anna)
    back = fresh(asked)
    assert (back.state, back.review, back.ground, back.confirmed_by) == (TransitionState.NUMBERED, None, "", "")
    assert "taken back" in last_step(asked).remark
    history = apps.get_model("transitions", "TransitionEvent").objects
    assert history.filter(pgh_obj_id=asked.pk, ground=GROUND, confirmed_by="Zoe Zweite").exists()
    with pytest.raises(operations.NotThisStep):
        operations.execute(transition=asked, at=timezone.now(), actor=anna)
    operations.review(transition=asked, is_narrowed=False, actor=anna)
    named(asked, anna, ground="Vertrag über die Übergabe.")
    operations.confirm(transition=asked, actor=second(anna))
    assert operations.execute(transition=asked, at=timezone.now(), actor=anna).ground == "Vertrag über die Übergabe."


def test_page_takes_back_what_was_confirmed_and_says_what_that_means(cast, log_in):
    asked, client = exit_in(cast, TransitionState.CONFIRMED), log_in("anna")
    page = f"/10400/1/transitions/transition/{asked.pk}/"
    sentence = "Afterwards the legal ground has to be confirmed once more."
    assert sentence in client.get(page).content.decode()
    done = client.post(f"{page}step/", {"step": "again"}, follow=True)
    assert "It is to be reviewed once more." in done.content.decode()
    assert sentence not in done.content.decode()
    assert fresh(asked).state == TransitionState.NUMBERED


@pytest.mark.parametrize(
    ("basis", "ground", "field"),
    [
        *(("consent", words, "ground") for words in ("", "   ", "Einwilligung", "ist ok", "... ... ...", "1 2 3 4")),
        ("", GROUND, "basis"),
        ("because", GROUND, "basis"),
    ],
)
def test_words_that_say_nothing_name_no_ground(cast, anna, basis, ground, field):
    asked = exit_in(cast, TransitionState.REVIEWED)
    with pytest.raises(ValidationError) as refusal:
        operations.name_ground(transition=asked, basis=basis, ground=ground, actor=anna)
    assert list(refusal.value.error_dict) == [field]
    assert (fresh(asked).state, fresh(asked).ground) == (TransitionState.REVIEWED, "")


def test_one_names_the_ground_and_the_fields_and_another_confirms_them(cast, anna):
    asked, zoe = exit_in(cast, TransitionState.REVIEWED), second(anna)
    operations.name_ground(
        transition=asked, basis="contract", ground=f" {GROUND} ", field_groups=["memo", "bank"], actor=anna
    )
    row = fresh(asked)
    assert (row.state, row.basis, row.ground, row.ground_by) == (
        TransitionState.REVIEWED,
        "contract",
        GROUND,
        "Anna Andresen",
    )
    assert (row.confirmed_by, row.field_groups) == ("", ["bank", "memo"])
    operations.confirm(transition=asked, actor=zoe)
    row = fresh(asked)
    assert (row.state, row.confirmed_by) == (TransitionState.CONFIRMED, "Zoe Zweite")
    assert (row.ground_user, row.confirmed_user) == (cast.user("anna").pk, cast.user("zweite").pk)
    assert not [step for step in asked.steps.all() if GROUND in step.remark]  # support and the location read them


def test_nothing_goes_along_that_nobody_has_chosen(cast, anna):
    asked = exit_in(cast, TransitionState.REVIEWED)
    assert operations.name_ground(transition=asked, basis="consent", ground=GROUND, actor=anna).field_groups == []


def test_who_has_named_the_ground_does_not_confirm_it(cast, anna):
    asked = exit_in(cast, TransitionState.REVIEWED)
    with pytest.raises(operations.NeedsSecondPerson, match="Nobody has named"):
        operations.confirm(transition=asked, actor=anna)
    named(asked, anna)
    with pytest.raises(operations.NeedsSecondPerson, match=r"nobody else may do it here. Invite"):
        operations.confirm(transition=asked, actor=anna)
    zoe = second(anna)
    with pytest.raises(operations.NeedsSecondPerson, match=r"These can: Zoe Zweite\."):
        operations.confirm(transition=asked, actor=anna)
    with pytest.raises(operations.NeedsSecondPerson):
        operations.confirm(transition=asked, actor=Scope.of_system(anna.location, name="the worker"))
    assert fresh(asked).state == TransitionState.REVIEWED
    named(asked, zoe)  # who names it anew is the one who does not confirm it
    with pytest.raises(operations.NeedsSecondPerson, match=r"These can: Anna Andresen\."):
        operations.confirm(transition=asked, actor=zoe)
    assert operations.confirm(transition=asked, actor=anna).confirmed_by == "Anna Andresen"


def test_somebody_who_is_deactivated_or_sees_no_page_is_no_second_person(cast, anna):
    asked = exit_in(cast, TransitionState.REVIEWED)
    second(anna)
    named(asked, anna)
    assert "Zoe Zweite" in operations.why_not_confirm(fresh(asked), anna)
    grants.remove_grants(cast.group("Datenschutz"), [(Right.MANAGE_LOCATION, None)])
    assert "Invite somebody" in operations.why_not_confirm(fresh(asked), anna)
    grants.add_grants(cast.group("Datenschutz"), [(Right.MANAGE_LOCATION, None)])
    User.objects.filter(username="zweite").update(is_active=False)
    assert "Invite somebody" in operations.why_not_confirm(fresh(asked), anna)


def test_page_asks_to_invite_a_second_person(cast, anna, log_in):
    asked, client = exit_in(cast, TransitionState.REVIEWED), log_in("anna")
    page = f"/10400/1/transitions/transition/{asked.pk}/"
    named(asked, anna, field_groups=[])
    shown = client.get(page).content.decode()
    assert "nobody else may do it here. Invite somebody" in shown
    assert 'value="confirm"' not in shown
    assert "without: Bank details (IBAN, BIC, bank), Memo, Reason of loss, Credit limit" in shown
    refused = client.post(f"{page}step/", {"step": "confirm"})
    assert (refused.status_code, fresh(asked).state) == (200, TransitionState.REVIEWED)
    second(anna)
    assert "These can: Zoe Zweite." in client.get(page).content.decode()


def test_second_person_confirms_what_was_shown_and_nothing_else(cast, anna, log_in):
    """Between her page and her click somebody has chosen one more group of fields."""
    asked = exit_in(cast, TransitionState.REVIEWED)
    named(asked, anna, field_groups=["memo"])
    second(anna)
    client = Browser()
    client.force_login(User.objects.get(username="zweite"))
    page = f"/10400/1/transitions/transition/{asked.pk}/"
    seen = seen_step(asked)
    assert f'name="seen" value="{seen}"' in client.get(page).content.decode()
    named(asked, anna, field_groups=["memo", "credit"])
    for stale in ({"seen": seen}, {}):
        refused = client.post(f"{page}step/", {"step": "confirm", **stale}).content.decode()
        assert "Anna Andresen has changed something since you have opened this page." in refused
        assert "Credit limit" in refused
        assert fresh(asked).state == TransitionState.REVIEWED
    client.post(f"{page}step/", {"step": "confirm", "seen": seen_step(asked)})
    assert (fresh(asked).state, fresh(asked).field_groups) == (TransitionState.CONFIRMED, ["memo", "credit"])


def test_ground_is_read_by_those_who_decide_and_by_nobody_else(cast, anna, log_in):
    asked = exit_in(cast, TransitionState.REVIEWED)
    confirmed(asked, anna)
    for who, place, is_shown in (("anna", "1", True), ("rita", "1", False), ("frida", "6", False)):
        page = log_in(who).get(f"/10400/{place}/transitions/transition/{asked.pk}/")
        assert page.status_code == 200
        assert (GROUND in page.content.decode()) is is_shown


@pytest.mark.parametrize(("who", "where"), [("frida", "Flensburg"), ("rita", "Zentrale"), ("anna", "Flensburg")])
def test_only_the_central_with_the_right_decides(cast, who, where):
    actor = cast.scope(who, where)
    for number, state, call in [
        (
            40201,
            TransitionState.NUMBERED,
            lambda asked: operations.review(transition=asked, is_narrowed=False, actor=actor),
        ),
        (40202, TransitionState.REVIEWED, lambda asked: operations.review_again(transition=asked, actor=actor)),
        (
            40203,
            TransitionState.REVIEWED,
            lambda asked: operations.confirm(transition=asked, actor=actor),
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
            transition=exit_in(cast, TransitionState.NUMBERED),
            is_narrowed=False,
            actor=cast.scope("sven", "Zentrale", 20800),
        )


def test_who_joins_reviews_the_own_customers(cast):
    say(customer(cast.scope("ines", "Dresden", 30100)))
    customer(cast.scope("anna", "Hamburg"))
    assert reviewed(join_in(cast, TransitionState.CONFIRMED))["total"] == 1


def test_day_that_is_over_is_not_confirmed(cast, anna):
    """Else it would be executed within the hour, long after the day that everybody has in mind."""
    asked = exit_in(cast, TransitionState.REVIEWED)
    Transition.objects.filter(pk=asked.pk).update(planned_for=timezone.localdate() - timedelta(days=1))
    with pytest.raises(ValidationError, match="is over"):
        confirmed(asked, anna)
    operations.move_day(transition=asked, planned_for=timezone.localdate(), actor=anna)
    operations.confirm(transition=asked, actor=second(anna))
    assert fresh(asked).state == TransitionState.CONFIRMED
