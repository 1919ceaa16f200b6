"""Pages of a PDF with our font. It lies beside this file, unpacked: no font of the machine is needed."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import get_language
from fpdf import FPDF

FONTS = Path(__file__).parent / "fonts"
FAMILY = "Inter"
GREY, LINE, DARK = 110, 205, 30


class Pages(FPDF):
    """A4 pages in the language of now."""

    def __init__(self) -> None:
        super().__init__(format="A4")
        self.add_font(FAMILY, "", FONTS / "Inter-Regular.ttf")
        self.add_font(FAMILY, "B", FONTS / "Inter-SemiBold.ttf")
        self._letters = frozenset(self.fonts[FAMILY.lower()].cmap)  # type: ignore[union-attr]
        self.set_creator("Stammhaus")
        self.set_lang(get_language() or "de")

    def readable(self, text: str) -> str:
        """The text without characters that the font lacks; line feeds stay."""
        return "".join(char if char == "\n" or ord(char) in self._letters else "?" for char in text)
