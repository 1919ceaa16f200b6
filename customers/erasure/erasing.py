"""Erasing a customer for good: his rows, his history, and what else holds him, in one transaction.

What stays is a tombstone (customers/tombstones.py): that somebody was erased, when, by whom and why, and keyed hashes
by which no file brings him back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Exists, F, Max, OuterRef
from django.utils.translation import gettext_lazy

from customers.choices import FormerNumberSource
from customers.erasure.person import Person
from customers.erasure.places import places
from customers.erasure.stored import filters_naming
from customers.imports.turns import take_turn
from customers.models import Customer, CustomerRevision, FormerNumber, Tombstone, TombstoneMark
from customers.tombstones import marks_of
from customers.write_order import lock_order
from files.reading_lock import nobody_begins
from locations.fields import LineField
from locations.models import HIGHEST_CUSTOMER_NUMBER
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress

_CustomerEvent: Any = Customer._meta.get_field("history").related_model
NAMELESS = "–"


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
        lock_order(base)
        row = Customer.objects.in_base(base).select_for_update(of=("self",)).get(pk=customer)
        person = Person(row)
        why = _checked(reason, person, is_typed=not actor.is_system)
        filters = sorted(filters_naming(row))
        stone = _set_stone(person, why, {place.name: place.count(row) for place in places()}, actor)
        others = {uid for place in places() for uid in place.other_uids(row)}
        for place in places():
            place.remove(row)
        with connection.cursor() as cursor:
            cursor.execute("SELECT customers_erase(%s, %s, %s)", [base.pk, row.pk, filters])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for uid in sorted(others):
            _erase_other(uid, reason, actor)
    return stone


def _erase_other(uid: UUID, reason: str, actor: Scope) -> None:
    """Erase the same person where he is known by another uid. One who is erased already is not known any more."""
    base = actor.base.pk
    customer = Customer.objects.filter(base=base, uid=uid).values_list("pk", flat=True).first()
    if customer is not None:
        erase_customer(customer=customer, reason=reason, actor=actor)
    elif not CustomerRevision.objects.filter(base=base, uid=uid, is_erased=True).exists():
        erase_absent(uid=uid, reason=reason, actor=actor)


def erase_absent(
    *, uid: UUID, reason: str, number: int | None = None, contacts: Mapping[str, str] | None = None, actor: Scope
) -> Tombstone:
    """Erase somebody who is not among the customers any more, but of whom there is still something.

    He is there once more for the moment in which he is erased, without anything but what he is known by. So all of him
    goes, his history as well, and a tombstone keeps him from coming back. `number` and `contacts` (his e-mail address
    and phone numbers by field) are those that the history may not know. The caller has taken his turn and the order of
    changes. Raises as `erase_customer`.
    """
    base = actor.base
    with row_scope.rows_of_clearing(actor):
        last = _CustomerEvent.objects.filter(base=base, uid=uid).order_by("-pgh_id").first()
        known = last.customer_number if last else number
        row = Customer(base=base, organization=base.organization, uid=uid, alias=NAMELESS, **(contacts or {}))
        row.customer_number = known if known and _is_free(base.pk, known) else _free_number(base.pk)
        if last is not None:
            row.pk = last.pgh_obj_id
        row.save(force_insert=True)
        if known and known != row.customer_number:
            source = FormerNumberSource.CLEARING
            FormerNumber.objects.create(base=base, customer=row, number=str(known), source=source)
        return erase_customer(customer=row.pk, reason=reason, actor=actor)


def _is_free(base: int, number: int) -> bool:
    return not Customer.objects.filter(base=base, customer_number=number).exists()


def _free_number(base: int) -> int:
    """One that nobody has, as far from those that are given as can be."""
    if _is_free(base, HIGHEST_CUSTOMER_NUMBER):
        return HIGHEST_CUSTOMER_NUMBER
    taken = Customer.objects.filter(base=base)
    below = Exists(taken.filter(customer_number=OuterRef("customer_number") - 1))
    return int(taken.filter(~below, customer_number__gt=1).aggregate(free=Max(F("customer_number") - 1))["free"])


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


def _checked(reason: str, person: Person, *, is_typed: bool) -> str:
    """The reason in its stored form. It is kept for ever, so what somebody has typed names nobody.

    The words of the program itself are about nobody, even where somebody is called like one of them.
    """
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
    if is_typed and person.is_named_in(why):
        raise ValidationError(
            gettext_lazy("The reason is kept for ever. Leave out the customer's name, number and address."),
            code="reason_names_customer",
        )
    return why
