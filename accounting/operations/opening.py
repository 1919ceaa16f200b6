"""Terms of a customer's account; with the first ones the account is opened."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from accounting.balances import ledger_of, owner_now
from accounting.choices import OF_CUSTOMER, AccountKind
from accounting.models import Account, AccountTerms, Ledger
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.branch import is_branch
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

OF_MEMOS = ("is_blocked", "blocked_reason")
"""Terms that are for whoever sees memos: the reason of a block is free text about a person."""
TERMS = ("may_buy_on_account", "may_hold_credit", "soft_limit", "hard_limit", "is_blocked", "blocked_reason")


class NoAccount(ValidationError):
    """The customer has no account here."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(
            _("%(customer)s has no account yet. Whoever sets terms of accounts opens one."),
            code="no_account",
            params={"customer": customer},
        )


class NotOnThisBase(ValidationError):
    """Customers of a base 1.0 have no accounts."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Accounts of customers are kept on a customer base 2.0. This location works on a base 1.0: whoever "
                "manages locations at the central can switch on “Accounting for customer base 1.0” for it."
            ),
            code="ledger_of_shared_base",
        )


@busy_told()
def set_terms(
    *,
    customer: int,
    may_buy_on_account: bool,
    may_hold_credit: bool,
    soft_limit: Decimal | None = None,
    hard_limit: Decimal = Decimal(0),
    is_blocked: bool = False,
    blocked_reason: str = "",
    actor: Scope,
) -> AccountTerms:
    """Set what a customer of the actor's base may do with his account; with the first terms it is opened.

    A limit below what is open holds for everything that comes. Who does not see memos neither blocks the account nor
    lifts a block: its reason is one. What is said of it is passed over, and stays as it is. Raises MissingRight,
    Customer.DoesNotExist, NotOnThisBase, Busy, or ValidationError for terms that contradict one another or an archived
    customer without any.
    """
    actor.demand(Right.MANAGE_ACCOUNT_TERMS)
    demand_accounts(actor)
    with row_scope.within(actor):
        whose = Customer.objects.in_base(actor.base).select_for_update(no_key=True).get(pk=customer)
        ledger = ensure_ledger(actor)
        terms = AccountTerms.objects.select_for_update(of=("self",)).filter(ledger=ledger, customer=whose).first()
        if terms is None and whose.is_archived:
            raise ValidationError(
                _("%(customer)s is archived. Restore the customer first."),
                code="customer_archived",
                params={"customer": whose},
            )
        values: dict[str, Any] = {
            "may_buy_on_account": may_buy_on_account,
            "may_hold_credit": may_hold_credit,
            "soft_limit": soft_limit,
            "hard_limit": hard_limit,
        }
        if actor.allows(FieldGroup.MEMO.right):
            values |= {"is_blocked": is_blocked, "blocked_reason": blocked_reason}
        with told_as_refusals(), transaction.atomic():
            return _changed(terms, values, actor) if terms else _opened(whose, ledger, values, actor)


def open_for_late(customer: Customer, actor: Scope) -> None:
    """Open an account that allows nothing, where the customer has none: for what a till has booked without a
    connection, which has happened whatever his terms say.

    The caller has entered the actor's scope. Two who do so at once open one.
    """
    whose = Customer.objects.in_base(actor.base).select_for_update(no_key=True).get(pk=customer.pk)
    ledger = ensure_ledger(actor)
    if not AccountTerms.objects.of_customer(whose).filter(ledger=ledger).exists():
        nothing = {"may_buy_on_account": False, "may_hold_credit": False, "soft_limit": None, "hard_limit": Decimal(0)}
        _opened(whose, ledger, nothing, actor)


def _opened(whose: Customer, ledger: Ledger, values: Mapping[str, Any], actor: Scope) -> AccountTerms:
    terms = AccountTerms(
        organization=actor.organization, base=actor.base, ledger=ledger, owner_key=ledger.owner_key, customer=whose,
        set_by=actor.actor_name, **values,
    )  # fmt: skip
    terms.clean_fields(exclude=["organization", "base", "ledger", "customer"])
    terms.save(force_insert=True)
    ensure_accounts(ledger, *((kind, whose.pk, None) for kind in OF_CUSTOMER))
    return terms


def _changed(terms: AccountTerms, values: Mapping[str, Any], actor: Scope) -> AccountTerms:
    """Write what differs, with who has set it."""
    for name, value in values.items():
        setattr(terms, name, value)
    terms.clean_fields(exclude=["organization", "base", "ledger", "customer"])
    stored = AccountTerms.objects.get(pk=terms.pk)
    differing = [name for name in values if getattr(stored, name) != getattr(terms, name)]
    if differing:
        terms.since, terms.set_by = Func(function="clock_timestamp"), actor.actor_name
        terms.save(update_fields=[*differing, "since", "set_by"])
        terms.refresh_from_db(fields=["since"])
    return terms


def demand_base(actor: Scope) -> None:
    """Raise NotOnThisBase where the location works on a base 1.0."""
    if actor.base.is_discontinued:
        raise NotOnThisBase


def demand_accounts(actor: Scope) -> None:
    """Raise NotOnThisBase where no accounts are kept: of a base 1.0 the central keeps them, once that is switched on.

    What was booked then can be paid, billed and set right also when it is switched off again.
    """
    if keeps_accounts(actor):
        return
    if is_branch() or not Ledger.objects.in_base(actor.base).exists():
        raise NotOnThisBase


def keeps_accounts(actor: Scope) -> bool:
    """Whether new accounts are opened where the actor is: on a base 2.0, and of a base 1.0 at its central."""
    return not actor.base.is_discontinued or (has_legacy_accounts(actor) and not is_branch())


def has_legacy_accounts(actor: Scope) -> bool:
    """Whether Accounting for customer base 1.0 is switched on where the actor is."""
    return actor.base.is_discontinued and actor.location.has_legacy_accounts


def ensure_ledger(actor: Scope) -> Ledger:
    """The ledger to which the location posts: that of the central, or its own one. It is opened with the first account
    in it.
    """
    if (found := ledger_of(actor)) is not None:
        return found
    owner = owner_now(actor.base, actor.location)
    row = Ledger(organization=actor.organization, base=actor.base, owner_id=owner or None)
    Ledger.objects.bulk_create([row], ignore_conflicts=True)
    return Ledger.objects.in_base(actor.base).get(owner_key=owner)


type Wanted = tuple[AccountKind, int | None, int | None]
"""Kind of an account, and the customer or location whose it is."""


def ensure_accounts(ledger: Ledger, *wanted: Wanted) -> None:
    """Open the accounts that are not there yet. Two who do so at once open one."""
    Account.objects.bulk_create(
        [
            Account(
                organization_id=ledger.organization_id, base_id=ledger.base_id, ledger=ledger,
                owner_key=ledger.owner_key, kind=kind, customer_id=customer, location_id=location,
            )
            for kind, customer, location in wanted
        ],
        ignore_conflicts=True,
    )  # fmt: skip
