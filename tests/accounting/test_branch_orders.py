"""What a branch with a customer base 1.0 sells on account is booked at the central: each order once, or it waits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounting.models import BranchOrder, LedgerException, ToldTerms
from locations.choices import Side
from tests.accounting.branches import SellingSides


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
