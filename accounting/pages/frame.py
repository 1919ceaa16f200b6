"""What the pages of accounts have in common: who may see them, and whose account it is."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounting.balances import Standing, ledger_before, standing
from accounting.models import Ledger
from customers.models import Customer
from locations.permissions import Right
from mcp.console.pages import show
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope

DEBITS, DEBIT_NEW, DEBIT_FILE, DEBIT_BYTES, DEBIT_RETURN, DISPUTE = (
    "accounting_debits", "accounting_debit_new", "accounting_debit_file", "accounting_debit_bytes",
    "accounting_debit_return", "accounting_dispute",
)  # fmt: skip
REMINDERS, REMINDERS_RUN, REMINDERS_FILE, LEVELS, LEVEL = (
    "accounting_reminders", "accounting_reminders_run", "accounting_reminders_file", "accounting_levels",
    "accounting_level",
)  # fmt: skip
MANDATES, MANDATE_NEW, MANDATE_REVOKE = "accounting_mandates", "accounting_mandate_new", "accounting_mandate_revoke"
ACCOUNT, ALLOCATE, BOOK, CORRECT, REVERSE, TERMS, STATEMENT, EXCEPTIONS, EXCEPTION, RECEIVED, BALANCES, BALANCES_OF = (
    "accounting_account", "accounting_allocate", "accounting_book", "accounting_correct", "accounting_reverse",
    "accounting_terms", "accounting_statement", "accounting_exceptions", "accounting_exception", "accounting_received",
    "accounting_balances", "accounting_balance",
)  # fmt: skip
SWITCHES, BRANCH_ORDERS, BRANCH_ORDER = "accounting_switches", "accounting_branch_orders", "accounting_branch_order"
INVOICES, INVOICE, INVOICE_FILE, INVOICE_CANCEL, RUNS, RUN_NEW, RUN, ISSUER, BILLING = (
    "accounting_invoices", "accounting_invoice", "accounting_invoice_file", "accounting_invoice_cancel",
    "accounting_runs", "accounting_run_new", "accounting_run", "accounting_issuer", "accounting_billing",
)  # fmt: skip
BANK, BANK_READ, BANK_ACCOUNT, BANK_STATEMENT, BANK_ENTRY = (
    "accounting_bank", "accounting_bank_read", "accounting_bank_account", "accounting_bank_statement",
    "accounting_bank_entry",
)  # fmt: skip

BEFORE = "before"
OF_BEFORE = f"?in={BEFORE}"
"""Behind the address of a page: the account in the ledger of before a switch."""


def seer(request: HttpRequest) -> Scope:
    """The scope of whoever may see accounts and customers. Raises MissingRight."""
    scope = scope_of(request)
    scope.demand(Right.SEE_ACCOUNTS)
    scope.demand(Right.VIEW_CUSTOMERS)
    return scope


def customer_or_404(pk: int, scope: Scope) -> Customer:
    return get_object_or_404(Customer.objects.in_base(scope.base).select_related("organization"), pk=pk)


def ledger_asked(request: HttpRequest, scope: Scope) -> Ledger | None:
    """The ledger of before a switch where `?in=before` asks for it; else None, for the one of now.

    Raises Http404 where there is none of before.
    """
    if request.GET.get("in") != BEFORE:
        return None
    found = ledger_before(scope)
    if found is None:
        raise Http404
    return found


def account_or_404(customer: Customer, scope: Scope, ledger: Ledger | None = None) -> Standing:
    """How the customer's account stands. Raises Http404 where he has none here."""
    found = standing(customer, scope, ledger=ledger)
    if found is None:
        raise Http404
    return found


def address_of(name: str, *arguments: object) -> str:
    return reverse(f"admin:{name}", args=arguments)


def may(scope: Scope, right: Right) -> bool:
    """Whether the right is held, to show more or less of a page."""
    with scope.asked.only_looking():
        return scope.allows(right)


def show_page(
    request: HttpRequest, template: str, title: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    return show(request, f"accounting/{template}.html", {"title": title, **context}, status=status)
