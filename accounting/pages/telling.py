"""What is said of an account on the page of its customer: that money is open, or a booking waits for a decision."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounting.amounts import shown
from accounting.balances import standing
from accounting.pages.frame import ACCOUNT, address_of
from customers.console.notices import Told
from customers.models import Customer
from mcp.isolation.scope import Scope


def about(customer: Customer, scope: Scope) -> Iterator[Told]:
    """That an account is above a limit or blocked; of an archived customer, that money is open."""
    now = standing(customer, scope)
    if now is None:
        return
    currency = now.terms.organization.currency
    link, address = _("To the account"), address_of(ACCOUNT, customer.pk)
    if customer.is_archived and not now.is_even:
        sentence = _("Archived, and money is open: he owes %(open)s and has a credit of %(credit)s.")
        amounts = {"open": shown(now.open_amount, currency), "credit": shown(now.credit_amount, currency)}
        yield Told(sentence % amounts, link, address)
    elif now.is_above_hard or now.is_above_soft:
        limit = now.terms.hard_limit if now.is_above_hard or now.terms.soft_limit is None else now.terms.soft_limit
        sentence = _("The account is above its limit of %(limit)s: %(open)s are open.")
        yield Told(
            sentence % {"limit": shown(limit, currency), "open": shown(now.open_amount, currency)}, link, address
        )
    if now.terms.is_blocked:
        yield Told(_("The account is blocked: nothing is sold on it."), link, address)
