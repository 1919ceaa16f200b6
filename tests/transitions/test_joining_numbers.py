"""Who joins a group keeps all his former numbers, and the one at the old business comes to them."""

from __future__ import annotations

from customers.models import Customer, FormerNumber
from mcp.isolation import access
from tests.customers.people import customer
from tests.customers.transfer import undone
from tests.transitions.carrying import consent, content_of, imported, made
from tests.transitions.moving import join_in
from transitions.choices import TransitionState


def test_former_numbers_come_along_and_the_one_of_the_old_business_names_it(cast):
    ines = cast.scope("ines", "Dresden", 30100)
    consent(customer(ines, last_name="Erste", former_numbers=["alt", "mit, Komma"]))
    other = customer(cast.scope("anna", "Hamburg"), last_name="Andere", former_numbers=["1", "alt"])
    content = content_of(made(join_in(cast, TransitionState.EXECUTED), ines))
    anna = access.scope_at(cast.user("anna"), account_number=10400, client_number=7)
    arrival = imported(content, anna)
    [first] = Customer.objects.filter(home_location=anna.location)
    rows = FormerNumber.objects.of_customer(first).order_by("number").values_list("number", "source", "origin")
    assert list(rows) == [
        ("1", "joining", "30100"), ("alt", "import", "30100"), ("mit, Komma", "import", "30100"),
    ]  # fmt: skip
    assert Customer.objects.get(pk=other.pk).former_numbers == ["1", "alt"]
    again = imported(content, anna).upload.result or {}
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 1)
    arrival.upload.refresh_from_db()
    undone(arrival.upload, anna)
    assert not Customer.objects.filter(home_location=anna.location).exists()
    assert FormerNumber.objects.filter(base=anna.base).count() == 2
