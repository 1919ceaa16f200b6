"""What the pages of accounts have in common: who may see them, and whose account it is."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.balances import Standing, ledger_before, standing
from accounting.models import Ledger
from accounting.owners import Owners, owners_shown
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
INVOICE_MAIL, LETTER_AGAIN, NOTICE_AGAIN, RUN_PRINT = (
    "accounting_invoice_mail", "accounting_letter_again", "accounting_notice_again", "accounting_run_print",
)  # fmt: skip
BANK, BANK_READ, BANK_ACCOUNT, BANK_STATEMENT, BANK_ENTRY = (
    "accounting_bank", "accounting_bank_read", "accounting_bank_account", "accounting_bank_statement",
    "accounting_bank_entry",
)  # fmt: skip
BALANCES_OF_IMPORT = "accounting_balances_of_import"
OVERVIEW, OPEN_ITEMS = "accounting_overview", "accounting_open_items"
DOWNLOAD_LIST, DOWNLOAD = "accounting_downloads", "accounting_download"

LIST_OF_CUSTOMERS = "customers_customer_changelist"
SECTIONS: Mapping[str, tuple[object, tuple[str, ...]]] = {
    INVOICES: (gettext_lazy("Invoices"), (INVOICE, INVOICE_CANCEL, DISPUTE, RUNS, RUN, RUN_NEW, ISSUER)),
    BANK: (gettext_lazy("Bank statements"), (BANK_READ, BANK_ACCOUNT, BANK_STATEMENT, BANK_ENTRY)),
    DEBITS: (gettext_lazy("SEPA debits"), (DEBIT_NEW, DEBIT_FILE, DEBIT_RETURN)),
    REMINDERS: (gettext_lazy("Reminders"), (REMINDERS_RUN, LEVELS, LEVEL)),
    EXCEPTIONS: (gettext_lazy("Exceptions of accounts"), (EXCEPTION,)),
    BALANCES: (gettext_lazy("Opening balances"), (BALANCES_OF,)),
    LIST_OF_CUSTOMERS: (
        Customer._meta.verbose_name_plural,
        (ACCOUNT, BILLING, BOOK, CORRECT, REVERSE, ALLOCATE, TERMS, MANDATES, MANDATE_NEW, MANDATE_REVOKE),
    ),
}
"""The list above a page: what it is called, and the pages below it."""
_ABOVE = {page: (title, above) for above, (title, pages) in SECTIONS.items() for page in pages}

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


def table_address(table: str, scope: Scope, of: object) -> str:
    """Where the table of one thing is downloaded; nothing for whoever may not."""
    return f"{address_of(DOWNLOAD, table)}?of={of}" if may(scope, Right.EXPORT_CUSTOMERS) else ""


def show_page(
    request: HttpRequest, template: str, title: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    shown = {
        "title": title, "crumb": _crumb(request), "currency": scope_of(request).organization.currency, **context,
    }  # fmt: skip
    return show(request, f"accounting/{template}.html", shown, status=status)


def _crumb(request: HttpRequest) -> dict[str, object] | None:
    """The list above this page, to go back to; None on a list."""
    found = _ABOVE.get(request.resolver_match.url_name or "") if request.resolver_match else None
    return {"title": found[0], "address": address_of(found[1])} if found else None


def show_billing_page(
    request: HttpRequest,
    template: str,
    title: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
    names_place: bool = False,
) -> HttpResponse:
    """A page of what is billed here. Where the location bills on its own it says so, and `names_place` puts the name of
    the location into the title.
    """
    scope = scope_of(request)
    owners = owners_shown(scope)
    if owners.bills_on_its_own and names_place:
        title = _("%(title)s of %(location)s") % {"title": title, "location": scope.location.name}
    return show_page(request, template, title, {"for_whom": _for_whom(owners, scope), **context}, status=status)


def _for_whom(owners: Owners, scope: Scope) -> str:
    """Whose accounts these are; empty where there are none but those of the central."""
    if not owners.bills_on_its_own:
        return ""
    sentence = (
        _("%(location)s posts to the accounts of the central again. What it has sold on its own is still billed here.")
        if owners.is_back
        else _("%(location)s keeps accounts of its own: the central and the other locations see nothing of this.")
    )
    return sentence % {"location": scope.location.name}
