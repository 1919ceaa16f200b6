"""Accounts are what a book says that is kept beside them by hand, after all that happens and of each moment.

Long, it is 150 histories of each kind: `STAMMHAUS_LONG_HISTORIES=1 make test ARGS=tests/accounting/…`.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.accounting.accounts import guest, on_its_own, terms
from tests.accounting.debits import creditor
from tests.accounting.mandates import mandate
from tests.accounting.plain_billing import STEPS
from tests.accounting.plain_history import LIMIT, History
from tests.accounting.plain_readings import readings_agree

pytestmark = pytest.mark.django_db
HISTORIES, LENGTH = (150, 40) if os.environ.get("STAMMHAUS_LONG_HISTORIES") else (2, 24)


def begun(cast, seed: int) -> History:
    """Two locations that share the accounts of three customers, all of whom have signed a mandate."""
    anna, till = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    creditor(anna)
    customers = {name: guest(till, last_name=name, hard_limit=LIMIT) for name in ("Nord", "Süd", "West")}
    for whose in customers.values():
        mandate(till, whose)
    places = {"Zentrale": anna, "Hamburg": till}
    return History(places, customers, anna, random.Random(seed), debtors=tuple(customers))


def two_ledgers(cast, seed: int) -> list[History]:
    """One at Hamburg, which keeps its accounts on its own, and one of the same customers at the central."""
    on_its_own(cast, "Hamburg")
    anna, till = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    customers = {name: guest(till, last_name=name, hard_limit=LIMIT) for name in ("Nord", "Süd")}
    for scope in (anna, till):
        creditor(scope)
    for whose in customers.values():
        terms(anna, whose, hard_limit=LIMIT)
    luck = random.Random(seed)
    return [History({"Zentrale": anna}, customers, anna, luck), History({"Hamburg": till}, customers, till, luck)]


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_account_is_what_the_plain_book_says(cast, seed):
    history = begun(cast, seed)
    history.go_on(LENGTH, STEPS)
    readings_agree(history)
    for moment, expected in history.moments:
        found = {name: history.stands(name, moment) for name in history.customers}
        assert found == expected, history.told(f"{moment}\n{found}\n{expected}")


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_two_ledgers_of_the_same_customers_know_nothing_of_each_other(cast, seed):
    histories = two_ledgers(cast, seed)
    for _turn in range(LENGTH // 8):
        for history in histories:
            history.go_on(4, STEPS)
    for history in histories:
        history.compare()
        readings_agree(history)
