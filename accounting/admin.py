"""Where the pages of accounts are mounted, and what says of them elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounting import beside_customers as beside_customers
from accounting.at_branch.matters import ACCOUNTS
from accounting.erasing import PLACES
from accounting.models import AccountTerms
from accounting.operations.opening import has_legacy_accounts, keeps_accounts
from accounting.owners import owners_shown
from accounting.pages.account import account_page, statement
from accounting.pages.allocating import allocate_page
from accounting.pages.bank import bank_account_page, bank_page, bank_read_page
from accounting.pages.bank_entry import bank_entry_page
from accounting.pages.bank_statement import bank_statement_page
from accounting.pages.billing import billing_page, issuer_page
from accounting.pages.booking import book_page, correct_page, reverse_page, terms_page
from accounting.pages.branch_orders import branch_order_page, branch_orders_page
from accounting.pages.debits import (
    debit_file_bytes,
    debit_file_page,
    debit_new_page,
    debit_return_page,
    debits_page,
)
from accounting.pages.disputes import dispute_page
from accounting.pages.downloads import download_page, downloads_page
from accounting.pages.dunning import (
    level_page,
    levels_page,
    reminders_file,
    reminders_page,
    reminders_run_page,
)
from accounting.pages.exceptions import exception_page, exceptions_page
from accounting.pages.frame import (
    ACCOUNT,
    ALLOCATE,
    BALANCES,
    BALANCES_OF,
    BALANCES_OF_IMPORT,
    BANK,
    BANK_ACCOUNT,
    BANK_ENTRY,
    BANK_READ,
    BANK_STATEMENT,
    BILLING,
    BOOK,
    BRANCH_ORDER,
    BRANCH_ORDERS,
    CORRECT,
    DEBIT_BYTES,
    DEBIT_FILE,
    DEBIT_NEW,
    DEBIT_RETURN,
    DEBITS,
    DISPUTE,
    DOWNLOAD,
    DOWNLOAD_LIST,
    EXCEPTION,
    EXCEPTIONS,
    INVOICE,
    INVOICE_CANCEL,
    INVOICE_FILE,
    INVOICE_MAIL,
    INVOICES,
    ISSUER,
    LETTER_AGAIN,
    LEVEL,
    LEVELS,
    MANDATE_NEW,
    MANDATE_REVOKE,
    MANDATES,
    NOTICE_AGAIN,
    OPEN_ITEMS,
    OVERVIEW,
    RECEIVED,
    REMINDERS,
    REMINDERS_FILE,
    REMINDERS_RUN,
    REVERSE,
    RUN,
    RUN_NEW,
    RUN_PRINT,
    RUNS,
    STATEMENT,
    SWITCHES,
    TERMS,
    may,
)
from accounting.pages.invoices import invoice_cancel_page, invoice_file, invoice_page, invoices_page
from accounting.pages.mailing import invoice_mail_page, letter_again_page, notice_again_page, run_print
from accounting.pages.mandates import mandate_new_page, mandate_revoke_page, mandates_page
from accounting.pages.opening_balances import balance_page, balances_of_import, balances_page
from accounting.pages.overview import open_items_page, overview_page
from accounting.pages.received import received_page
from accounting.pages.runs import run_new_page, run_page, runs_page
from accounting.pages.switches import switches_page
from accounting.pages.telling import about
from clearing import travelling
from customers.console import further_pages, notices
from customers.erasure import register as register_place
from locations.permissions import Right
from mcp.console import menu
from mcp.console.operation_forms import OperationForm
from mcp.console.site import ConsoleModelAdmin, console
from mcp.isolation.scope import Scope


@admin.register(AccountTerms, site=console)
class AccountAdmin(ConsoleModelAdmin):
    """Mounts the pages of accounts, which are functions: a booking is no row that somebody edits."""

    rights = {"view": Right.SEE_ACCOUNTS}
    is_in_menu: ClassVar[bool] = False
    form = OperationForm

    def rows(self, scope: Scope) -> QuerySet:
        return AccountTerms.objects.filter(base=scope.base)

    def get_urls(self) -> list[URLPattern]:
        """Without the five addresses of a model."""
        view = console.admin_view
        return [
            path("balances/", view(balances_page), name=BALANCES),
            path("balances/<uuid:pk>/", view(balance_page), name=BALANCES_OF),
            path("balances/import/<uuid:pk>/", view(balances_of_import), name=BALANCES_OF_IMPORT),
            path("exceptions/", view(exceptions_page), name=EXCEPTIONS),
            path("received/", view(received_page), name=RECEIVED),
            path("bank/", view(bank_page), name=BANK),
            path("bank/read/", view(bank_read_page), name=BANK_READ),
            path("bank/account/", view(bank_account_page), name=BANK_ACCOUNT),
            path("bank/<uuid:pk>/", view(bank_statement_page), name=BANK_STATEMENT),
            path("bank/entry/<uuid:pk>/", view(bank_entry_page), name=BANK_ENTRY),
            path("exceptions/<uuid:pk>/", view(exception_page), name=EXCEPTION),
            path("switches/", view(switches_page), name=SWITCHES),
            path("branch/", view(branch_orders_page), name=BRANCH_ORDERS),
            path("branch/<uuid:pk>/", view(branch_order_page), name=BRANCH_ORDER),
            path("invoices/", view(invoices_page), name=INVOICES),
            path("invoices/<uuid:pk>/", view(invoice_page), name=INVOICE),
            path("invoices/<uuid:pk>/file/<slug:kind>/", view(invoice_file), name=INVOICE_FILE),
            path("invoices/<uuid:pk>/cancel/", view(invoice_cancel_page), name=INVOICE_CANCEL),
            path("invoices/<uuid:pk>/mail/", view(invoice_mail_page), name=INVOICE_MAIL),
            path("letters/<uuid:pk>/again/", view(letter_again_page), name=LETTER_AGAIN),
            path("notices/<uuid:pk>/again/", view(notice_again_page), name=NOTICE_AGAIN),
            path("runs/", view(runs_page), name=RUNS),
            path("runs/new/", view(run_new_page), name=RUN_NEW),
            path("runs/<uuid:pk>/", view(run_page), name=RUN),
            path("runs/<uuid:pk>/print/", view(run_print), name=RUN_PRINT),
            path("invoices/<uuid:pk>/dispute/", view(dispute_page), name=DISPUTE),
            path("debits/", view(debits_page), name=DEBITS),
            path("debits/new/", view(debit_new_page), name=DEBIT_NEW),
            path("debits/<uuid:pk>/", view(debit_file_page), name=DEBIT_FILE),
            path("debits/<uuid:pk>/file/<slug:kind>/", view(debit_file_bytes), name=DEBIT_BYTES),
            path("debits/return/<uuid:pk>/", view(debit_return_page), name=DEBIT_RETURN),
            path("reminders/", view(reminders_page), name=REMINDERS),
            path("reminders/levels/", view(levels_page), name=LEVELS),
            path("reminders/levels/<slug:level>/", view(level_page), name=LEVEL),
            path("reminders/<uuid:pk>/", view(reminders_run_page), name=REMINDERS_RUN),
            path("reminders/<uuid:pk>/file/", view(reminders_file), name=REMINDERS_FILE),
            path("issuer/", view(issuer_page), name=ISSUER),
            path("overview/", view(overview_page), name=OVERVIEW),
            path("overview/items/", view(open_items_page), name=OPEN_ITEMS),
            path("downloads/", view(downloads_page), name=DOWNLOAD_LIST),
            path("downloads/<slug:table>/", view(download_page), name=DOWNLOAD),
            path("<int:customer>/", view(account_page), name=ACCOUNT),
            path("<int:customer>/billing/", view(billing_page), name=BILLING),
            path("<int:customer>/book/<slug:kind>/", view(book_page), name=BOOK),
            path("<int:customer>/correct/", view(correct_page), name=CORRECT),
            path("<int:customer>/mandates/", view(mandates_page), name=MANDATES),
            path("<int:customer>/mandates/new/", view(mandate_new_page), name=MANDATE_NEW),
            path("mandates/<int:pk>/revoke/", view(mandate_revoke_page), name=MANDATE_REVOKE),
            path("allocate/<uuid:movement>/", view(allocate_page), name=ALLOCATE),
            path("reverse/<uuid:movement>/", view(reverse_page), name=REVERSE),
            path("<int:customer>/terms/", view(terms_page), name=TERMS),
            path("<int:customer>/statement/", view(statement), name=STATEMENT),
        ]


def _bills(scope: Scope) -> bool:
    """Whether debits and reminders are made here."""
    return owners_shown(scope).billing is not None


travelling.register(ACCOUNTS)
for place in PLACES:
    register_place(place)
notices.register(notices.Notice(name="account", right=Right.SEE_ACCOUNTS, tell=about))
further_pages.register(
    further_pages.FurtherPage(
        name="account",
        title=_("Customer account"),
        icon="account_balance_wallet",
        url_name=f"admin:{ACCOUNT}",
        right=Right.SEE_ACCOUNTS,
        is_useful=lambda scope: not scope.base.is_discontinued or has_legacy_accounts(scope),
    )
)


def _is_current(scope: Scope) -> bool:
    """Whether the location works on a base 2.0, as what is not kept of a base 1.0 asks."""
    return not scope.base.is_discontinued


def _may_collect(scope: Scope) -> bool:
    """Whether debits and reminders are made here."""
    return _is_current(scope) and _bills(scope)


def _is_a_side(scope: Scope) -> bool:
    """Whether the location is one that decides how accounts are kept."""
    return _is_current(scope) and (scope.location.is_central or scope.location.is_franchise)


_ENTRIES: Sequence[tuple[str | Promise, str, str, Right, Callable[[Scope], bool]]] = (
    (_("Orders of the branch"), BRANCH_ORDERS, "storefront", Right.SEE_ACCOUNTS, has_legacy_accounts),
    (_("Open items"), OVERVIEW, "overview", Right.SEE_ACCOUNTS, _is_current),
    (_("Invoices"), INVOICES, "receipt_long", Right.SEE_ACCOUNTS, keeps_accounts),
    (
        _("Bank statements"), BANK, "account_balance", Right.COLLECT_PAYMENTS,
        lambda scope: _is_current(scope) and may(scope, Right.SEE_ACCOUNTS),
    ),
    (_("SEPA debits"), DEBITS, "payments", Right.COLLECT_PAYMENTS, _may_collect),
    (_("Reminders"), REMINDERS, "notification_important", Right.COLLECT_PAYMENTS, _may_collect),
    (_("Exceptions of accounts"), EXCEPTIONS, "report", Right.SEE_ACCOUNTS, keeps_accounts),
    (
        _("Downloads of accounts"), DOWNLOAD_LIST, "download", Right.SEE_ACCOUNTS,
        lambda scope: _is_current(scope) and may(scope, Right.EXPORT_CUSTOMERS),
    ),
    (_("Read an e-invoice"), RECEIVED, "document_search", Right.SEE_ACCOUNTS, _is_current),
    (_("Accounts of the locations"), SWITCHES, "account_tree", Right.MANAGE_LOCATION, _is_a_side),
    (
        _("Opening balances"), BALANCES, "input", Right.CORRECT_ACCOUNTS,
        lambda scope: _is_current(scope) and scope.allows(Right.MANAGE_ACCOUNT_TERMS),
    ),
)  # fmt: skip
"""In the section of the side bar, in this order: title, address, icon, right, and for whom it is of use."""

for order, (title, url_name, icon, right, is_useful) in enumerate(_ENTRIES, start=1):
    menu.register(
        menu.Entry(
            section=menu.Section.ACCOUNTING, title=title, url_name=f"admin:{url_name}", icon=icon, right=right,
            order=order, is_useful=is_useful,
        )
    )  # fmt: skip
