"""The table of the lines, over as many pages as it takes, with its headings on each."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from accounting.documents.contents import InvoiceContent, Line
from accounting.documents.formats import day, figure, quantity
from accounting.documents.pdf_a3.lengths import Length
from accounting.documents.pdf_a3.sheets import BOTTOM, LEFT, RIGHT, Sheets
from accounting.documents.words import unit

_TEXT, _TEXT_WIDTH = LEFT + 10, 66
_QUANTITY, _PRICE, _RATE, _NET, _GROSS = 115, 136, 149, 169, RIGHT
"""Where the columns of figures end."""
_LINE, _GAP, _TOP = 4.1, 2.4, 24
type Row = tuple[str, bool]
"""A row of text, and whether it is one of those below, small and grey."""


def put_lines(sheets: Sheets, content: InvoiceContent, y: Length) -> Length:
    """Draws the table from y on, and answers where it ends on the last page."""
    y = _headings(sheets, y)
    for line in content.lines:
        rows = _rows(sheets, line)
        height = len(rows) * _LINE + _GAP
        if y + height > BOTTOM and height < BOTTOM - _TOP:
            y = _next_page(sheets)
        y = _line(sheets, line, y, rows)
        sheets.rule(y - 0.6)
    return y


def _rows(sheets: Sheets, line: Line) -> list[Row]:
    """The text of the line, and below it when, where and on whose order it was delivered."""
    sheets.face(8.5)
    texts = sheets.wrapped(line.text, _TEXT_WIDTH)
    sheets.face(7.5, grey=True)
    below = sheets.wrapped(" · ".join(_details(line)), _TEXT_WIDTH)
    return [*((text, False) for text in texts), *((text, True) for text in below)]


def _next_page(sheets: Sheets) -> Length:
    sheets.add_page()
    return _headings(sheets, _TOP)


def _headings(sheets: Sheets, y: Length) -> Length:
    sheets.face(7.5, bold=True)
    sheets.put(LEFT, y, _("No."))
    sheets.put(_TEXT, y, _("Item"))
    for x, name in (
        (_QUANTITY, _("Quantity")), (_PRICE, _("Price incl. VAT")), (_RATE, _("VAT")), (_NET, _("Net")),
        (_GROSS, _("Incl. VAT")),
    ):  # fmt: skip
        sheets.put_right(x, y, name)
    sheets.rule(y + 1.8, grey=90)
    return y + 2


def _line(sheets: Sheets, line: Line, y: Length, rows: list[Row]) -> Length:
    """Draws the line, one that is higher than a page over several, and answers where it ends."""
    _figures(sheets, line, y + 3.9)
    for text, is_below in rows:
        if y + _LINE > BOTTOM:
            y = _next_page(sheets)
        sheets.face(7.5 if is_below else 8.5, grey=is_below)
        sheets.text(_TEXT, y + 3.9, text)
        y += _LINE
    return y + _GAP


def _figures(sheets: Sheets, line: Line, base: Length) -> None:
    sheets.face(8.5)
    sheets.put(LEFT, base, str(line.position))
    sheets.put_right(_QUANTITY, base, f"{quantity(line.quantity)} {unit(line.unit)}".strip())
    sheets.put_right(_PRICE, base, _price(line))
    sheets.put_right(_RATE, base, f"{quantity(line.vat_rate)} %")
    sheets.put_right(_NET, base, figure(line.net_amount))
    sheets.put_right(_GROSS, base, figure(line.gross_amount))


def _details(line: Line) -> list[str]:
    ordered = _("order %(number)s") % {"number": line.order_number} if line.order_number else ""
    delivered = day(line.delivered_on) if line.delivered_on else ""
    return [text for text in (delivered, line.location, ordered) if text]


def _price(line: Line) -> str:
    """The price of one with VAT where it comes out even, as that of a till does."""
    price = abs(line.gross_amount / line.quantity)
    return figure(price) if price == price.quantize(Decimal("0.0001")) else ""
