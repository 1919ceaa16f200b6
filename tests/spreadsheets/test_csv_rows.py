import io
from pathlib import Path

import pytest

from spreadsheets import open_table
from tests.spreadsheets.tables import codes, read


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_row_numbers_count_records_and_lines_count_lines(line_end: str) -> None:
    content = line_end.join(['Nr;"Na', 'me"', '1;"a', "", 'b"', "", "2;c", ""]).encode()
    headings, rows = read(content)
    assert headings == ("Nr", f"Na{line_end}me")
    assert [(row.number, row.line) for row in rows] == [(2, 3), (4, 7)]
    assert rows[0].cells == ("1", f"a{line_end}{line_end}b")


def test_headings_after_blank_lines_keep_their_row_number() -> None:
    with open_table(io.BytesIO(b"\r\n\r\nNr;Name\r\n1;a\r\n")) as table:
        assert (table.heading_row, [row.number for row in table]) == (3, [4])


def test_a_row_of_empty_cells_is_none_like_a_blank_line() -> None:
    _headings, rows = read(b"Nr;Name\n;\n\n1;a\n")
    assert [(row.number, row.cells) for row in rows] == [(4, ("1", "a"))]


def test_cells_are_texts_and_keep_blanks_and_zeros() -> None:
    _headings, rows = read(b"PLZ;Name;Rabatt\n01067;  a ;5\n")
    assert rows[0].cells == ("01067", "  a ", "5")


def test_cell_with_guard_is_restored_and_one_without_is_reported() -> None:
    content = b"Nr;Notiz\n1;'=1+1\n2;=1+1\n3;+49 40 1\n"
    _headings, rows = read(content)
    assert [row.cells[1] for row in rows] == ["=1+1", "=1+1", "+49 40 1"]
    assert codes(content) == [("formula_cell", 3, 3, 2)]


def test_table_is_read_twice() -> None:
    with open_table(io.BytesIO(b"Nr;Name\n1;a\n2;b\n")) as table:
        assert list(table) == list(table)
        next(iter(table))
        assert len(list(table)) == 2


def test_file_object_stays_open_and_path_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(b"Nr;Name\n1;a\n")
    with path.open("rb") as file:
        with open_table(file) as table:
            assert len(list(table)) == 1
        assert not file.closed
    with open_table(path) as table:
        assert table.headings == ("Nr", "Name")
        opened = table._file
    assert opened is not None
    assert opened.closed


def test_doubt_is_told_apart_from_an_error() -> None:
    _headings, rows = read("Nr;Name\n1;JÃ¤ger\n2;a;b\n3;JÃ¼rgen;b\n4;a\n".encode())
    assert [[problem.is_doubt for problem in row.problems] for row in rows] == [[True], [False], [False, True], []]


@pytest.mark.parametrize(
    "text", ["Ängste", "Ã", "São Paulo", "Ñandú", "Å ngström", "âge", "Große", "Â", "Élodie", "ÅÄÖ"]
)
def test_text_of_many_languages_is_not_double_encoded(text: str) -> None:
    assert codes(f"Nr;Name\n1;{text}\n".encode()) == []


@pytest.mark.parametrize("text", ["Jäger", "Große", "Müller – Söhne", "Café", "12 €", "Łukasz", "Şahin", "Øre", "„a“"])
def test_text_encoded_twice_is_recognised(text: str) -> None:
    twice = b"".join(bytes([byte]).decode("cp1252", "replace").encode() for byte in text.encode())
    if "\ufffd" in twice.decode():
        twice = text.encode().decode("latin-1").encode()
    _headings, rows = read(b"Nr;Name\n1;" + twice + b"\n")
    assert [found.params["meant"] for found in rows[0].problems] == [text]


@pytest.mark.parametrize("text", ["May", "Jan", "August 5", "2-3", "1. Maihof", "12345", "31.12.90", "1E5", "##"])
def test_text_that_no_spreadsheet_made_is_no_doubt(text: str) -> None:
    assert codes(f"Nr;Name\n1;{text}\n".encode()) == []


@pytest.mark.parametrize("text", ["01. Mrz", "1-Mrz", "Mrz 90", "1-Jan", "12-Dez-03", "Jan-05", "5. Mai"])
def test_date_made_of_something_else_is_a_doubt(text: str) -> None:
    assert codes(f"Nr;Hausnummer\n1;{text}\n".encode()) == [("mangled_date", 2, 2, 2)]


def test_column_of_dates_is_known_by_its_values() -> None:
    rows = b"".join(b"%d;0%d.02.1990\n" % (number, number) for number in range(1, 8))
    assert codes(b"Nr;Seit\n" + rows + b"8;33238\n9;01.02.90\n") == [
        ("date_serial", 9, 9, 2),
        ("short_year", 10, 10, 2),
    ]
