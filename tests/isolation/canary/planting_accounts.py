"""Accounts of each base 2.0 with canaries in all their words: terms, bookings, a reversal, and exceptions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounting.choices import SaleMethod
from accounting.models import (
    Account,
    AccountingSwitch,
    AccountTerms,
    Allocation,
    BalanceImport,
    BankAccount,
    BankEntry,
    BankFile,
    BankFileChunk,
    BankStatement,
    Ledger,
    LedgerException,
    Movement,
    PaymentOrder,
    PaymentOrderLine,
)
from accounting.opening_balances import book_balances, check_balances, undo_balances
from accounting.operations import Line, decide_exception, post_order, post_sale, receive_payment, reverse, set_terms
from accounting.payments import Share, book_entry, ignore_entry
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.isolation.canary.canaries import Canary
from tests.isolation.canary.planting_debits import plant_debits
from tests.isolation.canary.planting_invoices import plant_invoices
from tests.isolation.canary.planting_memberships import plant_memberships

MODELS = (
    Account, AccountingSwitch, AccountTerms, Allocation, BalanceImport, Ledger, LedgerException, Movement, PaymentOrder,
    PaymentOrderLine,
)  # fmt: skip

DAY = date(2026, 1, 8)


def plant_accounts(business: Any) -> None:
    """By the operations, because nothing else can post; as somebody whose name is a canary.

    Before that customers belong to one another, which says who gets their invoices.
    """
    for base in business.bases:
        plant_memberships(business, base)
    for place in [one for one in business.locations if not one.base.is_discontinued][:1]:
        scope = Scope.of_system(place, name=_word(business, "accounting.Movement", "user_name"))
        customers = [one for one in business.rows["customers.Customer"] if one.base_id == place.base_id][1:3]
        for customer in customers:
            _account(business, customer.pk, scope)
            _balances(business, customer.customer_number, scope)
        plant_invoices(business, scope, customers[0].pk)
        plant_debits(business, scope, [one.pk for one in customers])
        plant_bank(business, scope)
        _switches(business, place.base)
    for model in MODELS:
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
        _paid(business, customer, scope)
        decider = Scope.of_system(scope.location, name=_word(business, "accounting.LedgerException", "decided_by"))
        waiting = LedgerException.objects.get(movement=sold[0])
        decide_exception(
            exception=waiting.pk, note=_word(business, "accounting.LedgerException", "note"), actor=decider
        )


def _switches(business: Any, base: Any) -> None:
    """One that was refused and one that waits: asked at the central, whose people are the business's own."""
    branches = [one for one in business.locations if one.kind == "branch" and one.base_id == base.pk]
    central = next((one for one in business.locations if one.is_central), None)
    if central is None or not branches:
        return
    with row_scope.rows_of(Scope(user=business.people[0], location=central, rights=frozenset())):
        values = {"organization": business.organization, "base": base, "location": branches[0], "mode": "own"}
        asked = {
            **values, "reason": _word(business, "accounting.AccountingSwitch", "reason"), "asked_user": 0,
            "asked_by": _word(business, "accounting.AccountingSwitch", "asked_by"), "asked_place": 0,
            "asked_at": timezone.now(),
        }  # fmt: skip
        AccountingSwitch.objects.create(**asked)
        AccountingSwitch.objects.asked().update(
            state="refused", note=_word(business, "accounting.AccountingSwitch", "note"),
            decided_by=_word(business, "accounting.AccountingSwitch", "decided_by"),
        )  # fmt: skip
        AccountingSwitch.objects.create(**asked)


def _order(business: Any, customer: int, amount: Decimal, scope: Scope) -> None:
    """An order of a till that is late, with a canary as its number, in its line, and as what the till has said."""
    text = _word(business, "accounting.PaymentOrderLine", "text")
    post_order(
        customer=customer, method=SaleMethod.ACCOUNT, total=amount, key=f"order-{customer}",
        number=_word(business, "accounting.PaymentOrder", "number"),
        lines=[Line(text=text, quantity=Decimal(1), amount=amount, vat_rate=Decimal(7))],
        fiscal={"signature": _word(business, "accounting.PaymentOrder", "fiscal")}, is_late=True, actor=scope,
    )  # fmt: skip


