"""A former number or an e-mail address by which a row would overwrite somebody else."""

from __future__ import annotations

import pytest

from customers.choices import MatchBy, OnKnown
from customers.models import Customer
from mcp.isolation.scope import Scope
from tests.customers.people import customer
from tests.customers.transfer import reasons, table, take_in

FORMER = ["Frühere Kundennummer", "Vorname", "Nachname", "E-Mail", "Ort"]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.mark.parametrize("known", [OnKnown.OVERWRITE, OnKnown.FILL])
def test_numbers_of_two_systems_that_meet_by_chance_overwrite_nobody(anna, known):
    erika = customer(anna, former_numbers=["10001"], first_name="Erika", last_name="Muster", email="e@example.com")
    rows = [["10001", "Zora", "Fremd", "z@example.com", "Bonn"], ["10002", "Otto", "Neu", "", "Ulm"]]
    outcome = take_in(anna, table(FORMER, *rows), known=known)
    assert (outcome.created, outcome.changed, reasons(outcome)) == (
        1, 0, [(2, "Frühere Kundennummer", "10001", "somebody_else")],
    )  # fmt: skip
    reason = outcome.rejections[0].reason
    assert f"10001 is that of somebody else, customer {erika.customer_number}." in reason
    assert "Erika" not in reason  # who may import but not view customers reads it as well
    assert "Muster" not in reason
    erika.refresh_from_db()
    assert (erika.last_name, erika.city) == ("Muster", "")


@pytest.mark.parametrize(
    "row",
    [
        ["10001", "Erika", "Neumann", "", "Bonn"],  # married
        ["10001", "Ricky", "Muster", "", "Bonn"],
        ["10001", "Zora", "Fremd", "E@example.com", "Bonn"],
        ["10001", "", "Neumann", "", "Bonn"],
    ],
)
def test_whoever_agrees_in_something_is_the_same(anna, row):
    erika = customer(anna, former_numbers=["10001"], first_name="Erika", last_name="Muster", email="e@example.com")
    assert take_in(anna, table(FORMER, row)).changed == 1
    erika.refresh_from_db()
    assert erika.city == "Bonn"


def test_a_couple_with_one_address_is_told_apart_where_rows_are_found_by_it(anna):
    customer(anna, first_name="Paula", last_name="Paarmann", email="haus@example.com")
    rows = [["Peter", "Paarmann", "haus@example.com", "Bonn"]]
    outcome = take_in(anna, table(FORMER[1:], *rows), match=MatchBy.EMAIL)
    assert reasons(outcome) == [(2, "E-Mail", "haus@example.com", "somebody_else")]
    assert list(Customer.objects.values_list("first_name", "city")) == [("Paula", "")]


def test_known_customers_who_are_left_alone_need_no_such_question(anna):
    customer(anna, former_numbers=["10001"], first_name="Erika", last_name="Muster")
    outcome = take_in(anna, table(FORMER, ["10001", "Zora", "Fremd", "", "Bonn"]), known=OnKnown.SKIP)
    assert (outcome.unchanged, reasons(outcome)) == (1, [])


def test_a_customer_number_means_whom_it_means(anna):
    erika = customer(anna, first_name="Erika", last_name="Muster")
    content = table(["Kundennummer", "Vorname", "Nachname"], [erika.customer_number, "Zora", "Fremd"])
    assert take_in(anna, content).changed == 1
