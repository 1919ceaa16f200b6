import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from spreadsheets import Limits, Overrules, UnreadableFile, open_table
from tests.spreadsheets.tables import codes, deep, read, workbook

HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>Nr</t></is></c><c r="B1" t="inlineStr"><is><t>Name</t></is></c></row>'
DATE_STYLES = (
    '<numFmts><numFmt numFmtId="170" formatCode="[$-407]d\\.\\ mmmm\\ yyyy"/>'
    '<numFmt numFmtId="171" formatCode="0.00&quot; days&quot;"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/>'
    '<xf numFmtId="22"/></cellXfs>'
)


def cell_of(xml: str, *, strings: str | None = None, properties: str = "") -> object:
    content = workbook(f'{HEAD}<row r="2">{xml}</row>', strings=strings, styles=DATE_STYLES, properties=properties)
    [row] = read(content, name="a.xlsx")[1]
    return row.cells[0]


@pytest.mark.parametrize(
    ("xml", "cell"),
    [
        ("<c><v>7</v></c>", 7),
        ("<c><v>-7</v></c>", -7),
        ("<c><v>1E3</v></c>", 1000),
        ("<c><v>0.1</v></c>", Decimal("0.1")),
        ("<c><v>19.989999999999998</v></c>", Decimal("19.99")),
        ("<c><v>0.10000000000000001</v></c>", Decimal("0.1")),
        ('<c t="b"><v>1</v></c>', True),
        ('<c t="b"><v>0</v></c>', False),
        ('<c s="1"><v>33238</v></c>', date(1990, 12, 31)),
        ('<c s="2"><v>33238</v></c>', date(1990, 12, 31)),
        ('<c s="3"><v>33238.5</v></c>', Decimal("33238.5")),
        ('<c s="4"><v>33238.75</v></c>', datetime.fromisoformat("1990-12-31 18:00")),
        ('<c s="1"><v>1</v></c>', date(1900, 1, 1)),
        ('<c s="1"><v>61</v></c>', date(1900, 3, 1)),
        ('<c s="4"><v>0.5</v></c>', "12:00:00"),
        ('<c t="d"><v>2026-01-02</v></c>', date(2026, 1, 2)),
        ('<c t="inlineStr"><is><r><t>a</t></r><r><t xml:space="preserve"> b</t></r></is></c>', "a b"),
        ('<c t="inlineStr"><is><t>日</t><rPh sb="0" eb="1"><t>ひ</t></rPh></is></c>', "日"),
        ('<c t="inlineStr"><is><t>a_x000D_b_x005F_x000D_</t></is></c>', "a\rb_x000D_"),
        ('<c t="inlineStr"><is><t>\'=1+1</t></is></c>', "=1+1"),
        ('<c t="inlineStr"><is><t>=1+1</t></is></c>', "=1+1"),
    ],
)
def test_cell_is_read_as_what_it_is(xml: str, cell: object) -> None:
    found = cell_of(xml)
    assert found == cell
    assert type(found) is type(cell)


def test_date_counted_from_1904_is_read() -> None:
    assert cell_of('<c s="1"><v>31776</v></c>', properties='<workbookPr date1904="1"/>') == date(1990, 12, 31)


def test_shared_strings_are_read() -> None:
    strings = "<si><t>a</t></si><si><r><t>b</t></r><r><t>c</t></r><rPh><t>x</t></rPh></si>"
    assert cell_of('<c t="s"><v>1</v></c>', strings=strings) == "bc"


def test_shared_strings_beyond_memory_are_read_from_the_temporary_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spreadsheets.xlsx_workbook.HELD_CHARACTERS", 100)
    strings = "".join(f"<si><t>Müller {number}</t></si>" for number in range(50))
    rows = "".join(f'<row><c t="s"><v>{number}</v></c></row>' for number in range(49, -1, -1))
    headings, found = read(workbook(rows, strings=strings), name="a.xlsx")
    assert headings == ("Müller 49",)
    assert [row.cells[0] for row in found] == [f"Müller {number}" for number in range(48, -1, -1)]


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ("<c><f>1+1</f><v>2</v></c>", "formula_cell"),
        ('<c t="str"><f>A1</f><v>x</v></c>', "formula_cell"),
        ('<c><f t="shared" si="0"/><v>2</v></c>', "formula_cell"),
        ('<c t="e"><v>#REF!</v></c>', "error_cell"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "error_of_formula"),
        ("<c><f>A1</f><v>x</v></c>", "broken_cell"),
        ("<c><v>x</v></c>", "broken_cell"),
        ('<c t="s"><v>99</v></c>', "broken_cell"),
        ('<c s="1"><v>60</v></c>', "broken_cell"),
        ('<c s="1"><v>-1</v></c>', "broken_cell"),
        ('<c s="1"><v>9E99</v></c>', "broken_cell"),
        ("<c><v>1.2345678901234568E+17</v></c>", "mangled_number"),
        ('<c t="inlineStr"><is><t>_x0000_</t></is></c>', "nul_byte"),
        ('<c t="inlineStr"><is><t>JÃ¤ger</t></is></c>', "double_encoded"),
        ('<c r="C2"><v>1</v></c>', "long_row"),
    ],
)
def test_cell_with_a_problem_is_reported(xml: str, code: str) -> None:
    content = workbook(f'{HEAD}<row r="2">{xml}</row>', strings="<si><t>a</t></si>", styles=DATE_STYLES)
    column = 3 if code == "long_row" else 1
    assert codes(content, name="a.xlsx") == [(code, 2, 2, column)]


