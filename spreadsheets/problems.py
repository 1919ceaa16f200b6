"""What can be wrong with a table: each finding is a `Problem`, with an English sentence in `MESSAGES`.

The sentences are templates. They are translated first, and then `Problem.values` is filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


def gettext_noop(text: str) -> str:
    """The text as it is; marks it for the catalogue of translations."""
    return text


MESSAGES: dict[str, str] = {
    # The file as a whole: nothing of it can be read.
    "empty_file": "The file is empty. Save the table again and choose the new file.",
    "file_too_large": "The file has %(size)s bytes; at most %(limit)s are allowed. Split it into smaller files.",
    "wrong_name": "The file is called %(name)s, but it contains %(found)s. "
    "Save it again in the format that its name says, or give it the right ending.",
    "unsupported_format": "The file contains %(found)s. Save the table as CSV or as an Excel workbook (.xlsx).",
    "encrypted": "The workbook is protected with a password. Remove the password in Excel and save it again.",
    "unsupported_encoding": "The text is encoded as %(encoding)s. Save it as UTF-8.",
    "unknown_encoding": "There is no encoding called %(encoding)s. Choose one from the list.",
    "broken_archive": "The workbook is damaged (%(reason)s). Open it in Excel, save it and choose the new file.",
    "too_many_members": "The workbook is packed from more than %(limit)s parts. Copy the table into a new workbook.",
    "suspicious_ratio": "Part %(member)s of the workbook would unpack to more than %(limit)s times its size. "
    "Copy the table into a new workbook.",
    "unpacked_too_large": "Unpacked, the workbook has %(size)s bytes; at most %(limit)s are allowed. "
    "Split it into smaller files.",
    "too_many_styles": "The workbook has more than %(limit)s cell formats. Copy the table into a new workbook.",
    "too_many_strings": "The workbook has more than %(limit)s different texts. Split it into smaller files.",
    "unknown_sheet": "The workbook has no sheet called %(sheet)s. It has: %(sheets)s.",
    "too_many_rows": "The table has more than %(limit)s rows. Split it into smaller files.",
    "too_many_columns": "Row %(row)s has more than %(limit)s columns. Delete the columns that you don't need.",
    "unclosed_quote": "A quotation mark opens in line %(line)s, column %(column)s, and is not closed properly. "
    "Close or delete it.",
    "row_too_long": "Row %(row)s has more than %(limit)s characters. Shorten it.",
    "duplicate_heading": "The heading “%(heading)s” stands in columns %(first)s and %(column)s. Rename one of them.",
    "empty_heading": "Column %(column)s has no heading. Give it one, or delete the column.",
    "no_rows": "Below the headings there are no rows.",
    # The file can be read, but somebody should know.
    "several_sheets": "Only the sheet “%(sheet)s” is read. The workbook also has: %(sheets)s.",
    # One row: it is rejected, the others go on.
    "short_row": "The row has %(found)s cells, but there are %(expected)s headings. Check its delimiters.",
    "long_row": "The row has %(found)s cells, but there are %(expected)s headings. Check its delimiters.",
    "mixed_delimiters": "The row is divided by “%(found)s”, the headings are divided by “%(expected)s”. "
    "Use the same delimiter everywhere.",
    "stray_quote": "A quotation mark stands in the middle of column %(column)s. Write it twice, or delete it.",
    "nul_byte": "Column %(column)s contains a NUL character. Delete it.",
    "undecodable_byte": "Column %(column)s contains the byte %(byte)s, which is no character in %(encoding)s. "
    "Correct the text, or choose another encoding.",
    "cell_too_long": "Column %(column)s has %(size)s characters; at most %(limit)s are allowed. Shorten it.",
    "formula_cell": "Column %(column)s contains the formula %(value)s. Replace it by its value.",
    "error_cell": "Column %(column)s contains the error %(value)s. Correct it in the workbook.",
    "error_of_formula": "Column %(column)s contains the error %(value)s, which is the result of the formula "
    "%(formula)s. Correct it in the workbook.",
    "broken_cell": "Column %(column)s contains %(value)s, which can't be read as %(found)s. Enter it again.",
    "broken_json": "The line is not a JSON object (%(reason)s). Correct it.",
    "key_without_name": "The line has a key without a name. Give it one, or delete it.",
    "key_in_other_case": "The line has the key “%(key)s”, other lines “%(known)s”. Write both in the same way, "
    "each once.",
    "broken_card": "The card can't be read (%(reason)s). Correct it.",
    # Doubts: perhaps it is meant so, more likely something went wrong before.
    "double_encoded": "Column %(column)s contains “%(value)s”, which looks as if it had been “%(meant)s”. "
    "Correct the text, or choose another encoding.",
    "comma_in_text": "“%(value)s” in column %(column)s was divided at its comma, which gave the row too many cells; "
    "it is read as one text. Put it into quotation marks.",
    "swallowed_rows": "Column %(column)s contains whole rows. A quotation mark is probably missing before or after.",
    "mangled_date": "Column %(column)s contains “%(value)s”. A spreadsheet has probably made a date of it. "
    "Enter the value as text.",
    "short_year": "Column %(column)s contains “%(value)s”. Write the year with four digits.",
    "date_serial": "Column %(column)s contains the number %(value)s instead of a date. Format the column as a date.",
    "mangled_number": "Column %(column)s contains “%(value)s”. A spreadsheet has probably shortened a long number. "
    "Enter the value as text.",
    "narrow_column": "Column %(column)s contains “%(value)s”. The column was too narrow when it was saved. "
    "Widen it and save again.",
    # Writing.
    "unwritable_character": "Column %(column)s contains the character %(character)s, which can't be written. "
    "Delete it.",
    "sheet_too_large": "The table is too large for an Excel workbook. Choose CSV.",
}

DOUBTS = frozenset(
    {
        "comma_in_text",
        "double_encoded",
        "swallowed_rows",
        "mangled_date",
        "short_year",
        "date_serial",
        "mangled_number",
        "narrow_column",
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `row` counts as in Excel, `line` is the physical line of a text file, `column` is counted from 1.

    Each of them is None where it does not apply. In a workbook `line` equals `row`.
    """

    code: str
    line: int | None = None
    column: int | None = None
    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    row: int | None = None

    @property
    def template(self) -> str:
        """The English sentence with %(name)s placeholders, for gettext."""
        return MESSAGES[self.code]

    @property
    def values(self) -> dict[str, object]:
        """The values that the template may name."""
        return {"row": self.row, "line": self.line, "column": self.column, **self.params}

    @property
    def message(self) -> str:
        """The English sentence."""
        return self.template % self.values

    @property
    def is_doubt(self) -> bool:
        """Whether the value may be meant as it is. Reject it unless the user accepts it."""
        return self.code in DOUBTS


class UnreadableFile(Exception):
    """The file cannot be read (any further); `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class UnwritableTable(Exception):
    """The format cannot hold this table; `problem` says why, `cells` are those of its row where they are known."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.cells: tuple[object, ...] = ()


def shortened(value: object, *, length: int = 60) -> str:
    """The value as text, cut for a sentence."""
    text = str(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def unreadable(
    code: str, *, row: int | None = None, line: int | None = None, column: int | None = None, **params: object
) -> UnreadableFile:
    """Build the exception for a fatal problem."""
    return UnreadableFile(Problem(code, line, column, MappingProxyType(params), row))
