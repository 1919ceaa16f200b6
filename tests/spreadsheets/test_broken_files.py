"""Twenty kinds of broken files, and every one is loud: refused, or the row is reported with line and column."""

import io
import zipfile
from collections.abc import Callable

import pytest

from spreadsheets import MESSAGES, Limits, UnreadableFile, open_table
from spreadsheets.kinds import OLE
from tests.spreadsheets.tables import codes, read, read_in_blocks, workbook

ENCRYPTED = OLE + b"\0" * 100 + "EncryptedPackage".encode("utf-16-le")
FATAL = {
    "duplicate heading": (b"Nr;Name; name\n1;a;b\n", "duplicate_heading", 1, 1, 3),
    "empty heading": (b"Nr;;Name\n1;a;b\n", "empty_heading", 1, 1, 2),
    "unclosed quote at the end": (b'Nr;Name\n1;a\n2;"b\n3;c\n', "unclosed_quote", 3, 3, 2),
    "unclosed quote before another": (b'Nr;Name\n1;"a\n2;"b"\n', "unclosed_quote", 2, 2, 2),
    "empty file": (b"", "empty_file", None, None, None),
    "blank lines only": (b"\xef\xbb\xbf\r\n\r\n", "empty_file", None, None, None),
    "workbook called CSV": (workbook(""), "wrong_name", None, None, None),
    "web page called CSV": (b"<html><table><tr><td>1</table>", "wrong_name", None, None, None),
    "PDF called CSV": (b"%PDF-1.7 ...", "wrong_name", None, None, None),
    "old workbook called CSV": (OLE + b"\0" * 500, "wrong_name", None, None, None),
    "password": (ENCRYPTED, "encrypted", None, None, None),
    "UTF-32": ("Nr;Name".encode("utf-32"), "unsupported_encoding", None, None, None),
    "NUL byte in a heading": (b"Nr;Na\0me\n1;a\n", "nul_byte", 1, 1, 2),
}
ROWS = {
    "short row": (b"Nr;Name;Ort\n1;a;b\n2;c\n", ("short_row", 3, 3, 3)),
    "long row": (b"Nr;Name\n1;a\n2;b;c\n", ("long_row", 3, 3, 3)),
    "NUL byte": (b"Nr;Name\n1;a\n2;b\0c\n", ("nul_byte", 3, 3, 2)),
    "undecodable byte": (
        "Nr;Name\n1;Jäger\n".encode() + b"2;M\xfcller\n3;a\n",
        ("undecodable_byte", 3, 3, 2),
    ),
    "byte that cp1252 has not": (b"Nr;Name\n1;J\xe4ger\n2;a\x81b\n", ("undecodable_byte", 3, 3, 2)),
    "end within a character": ("Nr;Name\n1;ä\n2;ö".encode()[:-1], ("undecodable_byte", 3, 3, 2)),
    "double-encoded text": ("Nr;Name\n1;JÃ¤ger\n".encode(), ("double_encoded", 2, 2, 2)),
    "mixed delimiters": (b"Nr;Name;Ort\n1;a;b\n2,c,d\n", ("mixed_delimiters", 3, 3, None)),
    "formula": (b"Nr;Name\n1;=1+1\n", ("formula_cell", 2, 2, 2)),
    "stray quote": (b'Nr;Name\n1;"a"b\n2;c\n', ("stray_quote", 2, 2, 2)),
    "date from a house number": (b"Nr;Hausnummer\n1;01. Mrz\n", ("mangled_date", 2, 2, 2)),
    "year of two digits": (b"Nr;Geburtsdatum\n1;01.02.03\n", ("short_year", 2, 2, 2)),
    "serial number of a date": (b"Nr;Geburtsdatum\n1;33238\n", ("date_serial", 2, 2, 2)),
    "number with exponent": (b"Nr;Telefon\n1;4,94016E+11\n", ("mangled_number", 2, 2, 2)),
    "narrow column": (b"Nr;Datum\n1;########\n", ("narrow_column", 2, 2, 2)),
    "rows swallowed by quotes": (b'Nr;Name;Ort\n1;"a;b\n2;c;d";e\n', ("swallowed_rows", 2, 2, 2)),
}


def test_broken_files_are_at_least_twenty_kinds() -> None:
    assert len(FATAL) + len(ROWS) == 29


@pytest.mark.parametrize("reading", [read, read_in_blocks])
@pytest.mark.parametrize("kind", FATAL)
def test_broken_file_is_refused(kind: str, reading: Callable[[bytes], object]) -> None:
    content, code, row, line, column = FATAL[kind]
    with pytest.raises(UnreadableFile) as refused:
        reading(content)
    problem = refused.value.problem
    assert (problem.code, problem.row, problem.line, problem.column) == (code, row, line, column)
    assert "%(" not in str(refused.value)


@pytest.mark.parametrize("kind", ROWS)
def test_broken_row_is_reported(kind: str) -> None:
    content, problem = ROWS[kind]
    assert codes(content) == [problem]
    by_blocks = [found for row in read_in_blocks(content)[1] for found in row.problems]
    assert [(found.code, found.row, found.line, found.column) for found in by_blocks] == [problem]


