"""The number of a base's customers is kept by the database and equals what counting would give."""

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Customer, CustomerCount
from tests.proofs.sampling import examples

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "insert archived", "archive", "restore", "touch", "sql"]),
        st.sampled_from(["Zentrale", "Lübeck"]),
        st.integers(1, 7),
    ),
    max_size=12,
)


def counted(base):
    customers = Customer.objects.in_base(base)
    return customers.active().count(), customers.archived().count()


def kept(base):
    return CustomerCount.objects.in_base(base).totals()


def step(kind, place, size, number):
    customers = Customer.objects.in_base(place.base)
    some = customers.filter(pk__in=list(customers.order_by("pk").values_list("pk", flat=True)[:size]))
    if kind.startswith("insert"):
        archived_at = timezone.now() if kind.endswith("archived") else None
        Customer.objects.bulk_create(
            Customer(
                organization=place.organization,
                base=place.base,
                customer_number=number + n,
                last_name="Muster",
                archived_at=archived_at,
            )
            for n in range(size)
        )
    elif kind == "archive":
        some.update(archived_at=timezone.now())
    elif kind == "restore":
        some.update(archived_at=None)
    elif kind == "touch":
        rows = list(some)
        for row in rows:
            row.city = "Kiel"
        Customer.objects.bulk_update(rows, ["city"])
    else:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE customers_customer SET archived_at = CASE WHEN archived_at IS NULL THEN now() END "
                "WHERE id %% 2 = %s",
                [size % 2],
            )


@given(steps=STEPS)
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kept_numbers_equal_counted_ones_after_any_sequence_of_changes(cast, steps):
    with transaction.atomic():
        places = {name: cast.location(name) for name in ("Zentrale", "Lübeck")}
        for index, (kind, name, size) in enumerate(steps):
            step(kind, places[name], size, 10 * index + 1)
        for place in places.values():
            assert kept(place.base) == counted(place.base)
        transaction.set_rollback(True)


def test_insert_that_becomes_an_update_counts_once(cast):
    central = cast.location("Zentrale")
    step("insert", central, 3, 1)
    Customer.objects.bulk_create(
        [
            Customer(organization=central.organization, base=central.base, customer_number=n, last_name="Neu")
            for n in (3, 4)
        ],
        update_conflicts=True,
        unique_fields=["base", "customer_number"],
        update_fields=["last_name"],
    )
    assert kept(central.base) == counted(central.base) == (4, 0)


def test_base_without_customers_counts_nothing(cast):
    assert kept(cast.location("Dresden", 30100).base) == (0, 0)
