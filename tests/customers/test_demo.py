"""The demo is the same at every start, and holds what makes the product visible."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from customers.demo import PLANS, build_customers
from customers.duplicates import Sought, candidates
from customers.models import Customer, CustomerCount
from locations.models import Organization
from mcp.demo import CAST, PASSWORD
from tests.customers.transfer import events_of

NOW = datetime(2028, 2, 27, 12, tzinfo=ZoneInfo("Europe/Berlin"))


def test_demo_fills_every_place_as_planned(cast):
    assert build_customers(now=NOW) == sum(plan.count for plan in PLANS) == 247
    for plan in PLANS:
        placed = Customer.objects.filter(
            home_location__organization__account_number=plan.account_number,
            home_location__client_number=plan.client_number,
        )
        assert placed.count() == plan.count


def test_demo_shows_what_there_is_to_see(cast):
    build_customers(now=NOW)
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


def test_demo_holds_pairs_that_the_warning_finds(cast):
    build_customers(now=NOW)
    base = cast.location("Hamburg").base
    for name in ("Katharina", "Thomas", "Ilse"):
        customer = (
            Customer.objects.in_base(base).filter(first_name=name, last_name__in=["Voß", "Meier", "Brandt"]).first()
        )
        values = {field.name: getattr(customer, field.attname) for field in Customer._meta.concrete_fields}
        assert len(candidates(Sought.of(values), base=base)) >= 2


def test_demo_tells_who_did_what(cast):
    build_customers(now=NOW)
    blocked = Customer.objects.filter(is_blocked=True, home_location=cast.location("Bremen")).get()
    events = events_of(blocked)
    assert [event.pgh_context.metadata["user_name"] for event in events] == ["Bodo Brandt", "Anna Andresen"]


def test_demo_is_the_same_at_every_start(cast):
    build_customers(now=NOW)
    hamburg = cast.location("Hamburg")
    registered = Customer.objects.filter(home_location=hamburg).order_by("customer_number")
    found = registered.values_list("customer_number", "first_name", "last_name", "birthday")
    first = hamburg.first_number
    assert found[0] == (first, "Ayşe", "Yılmaz", None)
    assert found[13] == (first + 13, "Sabine", "Krüger", date(1976, 3, 4))
    assert found[49] == (first + 49, "Antje", "Klein", None)


@pytest.mark.parametrize("arguments", [["--if-empty"], []])
def test_demo_leaves_a_database_with_businesses_alone(cast, capsys, arguments):
    businesses = Organization.objects.count()
    call_command("demo", *arguments)
    assert (Organization.objects.count(), Customer.objects.count()) == (businesses, 0)
    assert bool(capsys.readouterr().out) == (not arguments)


def test_logins_are_printed_one_per_line(cast, capsys):
    call_command("demo", "--logins")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CAST)
    assert lines[0].split()[:3] == ["10400", "anna", PASSWORD]


def test_no_logins_are_printed_without_the_cast(cast, capsys):
    user = cast.user("dev")
    user.username = "somebody"
    user.save()
    call_command("demo", "--logins")
    assert capsys.readouterr().out == ""


def test_base_is_filled_within_the_range(cast, capsys):
    call_command("demo", "--customers", "300", "--account", "10400", "--client", "2")
    call_command("demo", "--customers", "50", "--account", "10400", "--client", "2")
    hamburg = cast.location("Hamburg")
    numbers = (
        Customer.objects.in_base(hamburg.base).order_by("customer_number").values_list("customer_number", flat=True)
    )
    assert list(numbers) == list(range(hamburg.first_number, hamburg.first_number + 350))
    assert CustomerCount.objects.in_base(hamburg.base).totals() == (350, 0)
    for customer in Customer.objects.in_base(hamburg.base)[:20]:
        customer.full_clean()
    assert "per second" in capsys.readouterr().out


def test_more_customers_than_the_range_holds_are_refused(cast):
    with pytest.raises(CommandError, match="10001"):
        call_command("demo", "--customers", "10001", "--account", "10400", "--client", "2")
    assert not Customer.objects.exists()
