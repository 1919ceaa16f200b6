import io
import subprocess
import sys
import zipfile
from typing import BinaryIO

import openpyxl
import pytest

from spreadsheets import Profile, UnwritableTable, open_table, open_writer, open_writer_like
from tests.spreadsheets.tables import file_name, read, repository, written
from tests.spreadsheets.test_formulas import PAYLOADS

PROFILES: tuple[Profile, ...] = ("excel-de", "plain", "xlsx", "jsonl")


def leave_by_error(file: BinaryIO, *, profile: Profile, headings: list[str]) -> None:
    with open_writer(file, profile=profile) as writer:
        writer.write_headings(headings)
        writer.write_row(["1"] * len(headings))
        raise ZeroDivisionError


def test_csv_for_excel_has_semicolons_mark_and_crlf() -> None:
    content = written(["Nr", "Name"], [["1", "Müller"], ["2", "a;b"]], profile="excel-de")
    assert content == '\ufeff"Nr";"Name"\r\n1;Müller\r\n2;"a;b"\r\n'.encode()


def test_csv_plain_has_commas_and_lf() -> None:
    content = written(["Nr", "Name"], [["1", "Müller"], ["2", "a\rb"]], profile="plain")
    assert content == '"Nr","Name"\n1,Müller\n2,"a\rb"\n'.encode()


def test_json_lines_are_objects_without_guard() -> None:
    assert written(["Nr", "Name"], [["1", "=1+1"]], profile="jsonl") == b'{"Nr": "1", "Name": "=1+1"}\n'


@pytest.mark.parametrize("payload", PAYLOADS)
def test_formula_is_no_formula_in_a_workbook(payload: str) -> None:
    content = written([payload, "Name"], [[payload, payload]], profile="xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value[0] for cell in cells] == ["'", "N", "'", "'"]
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("profile", ["excel-de", "plain"])
def test_formula_is_guarded_in_csv(payload: str, profile: Profile) -> None:
    content = written(["Name", "Nr"], [[payload, "1"]], profile=profile)
    delimiter = ";" if profile == "excel-de" else ","
    text = content.decode("utf-8-sig").partition("\n")[2]
    assert text.lstrip('"').startswith("'")
    assert read(content, delimiter=delimiter)[1][0].cells == (payload, "1")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_character_that_can_not_be_written_is_refused(profile: Profile, character: str) -> None:
    with pytest.raises(UnwritableTable) as refused:
        written(["Nr", "Name"], [["1", f"a{character}"]], profile=profile)
    problem = refused.value.problem
    assert (problem.code, problem.row, problem.column) == ("unwritable_character", 2, 2)


@pytest.mark.parametrize("headings", [[], ["a", "A "], ["a", " "], ["a", ""]])
def test_headings_that_no_reader_takes_are_refused(headings: list[str]) -> None:
    with pytest.raises(ValueError, match="unique and not empty"):
        written(headings, [], profile="plain")


def test_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="3 cells for 2 headings"):
        written(["a", "b"], [["1", "2", "3"]], profile="plain")


def test_cell_longer_than_excel_allows_is_refused_in_a_workbook() -> None:
    assert written(["a"], [["x" * 32_767]], profile="xlsx")
    with pytest.raises(UnwritableTable) as refused:
        written(["a"], [["x" * 32_768]], profile="xlsx")
    assert refused.value.problem.code == "cell_too_long"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("headings", [["Nr"], ["Nr", "Name"]])
def test_file_left_by_an_error_says_so_in_its_last_row(profile: Profile, headings: list[str]) -> None:
    file = io.BytesIO()
    with pytest.raises(ZeroDivisionError):
        leave_by_error(file, profile=profile, headings=headings)
    with open_table(file, name=file_name(profile)) as table:
        rows = list(table)
    assert [bool(row.problems) for row in rows] == [False, True]
    assert {found.code for found in rows[1].problems} <= {
        "short_row", "long_row", "stray_quote", "key_without_name"
    }  # fmt: skip


def test_notes_are_written_on_a_second_sheet() -> None:
    file = io.BytesIO()
    with open_writer(file, profile="xlsx", sheet="Kunden") as writer:
        writer.write_headings(["Nr"])
        writer.write_row(["1"])
        assert writer.write_notes("Angaben: [Export]", [("Filter", "=1+1"), ("Anzahl", "1")])
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Kunden", "Angaben Export"]
    assert list(book["Angaben Export"].values) == [("Filter", "'=1+1"), ("Anzahl", "1")]
    assert not open_writer(io.BytesIO(), profile="plain").write_notes("x", [])


def test_workbook_of_equal_rows_is_not_taken_for_a_bomb() -> None:
    content = written([f"Spalte {n}" for n in range(20)], [["Gast"] * 20] * 5_000, profile="xlsx")
    assert len(read(content, name="a.xlsx")[1]) == 5_000


def test_file_stays_open_after_writing() -> None:
    for profile in PROFILES:
        file = io.BytesIO()
        with open_writer(file, profile=profile) as writer:
            writer.write_headings(["Nr"])
        assert not file.closed


def test_package_imports_neither_django_nor_models() -> None:
    program = (
        "import sys, spreadsheets; print([name for name in sys.modules if 'django' in name or 'openpyxl' in name])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=repository(), capture_output=True, check=True, text=True
    )
    assert answer.stdout == "[]\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "Nr|Name\r\n1|Jäger\r\n2|=1+1\r\n".encode("cp1252")),
        ("a.csv", "'Nr';'Name'\n'1';'J;ä''ger'\n'2';'\"x\"'\n".encode()),
        ("a.csv", "Nr\tName\n1\tJäger\n".encode("utf-16")),
        ("a.xlsx", written(["Nr", "Name"], [[1, "Jäger"]], profile="xlsx")),
        ("a.jsonl", b'{"Nr": 1, "Name": null}\n'),
        ("a.jsonl", b'{"Nr": ["1", 2], "Name": {"a": [null, true], "b": "J\xc3\xa4ger"}}\n'),
    ],
)
def test_rejected_rows_are_written_in_the_format_they_came_in(name: str, content: bytes) -> None:
    file = io.BytesIO()
    with open_table(io.BytesIO(content), name=name) as table:
        rows = [row.cells for row in table]
        with open_writer_like(file, dialect=table.dialect) as writer:
            writer.write_headings(table.headings)
            for cells in rows:
                writer.write_row(cells)
        with open_table(file, name=name) as again:
            assert [row.cells for row in again] == rows
            before, after = table.dialect, again.dialect
            assert (after.kind, after.delimiter, after.quote) == (before.kind, before.delimiter, before.quote)
            assert (after.sheet, again.headings) == (before.sheet, table.headings)
