"""Rows that are about several customers at once: what of them is told to one of them.

`cut(name of the table, rows, customer)` gives the rows as they may be told. Nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from accounting.models import BankBooking, InvoiceLine
from customers.models import Customer

type Rows = list[Any]


def cut(table: str, rows: Rows, customer: Customer) -> Rows:
    """The rows of a table without what is of somebody else."""
    return _CUTS[table](rows, customer) if table in _CUTS and rows else rows


def _conflicts(rows: Rows, customer: Customer) -> Rows:
    """Of a number that was given twice the other person has a version of his own."""
    for row in rows:
        if row.lost_uid in {None, row.uid}:
            continue
        if row.uid == customer.uid:
            row.lost, row.name = None, ""
        else:
            row.stood, row.common = None, None
        row.result = {}
    return rows


def _lines(rows: Rows, customer: Customer) -> Rows:
    """A company pays for its members: what they have bought stands in their own files."""
    return [row for row in rows if row.member_id in {None, customer.pk}]


def _documents(rows: Rows, customer: Customer) -> Rows:
    """As above: nor does the document go along that names them. What it says of sums stands beside it."""
    lines = InvoiceLine.objects.filter(base=customer.base_id, invoice__in={row.invoice_id for row in rows})
    shared = set(lines.exclude(member=None).exclude(member=customer.pk).values_list("invoice", flat=True))
    return [row for row in rows if row.invoice_id not in shared]


def _entries(rows: Rows, customer: Customer) -> Rows:
    """By one payment several customers were paid for: each sees the booking that is his."""
    booked = BankBooking.objects.filter(base=customer.base_id, entry__in=[row.pk for row in rows])
    shared: Collection[Any] = set(
        booked.exclude(movement__credit__customer=customer.pk).values_list("entry", flat=True)
    )
    return [row for row in rows if row.pk not in shared]


_CUTS: dict[str, Callable[[Rows, Customer], Rows]] = {
    "clearing_conflict": _conflicts,
    "accounting_invoiceline": _lines,
    "accounting_invoicedocument": _documents,
    "accounting_bankentry": _entries,
}
