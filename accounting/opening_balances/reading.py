"""Reads a table of balances: a customer number and what is open in each row. Knows no table of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _

from accounting.amounts import CENT, MOST, ZERO, typed
from locations.text import clean_text
from spreadsheets import Limits, Row, UnreadableFile, open_table
from spreadsheets.rows import Cell

MOST_ROWS = 5_000
"""So many are booked in less than two seconds. A larger file is split."""
LONGEST_DOCUMENT = 60
LIMITS = Limits(file_bytes=20 * 1024**2, rows=MOST_ROWS, unpacked_bytes=200 * 1024**2)
NUMBER, OWED, CREDIT, LIMIT, DOCUMENT = "number", "owed", "credit", "limit", "document"
_HEADINGS = {
    NUMBER: "kundennummer, kundennr, kunden-nr, kunden-nummer, nummer, customer number, customer no, number",
    OWED: "offener betrag, offen, forderung, saldo offen, open amount, owed, receivable",
    CREDIT: "guthaben, credit, prepaid, paid in advance",
    LIMIT: "kreditrahmen, credit limit of the account, kreditlimit, credit limit, limit",
    DOCUMENT: "beleg, belegnummer, document, receipt",
}
HEADINGS: Mapping[str, str] = MappingProxyType(
    {word: column for column, words in _HEADINGS.items() for word in words.split(", ")}
)
"""By what a heading says, in lower case and without points, the column that it is."""
REJECTIONS = {
    "number_missing": _("There is no customer number, or it is none: “%(value)s”."),
    "number_twice": _("Customer %(value)s stands in the file twice."),
    "amount_invalid": _("“%(value)s” is no amount of at least 0.00 with two decimal places."),
    "nothing_open": _("There is neither an open amount nor credit."),
    "row_damaged": _("The row cannot be read, or has another number of columns than the headings."),
    "customer_unknown": _("There is no customer %(value)s here."),
    "customer_archived": _("Customer %(value)s is archived."),
    "opening_known": _("Customer %(value)s has an opening balance already."),
}
"""Why a row is left out, by its code."""


@dataclass(frozen=True, kw_only=True)
class BalanceLine:
    """A row of the file: what a customer owes, and has in advance. Both are at least 0.00; where both are, it has a
    credit limit, with which an account is opened.
    """

    row: int
    number: int
    owed: Decimal
    credit: Decimal
    limit: Decimal | None
    document: str


@dataclass(frozen=True)
class Rejected:
    """A row that is left out: its number in the file, why (one of REJECTIONS), and the value that it is about."""

    row: int
    code: str
    value: str = ""


def read_balances(file: BinaryIO) -> tuple[list[BalanceLine], list[Rejected]]:
    """The rows of a CSV, XLSX or JSON Lines file. Raises ValidationError for a file that cannot be read, that has too
    many rows, or that lacks the column of numbers or both columns of amounts.
    """
    lines: dict[int, BalanceLine] = {}
    rejected: list[Rejected] = []
    try:
        with open_table(file, limits=LIMITS) as table:
            columns = _columns(table.headings)
            for row in table:
                found = _line(row, columns)
                if isinstance(found, BalanceLine) and found.number in lines:
                    found = Rejected(row.number, "number_twice", str(found.number))
                if isinstance(found, Rejected):
                    rejected.append(found)
                else:
                    lines[found.number] = found
    except UnreadableFile as problem:
        raise _unreadable(problem) from problem
    return list(lines.values()), rejected


def _unreadable(problem: UnreadableFile) -> ValidationError:
    if problem.problem.code == "too_many_rows":
        sentence = _("The file has more than %(most)s rows. Split it into smaller files.")
        return ValidationError(sentence, code="too_many_rows", params={"most": MOST_ROWS})
    told = problem.problem
    return ValidationError(gettext_lazy(told.template), code=told.code, params=told.values)


def _columns(headings: Sequence[str]) -> dict[str, int]:
    """Where each column stands; of several with the same meaning the one whose heading says it best."""
    found = _meant(headings)
    if NUMBER not in found or not {OWED, CREDIT} & found.keys():
        raise ValidationError(
            _(
                "The file needs a column “Customer number” and one of “Open amount” and “Credit”; “Credit limit” and "
                "“Document” are taken as well. Its headings are: %(headings)s."
            ),
            code="headings_missing",
            params={"headings": ", ".join(headings)[:300]},
        )
    return found


def _meant(headings: Sequence[str]) -> dict[str, int]:
    """Of each column that is there its place. A heading that stands further in front in _HEADINGS goes first."""
    ranks = {word: at for words in _HEADINGS.values() for at, word in enumerate(words.split(", "))}
    said = [(" ".join(heading.replace(".", " ").lower().split()), at) for at, heading in enumerate(headings)]
    found: dict[str, int] = {}
    for word, at in sorted((one for one in said if one[0] in HEADINGS), key=lambda one: (ranks[one[0]], one[1])):
        found.setdefault(HEADINGS[word], at)
    return found


def has_balances(headings: Sequence[str]) -> bool:
    """Whether a table with these headings says what customers owe or have in advance."""
    found = _meant(headings)
    return NUMBER in found and bool({OWED, CREDIT} & found.keys())


def _line(row: Row, columns: Mapping[str, int]) -> BalanceLine | Rejected:
    if row.problems or len(row.cells) <= max(columns.values()):
        return Rejected(row.number, "row_damaged")
    cells = {name: row.cells[at] for name, at in columns.items()}
    number = _said(cells[NUMBER])
    if not (number.isascii() and number.isdecimal() and len(number) <= 20 and 1 <= int(number) <= 9_999_999):
        return Rejected(row.number, "number_missing", number[:30])
    amounts: dict[str, Decimal | None] = {}
    for name in (OWED, CREDIT, LIMIT):
        amounts[name] = _amount(cells.get(name))
        if amounts[name] is None and _said(cells.get(name)):
            return Rejected(row.number, "amount_invalid", _said(cells.get(name))[:30])
    owed, credit = amounts[OWED] or ZERO, amounts[CREDIT] or ZERO
    if not owed and not credit and not amounts[LIMIT]:
        return Rejected(row.number, "nothing_open", number)
    return BalanceLine(
        row=row.number, number=int(number), owed=owed, credit=credit, limit=amounts[LIMIT],
        document=clean_text(_said(cells.get(DOCUMENT)))[:LONGEST_DOCUMENT],
    )  # fmt: skip


def _said(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _amount(cell: Cell) -> Decimal | None:
    """The amount; None for nothing and for what is none. A number of a workbook is one, whatever the language."""
    if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        amount: Decimal | None = Decimal(cell)
    else:
        text = _said(cell)
        amount = typed(text) if text and len(text) <= 30 else None
    if amount is None or not 0 <= amount <= MOST or amount != amount.quantize(CENT):
        return None
    return amount.quantize(CENT)
