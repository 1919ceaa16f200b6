"""Who is carried over and why not: each reason, their order, and the same answer in review and execution."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from customers.choices import TRANSFER_ANY
from customers.models import Consent
from customers.operations import archive_customers, change_customer
from tests.customers.people import customer
from tests.transitions.moving import ACCOUNT, exit_in, fresh, reviewed, say
from transitions import deciding, operations
from transitions.choices import Reason, TransitionState
from transitions.models import TransitionCustomer

COPIED = ("organization_id", "base_id", "customer_id", "purpose", "at", "source", "recorded_by", "location_id")


@pytest.fixture
def flensburg(cast):
    return cast.scope("frida", "Flensburg")


@pytest.fixture
def hamburg(cast):
    return cast.scope("anna", "Hamburg")


def reasons(transition, at=None, *, is_narrowed=False):
    """The reason of each customer by last name."""
    transition.is_narrowed = is_narrowed
    decision = deciding.decided(transition=transition, at=at or timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT last_name, reason FROM ({decision.sql}) AS decided JOIN customers_customer USING (id)",
            decision.parameters,
        )
        return dict(cursor.fetchall())


def test_each_reason(cast, flensburg, hamburg):
    given = customer(hamburg, last_name="Ja")
    say(given)
    say(customer(hamburg, last_name="Diesem"), receiver=ACCOUNT)
    say(customer(hamburg, last_name="Anderem"), receiver=99)
    gone = customer(hamburg, last_name="Weg")
    say(gone)
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=hamburg)
    blocked = customer(hamburg, last_name="Gesperrt", is_blocked=True, blocked_reason="Rechnungen")
    say(blocked)
    customer(hamburg, last_name="Nie gefragt")
    taken_back = customer(hamburg, last_name="Zurück")
    say(taken_back, days_ago=2)
    say(taken_back, is_given=False)
    assert reasons(exit_in(cast, TransitionState.NUMBERED)) == {
        "Ja": "",
        "Diesem": "",
        "Anderem": Reason.OTHER_RECEIVER,
        "Weg": Reason.ARCHIVED,
        "Gesperrt": Reason.BLOCKED,
        "Nie gefragt": Reason.NO_CONSENT,
        "Zurück": Reason.WITHDRAWN,
    }


def test_the_latest_applicable_statement_counts(cast, hamburg):
    back_again, same_moment, general = (customer(hamburg, last_name=name) for name in ("Doch", "Zugleich", "Allen"))
    say(back_again, is_given=False, days_ago=2)
    say(back_again)
    first = say(same_moment)
    second = Consent(**{name: getattr(first, name) for name in COPIED}, is_given=False)
    second.save(force_insert=True)
    say(general, days_ago=1, receiver=ACCOUNT)
    say(general, is_given=False, days_ago=2)
    foreign = customer(hamburg, last_name="Fremd zurück")
    say(foreign, days_ago=2)
    say(foreign, is_given=False, receiver=99)
    later = customer(hamburg, last_name="Später")
    say(later, days_ago=0.5)
    transition = exit_in(cast, TransitionState.NUMBERED)
    assert reasons(transition) == {
        "Doch": "", "Zugleich": Reason.WITHDRAWN, "Allen": "", "Fremd zurück": "", "Später": "",
    }  # fmt: skip
    assert reasons(transition, timezone.now() - timedelta(hours=18))["Später"] == Reason.NO_CONSENT


def test_narrowed_to_who_is_related_archived_and_blocked_come_first(cast, flensburg, hamburg):
    for scope, name in ((flensburg, "Hier"), (hamburg, "Dort")):
        say(customer(scope, last_name=name), receiver=ACCOUNT, location=hamburg.location)
    say(customer(hamburg, last_name="Dort, hat hier zugestimmt"))
    guest = customer(hamburg, last_name="Dort, hat hier den Newsletter bestellt")
    say(guest, receiver=ACCOUNT, location=hamburg.location)
    say(guest, purpose="newsletter")
    blocked = customer(hamburg, last_name="Gesperrt dort", is_blocked=True, blocked_reason="X")
    say(blocked)
    assert reasons(exit_in(cast, TransitionState.NUMBERED), is_narrowed=True) == {
        "Hier": "",
        "Dort": Reason.NOT_RELATED,
        "Dort, hat hier zugestimmt": "",
        "Dort, hat hier den Newsletter bestellt": "",
        "Gesperrt dort": Reason.BLOCKED,
    }


def test_who_is_related_goes_unless_somebody_chooses_otherwise(cast, flensburg, hamburg):
    transition = exit_in(cast, TransitionState.NUMBERED)
    assert transition.is_narrowed


def test_consent_holds_with_the_location_at_which_it_was_given(cast, flensburg, hamburg):
    say(customer(hamburg, last_name="In Hamburg"), location=hamburg.location)
    say(customer(flensburg, last_name="In Flensburg"))
    say(customer(flensburg, last_name="Niemand weiß wo"), location=None)
    everywhere = customer(hamburg, last_name="Allgemein")
    say(everywhere, purpose=TRANSFER_ANY, location=hamburg.location)
    stopped = customer(hamburg, last_name="Allgemein, dann nein")
    say(stopped, purpose=TRANSFER_ANY, days_ago=3)
    say(stopped, is_given=False, location=hamburg.location)
    only_here = customer(flensburg, last_name="Hier ja, sonst nein")
    say(only_here, days_ago=2)
    say(only_here, purpose=TRANSFER_ANY, is_given=False)
    assert reasons(exit_in(cast, TransitionState.NUMBERED)) == {
        "In Hamburg": Reason.OTHER_LOCATION,
        "In Flensburg": "",
        "Niemand weiß wo": Reason.OTHER_LOCATION,
        "Allgemein": "",
        "Allgemein, dann nein": Reason.WITHDRAWN,
        "Hier ja, sonst nein": "",
    }


def test_consent_to_another_business_counts_for_nothing(cast, flensburg):
    say(customer(flensburg, last_name="Kam mit"), given_to=50300, holds_here=False)
    say(customer(flensburg, last_name="Sollte weiter gelten"), given_to=50300)
    again = customer(flensburg, last_name="Sagt es auch uns")
    say(again, given_to=50300, holds_here=False, days_ago=2)
    say(again)
    kept = customer(flensburg, last_name="Widerruf anderswo")
    say(kept, days_ago=2)
    say(kept, is_given=False, given_to=50300, holds_here=False)
    assert reasons(exit_in(cast, TransitionState.NUMBERED)) == {
        "Kam mit": Reason.OTHER_BUSINESS,
        "Sollte weiter gelten": "",
        "Sagt es auch uns": "",
        "Widerruf anderswo": "",
    }


def test_customers_of_others_and_of_offline_bases_are_not_decided_about(cast, hamburg):
    say(customer(hamburg, last_name="Unser"))
    for scope in (cast.system("Lübeck"), cast.scope("sven", "Zentrale", 20800)):
        say(customer(scope, last_name="Fremd"))
    assert reasons(exit_in(cast, TransitionState.NUMBERED)) == {"Unser": ""}


def test_figures_by_reason_and_by_home_location(cast, flensburg, hamburg):
    say(customer(flensburg))
    customer(flensburg)
    say(customer(hamburg))
    figures = reviewed(exit_in(cast, TransitionState.REVIEWED))
    assert (figures["total"], figures["carried"], figures["left_out"]) == (3, 2, 1)
    assert figures["reasons"] == {"noconsent": 1}
    assert figures["receiver"] == ACCOUNT
    assert [(home["name"], home["carried"], home["left_out"], home["reasons"]) for home in figures["homes"]] == [
        ("Hamburg", 1, 0, {}),
        ("Flensburg", 1, 1, {"noconsent": 1}),
    ]


def test_figures_of_an_empty_base(cast):
    figures = exit_in(cast, TransitionState.EXECUTED).result or {}
    assert (figures["total"], figures["carried"], figures["reasons"], figures["homes"]) == (0, 0, {}, [])


def test_withdrawal_between_review_and_execution_keeps_out(cast, hamburg):
    people = [customer(hamburg, last_name=name) for name in ("Bleibt dabei", "Überlegt es sich")]
    for one in people:
        say(one)
    transition = exit_in(cast, TransitionState.CONFIRMED)
    assert reviewed(transition)["carried"] == 2
    say(people[1], is_given=False, days_ago=0)
    operations.execute(transition=transition, at=timezone.now(), actor=cast.scope("anna", "Zentrale"))
    kept = TransitionCustomer.objects.filter(transition=transition).values_list("customer_id", "reason")
    assert dict(kept) == {people[0].pk: "", people[1].pk: Reason.WITHDRAWN}
    assert (fresh(transition).result or {})["reasons"] == {"withdrawn": 1}


def test_what_was_fixed_stays_whatever_customers_say_later(cast, hamburg):
    one = customer(hamburg)
    say(one)
    transition = exit_in(cast, TransitionState.EXECUTED)
    say(one, is_given=False, days_ago=0)
    one.is_blocked, one.blocked_reason = True, "X"
    change_customer(customer=one, actor=hamburg)
    assert TransitionCustomer.objects.get(transition=transition).reason == ""


@pytest.mark.parametrize("state", [TransitionState.REVIEWED, TransitionState.EXECUTED])
def test_left_out_customers_are_paged_by_number(cast, hamburg, monkeypatch, state):
    monkeypatch.setattr(deciding, "PAGE", 2)
    made = [customer(hamburg, last_name=f"Gast {n}") for n in range(5)]
    transition, anna = exit_in(cast, state), cast.scope("anna", "Zentrale")
    pages = [
        deciding.listed(transition=transition, reason=Reason.NO_CONSENT, page=page, actor=anna) for page in (1, 2, 3)
    ]
    assert [[one.number for one in page] for page in pages] == [
        [customer.customer_number for customer in made[first : first + 2]] for first in (0, 2, 4)
    ]
    assert pages[0][0].customer == made[0]
    assert deciding.listed(transition=transition, reason=Reason.WITHDRAWN, page=1, actor=anna) == []


@pytest.mark.parametrize("state", [TransitionState.REVIEWED, TransitionState.EXECUTED])
def test_who_is_carried_over_is_listed(cast, flensburg, state):
    gone, stays = customer(flensburg, last_name="Geht mit"), customer(flensburg, last_name="Bleibt")
    say(gone)
    transition, anna = exit_in(cast, state), cast.scope("anna", "Zentrale")
    listed = deciding.listed(transition=transition, reason=None, page=1, actor=anna)
    assert [(one.number, one.customer) for one in listed] == [(gone.customer_number, gone)]
    assert stays not in [one.customer for one in listed]


def test_nobody_sees_left_out_customers_without_the_right(cast, hamburg):
    customer(hamburg)
    transition, rita = exit_in(cast, TransitionState.REVIEWED), cast.scope("rita", "Zentrale")
    assert deciding.listed(transition=transition, reason=Reason.NO_CONSENT, page=1, actor=rita) == []


def test_consent_for_another_receiver_that_was_withdrawn_is_a_withdrawal(cast, hamburg):
    one, other = customer(hamburg, last_name="Zurück"), customer(hamburg, last_name="Teils")
    for who in (one, other):
        say(who, receiver=99, days_ago=3)
        say(who, receiver=99, is_given=False, days_ago=2)
    say(other, receiver=98)
    expected = {"Zurück": Reason.WITHDRAWN, "Teils": Reason.OTHER_RECEIVER}
    assert reasons(exit_in(cast, TransitionState.NUMBERED)) == expected
