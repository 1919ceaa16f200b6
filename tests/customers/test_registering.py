"""A customer who is registered gets a number of the location and is found at once."""

import pytest

from customers.models import Customer
from customers.operations import register_customer


@pytest.mark.parametrize("words", ["mueller", "Müller", "ülle", "5000000"])
def test_registered_customer_has_the_first_number_of_the_range_and_is_found(cast, words):
    customer = register_customer(customer=Customer(last_name="Müller"), actor=cast.scope("bodo", "Hamburg"))
    assert customer.customer_number == 5000000
    assert [found.pk for found in Customer.objects.matching(words, hidden=())] == [customer.pk]
