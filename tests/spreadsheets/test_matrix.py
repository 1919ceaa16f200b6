"""7 encodings x 4 delimiters x 3 quotings x 3 line ends: all 252 files are read right without any overrule.

Both by rows and by blocks.
"""

import csv
import io
from itertools import product
from typing import Any, Literal

import pytest

from spreadsheets import Overrules, open_table
from tests.spreadsheets.tables import read, read_in_blocks, without_lines

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252", "iso8859-15", "mac-roman")
DELIMITERS = (";", ",", "\t", "|")
QUOTINGS: dict[str, Literal[0, 1, 2]] = {
    "minimal": csv.QUOTE_MINIMAL,
    "all": csv.QUOTE_ALL,
    "text": csv.QUOTE_NONNUMERIC,
}
LINE_ENDS = ("\r\n", "\n", "\r")
HEADINGS = ["Kundennummer", "Name", "Straße", "Ort", "Kreditlimit", "Notiz"]
ROWS = [
    ["1", "Jäger", "Große Straße 5", "München", "1.250,00 €", ""],
    ["2", "O'Neill", "Königstraße 1", "Lübeck", "-5,00", 'Allergie: "Nüsse"; bitte anrufen'],
    ["3", "Öztürk", "Am Markt 3", "Köln", "", "a,b|c;d\te"],
    ["4", "Élodie", "Übersee 9", "Düsseldorf", "0,00", "zwei\nZeilen"],
    ["5", "Weiß", "Mühlenweg 2", "Kiel", "12,50 €", "+49 40 1234"],
]
MATRIX = list(product(ENCODINGS, DELIMITERS, QUOTINGS, LINE_ENDS))


def table_file(encoding: str, delimiter: str, quoting: str, line_end: str) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=QUOTINGS[quoting], lineterminator=line_end)
    writer.writerows([HEADINGS, *ROWS])
    return file.getvalue().encode(encoding)


def test_matrix_has_252_files() -> None:
    assert len(MATRIX) == 252


@pytest.mark.parametrize(("encoding", "delimiter", "quoting", "line_end"), MATRIX)
def test_table_of_matrix_is_read_right(encoding: str, delimiter: str, quoting: str, line_end: str) -> None:
    headings, rows = read(table_file(encoding, delimiter, quoting, line_end))
    assert list(headings) == HEADINGS
    assert [list(row.cells) for row in rows] == ROWS
    assert [row.problems for row in rows] == [()] * 5
    assert read_in_blocks(table_file(encoding, delimiter, quoting, line_end)) == (headings, without_lines(rows))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encoding_with_a_single_umlaut_is_recognised(encoding: str) -> None:
    _headings, rows = read("Nr;Ort\r\n1;Köln\r\n2;Kiel\r\n".encode(encoding))
    assert [row.cells for row in rows] == [("1", "Köln"), ("2", "Kiel")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8"])
def test_encoding_of_names_from_everywhere_is_recognised(encoding: str) -> None:
    text = "Nr;Name;Ort\r\n1;Nguyễn;Łódź\r\n2;Şahin;Αθήνα\r\n3;李;Київ\r\n"
    _headings, rows = read(text.encode(encoding))
    assert [row.cells[1:] for row in rows] == [("Nguyễn", "Łódź"), ("Şahin", "Αθήνα"), ("李", "Київ")]


@pytest.mark.parametrize("name", ["O´Brien", "D´Angelo", "O´NEILL", "L´oréal"])
def test_an_accent_for_an_apostrophe_stays_one_however_many_there_are(name: str) -> None:
    lines = [f"{number};{name};Köln" for number in range(50)]
    _headings, rows = read("\r\n".join(["Nr;Name;Ort", *lines]).encode("cp1252"))
    assert {row.cells[1] for row in rows} == {name}


@pytest.mark.parametrize(
    ("character", "encoding"),
    [
        ("€", "cp1252"),
        ("€", "iso8859-15"),
        ("€", "mac-roman"),
        ("Ž", "iso8859-15"),
        ("´", "cp1252"),
        ("ß", "mac-roman"),
    ],
)
def test_encoding_by_characters_that_differ_is_recognised(character: str, encoding: str) -> None:
    texts = {"€": "12,50 €", "Ž": "Žižek", "´": "Rosi´s Café", "ß": "Groß"}
    _headings, rows = read(f"Nr;Text\n1;Jürgen {texts[character]}\n".encode(encoding))
    assert [row.cells for row in rows] == [("1", f"Jürgen {texts[character]}")]


def test_dialect_overruled_part_is_taken() -> None:
    content = "Nr;Name\n1;Jäger\n".encode("cp1252")
    with open_table(io.BytesIO(content), overrules=Overrules(encoding="mac-roman")) as table:
        assert (table.dialect.encoding, table.dialect.delimiter) == ("mac-roman", ";")
        assert [row.cells for row in table] == [("1", "J‰ger")]
    assert read(b"a,b;c\n1,2;3\n", delimiter=",")[0] == ("a", "b;c")
    assert read(b'a;b\n1;"x\n', quote="")[1][0].cells == ("1", '"x')


def test_dialect_single_quotation_marks_are_recognised() -> None:
    headings, rows = read(b"'Nr';'Name'\n'1';'a;b'\n'2';'it''s'\n")
    assert headings == ("Nr", "Name")
    assert [row.cells for row in rows] == [("1", "a;b"), ("2", "it's")]


def test_dialect_apostrophes_in_names_are_no_quotation_marks() -> None:
    _headings, rows = read(b"Nr;Name\n1;'s-Hertogenbosch\n2;O'Neill\n")
    assert [row.cells[1] for row in rows] == ["'s-Hertogenbosch", "O'Neill"]


def test_dialect_decimal_commas_are_no_delimiters() -> None:
    content = b"Nr;Betrag;Rabatt\n" + b"".join(b"%d;%d,50;2,5\n" % (n, n) for n in range(50))
    assert read(content)[0] == ("Nr", "Betrag", "Rabatt")


def test_dialect_separator_line_of_excel_is_obeyed() -> None:
    with open_table(io.BytesIO(b"sep=|\r\nNr|Name\r\n1|a;b\r\n"), name="x.csv") as table:
        assert (table.dialect.delimiter, table.headings) == ("|", ("Nr", "Name"))
        assert [(row.number, row.line, row.cells) for row in table] == [(2, 3, ("1", "a;b"))]


def test_encoding_damage_late_in_a_large_file_is_seen() -> None:
    head = b"Nr;Name\n" + b"1;Mueller\n" * 300_000
    _headings, rows = read(head + "2;Jäger\n".encode("cp1252"))
    assert rows[-1].cells == ("2", "Jäger")


@pytest.mark.parametrize("parts", [{"delimiter": ""}, {"delimiter": ";;"}, {"delimiter": "\n"}, {"quote": "x"}])
def test_overrule_that_can_not_work_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"delimiter|quote"):
        Overrules(**parts)