def _balances(business: Any, number: int, scope: Scope) -> None:
    """A file that waits with a row left out, and one that was booked and undone."""
    label = "accounting.BalanceImport"
    amount = Decimal("0.31") + business.canaries.number(Canary(business.account, label, "owed_total"))
    rows = f"Kundennummer;Offener Betrag;Beleg\n{number};{amount};{_word(business, label, 'lines')}\n"
    name = _word(business, label, "file_name")
    reader = Scope.of_system(scope.location, name=_word(business, label, "user_name"))
    done = check_balances(file_name=name, content=rows.encode(), actor=reader)
    book_balances(balances=done.pk, owed_total=done.owed_total, credit_total=done.credit_total, actor=scope)
    closer = Scope.of_system(scope.location, name=_word(business, label, "closed_by"))
    undo_balances(balances=done.pk, reason=_word(business, label, "reason"), actor=closer)
    rows += f"{_word(business, label, 'rejected')[:30]};1;\n"
    check_balances(file_name=name, content=rows.encode(), actor=reader)


def _paid(business: Any, customer: int, scope: Scope) -> None:
    """A part of what is open, by somebody whose name is a canary as well."""
    payer = Scope.of_system(scope.location, name=_word(business, "accounting.Allocation", "user_name"))
    amount = Decimal("0.17") + business.canaries.number(Canary(business.account, "accounting.Allocation", "amount"))
    receive_payment(customer=customer, amount=amount, key=f"paid-{customer}", actor=payer)


def plant_bank(business: Any, scope: Scope) -> None:
    """A bank account, a statement and entries with canaries in all words: one open, one left out, one booked."""
    place = {"organization": business.organization, "base": scope.base, "ledger": Ledger.objects.get(base=scope.base)}
    account = business.row(BankAccount, **place, owner_key=0)
    read = business.row(
        BankStatement, **place, owner_key=0, account=account, first_on=DAY, last_on=DAY, total=3, known=0, state="ready"
    )
    file = business.row(
        BankFile, organization=business.organization, base=scope.base, location=scope.location, owner_key=0,
        user=business.people[0], account=None,
    )  # fmt: skip
    content = str(business.canaries.word(Canary(business.account, "accounting.BankFileChunk", "content"))).encode()
    business.row(BankFileChunk, base=scope.base, file=file, position=0, owner_key=0, content=content)
    begins = {
        "state": "open",
        "confidence": "none",
        "note": "",
        "decided_by": "",
        "decided_at": None,
        "times_opened": 0,
    }
    amount = Decimal("0.33") + business.canaries.number(Canary(business.account, "accounting.BankEntry", "amount"))
    for position in range(3):
        business.row(
            BankEntry, **place, **begins, owner_key=0, statement=read, position=position, booked_on=DAY, valued_on=DAY,
            amount=amount + position, direction="credit", is_return=False, is_reversal=False, decided_user=None,
        )  # fmt: skip
    _open, left_out, booked = business.rows["accounting.BankEntry"][-3:]
    with row_scope.rows_of(scope):
        decider = Scope.of_system(scope.location, name=_word(business, "accounting.BankEntry", "decided_by"))
        ignore_entry(entry=left_out.pk, note=_word(business, "accounting.BankEntry", "note"), actor=decider)
        [known, *_others] = AccountTerms.objects.filter(base=scope.base)
        book_entry(
            entry=booked.pk, shares=[Share(customer=known.customer_id, amount=booked.amount)], actor=decider
        )  # fmt: skip


def _word(business: Any, table: str, column: str) -> str:
    return str(business.canaries.word(Canary(business.account, table, column)))
