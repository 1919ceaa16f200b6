"""Cards and codes of customers: one number for one customer of a base, blocked and replaced, and all of it told."""

from __future__ import annotations

import pghistory
import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from customers.cards.operations import CardTaken, assign_card, block_card, remove_card, replace_card, unblock_card
from customers.choices import CardReason, CardState
from customers.formats.cards import is_card_number, normalize_card_number, sought_card_number
from customers.history.changes import history_of
from customers.models import Card, Customer
from customers.operations import archive_customers
from locations.permissions import Right
from mcp.isolation.scope import MissingRight
from tests.customers.people import customer
from tests.customers.transfer import take_in, undone
from tests.locations.refusals import refused_by, run

NUMBER = "NL-0001"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def guest(anna) -> Customer:
    return customer(anna, last_name="Gast")


@pytest.fixture
def card(anna, guest) -> Card:
    return assign_card(customer=guest.pk, number=NUMBER, actor=anna)


def state(card: Card) -> tuple[str, str, int | None]:
    stored = Card.objects.get(pk=card.pk)
    return stored.state, stored.reason, stored.successor_id


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("4711", "4711"),
        (" 2900 1234 5678 9 ", "2900123456789"),
        ("nl-0001", "NL-0001"),
        ("0017", "0017"),
        ("\ufeff4711\u200b", "4711"),
        ("https://karte.de/?k=9", "HTTPS://KARTE.DE/?K=9"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_number_has_one_form(typed, number):
    assert normalize_card_number(typed) == number


@pytest.mark.parametrize("typed", ["Müller 7", "1,2", "Meier", "4" * 41, "-", "№1"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValidationError) as caught:
        normalize_card_number(typed)
    assert caught.value.code == "invalid_card_number"
    assert sought_card_number(typed) == ""


@given(st.text(max_size=45))
def test_form_is_stable_and_what_the_database_takes(typed):
    number = sought_card_number(typed)
    assert sought_card_number(number) == number
    assert number == "" or is_card_number(number)


@pytest.mark.parametrize("number", ["nl-1", "4 7", "", "MEIER", "1,2", "ä1", "1\t", "1\n", "\u200b1"])
def test_database_takes_no_other_form(guest, number):
    with refused_by("card_number_visible"):
        run(
            "INSERT INTO customers_card (base_id, customer_id, number, state) VALUES (%s, %s, %s, 'active')",
            guest.base_id, guest.pk, number,
        )  # fmt: skip


@pytest.mark.parametrize("number", ["4711", "NL-0001", "HTTPS://KARTE.DE/?K=9", "~1", "!1", "`1", "{1}", "+1", "-1"])
def test_database_takes_what_the_form_takes(guest, number):
    assert is_card_number(number)
    Card.objects.bulk_create([Card(base=guest.base, customer=guest, number=number)])


# --- assigning ------------------------------------------------------------------------------------------------------


def test_card_is_assigned(anna, guest, card):
    assert (card.number, card.customer_id, card.state, card.base_id) == (NUMBER, guest.pk, "active", anna.base.pk)
    second = assign_card(customer=guest.pk, number="nl 0002", actor=anna)
    assert [one.number for one in Card.objects.of_customer(guest)] == [second.number, NUMBER]


def test_number_of_somebody_else_names_him(anna, card, guest):
    other = customer(anna, last_name="Andere")
    with pytest.raises(CardTaken) as caught:
        assign_card(customer=other.pk, number="nl-0001", actor=anna)
    assert f"belongs to {guest}" in caught.value.messages[0]
    with pytest.raises(CardTaken, match="belongs to this customer already"):
        assign_card(customer=guest.pk, number=NUMBER, actor=anna)


def test_all_locations_of_a_base_share_its_numbers_and_other_bases_do_not(cast, card, guest):
    """A second location of the group meets the same card; another business has its own of the same number."""
    bremen = cast.scope("anna", "Bremen")
    with pytest.raises(CardTaken):
        assign_card(customer=customer(bremen).pk, number=NUMBER, actor=bremen)
    assert block_card(card=card.pk, reason=CardReason.LOST, actor=bremen).state == CardState.BLOCKED
    south = cast.scope("sven", "München", 20800)
    theirs = assign_card(customer=customer(south).pk, number=NUMBER, actor=south)
    assert (theirs.number, theirs.state) == (NUMBER, "active")
    assert Card.objects.in_base(south.base).sought(NUMBER).get() == theirs


def test_nobody_reaches_cards_or_customers_of_another_business(cast, card, guest):
    south = cast.scope("sven", "München", 20800)
    with pytest.raises(Customer.DoesNotExist):
        assign_card(customer=guest.pk, number="9", actor=south)
    for attempt in (
        lambda: block_card(card=card.pk, reason=CardReason.LOST, actor=south),
        lambda: unblock_card(card=card.pk, actor=south),
        lambda: replace_card(card=card.pk, number="9", actor=south),
        lambda: remove_card(card=card.pk, actor=south),
    ):
        with pytest.raises(Card.DoesNotExist):
            attempt()
    assert state(card) == ("active", "", None)


def test_card_cannot_refer_to_a_customer_of_another_base(cast, guest):
    with refused_by("card_customer_in_base"):
        Card.objects.bulk_create([Card(base=cast.location("München", 20800).base, customer=guest, number="9")])


def test_archived_customer_gets_no_card_and_keeps_those_he_has(anna, card, guest):
    archive_customers(customers=[guest.pk], reason="Verzogen", actor=anna)
    for attempt in (
        lambda: assign_card(customer=guest.pk, number="9", actor=anna),
        lambda: replace_card(card=card.pk, number="9", actor=anna),
    ):
        with pytest.raises(ValidationError) as caught:
            attempt()
        assert caught.value.code == "customer_archived"
    assert block_card(card=card.pk, reason=CardReason.RETURNED, actor=anna).state == CardState.BLOCKED
    with pytest.raises(ValidationError, match="is archived"):
        unblock_card(card=card.pk, actor=anna)


@pytest.mark.parametrize("number", ["", "  ", "Meier"])
def test_without_a_number_nothing_is_assigned(anna, guest, number):
    with pytest.raises(ValidationError):
        assign_card(customer=guest.pk, number=number, actor=anna)
    assert not Card.objects.exists()


def test_it_takes_the_right_to_change_customers(cast, anna, card, guest):
    carla = cast.scope("carla", "Bremen")
    for attempt in (
        lambda: assign_card(customer=guest.pk, number="9", actor=carla),
        lambda: block_card(card=card.pk, reason=CardReason.LOST, actor=carla),
        lambda: unblock_card(card=card.pk, actor=carla),
        lambda: replace_card(card=card.pk, number="9", actor=carla),
        lambda: remove_card(card=card.pk, actor=carla),
    ):
        with pytest.raises(MissingRight) as caught:
            attempt()
        assert caught.value.right == Right.CHANGE_CUSTOMERS


# --- blocked, replaced, removed -------------------------------------------------------------------------------------


def test_lost_card_is_blocked_and_found_again(anna, card):
    block_card(card=card.pk, reason=CardReason.LOST, actor=anna)
    assert state(card) == ("blocked", "lost", None)
    block_card(card=card.pk, reason=CardReason.STOLEN, actor=anna)
    assert state(card) == ("blocked", "stolen", None)
    unblock_card(card=card.pk, actor=anna)
    assert state(card) == ("active", "", None)


@pytest.mark.parametrize("reason", ["", "eaten"])
def test_block_says_why(anna, card, reason):
    with pytest.raises(ValidationError, match="Choose why"):
        block_card(card=card.pk, reason=reason, actor=anna)
    assert state(card) == ("active", "", None)


def test_lost_card_is_replaced_and_leads_to_its_successor(anna, card, guest):
    new = replace_card(card=card.pk, number="NL-0002", actor=anna)
    assert state(card) == ("blocked", "lost", new.pk)
    assert (new.customer_id, new.state) == (guest.pk, "active")
    for attempt in (
        lambda: unblock_card(card=card.pk, actor=anna),
        lambda: replace_card(card=card.pk, number="NL-0003", actor=anna),
    ):
        with pytest.raises(ValidationError, match="was replaced by NL-0002"):
            attempt()
    third = replace_card(card=new.pk, number="NL-0003", reason=CardReason.DAMAGED, actor=anna)
    assert state(new) == ("blocked", "damaged", third.pk)


def test_blocked_card_that_is_replaced_keeps_its_reason(anna, card):
    block_card(card=card.pk, reason=CardReason.STOLEN, actor=anna)
    new = replace_card(card=card.pk, number="NL-0002", actor=anna)
    assert state(card) == ("blocked", "stolen", new.pk)


def test_number_that_is_taken_replaces_nothing(anna, card):
    assign_card(customer=customer(anna).pk, number="NL-0002", actor=anna)
    with pytest.raises(CardTaken):
        replace_card(card=card.pk, number="NL-0002", actor=anna)
    assert state(card) == ("active", "", None)


def test_card_assigned_by_mistake_goes_and_its_number_is_free(anna, card):
    assert remove_card(card=card.pk, actor=anna) == NUMBER
    other = customer(anna, last_name="Richtig")
    assert assign_card(customer=other.pk, number=NUMBER, actor=anna).customer_id == other.pk


def test_blocked_card_and_successor_stay(anna, card):
    new = replace_card(card=card.pk, number="NL-0002", actor=anna)
    with pytest.raises(ValidationError, match="is blocked and keeps its number"):
        remove_card(card=card.pk, actor=anna)
    with pytest.raises(ValidationError, match="was given in place of NL-0001"):
        remove_card(card=new.pk, actor=anna)


@pytest.mark.parametrize(
    ("constraint", "sql"),
    [
        ("customers_card_immutable", "UPDATE customers_card SET number = '9'"),
        ("customers_card_immutable", "UPDATE customers_card SET customer_id = customer_id + 1"),
        ("customers_card_immutable", "UPDATE customers_card SET base_id = base_id + 1"),
        ("card_replaced_once", "UPDATE customers_card SET successor_id = NULL, state = 'active', reason = ''"),
        ("card_replaced_is_blocked", "UPDATE customers_card SET state = 'active', reason = ''"),
        ("card_reason_when_blocked", "UPDATE customers_card SET reason = ''"),
        ("card_reason_when_blocked", "UPDATE customers_card SET state = 'eaten', reason = ''"),
        ("card_blocked_stays", "DELETE FROM customers_card"),
    ],
)
def test_database_keeps_the_rules_on_every_path(anna, card, constraint, sql):
    replace_card(card=card.pk, number="NL-0002", actor=anna)
    with refused_by(constraint):
        run(f"{sql} WHERE number = '{NUMBER}'")


def test_successor_belongs_to_the_same_customer_and_to_one_card(anna, card, guest):
    other = assign_card(customer=customer(anna).pk, number="9", actor=anna)
    with refused_by("card_successor_of_customer"):
        Card.objects.filter(pk=card.pk).update(state="blocked", reason="lost", successor=other.pk)
    new = replace_card(card=card.pk, number="NL-0002", actor=anna)
    third = assign_card(customer=guest.pk, number="NL-0003", actor=anna)
    with refused_by("card_successor_of_one"):
        Card.objects.filter(pk=third.pk).update(state="blocked", reason="lost", successor=new.pk)
    with refused_by("card_successor_of_customer"):
        run("DELETE FROM customers_card WHERE id = %s", new.pk)


# --- told -----------------------------------------------------------------------------------------------------------


def test_history_tells_what_was_done_to_a_card(anna, guest):
    with pghistory.context(**anna.history()):
        card = assign_card(customer=guest.pk, number=NUMBER, actor=anna)
        mistaken = assign_card(customer=guest.pk, number="9", actor=anna)
        remove_card(card=mistaken.pk, actor=anna)
        block_card(card=card.pk, reason=CardReason.STOLEN, actor=anna)
        unblock_card(card=card.pk, actor=anna)
        replace_card(card=card.pk, number="NL-0002", actor=anna)
    entries, _has_more = history_of(guest, page=1, scope=anna)
    told = [(entry.title, entry.user, [change.new for change in entry.changes]) for entry in entries]
    by = "Anna Andresen"
    expected = [
        ("Card assigned", by, [NUMBER]),
        ("Card assigned", by, ["9"]),
        ("Card removed", by, ["9"]),
        ("Card blocked", by, [NUMBER, "stolen"]),
        ("Card unblocked", by, [NUMBER]),
        ("Card replaced", by, [NUMBER, "lost", "NL-0002"]),
        ("Card assigned", by, ["NL-0002"]),
    ]
    assert sorted(one for one in told if one[0] != "Registered") == sorted(expected)


def test_import_that_created_a_customer_who_has_a_card_now_leaves_him(anna):
    """Undoing it would take the card away with him: he stays, and that is told."""
    outcome = take_in(anna, b"Nachname;Ort\nGast;Kiel\nZweiter;Kiel\n")
    guest = Customer.objects.get(last_name="Gast")
    assign_card(customer=guest.pk, number=NUMBER, actor=anna)
    counts = undone(outcome.upload, anna)
    assert (counts["stuck"], counts["removed"]) == (1, 1)
    assert Card.objects.get().customer == guest