def test_broken_row_good_rows_around_it_are_read() -> None:
    content = b'Nr;Name\n1;a\n2;"b"x\n3\n\n4;c;d\n5,e\n6;f\n'
    _headings, rows = read(content)
    assert [(row.number, row.line, bool(row.problems)) for row in rows] == [
        (2, 2, False),
        (3, 3, True),
        (4, 4, True),
        (6, 6, True),
        (7, 7, True),
        (8, 8, False),
    ]
    assert rows[-1].cells == ("6", "f")


def test_broken_row_of_many_characters_is_reported_like_a_short_one() -> None:
    assert codes(b"Nr;Name\n1;a\n" + b"x;" * 100_000 + b"\n2;b\n") == [("long_row", 3, 3, 3)]


def test_broken_row_keeps_its_cells_for_the_file_of_rejected_rows() -> None:
    _headings, rows = read(b"Nr;Name\n1;a;b\n2\n" + "3;ä\n".encode("cp1252"))
    assert [row.cells for row in rows] == [("1", "a", "b"), ("2", ""), ("3", "ä")]


def test_empty_headings_at_the_end_are_noticed() -> None:
    with open_table(io.BytesIO(b"Nr;Name;;\n1;a;;\n2;b;x;\n")) as table:
        assert table.headings == ("Nr", "Name")
        assert [(notice.code, notice.column) for notice in table.notices] == [
            ("empty_heading", 3),
            ("empty_heading", 4),
        ]
        assert [[found.code for found in row.problems] for row in table] == [[], ["long_row"]]


def test_headings_without_rows_are_noticed() -> None:
    with open_table(io.BytesIO(b"Nr;Name\n")) as table:
        assert list(table) == []
        assert [notice.code for notice in table.notices] == ["no_rows"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"Nr;Name\n1;a\n", "wrong_name"),
        ("a.xls", b"Nr;Name\n1;a\n", "wrong_name"),
        ("a.xls", b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'>", "unsupported_format"),
        ("a.xls", OLE + b"\0" * 500, "unsupported_format"),
        ("a.xlsx", OLE + b"\0" * 500, "wrong_name"),
        ("a.jsonl", b"Nr;Name\n1;a\n", "wrong_name"),
        ("a", b"\x89PNG\r\n", "unsupported_format"),
        (
            "a",
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "unsupported_format",
        ),
        ("a.json", b'[{"a": 1}]', "wrong_name"),
        ("a", "\ufeff<HTML>".encode("utf-16-le"), "unsupported_format"),
    ],
)
def test_file_that_is_not_what_its_name_says_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(content, name=name)
    assert refused.value.problem.code == code


@pytest.mark.parametrize(
    ("member", "found"),
    [
        ("content.xml", "an OpenDocument file"),
        ("word/document.xml", "a Word document"),
        ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
        ("a.csv", "an archive (ZIP)"),
    ],
)
def test_other_archive_is_refused(member: str, found: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, "x")
    with pytest.raises(UnreadableFile) as refused:
        read(file.getvalue(), name="a.xlsx")
    assert refused.value.problem.params == {"found": found}


@pytest.mark.parametrize("size", [4, 30, 200, 700, 1000])
def test_truncated_workbook_is_refused(size: int) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(workbook("<row><c><v>1</v></c></row>")[:size], name="a.xlsx")
    assert refused.value.problem.code == "broken_archive"


def test_limit_of_rows_is_kept() -> None:
    table = open_table(io.BytesIO(b"Nr\n1\n2\n3\n"), limits=Limits(rows=2))
    with pytest.raises(UnreadableFile, match="more than 2 rows"):
        list(table)


def test_limit_of_columns_is_kept() -> None:
    with pytest.raises(UnreadableFile, match="more than 2 columns"):
        open_table(io.BytesIO(b"a;b;c\n"), limits=Limits(columns=2))


def test_limit_of_cell_length_rejects_the_row() -> None:
    assert codes(b"Nr;Name\n1;abcdefghi\n2;b\n", limits=Limits(cell_length=8)) == [("cell_too_long", 2, 2, 2)]


def test_limit_of_row_length_is_kept() -> None:
    with pytest.raises(UnreadableFile) as refused:
        codes(b"Nr;Name\n1;" + b"a" * 2000, limits=Limits(row_length=1000))
    assert refused.value.problem.code == "row_too_long"
    with pytest.raises(UnreadableFile) as refused:
        codes(b'Nr;Name\n1;"' + b"a;b\n" * 2000, limits=Limits(row_length=1000))
    assert (refused.value.problem.code, refused.value.problem.line) == ("unclosed_quote", 2)


def test_limit_of_file_size_is_kept() -> None:
    with pytest.raises(UnreadableFile, match="at most 5 are allowed"):
        open_table(io.BytesIO(b"Nr;Name\n"), limits=Limits(file_bytes=5))


@pytest.mark.parametrize("encoding", ["no-such-encoding", "base64", "\0"])
def test_unknown_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(b"Nr;Name\n1;a\n", encoding=encoding)
    assert refused.value.problem.code == "unknown_encoding"


def test_messages_name_what_to_do() -> None:
    assert [code for code, message in MESSAGES.items() if not message.endswith(".")] == []
