"""How a customer is billed: where his invoices go, what stands on them, and whether he is billed at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func

from accounting import identifiers
from accounting.balances import ledger_of
from accounting.models import BillingTerms, Ledger
from accounting.operations import NoAccount
from accounting.owners import owners_of
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

WITHHELD = {FieldGroup.CONTACT: ("email",), FieldGroup.MEMO: ("is_held", "held_reason")}
"""As with the fields of a customer: who does not see an address or a reason cannot write it either."""
FIELDS = (
    "email", "deliver_by", "leitweg_id", "reference", "is_collective", "payment_term", "is_held", "held_reason",
)  # fmt: skip


def billing_terms_of(customer: Customer, scope: Scope, ledger: Ledger | None = None) -> BillingTerms | None:
    """His terms in a ledger, or in that of now; None where he is billed as usual."""
    where = ledger or ledger_of(scope)
    return BillingTerms.objects.filter(base=customer.base_id, customer=customer.pk, ledger=where).first()


def fields_for(scope: Scope) -> list[str]:
    """Those of FIELDS that the scope sees and writes."""
    hidden = {name for group, names in WITHHELD.items() if not scope.allows(group.right) for name in names}
    return [name for name in FIELDS if name not in hidden]


def set_billing_terms(
    *, customer: int, values: Mapping[str, Any], ledger: int | None = None, actor: Scope
) -> BillingTerms:
    """Set how a customer of the actor's base is billed, by the names of FIELDS; what is not named, or withheld from the
    actor, stays.

    `ledger` is that of before a switch, where it is billed here; otherwise it is that of now. Raises MissingRight,
    Customer.DoesNotExist, Ledger.DoesNotExist, NoAccount before he has an account, or ValidationError by field.
    """
    actor.demand(Right.MANAGE_ACCOUNT_TERMS)
    with row_scope.within(actor):
        whose = Customer.objects.in_base(actor.base).select_for_update(no_key=True).get(pk=customer)
        where = ledger_of(actor) if ledger is None else _of_before(ledger, actor)
        if where is None:
            raise NoAccount(whose)
        one = billing_terms_of(whose, actor, where) or BillingTerms(
            organization=actor.organization, base=actor.base, ledger=where, owner_key=where.owner_key, customer=whose
        )
        before = {name: getattr(one, name) for name in FIELDS}
        for name in fields_for(actor):
            setattr(one, name, values.get(name, before[name]))
        _check(one)
        if one.pk is None or before != {name: getattr(one, name) for name in FIELDS}:
            _save(one, actor)
        return one


def _of_before(ledger: int, actor: Scope) -> Ledger:
    return Ledger.objects.in_base(actor.base).get(pk=ledger, owner_key__in=owners_of(actor).all)


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
