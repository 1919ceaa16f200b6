from customers.models import Customer
from customers.operations import register_customer


def test_console_front_page_is_shown_to_the_central(log_in):
    assert log_in("anna").get("/10400/1/").status_code == 200


def test_register(cast):
    c = register_customer(customer=Customer(last_name="Müller"), actor=cast.scope("bodo", "Hamburg"))
    assert c.customer_number == 5000000
    assert [x.pk for x in Customer.objects.matching("mueller")] == [c.pk]
    assert [x.pk for x in Customer.objects.matching("ülle")] == [c.pk]
