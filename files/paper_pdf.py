"""A paper as a PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import batched, zip_longest
from textwrap import wrap
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from files.papers import Paper, Section
from files.pdf_pages import DARK, FAMILY, GREY, LINE, Pages
from mcp.dates import to_the_second

LETTERS_IN_A_LINE, MOST_LINES = 110, 30
"""Of a table as wide as the page, and of one row of it."""


class _Sheets(Pages):
    """A4 with the title and the number of the page below each page."""

    def __init__(self, content: Paper) -> None:
        super().__init__()
        self.set_margins(18, 16)
        self.set_auto_page_break(True, margin=18)
        self._below = self.readable(f"{content.subtitle} · {to_the_second(content.as_of)}")
        self.set_title(self.readable(content.title))
        self.set_creation_date(timezone.localtime(content.as_of))
        self.alias_nb_pages("{pages}")

    def footer(self) -> None:
        self.set_y(-13)
        self.set_font(FAMILY, "", 7.5)
        self.set_text_color(GREY)
        self.cell(0, 5, self._below)
        page = _("Page %(page)s of %(pages)s") % {"page": self.page_no(), "pages": "{pages}"}
        self.set_x(self.l_margin)
        self.cell(0, 5, page, align="R")


def as_pdf(content: Paper) -> bytes:
    """The PDF. The same paper gives the same bytes."""
    paper = _Sheets(content)
    paper.add_page()
    paper.set_font(FAMILY, "B", 17)
    paper.set_text_color(DARK)
    paper.multi_cell(0, 8, paper.readable(content.title), new_x="LMARGIN", new_y="NEXT")
    paper.set_font(FAMILY, "", 10.5)
    paper.set_text_color(GREY)
    paper.multi_cell(0, 6, paper.readable(content.subtitle), new_x="LMARGIN", new_y="NEXT")
    for section in content.sections:
        _section(paper, section)
    return bytes(paper.output())


def _section(paper: _Sheets, section: Section) -> None:
    if paper.will_page_break(28):
        paper.add_page()
    paper.ln(5)
    paper.set_font(FAMILY, "B", 11.5)
    paper.set_text_color(DARK)
    paper.cell(0, 7, paper.readable(section.title), new_x="LMARGIN", new_y="NEXT")
    if section.facts:
        _table(paper, (), section.facts, (1, 3))
    if section.rows:
        _table(paper, section.headings, section.rows, section.widths, section.right)
    if not section.facts and not section.rows:
        paper.set_font(FAMILY, "", 8.5)
        paper.set_text_color(GREY)
        paper.multi_cell(0, 5, paper.readable(section.empty), new_x="LMARGIN", new_y="NEXT")


def _table(
    paper: _Sheets,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    right: frozenset[int] = frozenset(),
) -> None:
    paper.set_font(FAMILY, "", 8)
    paper.set_text_color(DARK)
    paper.set_draw_color(LINE)
    style: Any = {
        "borders_layout": TableBordersLayout.HORIZONTAL_LINES if headings else TableBordersLayout.NONE,
        "headings_style": FontFace(emphasis="BOLD", color=DARK),
        "first_row_as_headings": bool(headings),
        "col_widths": tuple(widths),
        "line_height": 4.2,
        "padding": (0.9, 1.5),
        "text_align": "LEFT",
        "v_align": "TOP",
        "wrapmode": "WORD",
    }
    with paper.table(**style) as table:
        for cells in [*([headings] if headings else []), *_rows_that_fit(rows, widths)]:
            row = table.row()
            for at, cell in enumerate(cells):
                name = FontFace(color=GREY) if not headings and at == 0 else None
                row.cell(paper.readable(_breakable(cell)), style=name, align="RIGHT" if at in right else None)
    paper.ln(1)


def _rows_that_fit(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """The rows; one that is higher than a page is divided into several."""
    for cells in rows:
        columns = [_in_pieces(cell, width / sum(widths)) for cell, width in zip(cells, widths, strict=True)]
        yield from zip_longest(*columns, fillvalue="")


def _in_pieces(text: str, share: float) -> list[str]:
    width = max(8, int(LETTERS_IN_A_LINE * share))
    lines = [part for line in text.split("\n") for part in wrap(line, width) or [""]]
    if len(lines) <= MOST_LINES:
        return [text]
    return ["\n".join(some) for some in batched(lines, MOST_LINES)]


def _breakable(text: str) -> str:
    """A long word, such as a hash, in groups that can stand on several lines."""
    words = text.split(" ")
    return " ".join(
        " ".join(word[at : at + 16] for at in range(0, len(word), 16)) if len(word) > 40 and word.isalnum() else word
        for word in words
    )
