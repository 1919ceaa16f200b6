"""The pages of what a branch with a customer base 1.0 sells on account: the switch, the orders, the account there."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from accounting.at_branch.posting import ERASED
from accounting.models import BranchOrder, ToldTerms
from locations.choices import Side
from locations.models import Location
from mcp.isolation.scope import Scope
from tests.accounting.accounts import ADDRESS
from tests.accounting.test_account_pages import german
from tests.clearing import branches
from tests.customers.people import customer

SWITCHES = "/10400/1/accounting/accountterms/switches/"
ORDERS = "/10400/4/accounting/accountterms/branch/"
MET, NOT_MET = "Erfüllt", "Nicht erfüllt"


@pytest.fixture
def log_in(log_in):
    return lambda username: german(log_in(username))


def order_of(scope, **values):
    return BranchOrder.objects.create(
        organization=scope.organization, base=scope.base, location=scope.location,
        **{"key": str(uuid4()), "uid": uuid4(), "number": "Bon 7", "business_day": timezone.localdate(),
           "total": Decimal("12.50"), "is_sent": True, "device": "Kasse 1"} | values,
    )  # fmt: skip


@pytest.mark.django_db
def test_the_central_switches_it_for_a_location_and_sees_what_is_missing(log_in, cast):
    anna, place = log_in("anna"), cast.location("Lübeck")
    page = anna.get(SWITCHES).content.decode()
    assert page.count("Abrechnung für den Kundenstamm 1.0") >= 1
    assert "Es ist kein Filialrechner gekoppelt." in page
    for step, is_on in (("legacy_on", True), ("legacy_off", False)):
        answer = anna.post(SWITCHES, {"step": step, "location": place.pk}, follow=True)
        assert "Lübeck" in answer.content.decode()
        assert Location.objects.get(pk=place.pk).has_legacy_accounts is is_on
    assert anna.post(SWITCHES, {"step": "legacy_on", "location": cast.location("Hamburg").pk}).status_code == 200


@pytest.mark.django_db
def test_an_order_that_waits_says_why_and_is_left_out_with_a_reason(log_in, cast):
    scope = Scope.of_system(cast.location("Lübeck"), name="test")
    waiting, done = order_of(scope, uid=None, reasons=ERASED()), order_of(scope, number="Bon 8")
    BranchOrder.objects.filter(pk=done.pk).update(state="posted")
    anna = log_in("anna")
    page = anna.get(ORDERS).content.decode()
    assert "Der Kunde wurde endgültig gelöscht." in page
    assert ("Bon 7" in page, "Bon 8" in page) == (True, False)
    assert "Bon 8" in anna.get(f"{ORDERS}?all=1").content.decode()
    refused = anna.post(f"{ORDERS}{waiting.pk}/", {"note": ""})
    assert (refused.status_code, BranchOrder.objects.get(pk=waiting.pk).state) == (200, "waiting")
    assert anna.post(f"{ORDERS}{waiting.pk}/", {"note": "Bar bezahlt"}).status_code == 302
    row = BranchOrder.objects.get(pk=waiting.pk)
    assert (row.state, row.note, row.decided_by) == ("left_out", "Bar bezahlt", "Anna Andresen")


@pytest.mark.django_db
def test_the_account_at_the_branch_says_what_was_sold_there_and_when_the_central_was_reached(log_in, cast, settings):
    place = cast.location("Lübeck")
    scope = Scope.of_system(place, name="test")
    guest = customer(scope, last_name="Gast", **ADDRESS)
    own = branches.own_node(place, succeeded_at=timezone.now())
    branches.administrator(place)
    node = branches.pair(own)
    ToldTerms.objects.create(
        base=place.base, node=node, uid=guest.uid, may_buy=True, hard_limit=Decimal(50), open_amount=Decimal(2)
    )
    order_of(scope, uid=guest.uid, is_sent=False)
    settings.SIDE = Side.BRANCH
    karin = log_in("karin")
    page = karin.get(f"/10400/4/accounting/accountterms/{guest.pk}/").content.decode()
    for said in ("14,50", "12,50", "35,50", "Geht mit dem nächsten Abgleich", "Hier verkauft"):
        assert said in page, said
    assert "Geht mit dem nächsten Abgleich" in karin.get(ORDERS).content.decode()
