"""What can be done with customers. Every form, action, import, command and task goes through here.

Each operation asks for the right itself, runs in one transaction, and leaves the rest to the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers.choices import FormerNumberSource
from customers.edit_side import demand_edited_here, is_edited_here
from customers.field_groups import SAID_WITH, demand_fields, unwritable
from customers.formats import without_text_mark
from customers.models import Customer, CustomerGroup, FormerNumber, Tag
from customers.numbers import check_number, take_number
from customers.write_order import take_order
from locations.history import ClockTimestamp
from locations.permissions import Right
from mcp.central.operations.changing import merged
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

TAGS = Customer._meta.get_field("tags")


class CustomerChangedMeanwhile(ValidationError):
    """Somebody else saved the customer after it was opened for editing."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(
            gettext_lazy(
                "Somebody else changed %(customer)s while you were editing. Open it in a second window, compare, "
                "and enter your change again."
            ),
            code="changed_meanwhile",
            params={"customer": customer},
        )


@busy_told()
def register_customer(*, customer: Customer, actor: Scope) -> Customer:
    """Save a new customer at the actor's location.

    Without a number it gets the next one of the location's range; a number outside of it is refused
    (`number_out_of_range`), as is one that is taken. Base, organization and home location come from the scope,
    whatever the object says. Raises MissingRight, also for a field that the actor may not see, or ValidationError;
    Busy where others hold the numbers for too long.
    """
    actor.demand(Right.ADD_CUSTOMERS)
    demand_fields([SAID_WITH.get(name, name) for name in unwritable(actor) if getattr(customer, name)], actor)
    take_order(actor.base)
    customer.base, customer.organization = actor.base, actor.organization
    customer.home_location = actor.location
    if customer.customer_number is None:
        # Checked first: taking a number makes all others wait who register here, until this transaction ends.
        _check(customer, exclude={"customer_number"})
        customer.customer_number = take_number(actor.location)
    else:
        check_number(customer.customer_number, actor.location)
        _check(customer)
    customer.save(force_insert=True)
    _save_former_numbers(customer)
    return customer


