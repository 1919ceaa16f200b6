"""Asking a tree for texts, numbers and days by short paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from lxml import etree

from accounting.amounts import MOST, ZERO
from accounting.documents.received.problems import Unreadable

MOST_LETTERS = 2_000
"""Of one text; what is longer is cut."""
_NUMBER = re.compile(r"[+-]?[0-9]{0,15}(?:\.[0-9]{0,12})?")
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:Z|[+-]\d{2}:\d{2})?")


@dataclass(frozen=True)
class Node:
    """An element, or None for one that is not there: that answers with what is empty."""

    element: etree._Element | None
    namespaces: Mapping[str, str]

    def __bool__(self) -> bool:
        return self.element is not None

    def one(self, path: str) -> Node:
        found = None if self.element is None else self.element.find(path, dict(self.namespaces))
        return Node(found, self.namespaces)

    def every(self, path: str) -> list[Node]:
        if self.element is None:
            return []
        return [Node(found, self.namespaces) for found in self.element.findall(path, dict(self.namespaces))]

    def text(self, path: str = ".") -> str:
        found = self.one(path).element
        return "" if found is None or found.text is None else found.text.strip()[:MOST_LETTERS]

    def attribute(self, name: str) -> str:
        return "" if self.element is None else str(self.element.get(name, ""))[:MOST_LETTERS]

    def number(self, path: str, default: Decimal = ZERO) -> Decimal:
        """The number; `default` where none stands there. Raises Unreadable for what is none."""
        text = self.text(path)
        if not text:
            return default
        try:
            number = Decimal(text) if _NUMBER.fullmatch(text) else None
        except InvalidOperation:
            number = None
        if number is None or abs(number) > MOST:
            raise Unreadable("bad_value", text=text[:40], what=_("a number"))
        return number

    def day(self, path: str) -> date | None:
        """A day as 20260331 or 2026-03-31; None where none stands there. Raises Unreadable for what is none."""
        text = self.text(path)
        if not text:
            return None
        try:
            if found := _DAY.fullmatch(text):
                return date(*map(int, found.groups()))
        except ValueError:
            pass
        raise Unreadable("bad_value", text=text[:40], what=_("a day"))

    def day_or_refuse(self, path: str, what: Promise) -> date:
        """A day that has to stand there. Raises Unreadable."""
        found = self.day(path)
        if found is None:
            raise Unreadable("no_value", what=what)
        return found
