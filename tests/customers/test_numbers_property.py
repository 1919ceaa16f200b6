"""Numbers against a plain rule: from the range only, gaps stepped over, none twice, whatever is taken already."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.multirange import Int4Multirange
from psycopg.types.range import Int4Range, Range

from customers.choices import UploadState
from customers.models import Customer, ImportProgress, ImportUpload, NumberCounter
from customers.numbers import take_numbers
from customers.operations import register_customer
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.test_import_turns import Thread
from tests.proofs.sampling import examples
from tests.states import in_state

FIRST, LAST = 5_000_000, 5_000_029
SOME = st.sets(st.integers(FIRST - 2, LAST + 2))


def expected(taken: set[int], start: int, count: int) -> list[int] | None:
    """The rule: from the next number on, and then from the beginning of the range, whatever nobody has."""
    start = min(max(start, FIRST), LAST + 1)
    free = [number for number in [*range(start, LAST + 1), *range(FIRST, start)] if number not in taken]
    return free[:count] if len(free) >= count else None


def multirange(numbers: set[int]) -> Int4Multirange:
    return Int4Multirange([Int4Range(number, number + 1) for number in sorted(numbers)])


def upload_of(scope: Scope, state: UploadState) -> ImportUpload:
    return in_state(
        ImportUpload,
        organization=scope.organization,
        base=scope.base,
        location=scope.location,
        name="kunden.csv",
        state=state,
        size=1,
    )


@pytest.fixture
def hamburg(cast) -> Scope:
    Location.objects.filter(name="Hamburg").update(number_range=Range(FIRST, LAST + 1))
    return cast.system("Hamburg")


def given_of(scope: Scope, count: int, file: UUID | None) -> list[int] | None:
    try:
        return take_numbers(scope.location, count, brought_by=file)
    except ValidationError as refusal:
        return None if refusal.code == "number_range_exhausted" else []


def stage(file: UUID, numbers: set[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_importrow (upload, row_number, customer_number)
            SELECT %s, nth + 1, number FROM unnest(%s::int[]) WITH ORDINALITY AS n (number, nth)""",
            [file, list(numbers)],
        )


def store(scope: Scope, numbers: Iterable[int]) -> None:
    Customer.objects.bulk_create(
        Customer(organization=scope.organization, base=scope.base, customer_number=number, last_name="Muster")
        for number in numbers
    )


@given(
    customers=SOME, reserved=SOME, ended=SOME, brought=SOME, start=st.integers(FIRST - 3, LAST + 3),
    counts=st.lists(st.integers(0, 12), min_size=1, max_size=4),
)  # fmt: skip
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_given_numbers_follow_the_rule(hamburg, customers, reserved, ended, brought, start, counts):
    """What an import has reserved counts while it is applied only, what a file brings only for itself."""
    file, taken = uuid4(), customers | reserved
    with row_scope.rows_of(hamburg):
        store(hamburg, customers)
        for state, numbers in ((UploadState.APPLYING, reserved), (UploadState.APPLIED, ended)):
            kept = multirange(numbers)
            ImportProgress.objects.create(base=hamburg.base, file=upload_of(hamburg, state), reserved=kept)
        stage(file, brought)
        NumberCounter.objects.update_or_create(
            location=hamburg.location, defaults={"organization": hamburg.organization, "next_number": start}
        )
        for is_by_file, count in zip(cycle([False, True]), counts, strict=False):
            wanted = expected(taken | brought if is_by_file else taken, start, count)
            assert given_of(hamburg, count, file if is_by_file else None) == wanted
            if wanted:
                taken, start = taken | set(wanted), wanted[-1] + 1
                store(hamburg, wanted)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_one_and_many_at_the_same_moment_get_different_numbers(cast):
    """At the counter one by one, and by the dozen as imports and the demo do."""
    scope, given_numbers = cast.system("Hamburg"), []

    def at_the_counter() -> None:
        for _ in range(12):
            customer = register_customer(customer=Customer(last_name="Muster"), actor=scope)
            given_numbers.append(customer.customer_number)

    def by_the_dozen() -> None:
        for _ in range(2):
            with transaction.atomic():
                numbers = take_numbers(scope.location, 12)
                store(scope, numbers)
            given_numbers.extend(numbers)

    threads = [Thread(call) for call in (at_the_counter, by_the_dozen) * 3]
    for thread in threads:
        thread.ended()
    assert sorted(given_numbers) == list(range(FIRST, FIRST + 3 * 12 + 3 * 24))
