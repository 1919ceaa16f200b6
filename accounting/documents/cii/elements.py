"""Adding elements to a tree: what is empty is left out, and what XML cannot hold becomes a space."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

from lxml import etree

from accounting.documents.cii.names import DAY_FORMAT, NAMESPACES
from accounting.documents.formats import plain

_UNFIT: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def name_of(short: str) -> str:
    """The full name of one such as ram:Name."""
    prefix, name = short.split(":")
    return f"{{{NAMESPACES[prefix]}}}{name}"


def part(parent: etree._Element, name: str) -> etree._Element:
    """A new element without text."""
    return etree.SubElement(parent, name_of(name))


def text(parent: etree._Element, name: str, content: str, **attributes: str) -> None:
    """An element with this text; none where the text is empty."""
    if content := _UNFIT.sub(" ", content).strip():
        element = etree.SubElement(parent, name_of(name), attributes)
        element.text = content


def amount(parent: etree._Element, name: str, value: Decimal, **attributes: str) -> None:
    """An amount with two decimals."""
    text(parent, name, f"{value:.2f}", **attributes)


def number(parent: etree._Element, name: str, value: Decimal, **attributes: str) -> None:
    """A quantity, a price or a rate, without zeros at its end."""
    text(parent, name, plain(value), **attributes)


def day(parent: etree._Element, name: str, when: date | None, kind: str = "udt:DateTimeString") -> None:
    """A day; nothing for None."""
    if when is not None:
        text(part(parent, name), kind, f"{when:%Y%m%d}", format=DAY_FORMAT)
