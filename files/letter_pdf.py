"""Letters as a PDF, with the address where the window of an envelope is (DIN 5008, form B). Places are millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from files.letters import Letter, Sender
from files.pdf_pages import DARK, FAMILY, GREY, LINE, Pages

LEFT, RIGHT, FACTS, FOOT = 25, 190, 125, 266
_WIDTH = RIGHT - LEFT
_COLUMNS = (40, 43, 46, 36)
"""Of the foot: who, how to reach them, the bank, taxes."""
_SUMS = 35
"""How wide the column of sums is."""
_FOLDS = ((105, 4), (148, 6), (210, 4))


class _Letters(Pages):
    """The pages of letters of one sender."""

    def __init__(self, sender: Sender) -> None:
        super().__init__()
        self._sender = sender
        self.set_margins(LEFT, 25, 210 - RIGHT)
        self.set_auto_page_break(True, margin=297 - FOOT + 6)
        self.c_margin = 0

    def face(self, size: int, *, bold: bool = False, grey: bool = False) -> None:
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(GREY if grey else DARK)

    def put(self, x: int, y: int, text: str, *, width: int) -> None:
        """One line, cut with dots where it is wider."""
        shown = self.readable(text)
        while self.get_string_width(shown) > width:
            shown = shown.rstrip("…")[:-1] + "…"
        self.text(x, y, shown)

    def rule(self, y: int) -> None:
        self.set_draw_color(LINE)
        self.line(LEFT, y, RIGHT, y)

    def paragraph(self, text: str) -> None:
        self.multi_cell(_WIDTH, 5, self.readable(text), align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(3)

    def footer(self) -> None:
        self.rule(FOOT)
        x = LEFT
        for width, column in zip(_COLUMNS, self._sender.foot, strict=False):
            for row, line in enumerate(filter(None, column)):
                self.squeeze(x, FOOT + 5 + row * 4, line, width=width - 2)
            x += width
        self.squeeze(LEFT, FOOT + 22, self._sender.below, width=_WIDTH)

    def squeeze(self, x: int, y: int, text: str, *, width: int) -> None:
        """A small line, in smaller letters where it is wider: an IBAN is never cut."""
        self.face(7, grey=True)
        shown = self.readable(text)
        if (found := self.get_string_width(shown)) > width:
            self.set_font_size(7 * width / found)
        self.text(x, y, shown)


def letters_as_pdf(letters: Sequence[Letter], sender: Sender, *, title: str, as_of: datetime) -> bytes:
    """The PDF, each letter on pages of its own. Equal letters give equal bytes."""
    pages = _Letters(sender)
    pages.set_title(pages.readable(title))
    pages.set_creation_date(timezone.localtime(as_of))
    for letter in letters:
        pages.add_page()
        _head(pages, sender)
        _window(pages, sender, letter)
        _body(pages, letter)
    return bytes(pages.output())


def _head(pages: _Letters, sender: Sender) -> None:
    pages.face(17, bold=True)
    pages.put(LEFT, 22, sender.name, width=_WIDTH)
    pages.face(8, grey=True)
    pages.put(LEFT, 28, " · ".join((*sender.address, *sender.reach)), width=_WIDTH)
    pages.rule(32)
    for y, length in _FOLDS:
        pages.line(4, y, 4 + length, y)


def _window(pages: _Letters, sender: Sender, letter: Letter) -> None:
    """Whom it goes to, with where to send it back above; and the facts beside it."""
    pages.face(6, grey=True)
    pages.put(LEFT, 57, " · ".join((sender.name, *sender.address)), width=80)
    pages.face(10)
    for row, line in enumerate(letter.to[:6]):
        pages.put(LEFT, 66 + row * 5, line, width=80)
    for row, (name, value) in enumerate(letter.facts):
        pages.face(8, grey=True)
        pages.put(FACTS, 52 + row * 5, name, width=30)
        pages.face(9)
        pages.put(FACTS + 31, 52 + row * 5, value, width=RIGHT - FACTS - 31)


def _body(pages: _Letters, letter: Letter) -> None:
    pages.set_y(98)
    pages.face(14, bold=True)
    pages.multi_cell(_WIDTH, 7, pages.readable(letter.subject), align="L", new_x="LMARGIN", new_y="NEXT")
    pages.ln(4)
    pages.face(10)
    for text in letter.opening:
        pages.paragraph(text)
    for at, (name, value) in enumerate(letter.sums, start=1):
        pages.face(10, bold=at == len(letter.sums))
        pages.cell(_WIDTH - _SUMS, 7, pages.readable(name), border="T")
        pages.cell(_SUMS, 7, pages.readable(value), border="T", align="R", new_x="LMARGIN", new_y="NEXT")
    pages.ln(5)
    pages.face(10)
    for text in letter.closing:
        pages.paragraph(text)
