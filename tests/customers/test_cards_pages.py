"""Cards on screen: on the customer's form, on a page of their own, and found by whoever scans one."""

from __future__ import annotations

import pytest

from customers.cards.operations import assign_card, block_card, replace_card
from customers.choices import CardReason
from customers.models import Card, Customer
from customers.operations import archive_customers
from tests.customers.people import BREMEN, HAMBURG, LIST, SOUTH, customer, customers, page_of

FIND = f"{LIST}find/"
ENGLISH = {"Accept-Language": "en"}
ASKED = {"HX-Request": "true", **ENGLISH}
NUMBER = "2900123456789"


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def guest(scope) -> Customer:
    return customer(scope, last_name="Gast")


@pytest.fixture
def card(scope, guest) -> Card:
    return assign_card(customer=guest.pk, number=NUMBER, actor=scope)


@pytest.fixture
def bodo(log_in):
    return log_in("bodo")


def cards_of(row: Customer, place: str = HAMBURG) -> str:
    return f"{place}{LIST}{row.pk}/cards/"


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


# --- doing ----------------------------------------------------------------------------------------------------------


def test_card_is_assigned_on_the_form_and_shown_there(bodo, guest):
    data = {"step": "assign", "number": "2900 1234 5678 9", "back": "form"}
    answer = bodo.post(cards_of(guest), data, headers=ENGLISH, follow=True)
    assert answer.redirect_chain == [(page_of(guest) + "#cards", 302)]
    assert said(answer) == [f"Card {NUMBER} is assigned."]
    assert NUMBER in answer.content.decode()


@pytest.mark.parametrize(
    ("step", "data", "sentence", "states"),
    [
        ("block", {"reason": "lost"}, f"Card {NUMBER} is blocked.", [("blocked", "lost")]),
        ("remove", {}, f"Card {NUMBER} is removed.", []),
        (
            "replace",
            {"number": "9"},
            f"Card 9 is assigned; {NUMBER} is blocked.",
            [("active", ""), ("blocked", "lost")],
        ),
        (
            "replace",
            {"number": "9", "reason": "stolen"},
            f"Card 9 is assigned; {NUMBER} is blocked.",
            [("active", ""), ("blocked", "stolen")],
        ),
    ],
)
def test_each_step_is_done_and_told(bodo, guest, card, step, data, sentence, states):
    answer = bodo.post(cards_of(guest), {"step": step, "card": card.pk, **data}, headers=ENGLISH, follow=True)
    assert answer.redirect_chain == [(cards_of(guest) + "#cards", 302)]
    assert said(answer) == [sentence]
    assert list(Card.objects.of_customer(guest).values_list("state", "reason")) == states


def test_blocked_card_is_unblocked(scope, bodo, guest, card):
    block_card(card=card.pk, reason=CardReason.LOST, actor=scope)
    answer = bodo.post(cards_of(guest), {"step": "unblock", "card": card.pk}, headers=ENGLISH, follow=True)
    assert said(answer) == [f"Card {NUMBER} is active again."]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"step": "assign", "number": ""}, "Enter the number of the card."),
        ({"step": "assign", "number": "Meier"}, "“Meier” is no card number."),
        ({"step": "assign", "number": NUMBER}, f"Card {NUMBER} belongs to this customer already."),
        ({"step": "block", "reason": ""}, "Choose why the card is blocked."),
        ({"step": "replace", "number": ""}, "Enter the number of the card."),
        ({"step": "block", "reason": "eaten"}, "Select a valid choice."),
        ({"step": "assign", "number": "4" * 81}, "at most 80 characters"),
    ],
)
def test_what_is_refused_is_told_where_it_was_typed(bodo, guest, card, data, sentence):
    answer = bodo.post(cards_of(guest), {"card": card.pk, **data}, headers=ENGLISH)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert sentence in html
    if data.get("number"):
        assert f'value="{data["number"]}"' in html
    assert Card.objects.count() == 1


def test_number_of_somebody_else_is_told_with_his_name(scope, bodo, card):
    other = customer(scope, last_name="Andere")
    answer = bodo.post(cards_of(other), {"step": "assign", "number": NUMBER}, headers=ENGLISH)
    assert f"Card {NUMBER} belongs to Gast (" in answer.content.decode()


def test_card_of_another_customer_is_not_there(scope, bodo, card):
    other = customer(scope, last_name="Andere")
    for asked in (card.pk, 999_999, "x", "9" * 30, ""):
        answer = bodo.post(cards_of(other), {"step": "block", "reason": "lost", "card": asked})
        assert answer.status_code == 404, asked
    assert bodo.post(cards_of(other), {"step": "eat", "card": card.pk}).status_code == 404


def test_who_only_looks_sees_cards_and_no_buttons(log_in, guest, card):
    carla = log_in("carla")
    for page in (page_of(guest, BREMEN), cards_of(guest, BREMEN)):
        html = carla.get(page).content.decode()
        assert NUMBER in html
        assert 'name="step"' not in html
    assert carla.post(cards_of(guest, BREMEN), {"step": "assign", "number": "9"}).status_code == 403


def test_other_business_gets_404(log_in, guest, card):
    sven = log_in("sven")
    assert sven.get(cards_of(guest, SOUTH)).status_code == 404
    assert sven.post(cards_of(guest, SOUTH), {"step": "assign", "number": "9"}).status_code == 404


def test_archived_customer_is_offered_no_card(scope, bodo, guest, card):
    archive_customers(customers=[guest.pk], reason="Verzogen", actor=scope)
    html = bodo.get(page_of(guest)).content.decode()
    assert NUMBER in html
    assert 'value="assign"' not in html


