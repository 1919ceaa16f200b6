"""What pages, papers and files say of the accounts, against the plain book of the same history."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone, translation

from accounting.balances import standing
from accounting.choices import AgeClass
from accounting.downloads import DOWNLOADS
from accounting.overview import Question, per_customer
from accounting.overview.reading import Aged
from accounting.statements import Statement, paper_of, statement_of, table_of
from customers.exports import Order, take_out
from mcp.isolation import row_scope
from tests.accounting.plain_accounts import ZERO, PlainMovement
from tests.accounting.plain_history import History

TERM = timedelta(days=14)
BEGINS = {AgeClass.TO_15: 1, AgeClass.TO_30: 16, AgeClass.TO_60: 31, AgeClass.OVER_60: 61}
BY_NAME = {one.name: one for one in DOWNLOADS}


def readings_agree(one: History) -> None:
    """Overview, statements and files of this moment."""
    overview_agrees(one)
    for name in one.customers:
        statement_agrees(one, name)
    files_agree(one)


def due(one: History, item: PlainMovement) -> date:
    order = one.order_of(item.id)
    return (timezone.localdate() if order and order.invoice else item.day) + TERM


def age(day: date) -> AgeClass:
    days = (timezone.localdate() - day).days
    return next((each for each, first in reversed(BEGINS.items()) if days >= first), AgeClass.NOT_DUE)


def aged(one: History, items: Sequence[PlainMovement]) -> Counter[str]:
    found: Counter[str] = Counter()
    for item in items:
        found[age(due(one, item))] += one.book.rest(item)  # type: ignore[assignment]
    return found


def told(aged_by: Aged) -> dict[str, Decimal]:
    return {each: amount for each, amount in aged_by.amounts.items() if amount}


def overview_agrees(one: History) -> None:
    with row_scope.rows_of(one.billing):
        found = per_customer(Question.of(actor=one.billing))
        before = per_customer(Question.of(actor=one.billing, day=timezone.localdate() - timedelta(days=1)))
    items = [item for name in one.customers for item in one.book.items(name) if one.book.rest(item)]
    assert told(found.total) == dict(aged(one, items)), one.told("overview")
    assert found.total.total == sum(map(one.book.rest, items), ZERO)
    assert before.total.total == 0
    rows = {row.customer.last_name: told(row.aged) for row in found.rows if row.customer}
    assert rows == {
        name: dict(sums)
        for name in one.customers
        if (sums := aged(one, [each for each in items if each.customer == name]))
    }, one.told("rows of the overview")
    places = {row.location.name: told(row.aged) for row in found.places}
    assert places == {
        name: dict(sums) for name in one.places if (sums := aged(one, [each for each in items if each.place == name]))
    }, one.told("places of the overview")


def statement_of_today(one: History, name: str) -> Statement:
    with row_scope.rows_of(one.billing):
        now = standing(one.customers[name], one.billing)
        assert now
        day = timezone.localdate()
        return statement_of(customer=one.customers[name], standing=now, first=day, last=day, actor=one.billing)


def statement_agrees(one: History, name: str) -> None:
    found = statement_of_today(one, name)
    mine = one.book.of(name)
    assert Counter((line.owed, line.credit) for line in found.lines) == Counter(
        (each.owed, each.credit) for each in mine
    )
    assert (found.before, found.after) == ((ZERO, ZERO), (one.book.open_amount(name), one.book.credit(name)))
    assert [(item.movement.pk, item.rest) for item in found.open_after.items] == list(one.book.rests(name).items())
    with row_scope.rows_of(one.billing), translation.override("de"):
        rows = list(csv.reader(io.StringIO(table_of(found).decode("utf-8-sig")), delimiter=";"))[1:]
        paper = paper_of(found, one.billing)
    assert number(sum(number(row[7]) for row in rows)) == one.book.open_amount(name), one.told("CSV of a statement")
    assert number(sum(number(row[9]) for row in rows)) == one.book.credit(name)
    assert len(paper.sections[2].rows) == len(mine)


def number(text: object) -> Decimal:
    return Decimal(str(text).replace(",", ".") or 0)


def taken(one: History, name: str) -> list[dict[str, str]]:
    """The rows of a file, by the names of their columns."""
    table = BY_NAME[name]
    columns = tuple(column.name for column in table.columns)
    with translation.override("de"), row_scope.rows_of(one.billing):
        order = Order(profile="excel-de", columns=columns, language="de")
        _export, file = take_out(table=table, order=order, asked={}, actor=one.billing)
    assert file is not None
    with file:
        rows = list(csv.reader(io.StringIO(file.read().decode("utf-8-sig")), delimiter=";"))
    return [dict(zip(columns, row, strict=True)) for row in rows[1:]]


def summed(one: History, name: str, *columns: str) -> list[Decimal]:
    rows = taken(one, name)
    return [sum((number(row[column]) for row in rows), ZERO) for column in columns]


def files_agree(one: History) -> None:
    book, names = one.book, list(one.customers)
    rest = sum((amount for name in names for amount in book.rests(name).values()), ZERO)
    moved = sum((abs(each.owed + each.credit) for each in book.movements.values()), ZERO)
    assert summed(one, "overview", "total") == summed(one, "open-items", "rest") == [rest], one.told("open items")
    assert summed(one, "movements", "amount") == [moved], one.told("journal")
    assert summed(one, "allocations", "amount") == [sum((row.amount for row in book.allocations), ZERO)]
    payments = [each for name in names for each in book.payments(name) if each.kind in ("payment", "debit")]
    paid, free = -sum((each.owed for each in payments), ZERO), sum(map(book.left, payments), ZERO)
    assert summed(one, "payments", "amount", "used", "free") == [paid, paid - free, free], one.told("payments")
    invoices_agree(one)


def invoices_agree(one: History) -> None:
    """A cancellation says the sums of the invoice that it takes back once more."""
    sums = {pk: sum((one.book.movements[sale].owed for sale in sales), ZERO) for pk, sales in one.invoices.items()}
    valid = {order.invoice for order in one.orders.values()}
    gross = sum(sums.values(), ZERO) + sum((amount for pk, amount in sums.items() if pk not in valid), ZERO)
    assert summed(one, "invoices", "gross") == summed(one, "invoice-lines", "gross") == [gross], one.told("invoices")
