"""The numbers that an import gives to rows that bring none."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, NumberCounter
from tests.customers.transfer import table, take_in


def test_a_small_import_looks_at_few_of_the_millions_of_numbers_of_a_range(cast):
    anna = cast.scope("anna", "Zentrale")
    assert anna.location.last_number - anna.location.first_number > 4_000_000
    with CaptureQueriesContext(connection) as captured:
        take_in(anna, table(["Name"], ["Meier"]))
    stretches = [
        int(length)
        for query in captured.captured_queries
        for length in re.findall(r"least\(number \+ (\d+),", query["sql"])
    ]
    assert stretches
    assert max(stretches) < 5_000


@pytest.mark.parametrize("upto", [1, 999, 1_000, 1_001, 9_500])
def test_free_numbers_are_found_behind_however_many_are_taken(cast, upto):
    """Those that lie beyond the first stretches as well; what is left out is left out in each."""
    anna = cast.scope("anna", "Zentrale")
    first = anna.location.first_number
    take_in(anna, table(["Kundennummer", "Name"], *[[first + n, "Alt"] for n in range(upto)]))
    NumberCounter.objects.update(next_number=first)
    brought = first + upto + 1
    take_in(anna, table(["Kundennummer", "Name"], ["", "A"], [brought, "B"], ["", "C"], ["", "D"]))
    given = Customer.objects.filter(last_name__in="ACD").order_by("customer_number")
    assert list(given.values_list("customer_number", flat=True)) == [first + upto + n for n in (0, 2, 3)]
