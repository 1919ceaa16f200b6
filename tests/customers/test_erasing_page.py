"""The page on which a customer is erased for good: in plain words beforehand, with his number typed."""

from __future__ import annotations

import pytest

from customers.models import Customer, Tombstone
from tests.customers.people import customer, page_of, says

CENTRAL = "/10400/1"


@pytest.fixture
def vera(cast):
    anna = cast.scope("anna", "Zentrale")
    row = customer(anna, last_name="Verschwindt", email="v@example.com")
    says(anna, row, "newsletter", True)
    return row


def erase_page(row: Customer) -> str:
    return page_of(row, CENTRAL).replace("/change/", "/erase/")


def test_page_says_what_goes_and_what_stays(vera, log_in):
    page = log_in("anna").get(erase_page(vera)).content.decode()
    for said in ("Statements about consents</th><td>1", "Entries of the history</th><td>1", "What stays"):
        assert said in page
    assert "Cards</th>" not in page


def test_his_number_has_to_be_typed(vera, log_in):
    anna = log_in("anna")
    answer = anna.post(erase_page(vera), {"reason": "Wunsch", "number": "1234567"})
    assert "This is not the number of this customer." in answer.content.decode()
    assert Customer.objects.filter(pk=vera.pk).exists()


@pytest.mark.parametrize("reason", ["", "Frau Verschwindt will es"])
def test_reason_that_is_refused_is_shown_with_what_was_typed(vera, log_in, reason):
    answer = log_in("anna").post(erase_page(vera), {"reason": reason, "number": vera.customer_number})
    page = answer.content.decode()
    assert 'role="alert">' in page
    assert f'value="{vera.customer_number}"' in page


def test_he_is_gone_and_the_page_says_what_stays(vera, log_in):
    anna = log_in("anna")
    answer = anna.post(erase_page(vera), {"reason": "Wunsch", "number": f" {vera.customer_number} "}, follow=True)
    page = answer.content.decode()
    assert "The customer is erased for good. What stays says nothing of him" in page
    assert "Verschwindt" not in page
    assert not Customer.objects.exists()
    assert Tombstone.objects.get().user_name == "Anna Andresen"
    assert anna.get(erase_page(vera)).status_code == 404


def test_form_of_the_customer_leads_there_for_whoever_may(vera, log_in):
    assert erase_page(vera) in log_in("anna").get(page_of(vera, CENTRAL)).content.decode()
    assert erase_page(vera) not in log_in("bodo").get(page_of(vera)).content.decode()


def test_it_takes_the_right_and_to_see_customers(vera, log_in):
    bodo = log_in("bodo").get(erase_page(vera).replace(CENTRAL, "/10400/2"))
    assert bodo.status_code == 403
    assert "Erase customers for good" in bodo.content.decode()
