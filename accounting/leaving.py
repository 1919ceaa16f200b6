"""What the floor above asks before a location leaves or changes its customer base: whose money is open there.

open_money(location, scope)       sums of the customers who are registered at a location
with_accounts(cursor, …)          whom of those who are about to go to another base an account keeps
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.utils import CursorWrapper
from django.utils.translation import ngettext_lazy

from accounting.balances import open_in
from accounting.models import Account
from locations.models import Location
from locations.permissions import Right
from mcp.isolation.scope import Scope

SHOWN = 20


@dataclass(frozen=True)
class OpenMoney:
    """Of the customers who are registered at a location."""

    customers: int
    owed: Decimal
    credit: Decimal
    currency: str


def open_money(location: Location, scope: Scope) -> OpenMoney | None:
    """What is open on accounts of customers of this location; None where nothing is, or one may not see accounts."""
    with scope.asked.only_looking():
        if not scope.allows(Right.SEE_ACCOUNTS):
            return None
    rows = list(Account.objects.in_base(location.base).with_money().filter(customer__home_location=location))
    if not rows:
        return None
    owed, credit = open_in(rows)
    return OpenMoney(len({one.customer_id for one in rows}), owed, credit, location.organization.currency)


def accounts_in_the_way(
    cursor: CursorWrapper, base: int, ids: str, params: Mapping[str, Any]
) -> ValidationError | None:
    """Why customers cannot go to another base: some have accounts, which are kept where they are.

    `ids` is a SELECT of the ids of those who would go. None where nobody has one.
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
    return ValidationError(
        ngettext_lazy(
            "%(count)s customer has an account, which a customer base 1.0 cannot keep: number %(numbers)s. Begin with "
            "an empty base 1.0.",
            "%(count)s customers have accounts, which a customer base 1.0 cannot keep: numbers %(numbers)s. Begin with "
            "an empty base 1.0.",
            len(numbers),
        ),
        code="accounts_in_the_way",
        params={"count": len(numbers), "numbers": named},
    )
