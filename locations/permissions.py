"""The catalogue of rights: what a user group can be allowed to do at a location.

The values are permissions of the model Location, and of Organization for a right that holds at all its locations, later
ones included. They are no permissions of Customer: guardian refuses to grant a permission of one model on a row of
another.
"""

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.text import LazyText


class Right(StrEnum):
    """One thing that somebody may do at a location."""

    VIEW_CUSTOMERS = "view_customers"
    SEE_CONTACT_DATA = "see_contact_data"
    SEE_BANK_DATA = "see_bank_data"
    SEE_MEMOS = "see_memos"
    ADD_CUSTOMERS = "add_customers"
    CHANGE_CUSTOMERS = "change_customers"
    ARCHIVE_CUSTOMERS = "archive_customers"
    ERASE_CUSTOMERS = "erase_customers"
    PROTECT_DATA = "protect_data"
    IMPORT_CUSTOMERS = "import_customers"
    EXPORT_CUSTOMERS = "export_customers"
    CARRY_OVER = "carry_over_customers"
    SEE_ACCOUNTS = "see_accounts"
    POST_TO_ACCOUNTS = "post_to_accounts"
    TOP_UP_CREDIT = "top_up_credit"
    PAY_OUT_CREDIT = "pay_out_credit"
    RECEIVE_PAYMENTS = "receive_payments"
    CORRECT_ACCOUNTS = "correct_accounts"
    MANAGE_ACCOUNT_TERMS = "manage_account_terms"
    BILL_CUSTOMERS = "bill_customers"
    COLLECT_PAYMENTS = "collect_payments"
    SEE_HISTORY = "see_history"
    RUN_REPORTS = "run_reports"
    CLEAR = "clear"
    RESOLVE_CONFLICTS = "resolve_conflicts"
    MANAGE_CUSTOMER_GROUPS = "manage_customer_groups"
    MANAGE_LOCATION = "manage_location"
    MANAGE_USERS = "manage_users"

    @property
    def label(self) -> Promise:
        """The right's name on screen."""
        return LABELS[self]


LABELS: dict[Right, Promise] = {
    Right.VIEW_CUSTOMERS: _("View customers"),
    Right.SEE_CONTACT_DATA: _("See contact data"),
    Right.SEE_BANK_DATA: _("See bank data"),
    Right.SEE_MEMOS: _("See memos"),
    Right.ADD_CUSTOMERS: _("Register customers"),
    Right.CHANGE_CUSTOMERS: _("Change customers"),
    Right.ARCHIVE_CUSTOMERS: _("Archive and restore customers"),
    Right.ERASE_CUSTOMERS: _("Erase customers for good"),
    Right.PROTECT_DATA: _("Answer requests of persons about their data"),
    Right.IMPORT_CUSTOMERS: _("Import customers"),
    Right.EXPORT_CUSTOMERS: _("Export customers"),
    Right.CARRY_OVER: _("Carry customers over to another business"),
    Right.SEE_ACCOUNTS: _("See accounts of customers"),
    Right.POST_TO_ACCOUNTS: _("Book sales on accounts of customers, and the use of their credit"),
    Right.TOP_UP_CREDIT: _("Top up credit of customers"),
    Right.PAY_OUT_CREDIT: _("Pay out credit of customers"),
    Right.RECEIVE_PAYMENTS: _("Book payments of customers"),
    Right.CORRECT_ACCOUNTS: _("Correct and reverse what was posted to accounts"),
    Right.MANAGE_ACCOUNT_TERMS: _("Set the terms and limits of accounts"),
    Right.BILL_CUSTOMERS: _("Bill customers, and cancel invoices"),
    Right.COLLECT_PAYMENTS: _("Take in bank statements, make debits and reminders"),
    Right.SEE_HISTORY: _("See the history"),
    Right.RUN_REPORTS: _("See figures and reports"),
    Right.CLEAR: _("Reconcile with the central"),
    Right.RESOLVE_CONFLICTS: _("Resolve conflicts"),
    Right.MANAGE_CUSTOMER_GROUPS: _("Manage customer groups and tags"),
    Right.MANAGE_LOCATION: _("Manage the location"),
    Right.MANAGE_USERS: _("Manage users and rights"),
}

PERMISSIONS: list[tuple[str, LazyText]] = [(right.value, f"Can {right.value.replace('_', ' ')}") for right in Right]
"""The catalogue for `Meta.permissions` of Location and Organization. Pages show `Right.label` instead."""

OF_DEVICES = frozenset(
    {
        Right.VIEW_CUSTOMERS,
        Right.SEE_CONTACT_DATA,
        Right.SEE_BANK_DATA,
        Right.SEE_MEMOS,
        Right.ADD_CUSTOMERS,
        Right.CHANGE_CUSTOMERS,
        Right.ARCHIVE_CUSTOMERS,
        Right.SEE_ACCOUNTS,
        Right.POST_TO_ACCOUNTS,
        Right.TOP_UP_CREDIT,
        Right.PAY_OUT_CREDIT,
        Right.RECEIVE_PAYMENTS,
        Right.CORRECT_ACCOUNTS,
        Right.SEE_HISTORY,
        Right.RUN_REPORTS,
        Right.MANAGE_CUSTOMER_GROUPS,
    }
)
"""What a machine can be allowed to do. Of its user group it gets these rights alone: the others are for people, who
answer for what they decide, and so is each new right until it is added here."""
