"""An older state of a customer is brought back from the history, field by field, and so is the one before that."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pghistory
import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.history.changes import CustomerEvent, history_of
from customers.history.versions import Restoring, preview_version, restorable_fields, restore_version
from customers.models import Consent, Customer
from customers.operations import CustomerChangedMeanwhile, archive_customers, change_customer
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.conftest import forget_author
from tests.customers import people
from tests.customers.people import BREMEN, HAMBURG, LIST, says
from tests.proofs.sampling import examples

ALWAYS = {"customer_number", "organization", "base", "home_location", "archived_at", "archived_reason", "created_at"}


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def edited(scope: Scope, customer: Customer, **values: Any) -> Any:
    """The version that the edit has made."""
    row = Customer.objects.get(pk=customer.pk)
    for name, value in values.items():
        setattr(row, name, value)
    with pghistory.context(**scope.history()):
        change_customer(customer=row, actor=scope)
    forget_author()
    return newest(customer)


def newest(customer: Customer) -> Any:
    return CustomerEvent.objects.filter(pgh_obj=customer.pk).order_by("-changed_at")[0].pgh_id


def restored(scope: Scope, customer: Customer, version: Any) -> Restoring:
    row = Customer.objects.get(pk=customer.pk)
    with pghistory.context(**scope.history()):
        done = restore_version(customer=row, version=version, seen_at=row.changed_at, actor=scope)
    forget_author()
    return done


def values(row: Any) -> dict[str, Any]:
    return {field.name: getattr(row, field.attname) for field in Customer._meta.concrete_fields
            if field.name not in {"id", "changed_at", "search_text", "sort_name"}}  # fmt: skip


@pytest.fixture
def row(anna) -> Customer:
    people.tag(anna, "VIP")
    people.group(anna, "Gast")
    return people.customer(anna, last_name="Meier", city="Kiel")


TEXT = st.text("abcäß -", max_size=8).map(str.strip)
STATES = st.fixed_dictionaries(
    {
        "last_name": TEXT.map(lambda text: text or "Meier"), "first_name": TEXT, "city": TEXT, "memo": TEXT,
        "tags": st.sampled_from([[], ["VIP"]]), "customer_group": st.sampled_from([None, "Gast"]),
        "discount": st.sampled_from([None, Decimal("2.50")]), "is_favourite": st.booleans(),
        "birthday_without_year": st.sampled_from(["", "02-29"]), "email": st.sampled_from(["", "a@example.com"]),
    }
)  # fmt: skip


@settings(deadline=None, max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STATES, min_size=2, max_size=4), st.data())
def test_restored_version_equals_it_and_restoring_back_is_the_inverse(anna, row, states, data):
    with transaction.atomic():
        group = row.base.customer_groups.get()
        versions = [
            (edited(anna, row, **{**state, "customer_group": group if state["customer_group"] else None}),
             values(Customer.objects.get(pk=row.pk)))
            for state in states
        ]  # fmt: skip
        version, then = data.draw(st.sampled_from(versions))
        last, now = versions[-1]
        assert restored(anna, row, version).left_out == []
        assert values(Customer.objects.get(pk=row.pk)) == then
        assert restored(anna, row, last).left_out == []
        assert values(Customer.objects.get(pk=row.pk)) == now
        transaction.set_rollback(True)


def test_what_is_no_field_of_the_form_stays(anna, row):
    first = newest(row)
    says(anna, row, "newsletter", True)
    edited(anna, row, city="Bonn")
    archive_customers(customers=[row.pk], reason="Verzogen", actor=anna)
    before = values(Customer.objects.get(pk=row.pk))
    restored(anna, row, first)
    after = values(Customer.objects.get(pk=row.pk))
    assert {name for name in after if after[name] != before[name]} == {"city"}
    assert Consent.objects.filter(customer=row.pk).count() == 1
    assert not ALWAYS & {field.name for field in restorable_fields(anna)}


def test_history_says_that_an_older_state_was_restored(anna, row):
    first = newest(row)
    edited(anna, row, city="Bonn")
    restored(anna, row, first)
    entries, _more = history_of(row, page=1, scope=anna)
    assert [entry.reason for entry in entries] == ["An older state restored", "", ""]
    assert entries[0].user == str(anna.user)
    assert [bool(entry.version) for entry in entries] == [False, True, True]


def test_group_and_tag_that_are_gone_are_named_and_left_out(anna, row):
    guest = row.base.customer_groups.get()
    people.tag(anna, "Alt")
    old = edited(anna, row, customer_group=guest, tags=["Alt", "VIP"], city="Bonn")
    edited(anna, row, customer_group=None, tags=[], city="Ulm")
    guest.delete()
    row.base.tags.get(name="Alt").delete()
    done = restored(anna, row, old)
    assert [one.label for one in done.left_out] == ["Customer group", "Tags"]
    assert "Alt" in done.left_out[1].reason
    again = Customer.objects.get(pk=row.pk)
    assert (again.customer_group, again.tags, again.city) == (None, ["VIP"], "Bonn")


@pytest.mark.django_db(transaction=True)
def test_value_that_is_not_allowed_any_more_is_named_and_left_out(cast):
    anna = cast.scope("anna", "Hamburg")
    row = people.customer(anna, last_name="Meier", city="Kiel")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customerevent SET price_level = 900, city = 'Bonn'")
    done = restored(anna, row, newest(row))
    assert [one.label for one in done.left_out] == ["Price level"]
    again = Customer.objects.get(pk=row.pk)
    assert (again.price_level, again.city) == (None, "Bonn")


@pytest.mark.django_db(transaction=True)
def test_state_that_cannot_be_a_customer_is_refused_with_the_sentence(cast):
    anna = cast.scope("anna", "Hamburg")
    row = people.customer(anna, last_name="Meier", city="Kiel")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customerevent SET last_name = ''")
    with pytest.raises(ValidationError, match="Enter a first name"):
        restored(anna, row, newest(row))
    assert Customer.objects.get(pk=row.pk).last_name == "Meier"


def test_whoever_was_changed_meanwhile_is_not_overwritten(anna, row, cast):
    first, seen = newest(row), Customer.objects.get(pk=row.pk)
    edited(cast.scope("bodo", "Bremen"), row, city="Bonn")
    with pytest.raises(CustomerChangedMeanwhile):
        restore_version(customer=seen, version=first, seen_at=seen.changed_at, actor=anna)
    assert Customer.objects.get(pk=row.pk).city == "Bonn"


@pytest.mark.parametrize("right", [Right.CHANGE_CUSTOMERS, Right.SEE_HISTORY, Right.VIEW_CUSTOMERS])
def test_each_right_is_needed(anna, row, right):
    weak = Scope(user=anna.user, location=anna.location, rights=anna.rights - {right})
    with pytest.raises(MissingRight) as refusal:
        restore_version(customer=row, version=newest(row), seen_at=row.changed_at, actor=weak)
    assert refusal.value.right == right


def test_versions_of_others_do_not_exist(anna, row, cast):
    other, south = people.customer(anna, last_name="Weber"), cast.scope("sven", "München", 20800)
    with pytest.raises(Http404):
        preview_version(customer=row, version=newest(other), actor=anna)
    with pytest.raises(Http404):
        preview_version(customer=row, version=newest(row), actor=south)
    with pytest.raises(Customer.DoesNotExist):
        restore_version(customer=row, version=newest(row), seen_at=row.changed_at, actor=south)


def address(row: Customer, version: Any, place: str = HAMBURG) -> str:
    return f"{place}{LIST}version/{version}/"


def test_page_shows_what_changes_and_brings_it_back(anna, row, log_in):
    first = newest(row)
    edited(anna, row, city="Bonn", memo="x")
    client = log_in("anna")
    assert address(row, first) in client.get(f"{HAMBURG}{LIST}{row.pk}/history/").content.decode()
    page = client.get(address(row, first))
    assert [(one.label, one.old, one.new) for one in page.context["restoring"].changes] == [
        ("City", "Bonn", "Kiel"), ("Memo", "x", ""),
    ]  # fmt: skip
    seen = page.context["customer"].changed_at.isoformat()
    assert client.post(address(row, first), {"seen_at": seen})["Location"] == f"{HAMBURG}{LIST}{row.pk}/history/"
    assert Customer.objects.get(pk=row.pk).city == "Kiel"
    again = client.post(address(row, first), {"seen_at": seen})
    assert "Somebody else changed" in again.content.decode()


def test_page_is_for_those_who_see_the_history_and_may_change(anna, row, log_in, cast):
    first = newest(row)
    assert log_in("carla").get(address(row, first, BREMEN)).status_code == 403
    assert log_in("sven").get(address(row, first, "/20800/2")).status_code == 404
    assert log_in("anna").get(address(row, UUID(int=7))).status_code == 404
    assert log_in("anna").post(address(row, first), {"seen_at": "gestern"}).status_code == 404
