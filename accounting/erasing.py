"""What becomes of the account of a customer who is erased for good.

While money is open he is not erased. His movements stay, because the law wants them kept (eight years for what an
invoice was based on), but they say nothing of him any more: the account has no name, and free texts are emptied.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounting.amounts import Money
from accounting.balances import open_in
from accounting.models import Account, AccountTerms, Movement, PaymentOrder
from customers.erasure import Place
from customers.models import Customer


class MoneyOpen(ValidationError):
    """Money of the customer is open, so he cannot be erased yet."""

    def __init__(self, customer: Customer) -> None:
        owed, credit = open_in(Account.objects.of_customer(customer))
        currency = customer.organization.currency
        super().__init__(
            _(
                "Money is open on the account of %(customer)s: he owes %(open)s and has a credit of %(credit)s. "
                "Settle both, and erase him then."
            ),
            code="money_open",
            params={"customer": customer, "open": Money(owed, currency), "credit": Money(credit, currency)},
        )


def _movements(customer: Customer) -> int:
    accounts = list(Account.objects.of_customer(customer).values_list("pk", flat=True))
    return Movement.objects.filter(base=customer.base_id).of_accounts(accounts).count() if accounts else 0


def _forget_orders(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_forget_orders(%s, %s)", [customer.base_id, customer.pk])


def _forget(customer: Customer) -> None:
    """Raises MoneyOpen, also where the account of a location on its own, which is not seen here, is not even."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT accounting_forget(%s, %s)", [customer.base_id, customer.pk])
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") == "account_money_open":
            raise MoneyOpen(customer) from error
        raise


PLACES = (
    Place(
        name="orders",
        label=_("Orders of tills that stay without his name"),
        count=lambda customer: PaymentOrder.objects.of_customer(customer).count(),
        remove=_forget_orders,
    ),
    Place(
        name="account",
        label=_("Terms of his account"),
        count=lambda customer: AccountTerms.objects.of_customer(customer).count(),
        remove=_forget,
    ),
    Place(name="movements", label=_("Bookings that stay without his name"), count=_movements),
)
