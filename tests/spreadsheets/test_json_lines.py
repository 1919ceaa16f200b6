"""JSON Lines of other programs: lists and objects in cells, keys that come late, lines that are no rows."""

import pytest

from spreadsheets import Cell, Limits, Structure, UnreadableFile
from tests.spreadsheets.tables import codes, read, read_in_blocks, without_lines


def lines(*objects: str) -> bytes:
    return "".join(f"{one}\n" for one in objects).encode()


def test_keys_that_later_lines_have_first_are_headings() -> None:
    content = lines('{"a": "1"}', '{"b": "2", "a": "3"}', '{"c": "4"}')
    headings, rows = read(content, name="a.jsonl")
    assert headings == ("a", "b", "c")
    assert [row.cells for row in rows] == [("1", "", ""), ("3", "2", ""), ("", "", "4")]
    assert [row.problems for row in rows] == [(), (), ()]
    assert read_in_blocks(content, name="a.jsonl") == (headings, without_lines(rows))


def test_lines_are_counted_from_the_first_object() -> None:
    _headings, rows = read(b'{"a": "1"}\n{"a": "2"}\n\n{"a": "3"}\n', name="a.jsonl")
    assert [(row.number, row.line) for row in rows] == [(2, 1), (3, 2), (5, 4)]


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        (
            '{"name": "x", "b": "y"}', "key_in_other_case",
            "The line has the key “name”, other lines “Name”. Write both in the same way, each once.",
        ),
        (
            '{"Name": "x", "NAME": "y"}', "key_in_other_case",
            "The line has the key “NAME”, other lines “Name”. Write both in the same way, each once.",
        ),
        (
            '{"Name": "x", " ": "y"}', "key_without_name",
            "The line has a key without a name. Give it one, or delete it.",
        ),
    ],
)  # fmt: skip
def test_key_that_can_be_no_heading_rejects_its_line_which_keeps_the_value(line: str, code: str, sentence: str) -> None:
    content = lines('{"Name": "1", "b": "2"}', line)
    headings, rows = read(content, name="a.jsonl")
    assert headings == ("Name", "b")
    assert [(problem.code, problem.message) for problem in rows[1].problems] == [(code, sentence)]
    assert {"x", "y"} <= set(rows[1].cells)
    assert rows[0].problems == ()


@pytest.mark.parametrize(
    ("json", "cell", "words"),
    [
        ('["a", "b, c"]', Structure('["a", "b, c"]'), ("a", "b, c")),
        ("[4711, 12]", Structure("[4711, 12]"), ("4711", "12")),
        ("[null]", Structure("[null]"), None),
        ("[1.50, true]", Structure('["1.50", true]'), None),
        ('{"city": "Köln"}', Structure('{"city": "Köln"}'), None),
        ('[{"a": 1}]', Structure('[{"a": 1}]'), None),
        ("[]", None, None),
        ("{}", None, None),
    ],
)
def test_list_or_object_is_a_cell(json: str, cell: Cell, words: tuple[str, ...] | None) -> None:
    _headings, [row] = read(lines(f'{{"a": {json}}}'), name="a.jsonl")
    assert row.cells == (cell,)
    assert row.problems == ()
    if isinstance(cell, Structure):
        assert cell.words == words


def test_broken_row_is_reported() -> None:
    content = (
        b'{"a": "1", "b": "x"}\n{"a": "2"}\nx\n{"a": 1, "a": 2}\n'
        b'{"a": NaN, "b": ""}\n{"a": "\\ud800", "b": ""}\n{"a": ["\\ud800"]}\n\xff\n{"a": 1.50, "b": null}\n'
    )
    _headings, rows = read(content, name="a.jsonl")
    found = [(row.number, row.line, [problem.code for problem in row.problems]) for row in rows]
    broken = [(line + 1, line, ["broken_json"]) for line in range(3, 9)]
    assert found == [(2, 1, []), (3, 2, []), *broken, (10, 9, [])]
    assert list(rows[1].cells) == ["2", ""]  # programs leave out what is empty
    assert [type(cell).__name__ for cell in rows[-1].cells] == ["Decimal", "NoneType"]


def test_file_that_begins_broken_is_refused() -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(b'{"a": NaN}\n{"a": 1}\n', name="a.jsonl")
    assert refused.value.problem.code == "broken_json"


def test_more_keys_than_columns_are_allowed_are_refused() -> None:
    content = lines(*(f'{{"k{n}": 1}}' for n in range(6)))
    with pytest.raises(UnreadableFile) as refused:
        codes(content, name="a.jsonl", limits=Limits(columns=5))
    assert refused.value.problem.code == "too_many_columns"
