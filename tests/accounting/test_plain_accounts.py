"""Accounts are what a book says that is kept beside them by hand, after each thing that happens and of each moment."""

from __future__ import annotations

import os
import random
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.accounting.accounts import guest
from tests.accounting.invoices import issuer
from tests.accounting.plain_history import LIMIT, History

pytestmark = pytest.mark.django_db
HISTORIES = int(os.environ.get("PLAIN", "3"))
START = int(os.environ.get("PLAINSTART", "0"))


def begun(cast, seed: int) -> History:
    anna, till = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    issuer(anna)
    customers = {name: guest(till, last_name=name, hard_limit=LIMIT) for name in ("Nord", "Süd", "West")}
    return History({"Zentrale": anna, "Hamburg": till}, customers, anna, random.Random(seed))


@pytest.mark.parametrize("seed", range(START, START + HISTORIES))
def test_account_is_what_the_plain_book_says(cast, seed):
    history = begun(cast, seed)
    history.go_on(40)
    for moment, expected in history.moments[::5]:
        found = {name: history.stands(name, moment) for name in history.customers}
        assert found == expected, history.told(f"{moment}\n{found}\n{expected}")