@pytest.mark.parametrize("count", [1, 3])
def test_page_asks_the_same_for_one_card_and_for_three(scope, bodo, guest, count, django_assert_num_queries):
    for number in range(count):
        replace_card(
            card=assign_card(customer=guest.pk, number=f"A{number}", actor=scope).pk, number=f"B{number}", actor=scope
        )
    with django_assert_num_queries(8):  # session, user, scope (2), customer, cards, places to switch to (2)
        bodo.get(cards_of(guest))


# --- finding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [NUMBER, f" {NUMBER} ", "2900 1234 5678 9"])
def test_scanner_types_the_number_and_enter(bodo, guest, card, typed):
    answer = bodo.get(f"{HAMBURG}{FIND}", {"q": typed})
    assert (answer.status_code, answer["Location"]) == (302, f"{page_of(guest)}?card={NUMBER}")


def test_letters_of_a_number_may_be_small(scope, bodo, guest):
    assign_card(customer=guest.pk, number="NL-7", actor=scope)
    assert bodo.get(f"{HAMBURG}{FIND}", {"q": "nl-7"})["Location"] == f"{page_of(guest)}?card=NL-7"


def test_hit_stands_first_while_typing(scope, bodo, guest, card):
    customers(scope, 3)
    answer = bodo.get(f"{HAMBURG}{FIND}", {"q": NUMBER}, headers=ASKED)
    assert [row.pk for row in answer.context["customers"]] == [guest.pk]
    assert "is blocked" not in answer.content.decode()


def test_list_finds_by_the_number_of_a_card_as_well(bodo, guest, card):
    answer = bodo.get(f"{HAMBURG}{LIST}", {"q": NUMBER})
    assert [row.pk for row in answer.context["cl"].result_list] == [guest.pk]
    assert not bodo.get(f"{HAMBURG}{LIST}", {"q": NUMBER[:-1]}).context["cl"].result_list


def test_whoever_may_not_see_contact_data_finds_by_card(log_in, guest, card):
    """Carla sees no contact data in Bremen, or all; a card belongs to nobody's contact data."""
    answer = log_in("carla").get(f"{BREMEN}{FIND}", {"q": NUMBER})
    assert answer["Location"] == f"{page_of(guest, BREMEN)}?card={NUMBER}"


def test_card_of_another_business_is_not_found(cast, log_in, guest, card):
    answer = log_in("sven").get(f"{SOUTH}{FIND}", {"q": NUMBER}, headers=ASKED)
    assert answer.context["customers"] == []
    south = cast.scope("sven", "München", 20800)
    theirs = customer(south, last_name="Süd")
    assign_card(customer=theirs.pk, number=NUMBER, actor=south)
    answer = log_in("sven").get(f"{SOUTH}{FIND}", {"q": NUMBER}, headers=ASKED)
    assert [row.last_name for row in answer.context["customers"]] == ["Süd"]


def test_blocked_card_is_told_at_once_everywhere(scope, bodo, guest, card):
    block_card(card=card.pk, reason=CardReason.STOLEN, actor=scope)
    piece = bodo.get(f"{HAMBURG}{FIND}", {"q": NUMBER}, headers=ASKED).content.decode()
    assert f"Card {NUMBER} is blocked: stolen" in piece
    listed = bodo.get(f"{HAMBURG}{LIST}", {"q": NUMBER}, headers=ENGLISH).content.decode()
    assert "Do not accept it" in listed
    opened = bodo.get(f"{HAMBURG}{FIND}", {"q": NUMBER}, headers=ENGLISH, follow=True).content.decode()
    assert "Do not accept it" in opened
    assert "Do not accept it" not in bodo.get(page_of(guest), headers=ENGLISH).content.decode()


def test_replaced_card_tells_its_successor(scope, bodo, guest, card):
    replace_card(card=card.pk, number="9", actor=scope)
    opened = bodo.get(f"{HAMBURG}{FIND}", {"q": NUMBER}, headers=ENGLISH, follow=True).content.decode()
    assert "The customer has got card 9 in its place." in opened


def test_address_tells_nothing_of_cards_of_others(scope, bodo, guest, card):
    block_card(card=card.pk, reason=CardReason.STOLEN, actor=scope)
    other = customer(scope, last_name="Andere")
    html = bodo.get(f"{page_of(other)}?card={NUMBER}", headers=ENGLISH).content.decode()
    assert "is blocked" not in html


def test_number_of_one_that_is_the_card_of_another_means_neither_for_certain(scope, bodo, guest):
    other = customer(scope, last_name="Andere")
    assign_card(customer=guest.pk, number=str(other.customer_number), actor=scope)
    answer = bodo.get(f"{HAMBURG}{FIND}", {"q": str(other.customer_number)})
    assert answer["Location"] == f"{HAMBURG}{LIST}?q={other.customer_number}"
    listed = bodo.get(answer["Location"]).context["cl"].result_list
    assert {row.pk for row in listed} >= {guest.pk, other.pk}
    piece = bodo.get(f"{HAMBURG}{FIND}", {"q": str(other.customer_number)}, headers=ASKED)
    assert [row.pk for row in piece.context["customers"]][:2] == [other.pk, guest.pk]


def test_card_of_an_archived_customer_leads_to_him(scope, bodo, guest, card):
    archive_customers(customers=[guest.pk], reason="Verzogen", actor=scope)
    opened = bodo.get(f"{HAMBURG}{FIND}", {"q": NUMBER}, headers=ENGLISH, follow=True).content.decode()
    assert "Verzogen" in opened
