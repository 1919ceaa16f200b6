"""Letters as they are printed."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

from pypdf import PdfReader

from files.letter_pdf import letters_as_pdf
from files.letters import Letter, Sender

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
IBAN = "IBAN DE89 3704 0044 0532 0130 00"
SENDER = Sender(
    name="Bäckerei Nord", address=("Weg 1", "20095 Hamburg"), reach=("040 1",),
    foot=(("Bäckerei Nord",), (), (IBAN,), ("USt-IdNr. DE1",)), below="HRB 1",
)  # fmt: skip
LETTER = Letter(
    to=("Ada Muster", "Gasse 2", "28195 Bremen"), facts=(("Datum", "01.03.2026"),), subject="Erste Mahnung",
    opening=("Bitte zahlen Sie.",), sums=(("Rechnung 1", "10,70 €"), ("Zusammen", "12,70 €")), closing=("Danke.",),
)  # fmt: skip


def pages(*letters: Letter) -> list[str]:
    content = letters_as_pdf(letters, SENDER, title="Mahnungen", as_of=AS_OF)
    assert letters_as_pdf(letters, SENDER, title="Mahnungen", as_of=AS_OF) == content
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def test_each_letter_is_a_page_with_all_that_it_says():
    one, other = pages(LETTER, replace(LETTER, to=("Bo Muster",), subject="Letzte Mahnung"))
    for words in (
        "Ada Muster", "Gasse 2", "28195 Bremen", "01.03.2026", "Erste Mahnung", "Bitte zahlen Sie.",
        "Rechnung 1 10,70 €", "Zusammen 12,70 €", "Danke.", IBAN, "HRB 1", "Bäckerei Nord · Weg 1 · 20095 Hamburg",
    ):  # fmt: skip
        assert words in one
    assert "Bo Muster" in other
    assert "Letzte Mahnung" in other
    assert "Ada" not in other


def test_long_text_goes_on_with_the_foot_below_each_page():
    first, second = pages(replace(LETTER, opening=("Wort " * 900,)))
    assert IBAN in first
    assert IBAN in second
    assert "Zusammen 12,70 €" in second


def test_line_that_is_too_long_is_cut_beside_the_address_and_a_strange_sign_is_a_question_mark():
    [shown] = pages(replace(LETTER, to=("Sehr langer Name " * 9, "\u5473"), facts=()))
    assert "Sehr langer Name Sehr langer" in shown
    assert "…" in shown
    assert "?" in shown
