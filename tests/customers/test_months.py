"""What the database keeps for each month equals what counting the rows gives, by whatever path they are written."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.consents.operations import strike_out
from customers.figures import counts
from customers.models import Consent, Customer, CustomerMonth
from customers.operations import archive_customers, register_customer, restore_customers
from locations.models import CustomerBase, Location
from mcp.isolation import row_scope
from tests.customers.people import says
from tests.customers.transfer import table, take_in, undone
from tests.proofs.sampling import examples

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 120 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["register", "archive", "restore", "touch", "consent", "withdraw", "evidence"]),
        st.sampled_from(["Zentrale", "Lübeck"]),
        st.integers(1, 5),
        MOMENTS,
    ),
    max_size=10,
)


def month_of(moment: datetime) -> date:
    return moment.astimezone(BERLIN).date().replace(day=1)


def counted(base: CustomerBase) -> dict[tuple[date, str], int]:
    """By a plain rule over the rows."""
    found: Counter[tuple[date, str]] = Counter()
    for customer in Customer.objects.in_base(base):
        found[month_of(customer.created_at), "registered"] += 1
        if customer.archived_at:
            found[month_of(customer.archived_at), "archived"] += 1
    for consent in Consent.objects.in_base(base).filter(holds_here=True, struck_out_at=None):
        found[month_of(consent.at), "given" if consent.is_given else "withdrawn"] += 1
    return dict(found)


def kept(base: CustomerBase) -> dict[tuple[date, str], int]:
    months = CustomerMonth.objects.in_base(base).of_months(date(1, 1, 1), date(9999, 1, 1))
    return {(month, name): number for month, row in months.items() for name, number in row.items() if number}


def step(kind: str, place: Location, size: int, at: datetime, number: int) -> None:
    customers = Customer.objects.in_base(place.base)
    some = customers.filter(pk__in=list(customers.order_by("pk").values_list("pk", flat=True)[:size]))
    match kind:
        case "register":
            Customer.objects.bulk_create(
                Customer(
                    organization=place.organization, base=place.base, customer_number=number + n, last_name="Muster",
                    created_at=at, archived_at=at + timedelta(days=20) if n % 3 == 0 else None,
                )
                for n in range(size)
            )  # fmt: skip
        case "archive":
            some.update(archived_at=at)
        case "restore":
            some.update(archived_at=None)
        case "touch":
            some.update(city="Kiel", created_at=at)
        case _:
            Consent.objects.bulk_create(
                Consent(
                    organization=place.organization, base=place.base, customer=customer, purpose="newsletter",
                    is_given=kind != "withdraw", at=at, source="form", recorded_by="x", location=place,
                    given_to=20800 if kind == "evidence" else None, holds_here=kind != "evidence",
                )
                for customer in some
            )  # fmt: skip


@given(steps=STEPS)
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kept_months_equal_counted_ones_after_any_sequence_of_changes(cast, steps):
    with transaction.atomic():
        places = {name: cast.location(name) for name in ("Zentrale", "Lübeck")}
        for index, (kind, name, size, at) in enumerate(steps):
            step(kind, places[name], size, at + timedelta(microseconds=index), 10 * index + 1)
        for place in places.values():
            assert kept(place.base) == counted(place.base)
        counts.compact_months()
        for place in places.values():
            assert kept(place.base) == counted(place.base)
        transaction.set_rollback(True)


def test_operations_are_counted_in_their_month_and_at_their_business(cast):
    scope, other = cast.scope("anna", "Hamburg"), cast.scope("sven", "München", 20800)
    this = timezone.localdate().replace(day=1)
    first, second = (register_customer(customer=Customer(last_name=name), actor=scope) for name in ("Ahlers", "Behn"))
    register_customer(customer=Customer(last_name="Cordes"), actor=other)
    archive_customers(customers=[first.pk, second.pk], reason="Test", actor=scope)
    restore_customers(customers=[second.pk], actor=scope)
    says(scope, second, "newsletter", True)
    says(scope, second, "newsletter", False)
    assert kept(scope.base) == {
        (this, "registered"): 2, (this, "archived"): 1, (this, "given"): 1, (this, "withdrawn"): 1,
    }  # fmt: skip
    assert kept(other.base) == {(this, "registered"): 1}


def test_statement_that_is_struck_out_counts_in_no_month(cast):
    scope = cast.scope("anna", "Hamburg")
    customer = register_customer(customer=Customer(last_name="Ahlers"), actor=scope)
    before = kept(scope.base)
    for is_given in (True, False):
        says(scope, customer, "newsletter", is_given)
        assert kept(scope.base) != before
        with row_scope.rows_of(scope):
            strike_out(statement=Consent.objects.latest("recorded_at").pk, actor=scope)
        assert kept(scope.base) == before == counted(scope.base)


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (datetime(2026, 1, 31, 22, 59, 59, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 1, 31, 23, 0, tzinfo=UTC), date(2026, 2, 1)),
        (datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC), date(2026, 6, 1)),
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), date(2026, 7, 1)),
    ],
)
def test_month_begins_at_midnight_of_the_business(cast, at, month):
    place = cast.location("Hamburg")
    step("register", place, 1, at, 1)
    assert (month, "registered") in kept(place.base)


def test_customers_of_an_undone_import_were_never_registered(cast):
    anna = cast.scope("anna", "Zentrale")
    before, this = kept(anna.base), timezone.localdate().replace(day=1)
    done = take_in(anna, table(["Nachname", "Einwilligung Newsletter"], ["Ahlers", "ja"], ["Behn", "nein"]))
    assert kept(anna.base)[this, "registered"] == 2
    assert kept(anna.base) == counted(anna.base)
    undone(done.upload, anna)
    assert kept(anna.base) == before == {}


def test_compaction_leaves_one_row_for_each_month_and_forgets_old_ones(cast):
    place, other = cast.location("Hamburg"), cast.location("München", 20800)
    for number, day in enumerate([date(2024, 4, 30), date(2024, 5, 15), date(2026, 5, 1)]):
        at = datetime.combine(day, time(12), UTC)
        for where in (place, other):
            step("register", where, 2, at, 10 * number + 1)
            step("register", where, 2, at, 10 * number + 5)
    counts.forget_months(today=date(2026, 5, 31))
    assert counts.compact_months() == 2
    for where in (place, other):
        assert kept(where.base)[date(2024, 5, 1), "registered"] == 4
        assert kept(where.base)[date(2026, 5, 1), "registered"] == 4
        assert (date(2024, 4, 1), "registered") not in kept(where.base)
        rows = CustomerMonth.objects.in_base(where.base).values_list("month", flat=True)
        assert sorted(rows) == sorted(set(rows))
    assert counts.compact_months() == 0
