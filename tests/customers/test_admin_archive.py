"""Archiving and restoring on the list and on the page of a customer."""

import pytest

from customers.models import Customer
from customers.operations import archive_customers
from tests.customers.people import HAMBURG, LIST, customer, customers, page_of

ARCHIVE, RESTORE = f"{HAMBURG}{LIST}archive/", f"{HAMBURG}{LIST}restore/"


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def anna(log_in):
    return log_in("anna")


def test_ticked_customers_are_archived_with_the_reason(scope, anna):
    rows = customers(scope, 3)
    ticked = {"action": "archive", "index": "0", "_selected_action": [row.pk for row in rows[:2]]}
    asked = anna.post(f"{HAMBURG}{LIST}", ticked)["Location"]
    assert asked == f"{ARCHIVE}?id={rows[0].pk}&id={rows[1].pk}"
    assert anna.post(asked, {"reason": "Verzogen"})["Location"] == f"{HAMBURG}{LIST}"
    assert list(Customer.objects.archived().values_list("pk", "archived_reason").order_by("pk")) == [
        (rows[0].pk, "Verzogen"), (rows[1].pk, "Verzogen"),
    ]  # fmt: skip


def test_forged_request_for_all_rows_takes_only_the_ticked_ones(scope, anna):
    rows = customers(scope, 2)
    forged = {"action": "archive", "index": "0", "select_across": "1", "_selected_action": [rows[0].pk]}
    assert anna.post(f"{HAMBURG}{LIST}", forged)["Location"] == f"{ARCHIVE}?id={rows[0].pk}"


@pytest.mark.parametrize("reason", ["", "  "])
def test_archiving_without_a_reason_is_refused_at_the_field(scope, anna, reason):
    row = customer(scope)
    answer = anna.post(f"{ARCHIVE}?id={row.pk}", {"reason": reason})
    assert [error.code for error in answer.context["form"].errors.as_data()["reason"]] == ["no_reason"]
    assert not Customer.objects.archived().exists()


def test_page_of_an_archived_customer_shows_the_reason_and_restores(scope, anna):
    row = customer(scope)
    archive_customers(customers=[row.pk], reason="Verzogen nach Kiel", actor=scope)
    page = anna.get(page_of(row)).content.decode()
    assert "Verzogen nach Kiel" in page
    assert f"{RESTORE}?id={row.pk}" in page
    assert anna.post(f"{RESTORE}?id={row.pk}")["Location"] == page_of(row)
    assert Customer.objects.active().filter(pk=row.pk, archived_reason="").exists()


def test_second_archiving_does_nothing_and_says_so(scope, anna):
    row = customer(scope)
    archive_customers(customers=[row.pk], reason="Eins", actor=scope)
    assert anna.post(f"{ARCHIVE}?id={row.pk}", {"reason": "Zwei"})["Location"] == f"{HAMBURG}{LIST}"
    assert Customer.objects.get(pk=row.pk).archived_reason == "Eins"


@pytest.mark.parametrize("query", ["", "?id=x", "?id=-1", "?id=99999999999999999999"])
def test_address_without_a_customer_is_not_there(anna, query):
    assert anna.get(f"{ARCHIVE}{query}").status_code == 404
