"""Customer numbers: from the location's range, never twice, whoever registers at the same moment."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import translation
from psycopg.types.range import Range

from customers.models import Customer, NumberCounter
from customers.numbers import take_number
from customers.operations import register_customer
from locations.models import Location

WRITERS, EACH = 16, 125


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def narrow(cast, first, last, name="Hamburg"):
    """Give the location a small range and return its scope."""
    Location.objects.filter(name=name).update(number_range=Range(first, last + 1))
    return cast.system(name)


def register(scope, number=None):
    customer = Customer(last_name="Muster", customer_number=number)
    return register_customer(customer=customer, actor=scope).customer_number


def numbers_of(scope):
    return sorted(Customer.objects.in_base(scope.base).values_list("customer_number", flat=True))


def code_of(caught):
    errors = caught.value.error_dict.values() if hasattr(caught.value, "error_dict") else [caught.value.error_list]
    return {error.code for group in errors for error in group}


@pytest.mark.isolation
@pytest.mark.in_part
@pytest.mark.django_db(transaction=True)
def test_sixteen_writers_register_two_thousand_customers_without_a_duplicate(cast, sample):
    """Each writer has a connection of its own; every fifth number is typed, at the far end of the range."""
    scope, failures = cast.system("Hamburg"), []
    each = EACH if sample.is_whole else EACH // 5
    lower, upper = scope.location.first_number, scope.location.last_number

    def write(writer: int) -> None:
        try:
            for n in range(each):
                typed = upper - (writer * each + n) if n % 5 == 0 else None
                register(scope, typed)
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    numbers = numbers_of(scope)
    assert (len(numbers), len(set(numbers))) == (WRITERS * each, WRITERS * each)
    assert (min(numbers) >= lower, max(numbers) <= upper) == (True, True)
    assert numbers[: WRITERS * each * 4 // 5] == list(range(lower, lower + WRITERS * each * 4 // 5))


def test_numbers_start_at_the_range_and_follow_one_another(cast):
    scope = cast.system("Hamburg")
    assert [register(scope) for _ in range(3)] == [5_000_000, 5_000_001, 5_000_002]


def test_typed_number_is_taken_and_stepped_over(cast):
    scope = cast.system("Hamburg")
    assert [register(scope, 5_000_001), register(scope), register(scope)] == [5_000_001, 5_000_000, 5_000_002]


@pytest.mark.parametrize("number", [0, 1, 4_999_999, 5_010_000, 10_000_000])
def test_typed_number_outside_the_range_is_refused_with_the_range(cast, number):
    with pytest.raises(ValidationError) as caught:
        register(cast.system("Hamburg"), number)
    assert code_of(caught) == {"number_out_of_range"}
    assert "Hamburg (5000000 to 5009999)" in caught.value.messages[0]


def test_typed_number_that_is_taken_is_refused(cast):
    scope = cast.system("Hamburg")
    register(scope, 5_000_005)
    with pytest.raises(ValidationError) as caught:
        register(scope, 5_000_005)
    assert code_of(caught) == {"customer_number_unique"}


def test_run_that_was_imported_is_stepped_over_at_once(cast, django_assert_num_queries):
    scope = cast.system("Hamburg")
    register(scope)
    Customer.objects.bulk_create(
        Customer(organization=scope.organization, base=scope.base, customer_number=n, last_name="Import")
        for n in range(5_000_001, 5_003_001)
    )
    with django_assert_num_queries(4):  # make the counter, lock it, find the end of the run, move the counter
        assert take_number(scope.location) == 5_003_001
    assert NumberCounter.objects.get(location=scope.location).next_number == 5_003_002


def test_end_of_the_range_wraps_around_to_free_gaps(cast):
    scope = narrow(cast, 5_000_000, 5_000_004)
    register(scope, 5_000_001)
    register(scope, 5_000_003)
    NumberCounter.objects.update(next_number=5_000_004)
    assert [register(scope) for _ in range(3)] == [5_000_004, 5_000_000, 5_000_002]


def test_used_up_range_is_refused_with_the_range(cast):
    scope = narrow(cast, 5_000_000, 5_000_001)
    assert [register(scope), register(scope)] == [5_000_000, 5_000_001]
    with pytest.raises(ValidationError) as caught:
        register(scope)
    assert caught.value.code == "number_range_exhausted"
    assert "Hamburg (5000000 to 5000001)" in caught.value.messages[0]
    assert numbers_of(scope) == [5_000_000, 5_000_001]


@pytest.mark.parametrize(("first", "last"), [(5_020_000, 5_020_005), (4_999_990, 4_999_995), (1, 3)])
def test_range_that_was_moved_is_followed(cast, first, last):
    register(cast.system("Hamburg"))
    Location.objects.filter(name="Zentrale", organization__account_number=10400).update(
        number_range=Range(9_000_000, 9_000_010)
    )
    Location.objects.filter(name="Bremen").update(number_range=Range(9_100_000, 9_100_010))
    Location.objects.filter(name="Flensburg").update(number_range=Range(9_200_000, 9_200_010))
    assert register(narrow(cast, first, last)) == first


def test_two_locations_of_one_offline_base_give_different_numbers(cast):
    luebeck, kiel = cast.system("Lübeck"), cast.system("Kiel")
    given = [register(luebeck), register(kiel), register(luebeck), register(kiel)]
    assert (luebeck.base, len(set(given))) == (kiel.base, 4)


def test_number_of_a_registration_that_fails_is_given_again(cast):
    scope = cast.system("Hamburg")
    with pytest.raises(ValidationError):
        register_customer(customer=Customer(last_name=""), actor=scope)
    assert register(scope) == 5_000_000


def test_stale_scope_cannot_give_a_number_that_now_belongs_to_another_location(cast):
    stale = cast.system("Hamburg")
    fresh = narrow(cast, 5_000_500, 5_000_600)
    assert register(stale) == register(fresh) - 1 == 5_000_500
