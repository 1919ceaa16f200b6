"""A copy of customers for a floor above: read by the database, handed on while it grows."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from django.db.backends.utils import CursorWrapper

from customers.exports.writer import Making, Order
from customers.querysets import CustomerQuerySet
from customers.table import PackageResource
from customers.table.consent_columns import ConsentDayField, ConsentField
from mcp.isolation.scope import Scope


class CustomerCopy:
    """The bytes of a CSV of ours, some hundred kilobytes at a time. To be closed before its transaction ends."""

    def __init__(self, making: Making, parts: Generator[bytes]) -> None:
        self._making, self._parts = making, parts

    @property
    def rows(self) -> int:
        """How many customers were handed on so far."""
        return self._making.rows

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        self._parts.close()


def copy(*, customers: CustomerQuerySet, columns: Sequence[str], cursor: CursorWrapper, actor: Scope) -> CustomerCopy:
    """These columns of these customers, as far as they are of the actor's base, in the order of their numbers.

    `cursor` reads them, in a transaction that has entered the scope. Raises MissingRight.
    """
    making = Making(actor, Order(profile="plain", columns=tuple(columns), language="de"), table=PackageResource)
    return CustomerCopy(making, making.parts(customers, cursor))


def own_columns(actor: Scope) -> list[str]:
    """The columns of an export that are about the customer himself, without what he has said about consents."""
    columns = PackageResource(scope=actor).export_columns().items()
    return [name for name, column in columns if not isinstance(column, ConsentField | ConsentDayField)]
