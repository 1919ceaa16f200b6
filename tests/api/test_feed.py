"""A till that applies the feed to a copy has the list, whatever was done in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.erasure.erasing import erase_customer
from customers.models import Customer
from customers.operations import archive_customers, restore_customers
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.models import LocationGrant
from tests.api.asking import Till, problem
from tests.api.copies import Copy, listed
from tests.conftest import as_web_role
from tests.customers.people import customer, customers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("only_own_transactions")]


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


def test_archived_and_erased_customers_come_as_such(till, anna, often):
    stays, goes = customers(anna, 2)
    copy = Copy(till)
    with as_web_role():
        assert copy.read() == [(stays.pk, "active"), (goes.pk, "active")]
        with row_scope.rows_of(anna):
            archive_customers(customers=[stays.pk], reason="weg", actor=anna)
            erase_customer(customer=goes.pk, reason="gewünscht", actor=anna)
        assert sorted(copy.read()) == sorted([(stays.pk, "archived"), (goes.pk, "erased")])
        assert copy.customers == listed(till)
        assert copy.read() == []


def test_copy_begins_anew_where_more_or_less_may_be_seen(till, anna, often):
    customer(anna)
    copy = Copy(till)
    with as_web_role():
        copy.read()
    LocationGrant.objects.filter(group=till.device.group, permission__codename=Right.SEE_MEMOS).delete()
    with as_web_role():
        assert problem(till.get(f"customers?after={copy.next}")) == (410, "begin_anew")
        anew = Copy(till)
        anew.read()
        assert anew.customers == listed(till)


def test_cursor_of_another_base_or_life_leads_nowhere(till, make_till, anna, often, monkeypatch):
    south = make_till("München", account_number=20800)
    with as_web_role():
        cursor = south.get("customers?after=").json()["next"]
        assert problem(till.get(f"customers?after={cursor}")) == (410, "begin_anew")
        own = till.get("customers?after=").json()["next"]
        monkeypatch.setattr("api.cursors.feed.life", lambda: "restored")
        assert problem(till.get(f"customers?after={own}")) == (410, "begin_anew")


def test_page_behind_somebody_who_is_gone_begins_anew(till, anna, often):
    rows = customers(anna, 3)
    with as_web_role():
        said = till.get("customers?limit=1").json()
        with row_scope.rows_of(anna):
            erase_customer(customer=rows[0].pk, reason="gewünscht", actor=anna)
        assert problem(till.get(f"customers?limit=1&page={said['next']}")) == (410, "begin_anew")


WHAT = st.sampled_from(["register", "change", "card", "archive", "restore", "erase", "read"])


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(WHAT, st.integers(0, 3)), min_size=4, max_size=12))
def test_copy_is_the_list_at_any_time(till, anna, often, steps):
    copy = Copy(till)
    with as_web_role():
        for at, (what, which) in enumerate(steps):
            _do(till, anna, what, which, f"{id(steps)}-{at}")
            if what == "read":
                copy.read()
                assert copy.customers == listed(till)
        copy.read()
        assert copy.customers == listed(till)


def _do(till: Till, anna: Any, what: str, which: int, name: str) -> None:
    with row_scope.rows_of(anna):
        known = list(Customer.objects.in_base(anna.base).order_by("pk"))
        row = known[which % len(known)] if known else None
    if what == "register" or row is None:
        assert till.post("customers", {"last_name": f"Gast {name}"}).status_code == 201
        return
    if what == "change":
        address = f"customers/{row.customer_number}"
        assert till.patch(address, {"city": name}, till.get(address)["ETag"]).status_code == 200
    elif what == "card" and not row.is_archived:
        assert till.post(f"customers/{row.customer_number}/cards", {"number": name}).status_code == 201
    else:
        with row_scope.rows_of(anna):
            if what == "archive":
                archive_customers(customers=[row.pk], reason="weg", actor=anna)
            elif what == "restore":
                restore_customers(customers=[row.pk], actor=anna)
            elif what == "erase":
                erase_customer(customer=row.pk, reason="Wunsch", actor=anna)
