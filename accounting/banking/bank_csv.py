"""Reads the CSV of a bank: columns are recognised by their headings, and everything else by what stands in them.

Tried with the layouts of Sparkasse (CSV-CAMT and CSV-MT940), cooperative banks and GLS, Deutsche Bank and Postbank,
DKB, ING, Commerzbank, HypoVereinsbank, comdirect, Consorsbank, N26 and Erste Bank. Another bank is read as well when
its headings are known (see `csv_columns`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import BinaryIO

from accounting.amounts import ZERO
from accounting.banking.csv_rows import BankTable, Row, read_table
from accounting.banking.csv_values import amount_of, day_of, decimal_sign
from accounting.banking.problems import UnreadableBankFile
from accounting.banking.purpose_tags import return_reason, tags_of
from accounting.banking.statements import Balance, BankEntry, BankStatement, Direction, fingerprinted

PENDING = re.compile(r"vorgemerkt|vormerk|pending|ausstehend|reservier|nicht gebucht", re.IGNORECASE)
RETURN = re.compile(r"r(?:ü|ue)ck(?:lastschrift|gabe|(?:ü|ue)berweisung|buchung)|retoure|unpaid", re.IGNORECASE)
BALANCE_ROW = frozenset({"anfangssaldo", "endsaldo", "kontostand", "alter kontostand", "neuer kontostand"})
IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
NO_DAY_YET = frozenset({"offen"})
"""What stands for the day of an entry that is not booked yet."""
DIGITS_OF_ACCOUNT = 10
"""Of a German IBAN the last digits, which are the number of the account."""
MONEY_COLUMNS = ("amount", "debit", "credit", "balance", "original_amount", "charges")


def read_bank_csv(file: BinaryIO, *, account: str = "") -> tuple[BankStatement, ...]:
    """A statement for each account in the file, in the order of their first rows. Raises UnreadableBankFile.

    `account` is the IBAN that counts where the file names none, as those of N26.
    """
    table = read_table(file)
    reader = _Reader(table, account=account)
    found = [one for row in reader.rows() if (one := reader.booked(row))]
    accounts = dict.fromkeys(one.account for one in found)
    if not accounts:
        raise UnreadableBankFile("no_entries")
    return tuple(_statement([one for one in found if one.account == account]) for account in accounts)


@dataclass(frozen=True, slots=True)
class _Booked:
    """A row with an amount. `entry` is None for one that is pending or of 0.00."""

    account: str
    currency: str
    amount: Decimal
    balance: Decimal | None
    booked_on: date
    is_pending: bool
    entry: BankEntry | None


class _Reader:
    """Knows the columns, and what is the same for all rows."""

    def __init__(self, table: BankTable, *, account: str) -> None:
        self._table, self._columns = table, table.columns
        cells = (self._cell(row, name) for row in table.rows for name in MONEY_COLUMNS if name in table.columns.at)
        self._point = decimal_sign(cells, otherwise="," if table.delimiter == ";" else ".")
        self._account = _account_above(table) or account

    def rows(self) -> list[Row]:
        """The rows with entries: without those of balances, and without what stands below the last entry."""
        rows = [row for row in self._table.rows if not BALANCE_ROW & {cell.strip().casefold() for cell in row.cells}]
        while rows and self._amount_or_none(rows[-1]) is None and day_of(self._cell(rows[-1], "booked_on")) is None:
            rows.pop()
        return rows

    def booked(self, row: Row) -> _Booked:
        """What one row says. Raises UnreadableBankFile where it is no entry."""
        if len(row.cells) < len(self._columns.headings) - self._empty_at_end():
            expected = len(self._columns.headings)
            raise UnreadableBankFile("short_row", line=row.line, found=len(row.cells), expected=expected)
        amount = self._amount(row)
        is_unbooked = self._cell(row, "booked_on").casefold() in NO_DAY_YET
        is_pending = is_unbooked or bool(PENDING.search(self._cell(row, "status")))
        booked_on = date.max if is_unbooked else self._day(row, "booked_on")
        balance = amount_of(self._cell(row, "balance"), point=self._point)
        account = self._account_of(row)
        entry = None if is_pending or not amount else self._entry(row, amount, booked_on)
        return _Booked(account, self._cell(row, "currency") or "EUR", amount, balance, booked_on, is_pending, entry)

    def _account_of(self, row: Row) -> str:
        """As the row says. A bare number is the chosen account where that ends with it."""
        stated = self._cell(row, "account").replace(" ", "").upper()
        is_chosen = stated.isdecimal() and self._account.endswith(stated.zfill(DIGITS_OF_ACCOUNT))
        return self._account if is_chosen else stated or self._account

    def _cell(self, row: Row, name: str) -> str:
        return self._columns.cell(row.cells, name)

    def _empty_at_end(self) -> int:
        """Some banks end the headings with a delimiter and the rows without."""
        headings = self._columns.headings
        return len(headings) - len("\0".join(headings).rstrip("\0 ").split("\0"))

    def _amount(self, row: Row) -> Decimal:
        amount = self._amount_or_none(row)
        if amount is None:
            name = next((name for name in ("amount", "debit", "credit") if self._cell(row, name)), "")
            name = name or ("amount" if "amount" in self._columns.at else "debit")
            raise self._bad_cell(row, name)
        return amount

    def _amount_or_none(self, row: Row) -> Decimal | None:
        """By one column with a sign, by one with S or H beside it, or by two columns. Deutsche Bank has all three, and
        leaves the first one empty.
        """
        if self._cell(row, "amount") or "debit" not in self._columns.at:
            amount = amount_of(self._cell(row, "amount"), point=self._point)
            is_debit = self._cell(row, "sign").upper() in ("S", "SOLL", "D", "DEBIT")
            return -abs(amount) if amount is not None and is_debit else amount
        texts = {name: self._cell(row, name) for name in ("debit", "credit")}
        found = {name: amount_of(text, point=self._point) for name, text in texts.items() if text}
        if not found or None in found.values():
            return None
        return abs(found.get("credit") or ZERO) - abs(found.get("debit") or ZERO)

    def _day(self, row: Row, name: str) -> date:
        found = day_of(self._cell(row, name))
        if found is None:
            raise self._bad_cell(row, name)
        return found

    def _bad_cell(self, row: Row, name: str) -> UnreadableBankFile:
        return UnreadableBankFile(
            "bad_cell", line=row.line, column=self._columns.label(name), value=self._cell(row, name)
        )

    def _entry(self, row: Row, amount: Decimal, booked_on: date) -> BankEntry:
        cell = {name: self._cell(row, name) for name in self._columns.at}
        purpose = " ".join(cell.get("purpose", "").split())
        text = cell.get("booking_text", "")
        tags = tags_of(purpose)
        is_return = bool(RETURN.search(text) or (amount < 0 and RETURN.match(purpose)))
        original, charges = (self._side_amount(row, name) for name in ("original_amount", "charges"))
        return BankEntry(
            amount=abs(amount),
            direction=Direction.CREDIT if amount > 0 else Direction.DEBIT,
            booked_on=booked_on,
            valued_on=self._day(row, "valued_on") if cell.get("valued_on") else booked_on,
            is_reversal="storno" in text.casefold(),
            is_return=is_return,
            return_reason=return_reason(f"{text} {purpose}") if is_return else "",
            bank_reference=cell.get("bank_reference", ""),
            counterparty_name=self._counterparty(cell, amount),
            counterparty_iban=_iban(cell.get("iban", "")),
            ultimate_name=cell.get("ultimate_name", ""),
            end_to_end_id=_stated(cell.get("end_to_end_id", "")) or tags.end_to_end_id,
            mandate_id=_stated(cell.get("mandate_id", "")) or tags.mandate_id,
            creditor_id=cell.get("creditor_id", "") or tags.creditor_id,
            batch_id=cell.get("batch_id", ""),
            purpose=purpose or text,
            booking_text=text,
            original_amount=original if is_return else None,
            charges=charges if is_return else None,
        )

    def _side_amount(self, row: Row, name: str) -> Decimal | None:
        text = self._cell(row, name)
        if not text:
            return None
        amount = amount_of(text, point=self._point)
        if amount is None:
            raise self._bad_cell(row, name)
        return abs(amount) or None

    def _counterparty(self, cell: dict[str, str], amount: Decimal) -> str:
        """One column, or one for each side: what comes in is from the payer."""
        side = "payer" if amount > 0 else "payee"
        name = cell.get("name") or cell.get(side) or cell.get("payer" if side == "payee" else "payee") or ""
        return " ".join(name.split())


def _iban(text: str) -> str:
    """The IBAN; "" for a bare number, which is that of the account itself at some banks, and names nobody at others."""
    compact = "".join(text.split()).upper()
    return compact if IBAN.fullmatch(compact) else ""


def _stated(reference: str) -> str:
    return "" if reference.upper() in ("NOTPROVIDED", "NONREF") else reference


def _account_above(table: BankTable) -> str:
    """The first IBAN above the headings."""
    for row in table.above:
        for cell in row.cells:
            if found := IBAN.search(cell.upper()):
                return found[0].replace(" ", "")
    return ""


def _statement(rows: list[_Booked]) -> BankStatement:
    booked = [row for row in rows if not row.is_pending]
    opening, closing = _balances(booked)
    entries = [row.entry for row in booked if row.entry]
    return BankStatement(
        account_iban=rows[0].account,
        currency=rows[0].currency,
        entries=fingerprinted(entries, account=rows[0].account),
        opening=opening,
        closing=closing,
        pending=len(rows) - len(booked),
        without_amount=len(booked) - len(entries),
    )


def _balances(rows: list[_Booked]) -> tuple[Balance | None, Balance | None]:
    """Opening and closing balance, where each row says the balance behind it and all of them fit together.

    Banks write the newest entry first or last: whichever fits. Where rows were filtered out neither does.
    """
    for ordered in (rows, rows[::-1]):
        balances = [row.balance for row in ordered if row.balance is not None]
        if not ordered or len(balances) < len(ordered):
            return None, None
        steps = zip(pairwise(balances), ordered[1:], strict=True)
        if all(before + row.amount == after for (before, after), row in steps):
            opening = Balance(balances[0] - ordered[0].amount, ordered[0].booked_on)
            return opening, Balance(balances[-1], ordered[-1].booked_on)
    return None, None
