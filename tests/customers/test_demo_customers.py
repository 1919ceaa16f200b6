"""The customers of the demo are the same at every start, and show what there is to see."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from customers.demo import PLANS, build_customers
from customers.duplicates import Sought, candidates
from customers.models import Customer
from tests.conftest import forget_author
from tests.customers.transfer import events_of

NOW = datetime(2028, 2, 27, 12, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="module")
def demo(standing) -> int:
    """The customers of the demo, for all tests that ask for them; how many they are."""
    made = build_customers(now=NOW)
    forget_author()
    return made


def test_demo_fills_every_place_as_planned(cast, demo):
    assert demo == sum(plan.count for plan in PLANS) == 247
    for plan in PLANS:
        placed = Customer.objects.filter(
            home_location__organization__account_number=plan.account_number,
            home_location__client_number=plan.client_number,
        )
        assert placed.count() == plan.count


def test_demo_shows_what_there_is_to_see(cast, demo):
    hamburg = Customer.objects.in_base(cast.location("Hamburg").base)
    week = [(NOW + timedelta(days=days)).date() for days in range(7)]
    assert hamburg.with_birthday_on(week).count() >= 6
    assert hamburg.archived().count() == 8
    assert hamburg.filter(is_blocked=True).count() == 4
    assert hamburg.filter(is_favourite=True).count() >= 10
    assert hamburg.filter(tags__contains=["VIP"]).exists()
    assert set(hamburg.values_list("customer_group__name", flat=True)) == {
        None,
        "Gast",
        "Stammgast",
        "Mitarbeiter",
        "Firma",
    }
    assert hamburg.filter(last_name="O'Neill", first_name="Siobhán").exists()
    assert hamburg.filter(last_name="", company="").exclude(first_name="").exists()
    assert hamburg.filter(first_name="", last_name="").exclude(company="").exists()


def test_demo_holds_pairs_that_the_warning_finds(cast, demo):
    scope = cast.scope("anna", "Hamburg")
    for name in ("Katharina", "Thomas", "Ilse"):
        named = Customer.objects.in_base(scope.base).filter(last_name__in=["Voß", "Meier", "Brandt"])
        customer = named.filter(first_name=name).first()
        values = {field.name: getattr(customer, field.attname) for field in Customer._meta.concrete_fields}
        assert len(candidates(Sought.of(values), scope=scope)) >= 2


def test_demo_tells_who_did_what(cast, demo):
    blocked = Customer.objects.filter(is_blocked=True, home_location=cast.location("Bremen")).get()
    events = events_of(blocked)
    assert [event.pgh_context.metadata["user_name"] for event in events] == ["Bodo Brandt", "Anna Andresen"]


def test_demo_is_the_same_at_every_start(cast, demo):
    hamburg = cast.location("Hamburg")
    registered = Customer.objects.filter(home_location=hamburg).order_by("customer_number")
    found = registered.values_list("customer_number", "first_name", "last_name", "birthday")
    first = hamburg.first_number
    assert found[0] == (first, "Ayşe", "Yılmaz", None)
    assert found[13] == (first + 13, "Sabine", "Krüger", date(1976, 3, 4))
    assert found[49] == (first + 49, "Antje", "Klein", None)
