"""The numbers that an import gives to rows that bring none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers import numbers, statistics
from customers.imports import reserved_numbers
from customers.models import Customer, ImportUpload, NumberCounter
from customers.numbers import FreeNumbers, surely_free_numbers
from locations.models import Location
from tests.customers.test_import_plans import passed
from tests.customers.transfer import table, take_in, with_numbers


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


# --- how many are free, without reading all that are taken --------------------------------------------------------

SIZE, TAKEN, LOOKED_AT, FEW = 2_000, 1_200, 100, 50


@pytest.fixture
def hamburg(cast, monkeypatch) -> Location:
    """A location that has given more than half of its numbers, in a base with more customers than it has numbers."""
    monkeypatch.setattr(numbers, "LOOKED_AT", LOOKED_AT)
    monkeypatch.setattr(numbers.surely_free_numbers, "__kwdefaults__", {"wanted": FEW})
    location = with_numbers(cast, "Hamburg", SIZE)
    elsewhere = cast.location("Zentrale").first_number
    given = [*range(location.first_number, location.first_number + TAKEN), *range(elsewhere, elsewhere + SIZE)]
    words = {"organization": location.organization, "base": location.base, "last_name": "Muster"}
    Customer.objects.bulk_create([Customer(**words, customer_number=number) for number in given])
    begin(location, TAKEN)
    statistics.gather(statistics.WRITTEN)
    return location


def begin(location: Location, at: int) -> None:
    NumberCounter.objects.update_or_create(
        location=location,
        defaults={"organization": location.organization, "next_number": location.first_number + at},
    )


@contextmanager
def rows_counted() -> Iterator[list[float]]:
    """How many rows each question has let pass that counts customers."""
    found: list[float] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT COUNT") and 'FROM "customers_customer"' in sql:
            with context["connection"].connection.cursor() as raw:
                raw.execute(f"EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, FORMAT JSON) {sql}", params)
                [(plan,)] = raw.fetchall()
            found.append(passed((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


@pytest.mark.parametrize("page", ["customers/customer/import/", "transitions/transition/arrivals/"])
def test_pages_look_at_few_numbers_to_say_that_enough_are_free(hamburg, log_in, page):
    anna = log_in("anna")
    with rows_counted() as found:
        shown = anna.get(f"/10400/2/{page}").content.decode()
    assert f"at least {LOOKED_AT + FEW} are free" in shown
    assert found == [1]  # its own row: none of those that are taken


def test_where_few_are_found_all_are_counted_that_are_left(hamburg):
    begin(hamburg, 0)
    assert surely_free_numbers(hamburg) == FreeNumbers(SIZE - TAKEN, is_exact=True)


def test_import_that_fits_among_the_next_numbers_counts_none_of_the_others(hamburg, cast):
    scope = cast.scope("anna", "Hamburg")
    with rows_counted() as found:
        short = reserved_numbers.shortage(upload=ImportUpload(preview={"created": 3 * LOOKED_AT}), scope=scope)
    assert (short, len(found)) == (None, 1)
