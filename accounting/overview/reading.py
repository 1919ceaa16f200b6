"""The answer to a question about open items: for each customer, each location, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from accounting.amounts import ZERO
from accounting.choices import AgeClass
from accounting.models import Movement
from accounting.overview import statements
from accounting.overview.questions import Question
from customers.models import Customer
from locations.models import Location

PAGE = 50
SORTS = ("name", "number", *(age.value for age in AgeClass), "total")
"""By what the customers are sorted; with a hyphen in front the other way round."""
_COLUMNS = {age.value: f"age_{at}" for at, age in enumerate(AgeClass)} | {"total": "total"}


@dataclass(frozen=True, kw_only=True)
class Aged:
    """An open amount, by how long it has been overdue."""

    amounts: dict[AgeClass, Decimal]
    total: Decimal
    items: int
    accounts: int
    """Of how many customers it is."""


NOTHING = Aged(amounts=dict.fromkeys(AgeClass, ZERO), total=ZERO, items=0, accounts=0)


@dataclass(frozen=True)
class Owing:
    """What a customer owes; None stands for one who was erased for good since that day."""

    customer: Customer | None
    aged: Aged


@dataclass(frozen=True)
class Place:
    """What is open of what was sold at a location."""

    location: Location
    aged: Aged


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A page of customers, and the sums of all that were asked about, by location and together."""

    rows: Sequence[Owing]
    places: Sequence[Place]
    total: Aged
    page: int

    @property
    def pages(self) -> int:
        return pages_of(self.total.accounts)


@dataclass(frozen=True, kw_only=True)
class Item:
    """A movement that is open, how much of it, and since when it is due."""

    movement: Movement
    customer: Customer | None
    due: date
    age: AgeClass
    rest: Decimal


@dataclass(frozen=True, kw_only=True)
class Items:
    """A page of items, the one that is due first before the others; count and sum are those of all."""

    rows: Sequence[Item]
    count: int
    total: Decimal
    page: int

    @property
    def pages(self) -> int:
        return pages_of(self.count)


def pages_of(count: int) -> int:
    return max(1, -(-count // PAGE))


def per_customer(question: Question, *, sort: str = "-total", page: int = 1, most: int = PAGE) -> Overview:
    """A page of the customers who owe something, `most` on each. A page that is not there is the last one."""
    if question.ledger is None:
        return Overview(rows=[], places=[], total=NOTHING, page=1)
    asked = question.parameters
    sql = statements.per_customer(statements.items(asked, is_of_now=question.is_of_now), _order(sort))
    found = _read(sql, {**asked, "most": most, "skipped": (page - 1) * most})
    total = next(_aged(row) for row in found if row[0] == "sum")
    if page > 1 and total.accounts <= (page - 1) * most:
        return per_customer(question, sort=sort, page=max(1, -(-total.accounts // most)), most=most)
    rows = [row for row in found if row[0] == "row"]
    whose = _customers(question, [row[1] for row in rows])
    return Overview(
        rows=[Owing(whose.get(row[1]), _aged(row)) for row in rows],
        places=_places([row for row in found if row[0] == "place"]), total=total, page=page,
    )  # fmt: skip


def items_of(question: Question, *, page: int = 1) -> Items:
    """A page of the open items that are asked about. A page that is not there is the first one."""
    if question.ledger is None:
        return Items(rows=[], count=0, total=ZERO, page=1)
    asked = question.parameters
    sql = statements.listed(statements.items(asked, is_of_now=question.is_of_now))
    found = _read(sql, {**asked, "most": PAGE, "skipped": (page - 1) * PAGE})
    if not found:
        return items_of(question) if page > 1 else Items(rows=[], count=0, total=ZERO, page=1)
    base = question.ledger.base_id
    movements = Movement.objects.filter(base=base).select_related("location").in_bulk([row[0] for row in found])
    whose = _customers(question, [row[1] for row in found])
    ages = list(AgeClass)
    rows = [
        Item(movement=movements[pk], customer=whose.get(customer), due=due, age=ages[age], rest=rest)
        for pk, customer, due, age, rest, _count, _total in found
    ]
    return Items(rows=rows, count=found[0][5], total=found[0][6], page=page)


def _order(sort: str) -> str:
    """The order of the customers. Raises ValueError for a sort that is none."""
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise ValueError(f"No such sort: {sort!r}")
    way = "DESC NULLS LAST" if sort.startswith("-") else "ASC NULLS LAST"
    return f"{_COLUMNS.get(name, name)} {way}, number, account_id"


def _read(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of the statement, whose tables are joined at once: row by row it would take minutes where the database
    has not counted yet how many rows came. The sums of 20,000 customers have room in memory.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '32MB'")
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL jit TO DEFAULT; SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL work_mem TO DEFAULT")
    return rows


def _aged(row: Sequence[Any]) -> Aged:
    last = 2 + len(AgeClass)
    amounts = dict(zip(AgeClass, row[2:last], strict=True))
    return Aged(amounts=amounts, total=row[last], items=row[last + 1], accounts=row[last + 2])


def _customers(question: Question, ids: Sequence[int | None]) -> dict[int | None, Customer]:
    assert question.ledger is not None  # noqa: S101 - rows were read from it
    rows = Customer.objects.filter(base=question.ledger.base_id, pk__in=[pk for pk in ids if pk is not None])
    return {one.pk: one for one in rows}


def _places(rows: Sequence[Sequence[Any]]) -> list[Place]:
    known = Location.objects.in_bulk([row[1] for row in rows])
    places = [Place(known[row[1]], _aged(row)) for row in rows]
    return sorted(places, key=lambda place: place.location.client_number)
