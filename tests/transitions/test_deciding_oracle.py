"""Who goes along, against a rule in plain Python: random statements, locations, receivers, businesses and moments.

The three places that say what holds (the statement over a base, the queryset, the page of a customer) are held to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from customers.choices import TRANSFER, TRANSFER_ANY, ConsentState
from customers.consents.operations import consents_of
from customers.models import Consent, Customer
from tests.customers.people import customers
from tests.proofs.sampling import examples
from tests.transitions.moving import ACCOUNT
from transitions import deciding
from transitions.choices import Reason, TransitionKind
from transitions.models import Transition

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
MOMENTS = [NOON + timedelta(days=number) for number in range(4)]
HERE, THERE = "Flensburg", "Hamburg"
OTHER_RECEIVER, OTHER_BUSINESS = 50300, 60400


@dataclass(frozen=True)
class Word:
    """One statement of one of three customers."""

    who: int
    purpose: str
    is_given: bool
    at: datetime
    place: str | None
    receiver: int | None = None
    given_to: int | None = None
    holds_here: bool = True


def _words() -> st.SearchStrategy[list[Word]]:
    words = st.builds(
        Word,
        who=st.integers(0, 2),
        purpose=st.sampled_from([TRANSFER, TRANSFER, TRANSFER_ANY, "newsletter"]),
        is_given=st.booleans(),
        at=st.sampled_from(MOMENTS),
        place=st.sampled_from([HERE, THERE, None]),
        receiver=st.sampled_from([None, None, ACCOUNT, OTHER_RECEIVER]),
        given_to=st.sampled_from([None, None, OTHER_BUSINESS]),
        holds_here=st.booleans(),
    )
    fits = words.filter(lambda word: word.receiver is None or word.purpose == TRANSFER)
    sound = fits.filter(lambda word: word.holds_here or word.given_to is not None)
    return st.lists(sound, max_size=14, unique_by=lambda word: replace(word, holds_here=True))  # is recorded once


# --- the rule, in plain words ---------------------------------------------------------------------------------------


def is_taken_back(word: Word, heard: list[Word], receiver: int) -> bool:
    """By a later word, or one of the same moment: a no to the transfer for all, or for this receiver, ends each yes;
    a no to the general consent ends that one."""
    for no in heard:
        if no.is_given or no.at < word.at:
            continue
        if no.purpose == TRANSFER and no.receiver in (None, receiver):
            return True
        if no.purpose == TRANSFER_ANY and word.purpose == TRANSFER_ANY:
            return True
    return False


def goes_along(heard: list[Word], place: str, receiver: int) -> bool:
    for word in heard:
        is_meant = word.purpose == TRANSFER_ANY or (
            word.purpose == TRANSFER and (word.receiver == receiver or (word.receiver is None and word.place == place))
        )
        if word.is_given and is_meant and not is_taken_back(word, heard, receiver):
            return True
    return False


def is_related(said: list[Word], home: str) -> bool:
    return home == HERE or any(word.is_given and word.place == HERE and word.given_to is None for word in said)


def own(said: list[Word], who: int, moment: datetime) -> list[Word]:
    return [word for word in said if word.who == who and word.at <= moment and word.holds_here]


# --- against it -----------------------------------------------------------------------------------------------------


@given(said=_words(), slips=_words(), is_narrowed=st.booleans(), moment=st.sampled_from(MOMENTS))
@example(  # yes for this location and no to all locations, said on the same visit
    said=[Word(0, TRANSFER, True, NOON, HERE), Word(0, TRANSFER_ANY, False, NOON, HERE)], slips=[],
    is_narrowed=True, moment=NOON,
)  # fmt: skip
@example(
    said=[Word(1, TRANSFER_ANY, True, NOON, THERE), Word(1, TRANSFER, False, MOMENTS[1], THERE)], slips=[],
    is_narrowed=False, moment=MOMENTS[3],
)  # fmt: skip
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_who_goes_along_equals_the_plain_rule(cast, said, slips, is_narrowed, moment):
    """Whatever was said, and whatever was recorded by mistake and struck out."""
    with transaction.atomic():
        places = {name: cast.location(name) for name in (HERE, THERE)}
        homes = (HERE, THERE, THERE)
        rows = [customers(cast.system(home), 1)[0] for home in homes]
        _store(said, rows, places)
        _store(slips, rows, places, struck_out_at=MOMENTS[-1], struck_out_by="Test")
        leaving = Transition(
            organization=places[HERE].organization, location=places[HERE], kind=TransitionKind.EXIT,
            receiver_account=ACCOUNT, is_narrowed=is_narrowed,
        )  # fmt: skip
        found = _decided(leaving, moment)
        for who, row in enumerate(rows):
            heard, every = own(said, who, moment), [word for word in said if word.who == who and word.at <= moment]
            may_go = not is_narrowed or is_related(every, homes[who])
            expected = may_go and goes_along(heard, HERE, ACCOUNT)
            assert (found[row.pk] == "") == expected, (heard, found[row.pk])
            assert (found[row.pk] == Reason.NOT_RELATED) == (not may_go)
        for who, row in enumerate(rows):
            _compare_displays(row, own(said, who, moment), own(said, who, MOMENTS[-1]), places, moment)
        transaction.set_rollback(True)


def _store(said: list[Word], rows: list[Customer], places: dict[str, Any], **more: Any) -> None:
    Consent.objects.bulk_create(
        Consent(
            organization_id=rows[word.who].organization_id, base_id=rows[word.who].base_id, customer=rows[word.who],
            purpose=word.purpose, is_given=word.is_given, at=word.at, receiver=word.receiver, given_to=word.given_to,
            location=places[word.place] if word.place else None, holds_here=word.holds_here, source="form",
            recorded_by="Test", **more,
        )
        for word in said
    )  # fmt: skip


def _decided(leaving: Transition, moment: datetime) -> dict[int, str]:
    decision = deciding.decided(transition=leaving, at=moment)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, reason FROM ({decision.sql}) AS decided", decision.parameters)
        return dict(cursor.fetchall())


def _compare_displays(
    row: Customer, heard: list[Word], all_heard: list[Word], places: dict[str, Any], moment: datetime
) -> None:
    """What holds of one customer, on his page, in the list and by the queryset."""
    states = {state.purpose.code: state for state in consents_of(row, at=moment, base=row.base)}
    shown = {place.name for place in states[TRANSFER].places if states[TRANSFER].is_given}
    without_receiver = [word for word in heard if word.receiver is None]
    expected = {
        name for name in places
        if goes_along([word for word in without_receiver if word.purpose == TRANSFER], name, ACCOUNT)
    }  # fmt: skip
    assert shown == expected
    general = [word for word in without_receiver if word.purpose in (TRANSFER, TRANSFER_ANY)]
    gives = [word for word in general if word.purpose == TRANSFER_ANY and word.is_given]
    is_general = any(not is_taken_back(word, general, ACCOUNT) for word in gives)
    assert (TRANSFER_ANY in states and states[TRANSFER_ANY].is_given) == is_general
    about = [word for word in heard if word.purpose == TRANSFER]
    for place in places.values():
        holding = Consent.objects.of_customer(row).holding(TRANSFER, at=moment, receiver=ACCOUNT, location=place)
        assert bool(holding.filter(is_given=True)[:1] and holding[0].is_given) == goes_along(about, place.name, ACCOUNT)
    _compare_list(row, all_heard)


def _compare_list(row: Customer, heard: list[Word]) -> None:
    """The filter of the list asks about now."""
    for purpose in (TRANSFER, TRANSFER_ANY, "newsletter"):
        found = {
            said for said in ConsentState if Customer.objects.filter(pk=row.pk).with_consent(purpose, said).exists()
        }
        mine = [word for word in heard if word.purpose == purpose]
        gives = [word for word in mine if word.is_given and word.receiver is None]
        ends = [word for word in heard if not word.is_given and word.receiver is None]
        ends = [no for no in ends if no.purpose == purpose or (purpose == TRANSFER_ANY and no.purpose == TRANSFER)]
        is_held = any(not any(no.at >= yes.at for no in ends) for yes in gives)
        assert (ConsentState.GIVEN in found) == is_held
        assert (ConsentState.NEVER in found) == (not mine)
        assert not (ConsentState.GIVEN in found and ConsentState.WITHDRAWN in found)
