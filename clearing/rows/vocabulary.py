"""Groups and tags of a base, read as a Vocabulary, and brought to one. Runs as CLEARING_ROLE.

What is new is written before the customers, and what has gone is deleted after them (`add`, `remove`): a group or a tag
that somebody still bears stays.
"""

from __future__ import annotations

from django.db import DataError, IntegrityError, transaction

from clearing.protocol.versions import RefusedRecord
from clearing.protocol.vocabulary import Group, Vocabulary
from customers.models import CustomerGroup, Tag
from locations.models import CustomerBase


def vocabulary_of(base: CustomerBase) -> Vocabulary:
    """The groups and tags of the base as they are."""
    rows = CustomerGroup.objects.in_base(base).values_list("name", "price_level", "discount")
    groups = [Group(name, price_level, discount) for name, price_level, discount in rows]
    tags = Tag.objects.in_base(base).values_list("name", flat=True)
    return Vocabulary({group.key: group for group in groups}, frozenset(tags))


def add(base: CustomerBase, wanted: Vocabulary) -> None:
    """Write what the base lacks, and what it has otherwise. Raises RefusedRecord for what a rule refuses."""
    try:
        _add(base, wanted)
    except (IntegrityError, DataError):
        raise RefusedRecord("groups") from None


def _add(base: CustomerBase, wanted: Vocabulary) -> None:
    there = vocabulary_of(base)
    for key, group in sorted(wanted.groups.items()):
        found = there.groups.get(key)
        if found is None:
            CustomerGroup.objects.create(
                base=base, name=group.name, price_level=group.price_level, discount=group.discount
            )
        elif found != group:
            CustomerGroup.objects.in_base(base).filter(name=found.name).update(
                name=group.name, price_level=group.price_level, discount=group.discount
            )
    Tag.objects.bulk_create(Tag(base=base, name=name) for name in sorted(wanted.tags - there.tags))


def remove(base: CustomerBase, wanted: Vocabulary) -> None:
    """Delete what is not in `wanted`, but for what somebody bears."""
    there = vocabulary_of(base)
    gone: list[tuple[type[CustomerGroup | Tag], str]] = [
        *((CustomerGroup, group.name) for key, group in sorted(there.groups.items()) if key not in wanted.groups),
        *((Tag, name) for name in sorted(there.tags - wanted.tags)),
    ]
    for model, name in gone:
        try:
            with transaction.atomic():
                model.objects.filter(base=base, name=name).delete()
        except IntegrityError:
            continue  # somebody bears it; so it stays, at both sides
