"""Two of a family share an e-mail address: each row looks like the one of its name."""

from __future__ import annotations

import pytest

from customers.choices import Decision
from customers.imports import decisions, preview, steps
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.people import customer
from tests.customers.transfer import applied, checked, table

MAIL = "haus@example.com"
HEADINGS = ["Vorname", "Nachname", "E-Mail", "Ort"]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def couple(anna: Scope) -> list[Customer]:
    return [
        customer(anna, first_name=name, last_name="Paarmann", email=MAIL, company=firm)
        for name, firm in (("Paula", ""), ("Peter", "Paarmann OHG"))
    ]


def told(upload, anna: Scope) -> list[tuple[int, Customer | None, str]]:
    with row_scope.rows_of(anna):
        return [(one.row, one.customer, one.reason) for one in preview.similar(upload, anna)]


def test_each_looks_like_the_one_of_its_name(anna):
    paula, peter = couple(anna)
    upload = checked(anna, table(HEADINGS, ["Peter", "Paarmann", MAIL, "Ulm"], ["Paula", "Paarmann", MAIL, "Ulm"]))
    same = "the same e-mail address"
    assert told(upload, anna) == [(2, peter, same), (3, paula, same)]
    assert decisions.decide_all(upload=upload, decision=Decision.SAME, actor=anna) == 2
    steps.check(upload, anna)
    applied(upload, anna)
    names = Customer.objects.order_by("first_name").values_list("first_name", "city", "company")
    assert list(names) == [("Paula", "Ulm", ""), ("Peter", "Ulm", "Paarmann OHG")]


def test_who_shares_but_the_address_is_decided_about_alone(anna):
    paula = customer(anna, first_name="Paula", last_name="Paarmann", email=MAIL)
    upload = checked(anna, table(HEADINGS, ["Peter", "Paarmann", MAIL, "Ulm"]))
    assert told(upload, anna) == [(2, paula, "the same e-mail address, but another name")]
    assert decisions.decide_all(upload=upload, decision=Decision.SAME, actor=anna) == 0
    assert decisions.decide(upload=upload, decisions={2: Decision.SAME}, actor=anna) == 1


def test_a_name_that_only_says_more_is_no_other_one(anna):
    meier = customer(anna, last_name="Meier", email=MAIL)
    upload = checked(anna, table(HEADINGS, ["Ute", "Meier", MAIL, "Ulm"]))
    assert told(upload, anna) == [(2, meier, "the same e-mail address")]
