"""How a customer is billed: where his invoices go, what stands on them, and whether he is billed at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func

from accounting import identifiers
from accounting.balances import ledger_of
from accounting.models import BillingTerms
from accounting.operations import NoAccount
from customers.models import Customer
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

FIELDS = (
    "email", "deliver_by", "leitweg_id", "reference", "is_collective", "payment_term", "is_held", "held_reason",
)  # fmt: skip


def billing_terms_of(customer: Customer, scope: Scope) -> BillingTerms | None:
    """His terms in the ledger of this location; None where he is billed as usual."""
    return BillingTerms.objects.filter(base=customer.base_id, customer=customer.pk, ledger=ledger_of(scope)).first()


def set_billing_terms(*, customer: int, values: Mapping[str, Any], actor: Scope) -> BillingTerms:
    """Set how a customer of the actor's base is billed, by the names of FIELDS; what is not named stays.

    Raises MissingRight, Customer.DoesNotExist, NoAccount before he has an account, or ValidationError by field.
    """
    actor.demand(Right.MANAGE_ACCOUNT_TERMS)
    with row_scope.within(actor):
        whose = Customer.objects.in_base(actor.base).select_for_update(no_key=True).get(pk=customer)
        ledger = ledger_of(actor)
        if ledger is None:
            raise NoAccount(whose)
        one = billing_terms_of(whose, actor) or BillingTerms(
            organization=actor.organization, base=actor.base, ledger=ledger, owner_key=ledger.owner_key, customer=whose
        )
        before = {name: getattr(one, name) for name in FIELDS}
        for name in FIELDS:
            setattr(one, name, values.get(name, before[name]))
        _check(one)
        if one.pk is None or before != {name: getattr(one, name) for name in FIELDS}:
            _save(one, actor)
        return one


def _check(one: BillingTerms) -> None:
    try:
        one.leitweg_id = identifiers.leitweg_id(one.leitweg_id)
    except ValidationError as error:
        raise ValidationError({"leitweg_id": error}) from error
    one.set_by = one.set_by or "–"
    one.clean_fields(exclude=["organization", "base", "ledger", "customer"])
    one.validate_constraints(exclude=["customer"])


def _save(one: BillingTerms, actor: Scope) -> None:
    one.set_by = actor.actor_name
    with told_as_refusals(), transaction.atomic():
        if one.pk is None:
            one.save(force_insert=True)
        else:
            one.since = Func(function="clock_timestamp")
            one.save(update_fields=[*FIELDS, "since", "set_by"])
    one.refresh_from_db(fields=["since"])
