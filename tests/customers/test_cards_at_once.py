"""Two people at once with one card: each of them gets what is true then, in a sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from customers.cards.operations import assign_card, block_card, remove_card, replace_card
from customers.choices import CardReason
from customers.models import Card
from mcp.isolation import row_scope
from tests.customers.people import customer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


def at_once(scope, *attempts: Callable[[], Any]) -> list[str]:
    """What became of each: the code of its refusal, or blank. They begin at the same moment, each on its own line."""
    start, results = threading.Barrier(len(attempts)), [""] * len(attempts)

    def attempt(at: int) -> None:
        try:
            with row_scope.rows_of(scope):
                connection.ensure_connection()
                start.wait(timeout=20)
                attempts[at]()
        except ValidationError as refusal:
            results[at] = str(refusal.error_list[0].code)
        except Exception as failure:
            results[at] = repr(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(at,)) for at in range(len(attempts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_same_number_goes_to_one_and_the_other_is_told(anna):
    rows = [customer(anna, last_name=f"Gast{at}") for at in range(4)]
    told = at_once(anna, *(lambda row=row: assign_card(customer=row.pk, number="4711", actor=anna) for row in rows))
    assert told == ["", *["card_number_unique"] * 3]
    assert Card.objects.get().number == "4711"


def test_card_is_replaced_once(anna):
    card = assign_card(customer=customer(anna).pk, number="1", actor=anna)
    told = at_once(
        anna,
        lambda: replace_card(card=card.pk, number="2", actor=anna),
        lambda: replace_card(card=card.pk, number="3", actor=anna),
    )
    assert told == ["", "card_replaced_is_blocked"]
    assert Card.objects.count() == 2


def test_card_that_is_blocked_meanwhile_is_not_removed(anna):
    card = assign_card(customer=customer(anna).pk, number="1", actor=anna)
    told = at_once(
        anna,
        lambda: block_card(card=card.pk, reason=CardReason.LOST, actor=anna),
        lambda: remove_card(card=card.pk, actor=anna),
    )
    assert told in (["", "card_blocked_stays"], ["", repr(Card.DoesNotExist("Card matching query does not exist."))])
