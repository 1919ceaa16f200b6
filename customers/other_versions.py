"""Another version of a customer, as a reconciliation has kept it: written over him in part, or registered anew.

    overwrite(customer=…, values={"city": "Kiel"}, …)     what is given is written, all else stays
    register_anew(customer=…, …)                          the next free number of the location

It passes on whichever side a base 1.0 is edited: the other version was an edit on a side that was allowed then. For the
transaction the database is told whom it is about (`written_on_either_side`), so that nobody else is let through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from customers.choices import FormerNumberSource
from customers.field_groups import demand_fields, withheld
from customers.models import Consent, Customer, FormerNumber
from customers.numbers import take_number
from customers.operations import CustomerChangedMeanwhile, validate_customer
from locations.history import ClockTimestamp
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

OF_THE_ARCHIVE = frozenset({"archived_at", "archived_reason"})


@contextmanager
def written_on_either_side(uid: UUID) -> Iterator[None]:
    """What is written in the block about this customer is let through at the side at which the base is not edited."""
    with row_scope.decided_about(uid):
        yield


def overwrite(
    *,
    customer: Customer,
    values: Mapping[str, object],
    former_numbers: Collection[FormerNumber] | None = None,
    seen_at: datetime | None = None,
    actor: Scope,
) -> None:
    """Write these values over a customer whose row is locked, and, where they are given, all his former numbers.

    Raises MissingRight (also for a field that the actor may not see), CustomerChangedMeanwhile where he has changed
    since `seen_at`, or ValidationError.
    """
    if former_numbers is not None or values.keys() - OF_THE_ARCHIVE:
        actor.demand(Right.CHANGE_CUSTOMERS)
    if values.keys() & OF_THE_ARCHIVE:
        actor.demand(Right.ARCHIVE_CUSTOMERS)
    demand_fields(values.keys(), actor)
    if seen_at is not None and customer.changed_at != seen_at:
        raise CustomerChangedMeanwhile(customer)
    stored = Customer.objects.get(pk=customer.pk, base=customer.base_id)
    for name, value in values.items():
        setattr(customer, name, value)
    with customer.replacing(stored):
        validate_customer(customer, known_tags=stored.tags)
    if "home_location" in values and customer.home_location_id != stored.home_location_id:
        _check_home(customer)
    customer.changed_at = ClockTimestamp()
    with told_as_refusals(), written_on_either_side(customer.uid):
        customer.save(update_fields=[*values, "changed_at"])
        if former_numbers is not None:
            _replace_former_numbers(customer, former_numbers)


def register_anew(
    *, customer: Customer, former_numbers: Collection[FormerNumber], consents: Collection[Consent], actor: Scope
) -> Customer:
    """Save somebody as a new customer of the actor's location, with the next free number of its range.

    He comes with his former numbers and with all that he has said. Raises MissingRight, also where the actor may not
    see a field that is filled in, or ValidationError.
    """
    actor.demand(Right.ADD_CUSTOMERS)
    demand_fields([name for name in withheld(actor) if getattr(customer, name)], actor)
    customer.base, customer.organization = actor.base, actor.organization
    customer.home_location = actor.location
    customer.customer_number = take_number(actor.location)
    validate_customer(customer)
    with told_as_refusals(), written_on_either_side(customer.uid):
        customer.save(force_insert=True)
        _add_former_numbers(customer, former_numbers)
        for said in consents:
            said.base, said.organization, said.customer = actor.base, actor.organization, customer
        Consent.objects.bulk_create(consents)
    customer.refresh_from_db()
    return customer


def number_before_reconciliation(number: int) -> FormerNumber:
    """The number that a customer had before somebody else kept it."""
    return FormerNumber(number=str(number), source=FormerNumberSource.CLEARING)


def _check_home(customer: Customer) -> None:
    """Raise ValidationError where the number is not of the range of the location; the database would refuse it."""
    home = customer.home_location
    if home is None or home.base_id != customer.base_id:
        return
    if not home.first_number <= customer.customer_number <= home.last_number:
        raise ValidationError(
            gettext_lazy(
                "Customer number %(number)s is outside the number range of %(location)s (%(first)s to %(last)s), so "
                "the customer cannot be registered there."
            ),
            code="number_out_of_range",
            params={
                "number": customer.customer_number, "location": home,
                "first": home.first_number, "last": home.last_number,
            },
        )  # fmt: skip


def _replace_former_numbers(customer: Customer, wanted: Collection[FormerNumber]) -> None:
    there = {_key(row): row for row in FormerNumber.objects.filter(base=customer.base_id, customer=customer.pk)}
    given = {_key(row): row for row in wanted}
    gone = [row.pk for key, row in there.items() if key not in given]
    FormerNumber.objects.filter(base=customer.base_id, pk__in=gone).delete()
    _add_former_numbers(customer, [row for key, row in given.items() if key not in there])
    customer.forget_former_numbers()


def _add_former_numbers(customer: Customer, wanted: Collection[FormerNumber]) -> None:
    for row in wanted:
        row.base_id, row.customer = customer.base_id, customer
        row.full_clean(exclude={"base", "customer"}, validate_unique=False, validate_constraints=False)
    FormerNumber.objects.bulk_create(wanted)


def _key(row: FormerNumber) -> tuple[str, str, str]:
    return row.number, row.source, row.origin
