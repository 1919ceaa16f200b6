"""What the floor above asks before a location leaves or changes its customer base: whose money is open there.

nobody_books(location)            nothing more is booked there to the end of the transaction
open_money(location, …)           sums of the customers who are registered at a location, or of its whole base
accounts_in_the_way(cursor, …)    whom of those who are about to go to another base an account keeps
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Count, Q, Sum
from django.utils.translation import ngettext_lazy

from accounting.amounts import ZERO
from accounting.choices import AccountKind
from accounting.models import Account
from accounting.models.ledgers import OF_ALL
from accounting.triggers import LOCK_OF_BOOKING
from locations.models import Location

SHOWN = 20


@dataclass(frozen=True)
class OpenMoney:
    """What customers owe, and have paid in advance."""

    customers: int
    owed: Decimal
    credit: Decimal
    currency: str

    def stored(self) -> dict[str, Any]:
        """As JSON holds it; amounts are text, so that nothing makes them floating."""
        return {
            "customers": self.customers, "owed": str(self.owed), "credit": str(self.credit), "currency": self.currency,
        }  # fmt: skip

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """What `stored` has given."""
        return cls(kept["customers"], Decimal(kept["owed"]), Decimal(kept["credit"]), kept["currency"])


def nobody_books(location: Location) -> None:
    """Nothing more is booked at this location to the end of this transaction; afterwards nothing where it has closed
    the location. What is being booked is waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::integer)", [LOCK_OF_BOOKING, location.pk])


def open_money(location: Location, *, whole_base: bool) -> OpenMoney | None:
    """What is open on accounts of the customers who are registered at this location, or of all of its base.

    None where nothing is. What is open in a ledger of its own is not counted: it belongs to the location and keeps
    nobody from leaving. Whoever shows it asks for the right to see accounts.
    """
    accounts = Account.objects.in_base(location.base).filter(owner_key=OF_ALL).with_money()
    found = accounts if whole_base else accounts.filter(customer__home_location=location)
    sums = found.aggregate(
        customers=Count("customer", distinct=True),
        owed=Sum("balance", filter=Q(kind=AccountKind.OWED)),
        credit=Sum("balance", filter=Q(kind=AccountKind.CREDIT)),
    )
    if not sums["customers"]:
        return None
    owed, credit = -(sums["owed"] or ZERO) + ZERO, (sums["credit"] or ZERO) + ZERO
    return OpenMoney(sums["customers"], owed, credit, location.organization.currency)


def accounts_in_the_way(
    cursor: CursorWrapper, base: int, ids: str, params: Mapping[str, Any], *, is_back: bool = False
) -> ValidationError | None:
    """Why customers cannot go to another base: some have accounts, which are kept where they are.

    `ids` is a SELECT of the ids of those who would go; `is_back` says that a switch would be undone. None where nobody
    has one.
    """
    cursor.execute(
        f"""SELECT customer_number FROM customers_customer WHERE base_id = %(of_base)s AND id IN ({ids}) AND id IN (
                SELECT customer_id FROM accounting_account WHERE base_id = %(of_base)s AND customer_id IS NOT NULL
            ) ORDER BY customer_number""",
        {**params, "of_base": base},
    )
    numbers = [number for (number,) in cursor.fetchall()]
    if not numbers:
        return None
    named = ", ".join(map(str, numbers[:SHOWN])) + (" …" if len(numbers) > SHOWN else "")
    sentence = (
        ngettext_lazy(
            "%(count)s customer has got an account meanwhile, which a customer base 1.0 cannot keep: number "
            "%(numbers)s. So this cannot be undone any more.",
            "%(count)s customers have got accounts meanwhile, which a customer base 1.0 cannot keep: numbers "
            "%(numbers)s. So this cannot be undone any more.",
            len(numbers),
        )
        if is_back
        else ngettext_lazy(
            "%(count)s customer has an account, which a customer base 1.0 cannot keep: number %(numbers)s. Begin with "
            "an empty base 1.0.",
            "%(count)s customers have accounts, which a customer base 1.0 cannot keep: numbers %(numbers)s. Begin with "
            "an empty base 1.0.",
            len(numbers),
        )
    )
    return ValidationError(sentence, code="accounts_in_the_way", params={"count": len(numbers), "numbers": named})
