"""The command that makes the demo, or fills a base in order to measure."""

import pytest
from django.core.management import CommandError, call_command

from customers.models import Customer, CustomerCount
from locations.models import Organization
from mcp.demo import CAST, PASSWORD


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
