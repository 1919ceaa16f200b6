"""Accounts of each base 2.0 with canaries in all their words: terms, bookings, a reversal, and exceptions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from accounting.choices import SaleMethod
from accounting.models import (
    Account,
    AccountTerms,
    Ledger,
    LedgerException,
    Movement,
    PaymentOrder,
    PaymentOrderLine,
)
from accounting.operations import Line, decide_exception, post_order, post_sale, reverse, set_terms
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.isolation.canary.canaries import Canary


def plant_accounts(business: Any) -> None:
    """By the operations, because nothing else can post; as somebody whose name is a canary."""
    for place in [one for one in business.locations if not one.base.is_discontinued][:1]:
        scope = Scope.of_system(place, name=_word(business, "accounting.Movement", "user_name"))
        for customer in [one for one in business.rows["customers.Customer"] if one.base_id == place.base_id][1:3]:
            _account(business, customer.pk, scope)
    for model in (Ledger, Account, AccountTerms, Movement, LedgerException, PaymentOrder, PaymentOrderLine):
        owner = {"base__in": business.bases}
        business.rows[model._meta.label] = list(model._base_manager.filter(**owner))


def _account(business: Any, customer: int, scope: Scope) -> None:
    """An amount that nobody else has, a document, a reason, and one exception of each state."""
    with row_scope.rows_of(scope):
        by = Scope.of_system(scope.location, name=_word(business, "accounting.AccountTerms", "set_by"))
        set_terms(
            customer=customer, may_buy_on_account=True, may_hold_credit=True, hard_limit=Decimal(1), is_blocked=True,
            blocked_reason=_word(business, "accounting.AccountTerms", "blocked_reason"), actor=by,
        )  # fmt: skip
        amount = Decimal("0.55") + business.canaries.number(Canary(business.account, "accounting.Movement", "amount"))
        sold = [
            post_sale(
                customer=customer, amount=amount + turn, key=_word(business, "accounting.Movement", "key"),
                document=_word(business, "accounting.Movement", "document"), is_late=True, actor=scope,
            ).movement
            for turn in range(2)
        ]  # fmt: skip
        _order(business, customer, amount + 2, scope)
        reverse(
            movement=sold[0].pk, reason=_word(business, "accounting.Movement", "reason"), key=f"back-{customer}",
            actor=scope,
        )  # fmt: skip
        decider = Scope.of_system(scope.location, name=_word(business, "accounting.LedgerException", "decided_by"))
        waiting = LedgerException.objects.get(movement=sold[0])
        decide_exception(
            exception=waiting.pk, note=_word(business, "accounting.LedgerException", "note"), actor=decider
        )


def _order(business: Any, customer: int, amount: Decimal, scope: Scope) -> None:
    """An order of a till that is late, with a canary as its number, in its line, and as what the till has said."""
    text = _word(business, "accounting.PaymentOrderLine", "text")
    post_order(
        customer=customer, method=SaleMethod.ACCOUNT, total=amount, key=f"order-{customer}",
        number=_word(business, "accounting.PaymentOrder", "number"),
        lines=[Line(text=text, quantity=Decimal(1), amount=amount, vat_rate=Decimal(7))],
        fiscal={"signature": _word(business, "accounting.PaymentOrder", "fiscal")}, is_late=True, actor=scope,
    )  # fmt: skip


def _word(business: Any, table: str, column: str) -> str:
    return str(business.canaries.word(Canary(business.account, table, column)))
