"""A4 pages of a business letter (DIN 5008, form B): margins, text at a place, and what stands below each page.

All places are in millimetres from the upper left corner; y is the base line of a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.utils.translation import gettext as _
from fpdf import FPDF

from accounting.documents.contents import InvoiceContent
from accounting.documents.pdf_a3.fonts import Faces, letters_of
from accounting.documents.pdf_a3.lengths import Length
from accounting.documents.pdf_a3.metadata import xmp
from accounting.documents.words import title

LEFT, RIGHT, TOP, BOTTOM = 25, 190, 22, 258
"""The type area; below BOTTOM stands the foot of the page."""
_FOOT, _COLUMNS = 266, (40, 43, 46, 36)
WIDTH, HEIGHT = 210, 297
DARK, GREY, PALE = 25, 105, 200
_FAMILY = "Inter"
_PAGES = "{nb}"


@dataclass(frozen=True)
class Foot:
    """What stands below each page: four columns of lines, and a text below them."""

    columns: tuple[tuple[str, ...], ...]
    below: str = ""


class Sheets(FPDF):
    """The pages of one invoice."""

    def __init__(self, content: InvoiceContent, faces: Faces, foot: Foot) -> None:
        super().__init__(format="A4", enforce_compliance="PDF/A-3B")
        self._content, self._foot = content, foot
        self._letters = letters_of(faces[0])
        self.set_margins(LEFT, TOP, WIDTH - RIGHT)
        self.set_auto_page_break(False)
        self.add_font(_FAMILY, "", faces[0])
        self.add_font(_FAMILY, "B", faces[1])
        for font in self.fonts.values():  # the shapes stay as they are, so that none is worked out and packed anew
            font.ttfont.recalcBBoxes = False  # type: ignore[union-attr]
        self.set_title(title(content))
        self.set_lang(content.language)
        self.set_creation_date(datetime.combine(content.issued_on, time(), UTC))
        self.set_xmp_metadata(xmp(content))
        self.alias_nb_pages(_PAGES)

    def face(self, size: Length, *, bold: bool = False, grey: bool = False) -> None:
        self.set_font(_FAMILY, "B" if bold else "", size)
        self.set_text_color(GREY if grey else DARK)

    def readable(self, text: str) -> str:
        """The text without characters that the font lacks."""
        return "".join(char if ord(char) in self._letters else " " if char.isspace() else "?" for char in text)

    def put(self, x: Length, y: Length, text: str) -> None:
        self.text(x, y, self.readable(text))

    def put_right(self, x: Length, y: Length, text: str) -> None:
        """The text ends at x."""
        shown = self.readable(text)
        self.text(x - self.get_string_width(shown), y, shown)

    def fitted(self, text: str, width: Length) -> str:
        """The text, cut with dots where it is wider than so many millimetres."""
        shown = self.readable(text)
        if self.get_string_width(shown) <= width:
            return shown
        while shown and self.get_string_width(f"{shown}…") > width:
            shown = shown[:-1]
        return f"{shown}…"

    def wrapped(self, text: str, width: Length) -> list[str]:
        """The lines of the text in the current font; a word that is wider is divided."""
        return [line for part in text.splitlines() for line in self._wrapped(self.readable(part), width)]

    def _wrapped(self, text: str, width: Length) -> Iterator[str]:
        line = ""
        for word in text.split():
            longer = f"{line} {word}" if line else word
            if self.get_string_width(longer) <= width:
                line = longer
                continue
            if line:
                yield line
            *whole, line = self._pieces(word, width)
            yield from whole
        if line:
            yield line

    def _pieces(self, word: str, width: Length) -> list[str]:
        pieces = [""]
        for char in word:
            if pieces[-1] and self.get_string_width(pieces[-1] + char) > width:
                pieces.append("")
            pieces[-1] += char
        return pieces

    def face_that_fits(self, size: Length, text: str, width: Length) -> None:
        """The size, or a smaller one, down to 6.5 points, in which the text has room on one line."""
        self.face(size)
        if (found := self.get_string_width(self.readable(text))) > width:
            self.face(max(6.5, size * width / found - 0.05))

    def rule(self, y: Length, x: Length = LEFT, until: Length = RIGHT, *, grey: int = PALE) -> None:
        self.set_draw_color(grey)
        self.set_line_width(0.2)
        self.line(x, y, until, y)

    def header(self) -> None:
        """On all pages but the first, whose it is."""
        if self.page_no() > 1:
            self.face(8, grey=True)
            self.put(LEFT, 14, title(self._content))
            self.put_right(RIGHT, 14, self.fitted(self._content.issuer.name, 70))

    def footer(self) -> None:
        self.rule(_FOOT)
        x: Length = LEFT
        for width, lines in zip(_COLUMNS, self._foot.columns, strict=True):
            self.face(6.8, grey=True)
            for row, line in enumerate(lines):
                self._squeezed(x, _FOOT + 4.5 + row * 3.2, line, width - 2)
            x += width
        self.face(6.8, grey=True)
        for row, line in enumerate(self.wrapped(self._foot.below, RIGHT - LEFT)[:2]):
            self.text(LEFT, _FOOT + 18.5 + row * 3.2, line)
        self._page_number()

    def _squeezed(self, x: Length, y: Length, text: str, width: Length) -> None:
        """The whole text, in smaller letters where it is wider: an IBAN is never cut."""
        shown = self.readable(text)
        if (found := self.get_string_width(shown)) > width:
            self.face(width * 6.8 / found, grey=True)
        self.text(x, y, shown)
        self.face(6.8, grey=True)

    def _page_number(self) -> None:
        page = _("Page %(page)s of %(pages)s") % {"page": self.page_no(), "pages": _PAGES}
        self.face(7, grey=True)
        self.set_xy(LEFT - self.c_margin, _FOOT - 5)
        self.cell(RIGHT - LEFT, 4, page)
