"""What somebody does not see of a customer, he does not read on an invoice, in terms or in a refusal either."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import translation

from accounting.invoicing import set_billing_terms
from accounting.invoicing.billing import billing_terms_of
from accounting.models import AccountTerms
from accounting.operations import Refused, post_sale, set_terms
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, key
from tests.accounting.invoices import issued, issuer, order
from tests.conftest import logged_in
from tests.customers.people import person_without

pytestmark = pytest.mark.django_db
PAGE = "/10400/1/accounting/accountterms/"


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    issuer(scope)
    return scope


def without(scope: Scope, *missing: Right) -> Scope:
    return replace(scope, rights=scope.rights - set(missing))


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_document_of_an_invoice_takes_the_right_to_its_address(head, till, log_in, kind):
    order(till, guest(till))
    [invoice] = issued(head)
    person_without(Right.SEE_CONTACT_DATA)
    address = f"{PAGE}invoices/{invoice.pk}/"
    assert logged_in("teilsicht").get(f"{address}file/{kind}/").status_code == 403
    assert "Deichstraße" not in logged_in("teilsicht").get(address).content.decode()
    assert "Deichstraße" in log_in("anna").get(address).content.decode()
    assert log_in("anna").get(f"{address}file/{kind}/").status_code == 200


def test_reason_of_a_block_is_for_whoever_sees_memos(till, log_in):
    whose = guest(till, is_blocked=True, blocked_reason="Zahlt nie")
    person_without(Right.SEE_MEMOS)
    address = f"{PAGE}{whose.pk}/terms/"
    client = logged_in("teilsicht")
    assert "Zahlt nie" not in client.get(address).content.decode()
    assert client.post(address, {"hard_limit": "50", "may_buy_on_account": "on"}).status_code == 302
    stored = AccountTerms.objects.get()
    assert (stored.hard_limit, stored.is_blocked, stored.blocked_reason) == (Decimal(50), True, "Zahlt nie")
    set_terms(customer=whose.pk, may_buy_on_account=True, may_hold_credit=True, actor=without(till, Right.SEE_MEMOS))
    assert AccountTerms.objects.get().is_blocked
    assert "Zahlt nie" in log_in("anna").get(address).content.decode()


def test_terms_of_billing_are_withheld_as_the_customer_is(till):
    whose = guest(till)
    values = {"email": "privat@example.com", "is_held": True, "held_reason": "Streit"}
    set_billing_terms(customer=whose.pk, values=values, actor=till)
    person_without(Right.SEE_CONTACT_DATA, Right.SEE_MEMOS)
    client = logged_in("teilsicht")
    shown = client.get(f"{PAGE}{whose.pk}/billing/").content.decode()
    assert "privat@example.com" not in shown
    assert "Streit" not in shown + client.get(f"{PAGE}{whose.pk}/").content.decode()
    sent = {"deliver_by": "mail", "reference": "4711", **values}
    assert client.post(f"{PAGE}{whose.pk}/billing/", sent).status_code == 302
    half = without(till, Right.SEE_CONTACT_DATA, Right.SEE_MEMOS)
    set_billing_terms(customer=whose.pk, values={"email": "", "is_held": False, "held_reason": ""}, actor=half)
    with row_scope.rows_of(till):
        kept = billing_terms_of(whose, till)
    assert kept is not None
    assert (kept.reference, kept.email, kept.is_held, kept.held_reason) == (
        "4711", "privat@example.com", True, "Streit",
    )  # fmt: skip


def test_amounts_of_an_account_are_told_to_whoever_sees_accounts(till):
    whose = guest(till, soft_limit=Decimal(1))
    blind = without(till, Right.SEE_ACCOUNTS)
    for actor, told in ((till, True), (blind, False)):
        with pytest.raises(Refused) as caught:
            post_sale(customer=whose.pk, amount=Decimal(1000), key=key(), actor=actor)
        assert caught.value.code == "limit"
        with translation.override("en"):
            assert ("€100.00" in str(caught.value.messages)) == told
        done = post_sale(customer=whose.pk, amount=Decimal(2), key=key(), actor=actor)
        assert bool(done.warnings) == told
