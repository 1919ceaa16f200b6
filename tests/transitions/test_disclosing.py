"""Who was handed over is told: on the customer's page, in his history, in the protocol and in the list."""

from __future__ import annotations

import pytest
from django.utils import timezone

from customers.disclosures import disclosures_of
from customers.history.changes import history_of
from tests.customers.people import customer, page_of
from tests.transitions.carrying import consent
from tests.transitions.moving import GROUND, exit_in, join_in, say
from transitions.choices import TransitionState
from transitions.disclosing import told_fields
from transitions.models import Transition

CENTRAL = "/10400/1"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def people(cast):
    """Who goes along, and who stays."""
    frida = cast.scope("frida", "Flensburg")
    gone, stays = customer(frida, last_name="Geht"), customer(frida, last_name="Bleibt")
    consent(gone)
    return gone, stays


def test_who_was_carried_over_is_told_with_receiver_ground_and_fields(cast, people):
    gone, stays = people
    exit_in(cast, TransitionState.EXECUTED)
    [told] = disclosures_of(gone)
    assert (told.receiver, told.receiver_name, told.user) == (40200, "Flensburger Backstube", "Anna Andresen")
    assert str(told.ground).endswith(GROUND)
    assert str(told.fields) == "Bank details (IBAN, BIC, bank), Memo, Reason of loss, Credit limit"
    assert (told.total, told.occasion) == (1, "Flensburg: Leaves the group")
    assert told.at <= timezone.now()
    assert list(disclosures_of(stays)) == []


def test_nobody_is_told_before_the_execution(cast, people):
    exit_in(cast, TransitionState.CONFIRMED)
    assert list(disclosures_of(people[0])) == []


def test_history_and_page_of_the_customer_name_the_receiver(cast, people, log_in):
    gone, stays = people
    exit_in(cast, TransitionState.EXECUTED)
    entries, _more = history_of(gone, page=1, scope=cast.system("Zentrale"))
    [first] = [entry for entry in entries if entry.kind == "disclosed"]
    assert first.title == "Handed over"
    assert ("Receiver", "Flensburger Backstube (40200)") in [(change.label, change.new) for change in first.changes]
    anna = log_in("anna")
    for page in ("change", "history"):
        for row, is_told in ((gone, True), (stays, False)):
            shown = anna.get(page_of(row, CENTRAL).replace("/change/", f"/{page}/")).content.decode()
            assert ("Flensburger Backstube" in shown) is is_told, (page, row)


def test_list_of_the_process_names_who_goes_and_who_stays(cast, people, log_in):
    asked, anna = exit_in(cast, TransitionState.REVIEWED), log_in("anna")
    page = f"{CENTRAL}/transitions/transition/{asked.pk}/"
    going = anna.get(f"{page}?show=carried").content.decode()
    staying = anna.get(f"{page}?show=noconsent").content.decode()
    assert ("Geht" in going, "Bleibt" in going) == (True, False)
    assert ("Geht" in staying, "Bleibt" in staying) == (False, True)


def test_who_joins_a_group_tells_it_in_the_old_business(cast):
    row = customer(cast.scope("ines", "Dresden", 30100))
    say(row)
    join_in(cast, TransitionState.EXECUTED)
    assert [one.receiver for one in disclosures_of(row)] == [10400]


@pytest.mark.parametrize("exits", [0, 1, 3])
def test_it_is_asked_with_one_question(cast, people, django_assert_num_queries, exits):
    for number, place in zip(range(exits), ("Flensburg", "Bremen", "Hamburg"), strict=False):
        exit_in(cast, TransitionState.EXECUTED, place=place, number=40200 + number)
    with django_assert_num_queries(1):
        list(disclosures_of(people[0]))


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ([], "none; without: Bank details (IBAN, BIC, bank), Memo, Reason of loss, Credit limit"),
        (["memo", "loss"], "Memo, Reason of loss; without: Bank details (IBAN, BIC, bank), Credit limit"),
    ],
)
def test_fields_are_told_in_words(chosen, shown):
    assert str(told_fields(Transition(field_groups=chosen))) == shown