@busy_told()
def change_customer(*, customer: Customer, seen_at: datetime | None = None, actor: Scope) -> Customer:
    """Save a changed customer of the actor's base. Fields that the actor may not see stay as they are stored.

    So do his former numbers, unless they were assigned: then he has these afterwards, and the new ones are typed.
    `seen_at` is the `changed_at` that the person saw: if the row is newer, CustomerChangedMeanwhile is raised and
    nothing is written. Without it the change is written in any case. Raises MissingRight, ValidationError, or Busy
    where somebody else is writing him for too long.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    take_order(actor.base)
    stored = Customer.objects.in_base(actor.base).select_for_update().get(pk=customer.pk)
    if seen_at is not None and stored.changed_at != seen_at:
        raise CustomerChangedMeanwhile(stored)
    customer.customer_number, customer.base = stored.customer_number, actor.base
    customer.organization_id, customer.home_location_id = stored.organization_id, stored.home_location_id
    customer.archived_at, customer.archived_reason = stored.archived_at, stored.archived_reason
    for name in unwritable(actor):
        setattr(customer, name, getattr(stored, name))
    with customer.replacing(stored):
        _check(customer, known_tags=stored.tags)
    customer.changed_at = ClockTimestamp()  # the database says it anyway (STAMP); so it tells what it has said
    customer.save(force_update=True)
    _save_former_numbers(customer)
    return customer


@busy_told()
def archive_customers(*, customers: Iterable[int], reason: str, actor: Scope) -> int:
    """Archive the customers of these ids in the actor's base; those already archived stay as they are.

    Returns how many were archived. Raises MissingRight, ValidationError where no reason is given, EditedAtOtherSide, or
    Busy.
    """
    actor.demand(Right.ARCHIVE_CUSTOMERS)
    _check_reason(reason.strip())
    take_order(actor.base)
    return (
        Customer.objects.in_base(actor.base)
        .active()
        .filter(pk__in=list(customers))
        .update(archived_at=timezone.now(), archived_reason=reason.strip())
    )


@busy_told()
def restore_customers(*, customers: Iterable[int], actor: Scope) -> int:
    """Undo the archiving of the customers of these ids; returns how many.

    Raises MissingRight, EditedAtOtherSide, or Busy.
    """
    actor.demand(Right.ARCHIVE_CUSTOMERS)
    take_order(actor.base)
    return (
        Customer.objects.in_base(actor.base)
        .archived()
        .filter(pk__in=list(customers))
        .update(archived_at=None, archived_reason="")
    )


@busy_told()
def save_customer_group(*, group: CustomerGroup, changed: Collection[str] | None = None, actor: Scope) -> CustomerGroup:
    """Create a customer group of the actor's base, or save what somebody has changed of one.

    `changed` are the fields in which he has changed what he saw; the others stay as somebody else may have saved them
    meanwhile. Raises MissingRight, ValidationError, or Busy.
    """
    actor.demand(Right.MANAGE_CUSTOMER_GROUPS)
    take_order(actor.base, is_edit=False)
    if group.pk is None:
        group.base = actor.base
        group.full_clean()
        group.save(force_insert=True)
        return group
    stored = CustomerGroup.objects.in_base(actor.base).select_for_update(of=("self",)).get(pk=group.pk)
    names = merged(stored, group, ("name", "price_level", "discount"), changed=changed)
    stored.full_clean()
    stored.save(update_fields=names)
    return group


@busy_told()
def save_tag(*, tag: Tag, actor: Scope) -> Tag:
    """Create a tag in the actor's base, or rename one with all customers that bear it.

    Returns the tag that is there now: a renamed one is a new row. Raises MissingRight, ValidationError, or
    EditedAtOtherSide for one that customers bear.
    """
    actor.demand(Right.MANAGE_CUSTOMER_GROUPS)
    take_order(actor.base, is_edit=False)
    if tag.pk is None:
        tag.base = actor.base
        tag.full_clean()
        tag.save(force_insert=True)
        return tag
    before = Tag.objects.in_base(actor.base).select_for_update().get(pk=tag.pk)
    tag.full_clean()
    return tag if tag.name == before.name else _rename_tag(before, tag.name, actor)


def _rename_tag(tag: Tag, name: str, actor: Scope) -> Tag:
    """Insert the new tag, change the customers, delete the old tag: the database accepts no other order."""
    renewed = Tag.objects.create(base=tag.base, name=name)
    renamed = Func(F("tags"), Value(tag.name), Value(name), function="array_replace", output_field=TAGS)
    bearing = Customer.objects.in_base(tag.base).filter(~Q(tags=[]), tags__contains=[tag.name])
    if not is_edited_here(actor.base) and bearing.exists():
        demand_edited_here(actor.base)
    bearing.update(tags=renamed)
    tag.delete()
    return renewed


def validate_customer(customer: Customer, *, known_tags: Iterable[str] = ()) -> None:
    """Raise ValidationError unless the customer could be saved as he is; his tags are put in order by it.

    Those of `known_tags` are taken as they are.
    """
    _check(customer, known_tags=known_tags)


def _check(customer: Customer, exclude: Set[str] = frozenset(), known_tags: Iterable[str] = ()) -> None:
    customer.tags = sorted(set(customer.tags))
    if not customer.is_blocked:
        customer.blocked_reason = ""
    if customer.are_former_numbers_said:
        customer.former_numbers = _checked_numbers(customer.former_numbers)
    customer.full_clean(exclude={"uid", *exclude})
    _check_tags(customer, known_tags)


def _checked_numbers(numbers: Iterable[str]) -> list[str]:
    """The former numbers in their stored form. Raises ValidationError."""
    field: Any = FormerNumber._meta.get_field("number")
    try:
        cleaned = [without_text_mark(field.to_python(number)) for number in numbers]
        return [field.clean(number, None) for number in cleaned if number]
    except ValidationError as refusal:
        raise ValidationError({"former_numbers": refusal}) from refusal


def _save_former_numbers(customer: Customer) -> None:
    """Write what was assigned, after the customer himself, whose lock keeps others from it (see FormerNumber)."""
    if not customer.are_former_numbers_said:
        return
    wanted = set(customer.former_numbers)
    rows = FormerNumber.objects.of_customer(customer)
    there = set(rows.values_list("number", flat=True))
    if gone := there - wanted:
        rows.filter(number__in=gone).delete()
    FormerNumber.objects.bulk_create(
        FormerNumber(base=customer.base, customer=customer, number=number, source=FormerNumberSource.TYPED)
        for number in sorted(wanted - there)
    )
    customer.forget_former_numbers()


def _check_tags(customer: Customer, known: Iterable[str]) -> None:
    added = set(customer.tags).difference(known)
    if not added:
        return
    unknown = added.difference(Tag.objects.in_base(customer.base).values_list("name", flat=True))
    if unknown:
        refusal = ValidationError(
            gettext_lazy(
                "There is no tag “%(tag)s” in this customer base. Choose one from the list, or have it created first."
            ),
            code="unknown_tag",
            params={"tag": min(unknown)},
        )
        raise ValidationError({"tags": refusal})


def _check_reason(reason: str) -> None:
    longest = Customer._meta.get_field("archived_reason").max_length or 0
    if not reason:
        raise ValidationError(
            gettext_lazy("Say why: the reason is shown wherever the archived customer is."), code="no_reason"
        )
    if len(reason) > longest:
        raise ValidationError(
            gettext_lazy("The reason is %(length)s characters long. Shorten it to %(longest)s."),
            code="reason_too_long",
            params={"length": len(reason), "longest": longest},
        )
