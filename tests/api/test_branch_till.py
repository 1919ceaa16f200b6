"""A till at a branch with a customer base 1.0: it sells on account there, and does nothing else about accounts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from accounting.models import BranchOrder, ToldTerms
from customers.models import CustomerRevision
from locations.choices import Side
from locations.models import Location
from locations.permissions import Right
from mcp.isolation.scope import Scope
from tests.accounting.accounts import ADDRESS
from tests.api.asking import problem
from tests.api.money import order
from tests.clearing import branches
from tests.customers.people import customer


@pytest.fixture
def till_of_branch(cast, settings, make_till):
    place = cast.location("Lübeck")
    guest = customer(Scope.of_system(place, name="test"), last_name="Gast", **ADDRESS)
    own = branches.own_node(place, succeeded_at=timezone.now())
    node = branches.pair(own)
    Location.objects.filter(pk=place.pk).update(has_legacy_accounts=True)
    settings.SIDE = Side.BRANCH
    CustomerRevision.objects.filter(uid=guest.uid).update(revision=1)
    ToldTerms.objects.create(
        base=place.base, node=node, uid=guest.uid, may_buy=True, hard_limit=Decimal(10), open_amount=Decimal(2)
    )
    rights = (Right.VIEW_CUSTOMERS, Right.SEE_ACCOUNTS, Right.POST_TO_ACCOUNTS)
    return make_till("Lübeck", *rights), guest


@pytest.mark.django_db
def test_a_till_sells_at_its_branch_and_is_told_that_it_waits(till_of_branch):
    till, guest = till_of_branch
    said, path = order("5.00"), f"customers/{guest.customer_number}/orders"
    answer = till.post(path, said, idempotency_key="one-key-1")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert (answer.json()["open_amount"], answer.json()["left"]) == ("7.00", "3.00")
    assert till.post(path, said, idempotency_key="one-key-1").json() == answer.json()
    assert problem(till.post(path, order("5.00"))) == (409, "limit")
    assert problem(till.post(path, order("1.00", method="credit"))) == (409, "credit_at_branch")
    assert till.post(f"{path}?late=true", order("5.00")).status_code == 202
    assert BranchOrder.objects.count() == 2


@pytest.mark.django_db
def test_a_till_at_a_branch_reads_customers_and_nothing_of_the_ledger(till_of_branch):
    till, guest = till_of_branch
    number = guest.customer_number
    for path in ("me", f"customers/{number}", "customers?q=Gast"):
        assert till.get(path).status_code == 200, path
    for path in (f"customers/{number}/account", f"customers/{number}/orders", f"customers/{number}/cards"):
        assert problem(till.get(path)) == (404, "only_at_central")
    assert problem(till.post(f"customers/{number}/account/payments", {"amount": "1.00"})) == (404, "only_at_central")


@pytest.mark.django_db
def test_a_till_of_a_base_1_0_is_no_till_of_the_central(till_of_branch, settings):
    till, guest = till_of_branch
    settings.SIDE = Side.CENTRAL
    assert problem(till.post(f"customers/{guest.customer_number}/orders", order("5.00"))) == (409, "on_old_base")
