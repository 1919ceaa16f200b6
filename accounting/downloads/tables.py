"""The tables that can be downloaded. Each is a line here: its name, its columns, and the statement of its rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounting.choices import (
    AccountKind,
    AgeClass,
    DebitLeftOut,
    DebitState,
    DunningLeftOut,
    EntryState,
    InvoiceKind,
    InvoiceState,
    MovementKind,
    NoticeState,
)
from accounting.downloads import rows
from accounting.invoicing.contents import buyer_name
from customers.exports import Column, OtherTable, register
from locations.permissions import Right
from mcp.isolation.scope import name_shown

SEE = (Right.SEE_ACCOUNTS, Right.VIEW_CUSTOMERS)
COLLECT = (*SEE, Right.COLLECT_PAYMENTS)


def _word(choices: type[TextChoices]) -> Callable[[Any], str]:
    """How a code of this list is written: as its word; nothing stays nothing."""
    return lambda code: str(choices(code).label) if code else ""


def _buyer(data: Any) -> str:
    """The name on an invoice, as it was then. A statement gives JSON as text."""
    return buyer_name(json.loads(data) if isinstance(data, str) else data)


NUMBER, NAME = Column("number", _("Customer number")), Column("name", _("Customer"))
BUYER = Column("name", _("Customer"), _buyer)
AMOUNT, LOCATION = Column("amount", _("Amount")), Column("location", _("Location"))
BOOKED, BUSINESS_DAY = Column("booked", _("Booked")), Column("business_day", _("Business day"))
DOCUMENT, BY = Column("document", _("Document")), Column("by", _("By"), name_shown)
INVOICE = Column("invoice", _("Invoice"))


def _table(name: str, title: Any, columns: Sequence[Column], *, rights: tuple[Right, ...] = SEE) -> OtherTable:
    return register(
        OtherTable(name=name, title=title, rights=rights, columns=columns, rows=getattr(rows, name.replace("-", "_")))
    )


DOWNLOADS = (
    _table("overview", _("Open items by customer"), [
        NUMBER, NAME, *(Column(age.value, age.label) for age in AgeClass), Column("total", _("Together")),
    ]),
    _table("open-items", _("Open items"), [
        NUMBER, NAME, Column("kind", _("Kind"), _word(MovementKind)), DOCUMENT, LOCATION, BUSINESS_DAY,
        Column("due", _("Due")), Column("age", _("Overdue"), lambda at: str(list(AgeClass)[at].label)), AMOUNT,
        Column("rest", _("Still open")),
    ]),
    _table("movements", _("Journal of bookings"), [
        BOOKED, BUSINESS_DAY, Column("kind", _("Kind"), _word(MovementKind)), NUMBER, NAME, DOCUMENT,
        Column("reason", _("Reason")), LOCATION, Column("debit", _("From account"), _word(AccountKind)),
        Column("credit", _("To account"), _word(AccountKind)), AMOUNT, BY,
    ]),
    _table("payments", _("Payments"), [
        BOOKED, BUSINESS_DAY, NUMBER, NAME, DOCUMENT, LOCATION, AMOUNT, Column("used", _("Allocated")),
        Column("free", _("Not allocated")),
    ]),
    _table("allocations", _("Allocations of payments"), [
        Column("at", _("Allocated on")), NUMBER, NAME, Column("payment", _("Payment"), _word(MovementKind)),
        Column("payment_document", _("Document of the payment")), Column("paid_on", _("Business day of the payment")),
        Column("item", _("Item"), _word(MovementKind)), Column("item_document", _("Document of the item")),
        Column("sold_on", _("Business day of the item")), Column("is_chosen", _("Chosen by somebody")), AMOUNT, BY,
    ]),
    _table("invoices", _("Invoices"), [
        INVOICE, Column("kind", _("Kind"), _word(InvoiceKind)), Column("cancels", _("Cancels")), NUMBER, BUYER,
        Column("issued", _("Issued")), Column("due", _("Due")), Column("from", _("Delivered from")),
        Column("until", _("Delivered until")), Column("net", _("Net")), Column("tax", _("VAT")),
        Column("gross", _("Sum")), Column("paid", _("Paid")), Column("state", _("State"), _word(InvoiceState)),
        Column("currency", _("Currency")),
    ]),
    _table("invoice-lines", _("Lines of invoices"), [
        INVOICE, Column("kind", _("Kind"), _word(InvoiceKind)), NUMBER, BUYER, Column("position", _("Position")),
        BUSINESS_DAY, LOCATION, Column("order", _("Number at the till")), Column("member", _("Bought by")),
        Column("text", _("Text")), Column("quantity", _("Quantity")), Column("rate", _("VAT rate")),
        Column("net", _("Net")), Column("gross", _("Sum")),
    ]),
    _table("bank-entries", _("Entries of bank statements"), [
        Column("account", _("Bank account")), Column("booked", _("Booked")), Column("valued", _("Valued")),
        Column("payer", _("Name")), Column("purpose", _("Remittance information")), AMOUNT,
        Column("state", _("State"), _word(EntryState)), Column("note", _("Note")), BY,
    ], rights=COLLECT),
    _table("debits", _("Debits of a file"), [
        Column("position", _("Position")), Column("reference", _("Reference of the debit")), NUMBER, NAME, INVOICE,
        Column("mandate", _("Mandate")), Column("signed", _("Signed on")), Column("announced", _("Announced on")),
        AMOUNT, Column("state", _("State"), _word(DebitState)),
        Column("left_out", _("Why left out"), _word(DebitLeftOut)), Column("code", _("Return code")),
        Column("returned", _("Returned on")), Column("charges", _("Charges")),
    ], rights=COLLECT),
    _table("reminders", _("Reminders of a run"), [
        NUMBER, NAME, INVOICE, Column("level", _("Level")), AMOUNT, Column("fee", _("Fee")),
        Column("until", _("Pay until")), Column("state", _("State"), _word(NoticeState)),
        Column("left_out", _("Why left out"), _word(DunningLeftOut)),
    ], rights=COLLECT),
)  # fmt: skip
PERIODS = frozenset({"movements", "payments", "allocations", "invoices", "invoice-lines", "bank-entries"})
"""Those of which a period is asked for."""
OF_LEDGER = frozenset({"overview", "open-items", "movements", "payments", "allocations", "invoices", "invoice-lines"})
"""Those that are out of one ledger: after a switch of accounts there is one of now and one of before."""
THINGS = frozenset({"debits", "reminders"})
"""Those that are about one thing, and reached from its page."""
