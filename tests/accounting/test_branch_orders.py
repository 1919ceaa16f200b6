"""What a branch with a customer base 1.0 sells on account is booked at the central: each order once, or it waits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounting.at_branch.leaving_out import NotWaiting, leave_out
from accounting.at_branch.sending import offer_again
from accounting.models import BranchOrder, LedgerException, ToldTerms
from accounting.operations import receive_payment
from clearing import travelling
from clearing.models import Node
from customers.erasure import erase_customer
from customers.models import Customer
from locations.choices import Side
from locations.models import Location
from mcp.isolation.scope import Scope
from tests.accounting.branches import SellingSides
from tests.accounting.invoices import issued, issuer
from tests.clearing.two_sides import TwoSides, at, place_of
from tests.proofs.sampling import examples


@pytest.fixture
def sides(cast, as_owner):
    return SellingSides()


@pytest.mark.django_db
def test_an_order_of_a_branch_is_booked_once_and_the_branch_knows_it(sides):
    sides.sell("k1", "5.00")
    assert sides.states() == {"k1": "waiting"}
    assert sides.run() == {"sent": 1, "applied": 1, "same": 0, "conflict": 0, "held_back": 0}
    assert (sides.states(), sides.booked()) == ({"k1": "posted"}, [("k1", Decimal("5.00"))])
    assert sides.run()["sent"] == 0
    assert (sides.booked(), sides.owed()) == ([("k1", Decimal("5.00"))], Decimal("5.00"))
    [told] = ToldTerms.objects.filter(base=sides.branch.base)
    assert (told.open_amount, told.hard_limit) == (Decimal("5.00"), Decimal("100.00"))


def reasons(sides) -> dict[str, list[str]]:
    """By key why the orders wait, as the branch knows it."""
    rows = BranchOrder.objects.filter(base=sides.branch.base).exclude(state="posted")
    return {one.key: [reason["code"] for reason in one.reasons] for one in rows}


@pytest.mark.django_db
def test_an_order_is_booked_once_however_often_the_run_comes(sides):
    sides.sell("k1")
    sent = sides.cut()
    sides.sell("k2")  # after the cut: it goes with the next run
    decided = sides.decide(sent)
    assert sides.booked() == [("k1", Decimal("5.00"))]
    assert sides.decide(sent).receipt == decided.receipt
    sides.apply(sent, decided)
    sides.apply(sent, decided)
    assert sides.states() == {"k1": "posted", "k2": "waiting"}
    sides.run()
    assert [key for key, _total in sides.booked()] == ["k1", "k2"]


@pytest.mark.django_db
def test_an_order_whose_acknowledgement_was_forgotten_is_sent_again_and_is_the_same(sides):
    sides.sell("k1")
    sides.run()
    BranchOrder.objects.filter(base=sides.branch.base).update(is_sent=False, state="waiting")  # as in an old backup
    assert sides.run()["same"] == 1
    assert (sides.states(), len(sides.booked())) == ({"k1": "posted"}, 1)


@pytest.mark.django_db
def test_other_content_under_the_key_of_another_order_is_not_booked_and_says_so(sides):
    sides.sell("k1")
    sides.run()
    BranchOrder.objects.filter(base=sides.branch.base).delete()
    sides.sell("k1", "7.00")
    assert sides.run()["held_back"] == 1
    assert (reasons(sides), len(sides.booked())) == ({"k1": ["branchorder_other_content"]}, 1)


@pytest.mark.django_db
def test_what_cannot_be_booked_waits_with_its_reason_until_it_can(sides):
    sides.sell("k1")
    sides.switch(is_on=False, sides=[Side.CENTRAL])  # the branch does not know it yet
    assert sides.run()["held_back"] == 1
    assert (reasons(sides), sides.booked()) == ({"k1": ["branchorder_switched_off"]}, [])
    sides.switch(is_on=True)
    assert sides.run()["sent"] == 0
    assert (sides.states(), sides.booked()) == ({"k1": "posted"}, [("k1", Decimal("5.00"))])


@pytest.mark.django_db
def test_an_order_of_somebody_without_an_account_waits_until_he_has_one(sides):
    other = sides.registered(last_name="Zweiter")
    sides.run()
    sides.sell("k1", to=other, is_late=True)
    sides.run()
    assert reasons(sides) == {"k1": ["branchorder_no_account"]}
    sides.opened(other)
    sides.run()
    assert sides.states() == {"k1": "posted"}


@pytest.mark.django_db
def test_what_breaks_a_limit_meanwhile_is_booked_and_becomes_an_exception(sides):
    sides.sell("k1", "90.00")
    sides.opened(sides.guest, hard_limit=Decimal(50), is_blocked=True, blocked_reason="Zahlt nicht")
    sides.run()
    [found] = LedgerException.objects.filter(base=sides.central.base)
    assert (sides.states(), set(found.breaches)) == ({"k1": "posted"}, {"blocked", "limit"})


@pytest.mark.django_db
def test_an_order_of_somebody_who_was_erased_waits_without_his_name_and_is_left_out(sides):
    sides.sell("k1")
    with at(Side.CENTRAL):
        erase_customer(customer=sides.at_central(sides.guest).pk, reason="x", actor=sides.central)
    sides.run()
    sides.run()
    assert reasons(sides) == {"k1": ["branchorder_erased"]}
    for side in (sides.central, sides.branch.actor):
        [row] = BranchOrder.objects.filter(base=side.base)
        assert (row.uid, row.number, row.lines[0]["text"], row.fiscal) == (None, "", "–", {})
        row.refresh_from_db()
    with at(Side.CENTRAL), pytest.raises(ValidationError):
        leave_out(order=row.pk, note=" ", actor=sides.central)
    [row] = BranchOrder.objects.filter(base=sides.central.base)
    with at(Side.CENTRAL):
        leave_out(order=row.pk, note="Bar bezahlt", actor=sides.central)
        with pytest.raises(NotWaiting):
            leave_out(order=row.pk, note="Bar bezahlt", actor=sides.central)
    sides.run()
    assert sides.states() == {"k1": "left_out"}


@pytest.mark.django_db
def test_whoever_has_bought_is_not_erased_by_a_person_before_it_is_booked_and_paid(sides, cast):
    sides.sell("k1")
    person = replace(sides.branch.actor, user=cast.user("anna"), system="")
    with at(Side.BRANCH), pytest.raises(ValidationError) as refused:
        erase_customer(customer=sides.guest.pk, reason="x", actor=person)
    assert refused.value.code == "sold_and_not_booked"


@pytest.mark.django_db
def test_an_erasure_at_the_branch_waits_at_the_central_while_money_is_open(sides):
    sides.sell("k1")
    sides.run()
    with at(Side.BRANCH):
        erase_customer(customer=sides.guest.pk, reason="x", actor=sides.branch.actor)
    assert sides.run()["held_back"] == 1
    customer = sides.at_central(sides.guest)
    with at(Side.CENTRAL):
        receive_payment(customer=customer.pk, amount=Decimal(5), key="p", actor=sides.central)
    assert sides.run()["held_back"] == 0
    assert not Customer.objects.filter(pk=customer.pk).exists()


@pytest.mark.django_db
def test_a_restored_central_gets_again_what_it_has_forgotten(sides):
    sides.sell("k1")
    sides.run()
    with at(Side.BRANCH):
        offer_again(sides.branch.actor, sides.branch.own.applied - 1)
    sent = sides.cut()
    assert sides.decide(sent).counts["same"] == 1  # it has forgotten nothing here, so nothing is booked twice
    assert len(sides.booked()) == 1


@pytest.mark.django_db
def test_a_run_in_which_nothing_was_sold_writes_nothing(sides):
    sides.sell("k1")
    sides.run()
    before = list(BranchOrder.objects.values_list("base", "key", "state", "run", "is_told").order_by("pk"))
    sides.run()
    assert list(BranchOrder.objects.values_list("base", "key", "state", "run", "is_told").order_by("pk")) == before


@pytest.mark.django_db
def test_the_empty_run_costs_one_query_more_at_the_branch_and_one_at_the_central(cast, as_owner, monkeypatch):
    sides = TwoSides()
    Node.objects.update(protocol=2)
    sides.run()
    counts = []
    for _is_known in (True, False):
        with CaptureQueriesContext(connection) as at_branch:
            sent = sides.cut()
        with CaptureQueriesContext(connection) as at_central:
            decided = sides.decide(sent)
        sides.apply(sent, decided)
        counts.append((len(at_branch), len(at_central)))
        monkeypatch.setattr(travelling, "_matters", {})
    (branch, central), (branch_without, central_without) = counts
    assert (branch - branch_without, central - central_without) == (1, 1)


@pytest.mark.django_db
def test_invoices_of_a_base_1_0_are_made_at_its_location_and_their_numbers_say_whose_they_are(sides):
    sides.sell("k1", "10.70")
    sides.run()
    with at(Side.CENTRAL):
        head = Location.objects.select_related("organization", "base").get(
            organization=sides.central.organization, kind="central"
        )
        issuer(Scope.of_system(head, name="test"))
        [one] = issued(sides.central)
    assert (one.number.split("-")[:2], one.gross) == (["RE", "4"], Decimal("10.70"))


@pytest.mark.django_db
def test_two_branches_of_one_base_are_told_what_the_other_has_sold(sides):
    second = sides.paired(place_of(900_010, "Zweite"))
    Node.objects.update(protocol=2)
    second.actor.location.has_legacy_accounts = True
    Location.objects.filter(pk=second.actor.location.pk).update(has_legacy_accounts=True)
    sides.run(second)
    there = Customer.objects.get(base=second.base, uid=sides.guest.uid)
    sides.sell("k1", "60.00")
    sides.sell("k1", "70.00", to=there, branch=second, number="X")  # neither knows of the other
    sides.run()
    assert sides.run(second)["held_back"] == 1  # in this test both nodes stand at the same location, with one key
    sides.sell("k2", "30.00", to=there, branch=second, number="Y", is_late=True)
    sides.run(second)
    assert sides.booked() == [("k1", Decimal("60.00")), ("k2", Decimal("30.00"))]
    [told] = ToldTerms.objects.filter(base=second.base)
    assert told.open_amount == Decimal("90.00")


STEPS = st.lists(st.sampled_from(["sell", "late", "cut", "decide", "apply", "forget", "off", "on"]), max_size=20)


@pytest.mark.django_db
@given(steps=STEPS)
@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_order_is_at_the_central_once_wherever_a_run_breaks_off(sides, steps):
    with transaction.atomic():
        sold: dict[str, Decimal] = {}
        sent = decided = None
        for number, step in enumerate(steps, 1):
            if step in {"sell", "late"}:
                sides.sell(f"k{number}", f"{number}.00", is_late=step == "late")
                sold[f"k{number}"] = Decimal(number)
            elif step == "cut":
                sent = sides.cut()
            elif step == "decide" and sent is not None:
                decided = sides.decide(sent)
            elif step == "apply" and sent is not None and decided is not None:
                sides.apply(sent, decided)
                sent = decided = None
            elif step == "forget":  # as a branch that was restored to before it had the answer
                BranchOrder.objects.filter(base=sides.branch.base).update(is_sent=False)
            elif step in {"off", "on"}:
                sides.switch(is_on=step == "on", sides=[Side.CENTRAL])
        sides.switch(is_on=True)
        sides.run()
        sides.run()
        assert sides.booked() == sorted(sold.items())
        assert sides.states() == dict.fromkeys(sold, "posted")
        assert sides.owed() == sum(sold.values())
        transaction.set_rollback(True)
