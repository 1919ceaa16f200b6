"""Accounts for many customers at once: the terms of those who have none, and the ids of all sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db.models import Q

from accounting.choices import OF_CUSTOMER, AccountKind
from accounting.models import Account, AccountTerms, Ledger
from accounting.operations.opening import ensure_accounts
from mcp.isolation.scope import Scope


def with_accounts(ledger: Ledger, wanted: Mapping[int, tuple[str, Decimal]], actor: Scope) -> None:
    """Open an account for each of these customers who has none in the ledger. `wanted` has by the id of the customer
    his credit limit as text, or nothing, and his credit: with a limit he may buy on account, with credit hold some.
    """
    known = AccountTerms.objects.filter(base=ledger.base_id, ledger=ledger, customer__in=list(wanted))
    missing = wanted.keys() - set(known.values_list("customer_id", flat=True))
    AccountTerms.objects.bulk_create(
        [
            AccountTerms(
                organization_id=ledger.organization_id, base_id=ledger.base_id, ledger=ledger,
                owner_key=ledger.owner_key, customer_id=pk, set_by=actor.actor_name,
                hard_limit=Decimal(limit or 0), may_buy_on_account=bool(limit), may_hold_credit=bool(credit),
            )
            for pk in sorted(missing)
            for limit, credit in [wanted[pk]]
        ]
    )  # fmt: skip
    ensure_accounts(ledger, *((kind, pk, None) for pk in sorted(missing) for kind in OF_CUSTOMER))
    ensure_accounts(ledger, (AccountKind.OPENING, None, None))


def account_ids(ledger: Ledger, customers: Sequence[int]) -> dict[tuple[AccountKind, int | None], int]:
    """By kind and customer the ids of their accounts; the one of opening balances by its kind and None."""
    wanted = Q(customer__in=customers, kind__in=OF_CUSTOMER) | Q(kind=AccountKind.OPENING)
    rows = Account.objects.filter(wanted, base=ledger.base_id, ledger=ledger)
    return {(AccountKind(kind), customer): pk for pk, kind, customer in rows.values_list("pk", "kind", "customer_id")}
