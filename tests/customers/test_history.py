"""The history of a customer in plain words."""

import pytest
from django.utils import translation

from customers.history.changes import EVENTS_PER_PAGE, history_of
from customers.models import Customer
from customers.operations import archive_customers, change_customer
from locations.models import Location
from mcp.isolation.scope import Scope
from tests.customers.people import HAMBURG, LIST, customer, form_data, group, page_of, tag

QUERIES = 9


WHOLE = Scope.of_system(Location(name="Hamburg"), name="test")
"""Sees all of a customer; the history asks it for rights alone."""


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


def words(customer, page=1):
    """(kind, who, where, [(field, old, new)]) of each entry."""
    entries, _more = history_of(customer, page=page, scope=WHOLE)
    return [(str(e.title), e.user, e.location, [(c.label, c.old, c.new) for c in e.changes]) for e in entries]


def test_history_names_who_where_and_each_field_with_both_values(scope, log_in):
    guests = group(scope, "Stammgast")
    tag(scope, "VIP")
    anna = log_in("anna")
    anna.post(f"{HAMBURG}{LIST}add/", {"last_name": "Jäger", "phone_private": "040 1000001"})
    row = Customer.objects.get()
    typed = {
        "phone_private": "+49 40 1000002", "customer_group": guests.pk, "country": "DK", "payment_method": "invoice",
        "discount": "2.5", "tags": ["VIP"], "is_favourite": "on", "birthday": "1980-05-31",
        "iban": "DE89370400440532013000",
    }  # fmt: skip
    anna.post(page_of(row), form_data(anna.get(page_of(row)), **typed), headers={"accept-language": "en"})
    changed, made = words(row)
    assert made == (
        "Registered", "Anna Andresen", "Hamburg",
        [("Last name", "", "Jäger"), ("Private phone", "", "+49 40 1000001"), ("Registered at", "", "Hamburg")],
    )  # fmt: skip
    assert changed == (
        "Changed", "Anna Andresen", "Hamburg",
        [
            ("Birthday", "", "31 May 1980"),
            ("Country", "", "Denmark"),
            ("Private phone", "+49 40 1000001", "+49 40 1000002"),
            ("Customer group", "", "Stammgast"),
            ("Discount in %", "", "2.50"),
            ("Payment method", "", "Invoice"),
            ("IBAN", "", "DE89 3704 0044 0532 0130 00"),
            ("BIC", "", "COBADEFFXXX"),
            ("Bank", "", "Commerzbank"),
            ("Tags", "", "VIP"),
            ("Favourite", "No", "Yes"),
        ],
    )  # fmt: skip


def test_bulk_update_without_context_is_shown_as_unknown(scope, log_in):
    row = customer(scope, last_name="Jäger")
    Customer.objects.filter(pk=row.pk).update(city="Kiel")
    assert words(row)[0] == ("Changed", "", "", [("City", "", "Kiel")])
    page = log_in("anna").get(f"{HAMBURG}{LIST}{row.pk}/history/", headers={"accept-language": "en"})
    assert "unknown" in page.content.decode()


def test_archiving_shows_its_reason(scope):
    row = customer(scope)
    archive_customers(customers=[row.pk], reason="Verzogen", actor=scope)
    fields = {label: new for label, _old, new in words(row)[0][3]}
    assert fields["Reason of archiving"] == "Verzogen"


def test_several_changes_in_one_transaction_stand_in_their_order(scope):
    row = customer(scope)
    for city in ("Kiel", "Lübeck", "Bremen"):
        row.city = city
        change_customer(customer=row, actor=scope)
    cities = [[(old, new) for label, old, new in entry[3] if label == "City"] for entry in words(row)[:3]]
    assert cities == [[("Lübeck", "Bremen")], [("Kiel", "Lübeck")], [("", "Kiel")]]


@pytest.mark.parametrize("count", [1, 3])
def test_history_is_a_constant_number_of_queries(scope, count, django_assert_num_queries):
    row = customer(scope, customer_group=group(scope, "Gast"))
    for number in range(count):
        Customer.objects.filter(pk=row.pk).update(city=str(number))
    with django_assert_num_queries(QUERIES):
        assert len(words(row)) == count + 1


def test_history_has_pages_that_join_without_a_gap(scope):
    row = customer(scope)
    for number in range(EVENTS_PER_PAGE):
        Customer.objects.filter(pk=row.pk).update(city=str(number))
    first, more = history_of(row, page=1, scope=scope)
    second, end = history_of(row, page=2, scope=scope)
    assert (len(first), more, len(second), end) == (EVENTS_PER_PAGE, True, 1, False)
    assert first[-1].changes[0].new == "0"
    assert second[0].kind == "insert"
