"""Reads the parts of a CAMT element, whatever the version: amounts, days, texts, codes.

Elements are found by their local names. Versions differ in what stands around a value (.02 writes <Sts>BOOK</Sts>, .08
<Sts><Cd>BOOK</Cd></Sts>), so a value is asked for by several paths, of which the first that is there counts.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from accounting.banking.problems import UnreadableBankFile

CENT = Decimal("0.01")
MOST = Decimal("999999999999.99")
SIGNS = {"CRDT": 1, "DBIT": -1}


@cache
def _in_any_namespace(path: str) -> str:
    return "/".join(f"{{*}}{step}" for step in path.split("/"))


class Part:
    """An element with the name of its file, which a refusal names."""

    def __init__(self, element: Any, *, file: str) -> None:
        self._element, self._file = element, file

    def parts(self, path: str) -> list[Part]:
        """The elements at a path of local names, such as Refs/EndToEndId."""
        return [Part(one, file=self._file) for one in self._element.iterfind(_in_any_namespace(path))]

    def part(self, *paths: str) -> Part | None:
        """The first element at the first of the paths where there is one."""
        return next((found[0] for path in paths if (found := self.parts(path))), None)

    def text(self, *paths: str) -> str:
        """The text there, each run of white space one blank; "" where there is none."""
        for path in paths:
            for found in self.parts(path):
                if text := found.own_text():
                    return text
        return ""

    def texts(self, path: str) -> list[str]:
        """All texts at a path that are not empty."""
        return [text for found in self.parts(path) if (text := found.own_text())]

    def own_text(self) -> str:
        return " ".join((self._element.text or "").split())

    def attribute(self, name: str) -> str:
        return str(self._element.get(name) or "").strip()

    def day(self, path: str) -> date | None:
        """The day at <path>/Dt or, with a time that is left out, <path>/DtTm; None where there is none."""
        found = self.part(f"{path}/Dt", f"{path}/DtTm")
        if found is None:
            return None
        try:
            return date.fromisoformat(found.own_text()[:10])
        except ValueError:
            raise found.bad_value() from None

    def amount(self, path: str, *, currency: str = "") -> Decimal:
        """The amount at a path, zero or above, with two places. Raises `missing`, `bad_value`, `other_currency`."""
        found = self.part(path)
        if found is None:
            raise self.missing(path)
        stated = found.attribute("Ccy")
        if currency and stated != currency:
            raise found.refused("other_currency", found=stated or "?", expected=currency)
        return found.own_amount()

    def own_amount(self) -> Decimal:
        """The element's text as an amount."""
        text = self.own_text().removeprefix("+")
        try:
            amount = Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else Decimal(-1)
        except InvalidOperation:
            amount = Decimal(-1)
        if not 0 <= amount <= MOST or amount != amount.quantize(CENT):
            raise self.bad_value()
        return amount.quantize(CENT)

    def sign(self) -> int:
        """1 for a credit, -1 for a debit."""
        found = self.part("CdtDbtInd")
        if found is None:
            raise self.missing("CdtDbtInd")
        if found.own_text() not in SIGNS:
            raise found.bad_value()
        return SIGNS[found.own_text()]

    def code(self, path: str) -> str:
        """A code that is free text in old versions, and in <Cd> or <Prtry> in later ones."""
        return self.text(f"{path}/Cd", f"{path}/Prtry", path)

    def missing(self, path: str) -> UnreadableBankFile:
        return self.refused("missing", element=path)

    def bad_value(self) -> UnreadableBankFile:
        element = self._element.tag.rpartition("}")[2]
        return self.refused("bad_value", element=element, value=self.own_text())

    def refused(self, code: str, **params: object) -> UnreadableBankFile:
        return UnreadableBankFile(code, file=self._file, line=self._element.sourceline or 1, **params)

    def clear(self) -> None:
        """Forget what was read: a long statement is not kept in memory as elements."""
        self._element.clear()
        while self._element.getprevious() is not None and self._element.getprevious().tag == self._element.tag:
            del self._element.getparent()[self._element.getparent().index(self._element) - 1]
