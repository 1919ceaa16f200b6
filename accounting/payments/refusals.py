"""Why a file is not stored, and why an entry cannot be booked, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from accounting.choices import MovementKind
from accounting.operations.refusals import told
from customers.models import Customer
from locations.text import LazyText
from mcp.isolation.scope import Scope

FILE: dict[str, LazyText] = {
    "bank_file_too_large": _("The file is larger than %(most)s MB. Fetch a shorter period."),
    "bank_account_unknown": _(
        "The file is about the account %(iban)s, which is none of this business. Choose another file, or add the "
        "account first."
    ),
    "bank_account_needed": _("The file does not say about which account it is. Choose the account."),
    "bank_currency": _("The account in the file is kept in %(found)s, and amounts here are in %(expected)s."),
}
ENTRY: dict[str, LazyText] = {
    "bankentry_open": _("This entry was decided meanwhile. Look at it again."),
    "bankstatement_at_work": _("This bank statement is being worked on. Wait until that is done, and try once more."),
    "bankentry_booked_where_paid": _(
        "Nothing was paid by this entry: money went out, or a payment came back. It is left out or taken back."
    ),
    "bankentry_booked_whole": _("The shares are not as much as the entry. Together they have to be the whole amount."),
    "bankentry_without_proposal": _("Nothing is proposed for this entry any more. Choose the customer."),
    "bankentry_proposed_anew": _(
        "What was proposed for this entry was paid or decided meanwhile. It is proposed anew: look at it again."
    ),
    "debit_difference": _(
        "The debits do not come to this amount. Return by hand first which of them the bank refused."
    ),
    "debit_returned_before": _("This debit was returned already by another entry of the bank. Leave this one out."),
    "debit_collected_before": _("This was collected already by another entry of the bank. Leave this one out."),
    "debit_gone": _("This debit was cancelled with its file, so there is nothing to book."),
    "bankentry_rest": _(
        "Several customers are named, and more was paid than they owe. Choose who gets how much of it."
    ),
}


class FileRefused(ValidationError):
    """The file can be read, but is not one that is stored here; `code` is one of FILE."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(FILE[code], code=code, params=params)


class EntryRefused(ValidationError):
    """The entry cannot be booked so, or not any more; `code` is one of ENTRY."""

    def __init__(self, code: str) -> None:
        super().__init__(ENTRY[code], code=code)


@contextmanager
def told_of_entry(customer: Customer, actor: Scope) -> Iterator[None]:
    """Raise EntryRefused, or as `told`, where the database refuses to book an entry."""
    try:
        with told(MovementKind.PAYMENT, customer, actor):
            yield
    except IntegrityError as error:
        name = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None))
        raise (EntryRefused(name) if name in ENTRY else error) from error


@contextmanager
def told_of_decision() -> Iterator[None]:
    """Raise EntryRefused where the database refuses to leave an entry out."""
    try:
        yield
    except IntegrityError as error:
        name = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None))
        raise (EntryRefused(name) if name in ENTRY else error) from error