def test_rows_keep_their_numbers_and_blank_ones_are_left_out() -> None:
    rows = '<row r="3"><c r="A3"><v>1</v></c></row><row r="4"><c r="A4" s="0"/></row>'
    rows += '<row r="9"><c r="B9"><v>2</v></c></row>'
    _headings, found = read(workbook(HEAD + rows), name="a.xlsx")
    assert [(row.number, row.line, row.cells) for row in found] == [(3, 3, (1, "")), (9, 9, ("", 2))]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="5"/><row r="5"/>',
        '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="?2"><v>1</v></c></row>',
        '<row r="2"><c s="x"><v>1</v></c></row>',
        '<row r="two"/>',
        "<row><c></row>",
    ],
)
def test_damaged_sheet_is_refused(rows: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(workbook(HEAD + rows), name="a.xlsx")
    assert refused.value.problem.code == "broken_archive"


def test_document_type_is_refused() -> None:
    prologue = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    with pytest.raises(UnreadableFile, match="document type"):
        read(workbook(HEAD, prologue=prologue), name="a.xlsx")


@pytest.mark.parametrize(
    "parts",
    [
        {"sheet_data": HEAD + deep("row")},
        {"sheet_data": HEAD + "<row>" + deep("v")},
        {"sheet_data": HEAD, "strings": deep("si")},
        {"sheet_data": HEAD, "styles": deep("x")},
        {"sheet_data": HEAD, "properties": deep("x")},
    ],
    ids=["rows", "values", "strings", "styles", "properties"],
)
def test_elements_nested_without_end_are_refused(parts: dict[str, str]) -> None:
    with pytest.raises(UnreadableFile, match="nested too deeply"):
        read(workbook(**parts), name="a.xlsx")


def test_limit_of_strings_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spreadsheets.xlsx_workbook.HELD_CHARACTERS", 0)
    content = workbook(HEAD, strings="<si><t>a</t></si>" * 9)
    with pytest.raises(UnreadableFile, match="more than 8 different texts"):
        codes(content, name="a.xlsx", limits=Limits(strings=8))


def test_workbook_of_openpyxl_is_read() -> None:
    file = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["Nr", "Name", "Geburtstag", "Limit"])
    book.active.append([1, "Müller", date(1990, 12, 31), 12.5])
    book.create_sheet("Zweites").append(["x"])
    book.save(file)
    with open_table(file, name="a.xlsx") as table:
        assert [row.cells for row in table] == [(1, "Müller", date(1990, 12, 31), Decimal("12.5"))]
        assert [notice.code for notice in table.notices] == ["several_sheets"]
        assert table.dialect.sheets == ("Sheet", "Zweites")
    with open_table(file, name="a.xlsx", overrules=Overrules(sheet="Zweites")) as table:
        assert table.headings == ("x",)
    with pytest.raises(UnreadableFile, match="no sheet called Drittes"):
        open_table(file, name="a.xlsx", overrules=Overrules(sheet="Drittes"))


def test_limit_of_columns_is_kept_in_every_row() -> None:
    content = workbook(f'{HEAD}<row r="2"><c r="XFD2"><v>1</v></c></row>')
    with pytest.raises(UnreadableFile, match="more than 1000 columns"):
        codes(content, name="a.xlsx")


def test_limit_of_cell_length_counts_characters() -> None:
    content = workbook(f'{HEAD}<row r="2"><c t="inlineStr"><is><t>{"a" * 100}</t></is></c></row>')
    assert codes(content, name="a.xlsx", limits=Limits(cell_length=10)) == [("cell_too_long", 2, 2, 1)]
    assert codes(content, name="a.xlsx", limits=Limits(cell_length=100)) == []
