"""How other programs lay a table out: blanks before quotation marks, lines of delimiters, lines above the headings."""

import io
import time

import openpyxl
import pytest

from spreadsheets import Overrules, open_table
from tests.spreadsheets.tables import codes, read


def cells(content: bytes, **more):
    headings, rows = read(content, **more)
    return headings, [row.cells for row in rows]


def test_blanks_before_quotation_marks_belong_to_no_cell():
    content = (
        b"first_name, last_name, street, city\n"
        b'Erika, "Beispiel", "Musterweg 1, 2. OG", Kiel\nMax, "Muster", "Weg 3", "Kiel"\n'
    )
    assert cells(content) == (
        ("first_name", "last_name", "street", "city"),
        [("Erika", "Beispiel", "Musterweg 1, 2. OG", "Kiel"), ("Max", "Muster", "Weg 3", "Kiel")],
    )
    assert codes(content) == []


def test_blanks_before_single_quotation_marks():
    content = b"'first_name', 'last_name', 'city'\n'Erika', 'Beispiel, geb. Alt', 'Kiel'\n'Max', 'Muster', 'Kiel'\n"
    assert cells(content) == (
        ("first_name", "last_name", "city"), [("Erika", "Beispiel, geb. Alt", "Kiel"), ("Max", "Muster", "Kiel")]
    )  # fmt: skip


def test_a_comma_in_a_text_without_quotation_marks_is_still_put_back():
    assert cells("Name,Street,City\nAna,Gran Vía, 1,Madrid\n".encode()) == (
        ("Name", "Street", "City"), [("Ana", "Gran Vía, 1", "Madrid")]
    )  # fmt: skip


def test_lines_of_delimiters_are_left_out_and_numbers_stay():
    content = b"Vorname;Nachname;Ort\r\nErika;Beispiel;Kiel\r\n;;\r\n ; ;\r\n;\r\nMax;Muster;Kiel\r\n;;\r\n"
    _headings, rows = read(content)
    assert [(row.number, row.cells) for row in rows] == [
        (2, ("Erika", "Beispiel", "Kiel")),
        (6, ("Max", "Muster", "Kiel")),
    ]
    assert codes(content) == []


def test_two_million_lines_of_delimiters_cost_little():
    """Ten times the time of reading as many lines of nothing would be a sign that each of them is looked at."""
    content = b"Vorname;Nachname;Ort;PLZ\r\nErika;Beispiel;Kiel;24103\r\n" + b";;;\r\n" * 2_000_000
    started = time.monotonic()
    with open_table(io.BytesIO(content), name="a.csv") as table:
        assert sum(len(block.rows) for block in table.blocks()) == 1
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("delimiter", [b";", b","])
def test_a_title_above_the_headings_is_left_out(delimiter):
    content = b"Kundenliste 2026\r\n\r\nVorname;Nachname;Ort\r\nErika;Beispiel;Kiel\r\nMax;Muster;Kiel\r\n".replace(
        b";", delimiter
    )
    with open_table(io.BytesIO(content), name="a.csv") as table:
        assert (table.headings, table.dialect.above) == (("Vorname", "Nachname", "Ort"), 2)
        assert [(row.number, row.line) for row in table] == [(4, 4), (5, 5)]


def test_the_first_line_of_datev_is_left_out():
    content = b'"EXTF";700;16;"Debitoren"\r\n"Konto";"Name";"Ort"\r\n"10001";"Muster";"Kiel"\r\n'
    assert cells(content) == (("Konto", "Name", "Ort"), [("10001", "Muster", "Kiel")])


def test_how_many_lines_are_left_out_can_be_said():
    content = b"a;b;c\r\nVorname;Nachname;Ort\r\nErika;Beispiel;Kiel\r\n"
    with open_table(io.BytesIO(content), name="a.csv", overrules=Overrules(above=1)) as table:
        assert table.headings == ("Vorname", "Nachname", "Ort")
    with pytest.raises(ValueError, match="above"):
        Overrules(above=21)


def test_a_title_above_the_headings_of_a_workbook():
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in (["Kundenliste"], ["Vorname", "Nachname", "Ort"], ["Erika", "Beispiel", "Kiel"], ["Max"]):
        book.active.append(row)
    book.save(file)
    content = file.getvalue()
    with open_table(io.BytesIO(content), name="a.xlsx") as table:
        assert (table.headings, table.dialect.above) == (("Vorname", "Nachname", "Ort"), 1)
        assert [row.number for row in table] == [3, 4]


CARDS = """BEGIN:VCARD
VERSION:4.0
FN:Erika Beispiel
N:Beispiel;Erika;Maria;Frau;
ORG:Muster GmbH;Abteilung
TEL;VALUE=uri;TYPE="voice,cell":tel:+49-171-1000001
TEL;TYPE=work:+49 40 1000001
item1.EMAIL;PREF=1:e@example.com
EMAIL:zwei@example.com
ADR;TYPE=home:;2. OG;Musterweg 1;Hamburg;;20095;Germany
BDAY:--0517
NOTE:mag\\, Fens
 ter\\nund Garten
CATEGORIES:VIP,Stamm
PHOTO;ENCODING=b;TYPE=JPEG:AAAA
 AAAA
END:VCARD
BEGIN:VCARD
VERSION:3.0
kaputt
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Max Muster
N:Muster;Max;;;
END:VCARD
"""


def test_cards_become_rows_of_the_columns_that_some_card_fills():
    headings, rows = read(CARDS.encode(), name="contacts.vcf")
    said = dict(zip(headings, rows[0].cells, strict=True))
    assert {heading.removeprefix("vCard: "): cell for heading, cell in said.items() if cell} == {
        "FN": "Erika Beispiel", "N (family)": "Beispiel", "N (given)": "Erika", "N (additional)": "Maria",
        "N (prefix)": "Frau", "ORG": "Muster GmbH", "TEL (kind)": "voice,cell", "TEL": "+49-171-1000001",
        "TEL 2 (kind)": "work", "TEL 2": "+49 40 1000001", "EMAIL": "e@example.com",
        "EMAIL (more)": "zwei@example.com", "ADR (extended)": "2. OG", "ADR (street)": "Musterweg 1",
        "ADR (city)": "Hamburg", "ADR (postal code)": "20095", "ADR (country)": "Germany", "BDAY": "--0517",
        "CATEGORIES": "VIP, Stamm", "NOTE": "mag, Fenster\nund Garten",
    }  # fmt: skip
    assert "vCard: URL" not in headings
    assert [[problem.code for problem in row.problems] for row in rows] == [[], ["broken_card"], []]
    assert [(row.number, row.line) for row in rows] == [(2, 1), (3, 18), (4, 22)]
    assert rows[2].cells[:3] == ("Max Muster", "Muster", "Max")
