"""What is withheld of accounts: amounts, and addresses and reasons, from whoever may not see them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounting.invoicing import set_billing_terms
from accounting.models import AccountTerms, BillingTerms
from accounting.operations import post_sale
from customers.exports.files import EXPORTS, make_now
from customers.exports.writer import Making, Order
from customers.models import Customer
from customers.table import CustomerResource
from files.lifecycle import fetch
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight
from tests.accounting.accounts import guest, key, terms
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, World


@probe
def limit_is_told_to_whoever_sees_accounts(world: World) -> None:
    """Whoever books without that right learns that it is too much, and not how much is open."""
    whose = guest(world.scope("anna", "Hamburg"), hard_limit=Decimal("77.50"))
    rights = (Right.POST_TO_ACCOUNTS, Right.SEE_ACCOUNTS)
    for actor, sees in ((bare(world, "Hamburg", *rights, who="anna"), True),
                        (bare(world, "Hamburg", rights[0], who="anna"), False)):  # fmt: skip
        with pytest.raises(ValidationError) as caught, transaction.atomic():
            post_sale(customer=whose.pk, amount=Decimal(90), key=key(), actor=actor)
        assert ("77" in " ".join(caught.value.messages)) == sees


@probe
def warnings_with_amounts_are_told_to_whoever_sees_accounts(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    whose = guest(here, soft_limit=Decimal(1))
    rights = (Right.POST_TO_ACCOUNTS, Right.SEE_ACCOUNTS)
    for given, many in ((rights, 1), (rights[:1], 0)):
        actor = bare(world, "Hamburg", *given, who="anna")
        assert len(post_sale(customer=whose.pk, amount=Decimal(2), key=key(), actor=actor).warnings) == many


@probe
def account_is_blocked_by_whoever_sees_memos(world: World) -> None:
    """Who does not neither blocks it nor lifts a block."""
    here, blind = world.scope("anna", "Hamburg"), bare(world, "Hamburg", Right.MANAGE_ACCOUNT_TERMS, who="anna")
    open_one, blocked = guest(here), guest(here, is_blocked=True, blocked_reason=CANARY)
    terms(blind, open_one, is_blocked=True, blocked_reason=CANARY)
    terms(blind, blocked)
    stored = dict(AccountTerms.objects.filter(base=here.base).values_list("customer", "is_blocked"))
    assert (stored[open_one.pk], stored[blocked.pk]) == (False, True)


@probe
def address_and_hold_of_billing_are_for_whoever_sees_such_fields(world: World) -> None:
    """Carla may set terms at Bremen, and sees neither contact data nor memos."""
    here, whose = world.scope("anna", "Bremen"), guest(world.scope("anna", "Bremen"))
    values = {"email": "alt@example.com", "is_held": True, "held_reason": CANARY}
    set_billing_terms(customer=whose.pk, values=values, actor=here)
    blind = bare(world, "Bremen", Right.MANAGE_ACCOUNT_TERMS, who="anna")
    set_billing_terms(customer=whose.pk, values={"email": "neu@example.com", "is_held": False}, actor=blind)
    stored = BillingTerms.objects.get(customer=whose)
    assert {name: getattr(stored, name) for name in values} == values
    group, bremen = world.cast.group("Auskunft Bremen"), world.place("Bremen").pk
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, bremen), (Right.MANAGE_ACCOUNT_TERMS, bremen)])
    page = world.text("carla", f"{BREMEN}/accounting/accountterms/{whose.pk}/billing/")
    assert [word in page for word in ("alt@example.com", CANARY, 'name="reference"')] == [False, False, True]


@probe
def page_of_an_account_is_offered_to_whoever_may_open_it(world: World) -> None:
    """Carla sees customers at Bremen, and then accounts."""
    group, bremen = world.cast.group("Auskunft Bremen"), world.place("Bremen").pk
    page, link = f"{BREMEN}/customers/customer/{world.customer.pk}/change/", f"/accountterms/{world.customer.pk}/"
    assert link not in world.text("carla", page)
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, bremen)])
    assert link in world.text("carla", page)


@probe
def balances_in_an_export_are_for_whoever_sees_accounts(world: World) -> None:
    """Nor is a file that has them fetched by whoever has lost that right since."""
    here, blind = world.scope("anna", "Hamburg"), bare(world, "Hamburg", *set(Right) - {Right.SEE_ACCOUNTS}, who="anna")
    written = Order(profile="excel-de", columns=("customer_number", "open_amount"))
    assert "open_amount" in CustomerResource(scope=here).export_columns()
    assert "open_amount" not in CustomerResource(scope=blind).export_columns()
    with refused(MissingRight):
        Making(blind, written)
    customers = Customer.objects.in_base(here.base)
    export, file = make_now(order=written, query="", customers=customers, actor=here)
    file.close()
    with refused(MissingRight):
        fetch(EXPORTS, export, actor=blind)
