"""Reads bank statements in CAMT.053 (camt.053.001.02, .08 and the versions between and behind), singly or as a ZIP.

    statements = read_camt053(file, name="2026-01-07.xml")

A statement is whole or is refused: the opening balance and all booked entries must give the closing balance. That is
why versions that nobody has tried are read as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

from accounting.amounts import ZERO, Money
from accounting.banking.camt_entries import entries_of, is_booked, signed_amount
from accounting.banking.camt_parts import Part
from accounting.banking.problems import UnreadableBankFile
from accounting.banking.safe_xml import LIMITS, Limits, elements
from accounting.banking.statements import Balance, BankEntry, BankStatement, fingerprinted

MESSAGE = re.compile(r"\{urn:(?:iso:std:iso:20022:tech|swift):xsd:\$?camt\.053\.\d{3}\.\d{2}\}Document")
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
INTERIM = "ITBD"
TAGS = ("Ntry", "Stmt", "Document")


def read_camt053(file: BinaryIO, *, name: str, limits: Limits = LIMITS) -> tuple[BankStatement, ...]:
    """The statements of one XML file, in its order; at least one. Raises UnreadableBankFile."""
    found = tuple(_statements(file, name=name, limits=limits))
    if not found:
        raise UnreadableBankFile("no_statement", file=name)
    return found


@dataclass(slots=True)
class _Booked:
    """What was read of the entries of one statement before its end came."""

    entries: list[BankEntry] = field(default_factory=list)
    total: Decimal = ZERO
    pending: int = 0
    without_amount: int = 0

    def take(self, entry: Part, *, account: str, currency: str) -> None:
        if not is_booked(entry):
            self.pending += 1
            return
        self.total += signed_amount(entry, currency=currency)
        found = entries_of(entry, account=account, currency=currency)
        self.entries += found
        self.without_amount += not found


def _statements(file: BinaryIO, *, name: str, limits: Limits) -> Iterator[BankStatement]:
    booked = _Booked()
    for element in elements(file, name=name, tags=TAGS, limits=limits):
        part = Part(element, file=name)
        match element.tag.rpartition("}")[2]:
            case "Ntry":
                head = _Head(_checked_parent(element, name), file=name)
                booked.take(part, account=head.account, currency=head.currency)
                part.clear()
            case "Stmt":
                _checked_parent(element, name, is_statement=True)
                yield _Head(element, file=name).statement(booked)
                booked = _Booked()
                part.clear()
            case "Document":
                _check_message(element, name)


def _checked_parent(element: Any, name: str, *, is_statement: bool = False) -> Any:
    """The element above, when it is one of a statement of a CAMT.053; anything else is refused as what it is."""
    _check_message(element.getroottree().getroot(), name)
    parent = element.getparent()
    if not is_statement and parent.tag.rpartition("}")[2] != "Stmt":
        raise Part(element, file=name).refused("other_message", found=parent.tag.rpartition("}")[2])
    return parent


def _check_message(root: Any, name: str) -> None:
    if not MESSAGE.fullmatch(root.tag):
        found = re.search(r"(?:camt|pain)\.\d{3}\.\d{3}\.\d{2}", root.tag)
        raise UnreadableBankFile("other_message", file=name, found=found[0] if found else root.tag)


class _Head:
    """What a statement says beside its entries. It stands before them, so it can be asked while they are read."""

    def __init__(self, element: Any, *, file: str) -> None:
        self._part, self._file = Part(element, file=file), file
        account = self._part.part("Acct")
        if account is None:
            raise self._part.missing("Acct")
        iban = account.text("Id/IBAN").replace(" ", "").upper()
        self.account = iban or account.text("Id/Othr/Id")
        if not self.account:
            raise account.missing("Id/IBAN")
        self.currency = account.text("Ccy") or self._currency_of_balances()

    def _currency_of_balances(self) -> str:
        found = self._part.part("Bal/Amt")
        return found.attribute("Ccy") if found else ""

    def statement(self, booked: _Booked) -> BankStatement:
        """The whole statement. Raises `no_balance` and `wrong_sum`."""
        number = self._part.text("ElctrncSeqNb", "LglSeqNb")
        page = self._part.text("StmtPgntn/PgNb")
        identification = self._part.text("Id")
        opening, closing = self._balances(number or identification)
        self._check_sum(opening, booked.total, closing, number or identification)
        return BankStatement(
            account_iban=self.account,
            currency=self.currency,
            entries=fingerprinted(
                booked.entries, account=self.account, statement=f"{number or identification}/{page or 1}"
            ),
            statement_id=identification,
            number=number,
            opening=opening,
            closing=closing,
            pending=booked.pending,
            without_amount=booked.without_amount,
        )

    def _balances(self, statement: str) -> tuple[Balance, Balance]:
        """The first and the last one, where a bank gives those of each day. Of a statement on several pages those
        between the pages, where the others are missing.
        """
        found = [(part.code("Tp/CdOrPrtry"), part) for part in self._part.parts("Bal")]
        interim = [part for code, part in found if code == INTERIM]
        opening = [part for wanted in OPENING for code, part in found if code == wanted] or interim[:1]
        closing = [part for wanted in CLOSING for code, part in found if code == wanted] or interim[-1:]
        if not opening or not closing or opening[0] is closing[0]:
            raise UnreadableBankFile("no_balance", file=self._file, statement=statement)
        return (
            min(map(self._balance, opening), key=lambda one: one.on),
            max(map(self._balance, closing), key=lambda one: one.on),
        )

    def _balance(self, part: Part) -> Balance:
        day = part.day("Dt")
        if day is None:
            raise part.missing("Dt")
        return Balance(part.sign() * part.amount("Amt", currency=self.currency), day)

    def _check_sum(self, opening: Balance, total: Decimal, closing: Balance, statement: str) -> None:
        if opening.amount + total == closing.amount:
            return
        amounts = {
            "opening": opening.amount,
            "sum": opening.amount + total,
            "closing": closing.amount,
            "difference": abs(opening.amount + total - closing.amount),
        }
        shown = {name: Money(amount, self.currency) for name, amount in amounts.items()}
        raise UnreadableBankFile("wrong_sum", file=self._file, statement=statement, **shown)
