"""Erasing a customer for good: his rows, his history, and what else holds him, in one transaction.

What stays is a tombstone (customers/tombstones.py): that somebody was erased, when, by whom and why, and keyed hashes
by which no file brings him back.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext_lazy

from customers.erasure.person import Person
from customers.erasure.places import places
from customers.erasure.stored import filters_naming
from customers.imports.turns import take_turn
from customers.models import Customer, Tombstone, TombstoneMark
from customers.tombstones import marks_of
from customers.write_order import take_order
from files.reading_lock import nobody_begins
from locations.fields import LineField
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress


def what_goes(*, customer: Customer, actor: Scope) -> dict[str, int]:
    """How much of the customer would go, by the names of the places. Raises MissingRight."""
    actor.demand(Right.ERASE_CUSTOMERS)
    with row_scope.rows_of(actor):
        return {place.name: place.count(customer) for place in places()}


@busy_told()
def erase_customer(*, customer: int, reason: str, actor: Scope) -> Tombstone:
    """Erase the customer of this id in the actor's base for good; returns the tombstone, which says what has gone.

    It takes turns with imports and bulk changes of the base, and no file of it begins to be made meanwhile.
    Raises MissingRight, Customer.DoesNotExist, ValidationError without a reason or for one that names him,
    AnotherImport while an import is being written, or Busy.
    """
    actor.demand(Right.ERASE_CUSTOMERS)
    base = actor.base
    with row_scope.rows_of(actor):
        take_turn(base.pk, progress=Progress())
        nobody_begins(base.pk)
        take_order(base, is_edit=False)
        row = Customer.objects.in_base(base).select_for_update(of=("self",)).get(pk=customer)
        person = Person(row)
        why = _checked(reason, person)
        filters = sorted(filters_naming(row))
        stone = _set_stone(person, why, {place.name: place.count(row) for place in places()}, actor)
        for place in places():
            place.remove(row)
        with connection.cursor() as cursor:
            cursor.execute("SELECT customers_erase(%s, %s, %s)", [base.pk, row.pk, filters])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return stone


def _set_stone(person: Person, reason: str, figures: Mapping[str, int], actor: Scope) -> Tombstone:
    stone = Tombstone.objects.create(
        organization=actor.organization, base=actor.base, customer_id=person.customer.pk,
        user_id=actor.user.pk if actor.user else None, user_name=actor.actor_name, location_name=str(actor.location),
        reason=reason, figures=figures,
    )  # fmt: skip
    TombstoneMark.objects.bulk_create(
        TombstoneMark(base=actor.base, tombstone=stone, kind=kind, digest=digest)
        for kind, digest in marks_of(person.known, organization=actor.organization.pk)
    )
    return stone


def _checked(reason: str, person: Person) -> str:
    """The reason in its stored form. It is kept for ever, so it names nobody."""
    field = Tombstone._meta.get_field("reason")
    assert isinstance(field, LineField)  # noqa: S101 - for the types
    why = str(field.to_python(reason)).strip()
    if not why:
        raise ValidationError(gettext_lazy("Say why: the reason is kept when the customer is gone."), code="no_reason")
    if len(why) > (field.max_length or 0):
        raise ValidationError(
            gettext_lazy("The reason is %(length)s characters long. Shorten it to %(longest)s."),
            code="reason_too_long",
            params={"length": len(why), "longest": field.max_length},
        )
    if person.is_named_in(why):
        raise ValidationError(
            gettext_lazy("The reason is kept for ever. Leave out the customer's name, number and address."),
            code="reason_names_customer",
        )
    return why
