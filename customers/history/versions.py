"""An older state of a customer, from the history: what it would change, and bringing it back.

It is an ordinary change: by the operation that the form calls, with the same checks, and in the history under a reason
of its own. Number, base, home location and whether he is archived are no part of it, nor are his consents.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pghistory
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import Http404
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from customers.field_groups import unwritable
from customers.history.changes import FIELDS, RESTORED, Change, CustomerEvent, changes_between
from customers.history.former_numbers import tell_former_numbers
from customers.models import Customer, CustomerGroup, Tag
from customers.operations import CustomerChangedMeanwhile, change_customer, validate_customer
from customers.write_order import take_order
from locations.permissions import Right
from locations.row_checks import fields_about
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

NEVER_RESTORED = frozenset({"customer_number"})
"""Fields that one can type once and never change."""


@dataclass(frozen=True)
class LeftOut:
    """A field that stays as it is now, or a part of it, with the reason in a sentence."""

    label: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Restoring:
    """What bringing an older state back would change, field by field, and what of it stays as it is now."""

    happened_at: datetime
    changes: list[Change]
    left_out: list[LeftOut]
    customer: Customer
    """As he would be; not saved."""


def restorable_fields(actor: Scope) -> tuple[Any, ...]:
    """The fields that restoring an older state brings back: those that the form lets this person edit."""
    left_out = NEVER_RESTORED | unwritable(actor)
    return tuple(field for field in FIELDS if field.editable and field.name not in left_out)


def demand_versions(actor: Scope) -> None:
    """Raise MissingRight unless the actor may see earlier states."""
    actor.demand(Right.SEE_HISTORY)
    actor.demand(Right.VIEW_CUSTOMERS)


def customer_of_version(*, version: UUID, actor: Scope) -> Customer:
    """The customer of an earlier state, as he is now. Raises Http404 for one of another base."""
    of_customer = Customer.objects.in_base(actor.base).filter(history__pgh_id=version)
    customer = of_customer.select_related("organization", "base").first()
    if customer is None:
        raise Http404
    return customer


def preview_version(*, customer: Customer, version: UUID, actor: Scope) -> Restoring:
    """What restoring this state would change now. Raises MissingRight, or Http404 for a state of another customer."""
    demand_versions(actor)
    return _plan(customer, version, actor)


def _plan(customer: Customer, version: UUID, actor: Scope) -> Restoring:
    events = CustomerEvent.objects.filter(pgh_obj=customer.pk, base=customer.base_id).exclude(pgh_label="delete")
    event = events.filter(pgh_id=version).first()
    if event is None or customer.base_id != actor.base.pk:
        raise Http404
    newer = events.filter(changed_at__gt=event.changed_at).order_by("changed_at")
    tell_former_numbers(customer, [event], until=newer.values_list("changed_at", flat=True).first())
    fields = restorable_fields(actor)
    wanted, left_out = copy.copy(customer), []
    for field in fields:
        setattr(wanted, field.attname, getattr(event, field.attname))
    left_out += _without_what_is_gone(wanted, customer)
    left_out += _without_what_is_refused(wanted, customer, fields)
    values = {field.name: getattr(wanted, field.attname) for field in fields}
    return Restoring(
        happened_at=event.pgh_created_at,
        changes=changes_between(customer, values, fields=fields),
        left_out=left_out,
        customer=wanted,
    )


@busy_told()
def restore_version(*, customer: Customer, version: UUID, seen_at: datetime, actor: Scope) -> Restoring:
    """Bring back this state of a customer of the actor's base, as far as it is allowed today.

    `seen_at` is the `changed_at` that the person saw in the preview. Raises MissingRight, CustomerChangedMeanwhile,
    ValidationError, or Http404 for a state that is not his.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    demand_versions(actor)
    take_order(actor.base)
    locked = Customer.objects.in_base(actor.base).select_for_update().get(pk=customer.pk)
    if locked.changed_at != seen_at:
        raise CustomerChangedMeanwhile(locked)
    restoring = _plan(locked, version, actor)
    if restoring.changes:
        with pghistory.context(reason=RESTORED()):
            change_customer(customer=restoring.customer, seen_at=seen_at, actor=actor)
    return restoring


def _without_what_is_gone(wanted: Customer, now: Customer) -> list[LeftOut]:
    """Leave out a group or a tag that does not exist any more. Returns what was left out."""
    left_out = []
    groups = CustomerGroup.objects.filter(base=now.base_id)
    if wanted.customer_group_id and not groups.filter(pk=wanted.customer_group_id).exists():
        wanted.customer_group_id = now.customer_group_id
        reason = _("The customer group of then does not exist any more. It stays as it is now.")
        left_out.append(LeftOut(_label("customer_group"), reason))
    known = set(Tag.objects.filter(base=now.base_id, name__in=wanted.tags).values_list("name", flat=True))
    if gone := sorted(set(wanted.tags) - known):
        wanted.tags = [tag for tag in wanted.tags if tag in known]
        reason = _("The tags of then that do not exist any more are left out: %(tags)s.") % {"tags": ", ".join(gone)}
        left_out.append(LeftOut(_label("tags"), reason))
    return left_out


def _without_what_is_refused(wanted: Customer, now: Customer, fields: tuple[Any, ...]) -> list[LeftOut]:
    """Keep the present value of each field whose earlier value is not allowed today. Returns what was left out.

    Raises ValidationError where the other values do not fit those that are kept.
    """
    left_out: list[LeftOut] = []
    try:
        validate_customer(wanted)
    except ValidationError as refusal:
        known = {field.name: field for field in fields}
        refused = _by_field(refusal)
        if not set(refused) <= set(known):
            raise
        for name, sentences in refused.items():
            setattr(wanted, known[name].attname, getattr(now, known[name].attname))
            left_out.append(LeftOut(_label(name), " ".join(sentences)))
        validate_customer(wanted)
    return left_out


def _by_field(refusal: ValidationError) -> dict[str, list[str]]:
    """The sentences of a refusal by field; those about several fields together under NON_FIELD_ERRORS."""
    found: dict[str, list[str]] = {}
    for name, errors in refusal.error_dict.items():
        for error in errors:
            about = fields_about(Customer, error.code) if name == NON_FIELD_ERRORS else {name}
            found.setdefault(about.pop() if len(about) == 1 else NON_FIELD_ERRORS, []).extend(error.messages)
    return found


def _label(name: str) -> str:
    return capfirst(str(next(field.verbose_name for field in FIELDS if field.name == name)))
