"""One import under way: which rows it has met, and how new customers are written."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection

from customers.columns import WholeNumberWidget
from customers.models import Customer
from customers.transfer.known import KnownCustomers, Seen
from customers.transfer.numbering import demand_in_range, lock_numbers, take_numbers
from customers.transfer.reading import Reading, cell_text
from customers.transfer.sheet import Sheet
from customers.transfer.words import Words
from mcp.scope import Scope
from spreadsheets import Cell, Row

_BATCH = 500


class Run:
    """What the resource keeps while it goes over the rows; also its loader of known customers.

    Made at the beginning: it locks what will be written, unless it is a dry run.
    """

    def __init__(self, scope: Scope, sheet: Sheet, *, is_dry: bool, reading: Reading, seen: Seen | None) -> None:
        self.scope, self.sheet, self.is_dry, self.reading, self.seen = scope, sheet, is_dry, reading, seen
        self.row: Row
        self.instance: Customer
        self.before: dict[str, Any] = {}
        self.shown: Counter[str] = Counter()
        self.seen_now: dict[int, str] = {}
        if not is_dry:
            lock_numbers(scope.location)
        self.words = Words(scope)
        self._numbers = {number for cell in sheet.column("customer_number") if (number := self._number(cell))}
        self.known = KnownCustomers(
            scope,
            numbers=self._numbers,
            legacy_numbers={cell_text(cell, reading).strip() for cell in sheet.column("legacy_number")},
            is_locked=not is_dry,
            words=self.words,
        )

    def _number(self, cell: Cell) -> int | None:
        """The number in a cell; one that cannot be read is rejected later, with its row."""
        try:
            number: int | None = WholeNumberWidget().clean(cell, reading=self.reading)
        except ValidationError:
            return None
        return number

    def get_instance(self, row: Any) -> Customer | None:
        """The customer that a row means, None for a new one. Raises ValidationError."""
        number = self._number(row.get("customer_number", ""))
        legacy_number = cell_text(row.get("legacy_number", ""), self.reading).strip()
        customer = self.known.find(number=number, legacy_number=legacy_number, row=self.row.number, seen=self.seen)
        if customer is not None:
            self.seen_now[customer.pk] = customer.changed_at.isoformat()
        elif number is not None:
            demand_in_range(number, self.scope.location)
        return customer

    def new_customer(self) -> Customer:
        scope = self.scope
        return Customer(organization=scope.organization, base=scope.base, home_location=scope.location)

    def create(self, customers: list[Customer]) -> None:
        """Write new customers, those without a number with the next ones of the range."""
        if self.is_dry or not customers:
            return
        self.words.create(customers)
        without = [customer for customer in customers if customer.customer_number is None]
        numbers = take_numbers(self.scope.location, len(without), reserved=self._numbers)
        for customer, number in zip(without, numbers, strict=True):
            customer.customer_number = number
        Customer.objects.bulk_create(customers, batch_size=_BATCH)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a broken reference is found here, not behind the page
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
