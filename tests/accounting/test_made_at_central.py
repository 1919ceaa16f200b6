"""Debits, reminders and runs of invoices are made at the central, and a branch neither sees nor changes them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounting.dunning import DunningAtCentral, levels_of, set_level
from accounting.models import Movement
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.debits import billed, creditor, debits, debtor, made
from tests.accounting.invoices import order, prepared

pytestmark = pytest.mark.django_db
AT = "/10400/{}/accounting/accountterms/"


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


def test_a_branch_does_not_see_what_the_central_makes(head, till, log_in):
    debtor(till, last_name="Zahlt")
    billed(head)
    file = made(head)
    [item] = debits(head, file)
    order(till, guest(till, last_name="Offen"))
    run = prepared(head)
    pages = (f"debits/{file.pk}/", f"debits/{file.pk}/file/xml/", f"debits/return/{item.pk}/", f"runs/{run.pk}/")
    client = log_in("anna")
    for page in pages:
        assert client.get(AT.format(1) + page).status_code == 200, page
        assert client.get(AT.format(2) + page).status_code == 404, page
        assert client.post(AT.format(2) + page, {"step": "cancel"}).status_code in (404, 405), page
    for page, name in (("debits/", str(file.pk)), ("runs/", str(run.pk))):
        assert name in client.get(AT.format(1) + page).content.decode()
        assert name not in client.get(AT.format(2) + page).content.decode()


def test_a_branch_changes_no_level_of_reminders(head, till, log_in):
    with pytest.raises(DunningAtCentral):
        set_level(level=1, values={"title": "Andere"}, actor=till)
    sent = {"title": "Andere", "days_after_due": "5", "days_to_pay": "7", "fee": "99", "text": "x"}
    assert log_in("anna").post(AT.format(2) + "reminders/levels/1/", sent).status_code == 200
    with row_scope.rows_of(head):
        assert levels_of(head)[0].title != "Andere"


@pytest.mark.parametrize("taken", ["SH-1-1-1", "bank/0123/0/1", "dun-01a22eab-5c04-7a7f-a6ba-9062f495d18f"])
def test_nobody_takes_the_key_of_a_booking_to_come(till, log_in, taken):
    whose = guest(till)
    sent = {"amount": "1", "business_day": timezone.localdate().isoformat(), "key": taken}
    assert log_in("anna").post(AT.format(1) + f"{whose.pk}/book/payment/", sent).status_code == 200
    with row_scope.rows_of(till):
        assert not Movement.objects.exists()
