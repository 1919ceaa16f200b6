"""Who comes with a package and is a customer already: decided once, and known from then on by his number there."""

from __future__ import annotations

import io

import pytest
from django.core.exceptions import ValidationError

from customers.choices import TRANSFER, FormerNumberSource
from customers.consents.operations import record_consent
from customers.imports import decisions, lifecycle, steps
from customers.imports.staging import clear
from customers.models import Customer, FormerNumber
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from tests.customers.people import customer
from tests.customers.transfer import applied
from tests.transitions.carrying import (
    consent,
    content_of,
    imported,
    made,
    received,
)
from tests.transitions.moving import join_in
from transitions.choices import TransitionState
from transitions.models import Transition
from transitions.withdrawals.making import make_list
from transitions.withdrawals.taking import take_in


def at_home(scope: Scope) -> list[tuple[str, str]]:
    rows = FormerNumber.objects.filter(source=FormerNumberSource.JOINING, customer__home_location=scope.location)
    return list(rows.order_by("customer__customer_number").values_list("number", "customer__last_name"))


def test_who_joins_and_is_known_already_is_made_one_with_him(cast):
    """Decided in bulk: what is empty is filled, what stands there stays, and his statements are his."""
    hamburg, ines = cast.scope("anna", "Hamburg"), cast.scope("ines", "Dresden", 30100)
    there = customer(hamburg, last_name="Erste", email="eins@example.com", city="Hamburg")
    consent(customer(ines, last_name="Erste", email="eins@example.com", city="Dresden", street="Weg 1"))
    consent(customer(ines, last_name="Zweite", email="zwei@example.com"))
    content = content_of(made(join_in(cast, TransitionState.EXECUTED), ines))
    anna = access.scope_at(cast.user("anna"), account_number=10400, client_number=7)
    upload = received(content, anna).upload
    lifecycle.check_upload(upload=upload, actor=anna)
    assert ((upload.preview or {})["created"], (upload.preview or {})["similar"]) == (2, 1)
    decisions.decide_all(upload=upload, decision="same", actor=anna)
    steps.check(upload, anna)
    assert {name: (upload.preview or {})[name] for name in ("created", "changed", "similar", "rejected")} == {
        "created": 1, "changed": 1, "similar": 0, "rejected": 0,
    }  # fmt: skip
    applied(upload, anna)
    assert at_home(anna) == [("2", "Zweite")]
    there.refresh_from_db()
    assert (there.city, there.street, there.former_numbers) == ("Hamburg", "Weg 1", ["1"])
    assert [(one.purpose, one.given_to) for one in there.consents.all()] == [(TRANSFER, 30100)]


@pytest.fixture
def joined(cast) -> tuple[bytes, Scope, Customer]:
    """A package in which somebody was decided to be a customer of the group, taken in: it, the branch, and whom."""
    hamburg, ines = cast.scope("anna", "Hamburg"), cast.scope("ines", "Dresden", 30100)
    consent(customer(ines, last_name="Erste", email="eins@example.com"))
    consent(customer(ines, last_name="Zweite", email="zwei@example.com"))
    content = content_of(made(join_in(cast, TransitionState.EXECUTED), ines))
    anna = access.scope_at(cast.user("anna"), account_number=10400, client_number=7)
    upload = received(content, anna).upload
    there = customer(hamburg, last_name="Erste", email="eins@example.com")  # after the package was uploaded
    lifecycle.check_upload(upload=upload, actor=anna)
    decisions.decide_all(upload=upload, decision="same", actor=anna)
    steps.check(upload, anna)
    applied(upload, anna)
    clear(upload, is_judged=False, is_over=True)
    return content, anna, there


def test_who_was_made_one_keeps_his_statements_and_is_made_once_only(joined):
    content, anna, there = joined
    assert [(one.purpose, one.given_to) for one in there.consents.all()] == [(TRANSFER, 30100)]
    again = imported(content, anna).upload.result or {}
    assert (again["created"], again["unchanged"], again["consents"]) == (0, 2, 0)
    assert at_home(anna) == [("2", "Zweite")]


def test_withdrawals_reach_who_was_made_one(cast, joined):
    _content, anna, there = joined
    ines = cast.scope("ines", "Dresden", 30100)
    for one in Customer.objects.in_base(ines.base):
        record_consent(customers=[one.pk], purpose=TRANSFER, is_given=False, at=None, source="spoken", actor=ines)
    content = make_list(transition=Transition.objects.get(organization=ines.organization), actor=ines).read()
    with row_scope.rows_of(anna):
        taken = take_in(file=io.BytesIO(content), actor=anna)
    assert (taken.added, taken.unknown) == (2, 0)
    assert there.consents.filter(is_given=False).count() == 1


def test_package_gives_each_customer_one_row(cast):
    hamburg, ines = cast.scope("anna", "Hamburg"), cast.scope("ines", "Dresden", 30100)
    customer(hamburg, last_name="Erste", email="eins@example.com")
    for _time in range(2):
        consent(customer(ines, last_name="Erste", email="eins@example.com"))
    content = content_of(made(join_in(cast, TransitionState.EXECUTED), ines))
    anna = access.scope_at(cast.user("anna"), account_number=10400, client_number=7)
    upload = received(content, anna).upload
    lifecycle.check_upload(upload=upload, actor=anna)
    with pytest.raises(ValidationError, match="Only one row of a package"):
        decisions.decide(upload=upload, decisions={2: "same", 3: "same"}, actor=anna)
    assert decisions.decide_all(upload=upload, decision="same", actor=anna) == 1
    with pytest.raises(ValidationError, match="Only one row of a package"):
        decisions.decide(upload=upload, decisions={3: "same"}, actor=anna)
