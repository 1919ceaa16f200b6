"""Everything that the database holds about one customer, read by the inventory (locations/inventory.py).

There is no list of tables here: a table that says how its rows lead to a customer is read, and each step on the way is
looked up by its key. A QuerySet that knows a better way has the method `of_customer`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models

from customers.models import Customer
from locations.inventory import Column, Table, tables
from locations.personal import Category
from privacy.cuts import cut


@dataclass(frozen=True)
class Part:
    """The rows of one table that are about the customer, the oldest first, and the columns that are told."""

    table: Table
    rows: list[Any]
    columns: tuple[Column, ...]

    @property
    def model(self) -> Any:
        return self.table.model


def parts_about(customer: Customer) -> Iterator[Part]:
    """The parts in the order of the inventory; tables in which nothing is about him are left out.

    Runs in a transaction that sees his rows.
    """
    for table in tables():
        if not table.of:
            continue
        rows = cut(table.name, _rows_of(table, customer), customer)
        if rows:
            yield Part(table, rows, told_of(table))


def told_of(table: Table) -> tuple[Column, ...]:
    """The columns that are told: all but keys, what follows from other columns, and the references to himself."""
    return tuple(one for one in table.columns if not _is_left_out(table, one))


def _is_left_out(table: Table, column: Column) -> bool:
    field: Any = table.model._meta.get_field(column.name)  # type: ignore[union-attr]  # what leads to customers has one
    refers_to_him = field.is_relation and field.related_model is Customer
    return column.category == Category.KEYS or refers_to_him or bool(field.generated)


def _rows_of(table: Table, customer: Customer) -> list[Any]:
    if table.history_of:
        return sorted(_events_of(table, customer), key=_age)
    found: Any = _in_base(table.model, customer)
    if hasattr(found, "of_customer"):
        return sorted(found.of_customer(customer), key=_age)
    rows = {row.pk: row for path in table.of for row in found.filter(**_condition(table.model, path, customer))}
    return sorted(rows.values(), key=_age)


def _events_of(table: Table, customer: Customer) -> list[Any]:
    """The history of his rows, of those as well that are gone, each entry with who has made it."""
    events = _in_base(table.model, customer)
    ids: set[Any] = set()
    for path in table.declaration.of:
        leads = _condition(table.history_of, path, customer)
        ids.update(_in_base(table.history_of, customer).filter(**leads).values_list("pk", flat=True))
        if path != "pk":
            ids.update(events.filter(pgh_label="delete", **leads).values_list("pgh_obj", flat=True))
    return list(events.filter(pgh_obj__in=ids).select_related("pgh_context"))


def _in_base(model: Any, customer: Customer) -> Any:
    rows = model._default_manager.all()
    names = {field.name for field in model._meta.concrete_fields}
    return rows.filter(base=customer.base_id) if "base" in names else rows


def _condition(model: Any, path: str, customer: Customer) -> dict[str, Any]:
    """What the rows satisfy that lead to him by this path: one column compared with a value or some keys."""
    head, _, rest = path.partition("__")
    if head == "pk":
        return {"pk": customer.pk}
    field = model._meta.get_field(head)
    if rest:
        related = field.related_model
        inner = _in_base(related, customer).filter(**_condition(related, rest, customer))
        return {f"{head}__in": list(inner.values_list("pk", flat=True))}
    is_uid = isinstance(field, models.UUIDField) and not field.is_relation
    return {head: customer.uid if is_uid else customer.pk}


def _age(row: Any) -> tuple[Any, ...]:
    """In the order in which they arose: keys grow with the time, or there is a moment."""
    moment = next((str(getattr(row, name)) for name in ("pgh_created_at", "posted_at", "at") if hasattr(row, name)), "")
    return moment, str(row.pk) if not isinstance(row.pk, int) else f"{row.pk:020}"
