"""What becomes of the account of a customer who is erased for good.

While money is open he is not erased. His movements stay, because the law wants them kept (eight years for what an
invoice was based on), but they say nothing of him any more: the account has no name, and free texts are emptied. His
invoices stay as they were issued, name and address included, because the law wants just that for eight years; nothing
leads from them to anything else of him.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounting.choices import BalanceImportState
from accounting.models import (
    Account,
    AccountTerms,
    BalanceImport,
    BankBooking,
    BranchOrder,
    DunningNotice,
    Invoice,
    Letter,
    Mandate,
    Movement,
    PaymentOrder,
)
from accounting.querysets import BranchOrderQuerySet
from customers.erasure import Place
from customers.models import Customer
from mcp.isolation import row_scope


class MoneyOpen(ValidationError):
    """Money of the customer is open, so he cannot be erased yet. How much, those are told who see accounts."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(
            _(
                "Money is open on the account of %(customer)s. Have what he owes and his credit settled, and erase him "
                "then."
            ),
            code="money_open",
            params={"customer": customer},
        )


class DebitAtBank(ValidationError):
    """A debit of the customer is at the bank, which collects or returns it."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(
            _(
                "A debit of %(customer)s is at the bank. Note at its debit file first whether it was collected or "
                "returned, and erase him then."
            ),
            code="debit_at_bank",
            params={"customer": customer},
        )


class SoldAndNotBooked(ValidationError):
    """A branch has sold him something that the central has not booked yet."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(
            _(
                "%(customer)s has bought on account at a branch, and the central has not booked it yet. Reconcile, "
                "settle it, and erase him then."
            ),
            code="sold_and_not_booked",
            params={"customer": customer},
        )


@contextmanager
def _refused_by(constraint: str, refusal: ValidationError) -> Iterator[None]:
    """Raise the refusal where this constraint keeps the block from what it does."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") == constraint:
            raise refusal from error
        raise


def _movements(customer: Customer) -> int:
    accounts = list(Account.objects.of_customer(customer).values_list("pk", flat=True))
    return Movement.objects.filter(base=customer.base_id).of_accounts(accounts).count() if accounts else 0


def _forget_orders(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_orders(%s, %s)", [customer.base_id, customer.pk])


def _forget_invoices(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_invoices(%s, %s)", [customer.base_id, customer.pk])


def _forget(customer: Customer) -> None:
    """Raises MoneyOpen, also where the account of a location on its own, which is not seen here, is not even."""
    with _refused_by("account_money_open", MoneyOpen(customer)), connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget(%s, %s)", [customer.base_id, customer.pk])


def _checked_balances(customer: Customer) -> QuerySet[BalanceImport]:
    """Files of opening balances that are not booked and name him, or have rows that were left out and may."""
    rows = BalanceImport.objects.filter(base=customer.base_id, state=BalanceImportState.CHECKED)
    named = [one.pk for one in rows if one.rejected or any(line[1] == customer.pk for line in one.lines)]
    return rows.filter(pk__in=named)


def _discard_balances(customer: Customer) -> None:
    """Also those of locations with accounts of their own, which are not seen here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_balances(%s, %s)", [customer.base_id, customer.pk])


def _bank_entries(customer: Customer) -> int:
    rows = BankBooking.objects.filter(base=customer.base_id, movement__credit__customer=customer.pk)
    return rows.values("entry").distinct().count()


def _forget_bank_entries(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_entries(%s, %s)", [customer.base_id, customer.pk])


def _forget_mandates(customer: Customer) -> None:
    """Raises DebitAtBank."""
    with _refused_by("debititem_at_the_bank", DebitAtBank(customer)), connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_mandates(%s, %s)", [customer.base_id, customer.pk])


def _forget_notices(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_notices(%s, %s)", [customer.base_id, customer.pk])


def _forget_letters(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_letters(%s, %s)", [customer.base_id, customer.pk])


def _branch_orders(customer: Customer) -> BranchOrderQuerySet:
    return BranchOrder.objects.filter(base=customer.base_id, uid=customer.uid)


def _forget_branch_orders(customer: Customer) -> None:
    """Raises SoldAndNotBooked where somebody erases him; whoever was erased at the other side is so here as well."""
    if row_scope.entered().user is not None and _branch_orders(customer).waiting().exists():
        raise SoldAndNotBooked(customer)
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_branch_orders(%s, %s)", [customer.base_id, customer.pk])


PLACES = (
    Place(  # the first one: who sends a letter locks it before what it is about
        name="letters",
        label=_("E-mails to him, of which the address goes and the fact stays"),
        count=lambda customer: Letter.objects.filter(base=customer.base_id, customer=customer.pk).count(),
        remove=_forget_letters,
    ),
    Place(
        name="branch_orders",
        label=_("Orders of the branch that stay without his name"),
        count=lambda customer: _branch_orders(customer).count(),
        remove=_forget_branch_orders,
    ),
    Place(
        name="opening_balances",
        label=_("Files of opening balances that are not booked"),
        count=lambda customer: _checked_balances(customer).count(),
        remove=_discard_balances,
    ),
    Place(
        name="reminders",
        label=_("Reminders that stay without his name"),
        count=lambda customer: DunningNotice.objects.of_customer(customer).count(),
        remove=_forget_notices,
    ),
    Place(
        name="mandates",
        label=_("His SEPA mandates, and disputes about his invoices"),
        count=lambda customer: Mandate.objects.of_customer(customer).count(),
        remove=_forget_mandates,
    ),
    Place(
        name="invoices",
        label=_("Invoices, which the law wants kept as they are"),
        count=lambda customer: Invoice.objects.filter(base=customer.base_id, customer=customer.pk).count(),
        remove=_forget_invoices,
    ),
    Place(
        name="orders",
        label=_("Orders of tills that stay without his name"),
        count=lambda customer: PaymentOrder.objects.of_customer(customer).count(),
        remove=_forget_orders,
    ),
    Place(
        name="bank",
        label=_("Payments from the bank that stay without his name"),
        count=_bank_entries,
        remove=_forget_bank_entries,
    ),
    Place(
        name="account",
        label=_("Terms of his account"),
        count=lambda customer: AccountTerms.objects.of_customer(customer).count(),
        remove=_forget,
    ),
    Place(name="movements", label=_("Bookings that stay without his name"), count=_movements),
)
