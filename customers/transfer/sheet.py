"""A file of customers: its columns matched to ours, its rows as the Resource takes them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from customers.columns import CustomerField
from customers.transfer.reading import Reading
from spreadsheets import Cell, Limits, Overrules, Problem, Row, open_table
from spreadsheets.dialects import Dialect

IGNORE = "-"
"""The target of a column that is left out on purpose."""
ROW = "__row__"
MENDED = frozenset({"comma_in_text"})
"""Problems of a row that the reader has mended itself."""
_WORDS = ("found", "reason")
"""Values of a problem that are words of ours, mostly, and have a translation then."""

type Targets = tuple[str, ...]
"""For each column of a file the name of a field, IGNORE, or "" where nobody has decided yet."""


def folded(heading: str) -> str:
    """A heading without case, spaces, punctuation and accents; umlauts as two letters."""
    text = heading.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    plain = unicodedata.normalize("NFKD", text)
    return re.sub(r"[\W_]+", "", "".join(char for char in plain if not unicodedata.combining(char)))


def match_columns(headings: Sequence[str], fields: Mapping[str, CustomerField]) -> Targets:
    """The field that each heading means, or "". Of two columns for one field the first gets it."""
    index: dict[str, str] = {}
    for names in (_main_headings, _other_headings):
        for field_name, field in fields.items():
            for name in names(field_name, field):
                index.setdefault(folded(name), field_name)
    targets: list[str] = []
    for heading in headings:
        target = index.get(folded(heading), "")
        targets.append("" if target in targets else target)
    return tuple(targets)


def is_our_own(headings: Sequence[str], fields: Mapping[str, CustomerField]) -> bool:
    """Whether all headings are the very ones that an export writes."""
    ours = {name for field in fields.values() for name in (field.german, field.english)}
    return ours.issuperset(headings)


def _main_headings(name: str, field: CustomerField) -> Sequence[str]:
    return field.german, field.english


def _other_headings(name: str, field: CustomerField) -> Sequence[str]:
    return name, *field.names


class Sheet:
    """All rows of a file in memory, as a dataset for `CustomerResource.import_data`.

    The last cell of each row is the `Row` itself, with its number in Excel and its problems.
    """

    def __init__(self, *, headings: Sequence[str], rows: Sequence[Row], targets: Targets, dialect: Dialect) -> None:
        self.file_headings, self.rows, self.targets, self.dialect = tuple(headings), rows, targets, dialect
        self._taken = [at for at, target in enumerate(targets) if target not in ("", IGNORE)]
        self.headers = [targets[at] for at in self._taken] + [ROW]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[list[object]]:
        for row in self.rows:
            cells = row.cells
            yield [*(cells[at] if at < len(cells) else "" for at in self._taken), row]

    def column(self, field_name: str) -> list[Cell]:
        """The cells of the column that fills a field; empty if there is none."""
        if field_name not in self.targets:
            return []
        at = self.targets.index(field_name)
        return [row.cells[at] for row in self.rows if at < len(row.cells)]

    def heading_of(self, field_name: str) -> str:
        """How the file calls the column; blank if it has none for the field."""
        return self.file_headings[self.targets.index(field_name)] if field_name in self.targets else ""

    def undecided(self) -> list[str]:
        """Headings of columns that would be lost without anybody having said so."""
        return [heading for heading, target in zip(self.file_headings, self.targets, strict=True) if not target]


def read_sheet(
    file: BinaryIO, *, name: str, targets: Targets, overrules: Overrules | None = None, limits: Limits | None = None
) -> Sheet:
    """Read a whole file whose columns go to `targets`. Raises UnreadableFile."""
    with open_table(file, name=name, overrules=overrules, limits=limits) as table:
        rows = list(table)
        return Sheet(headings=table.headings, rows=rows, targets=targets, dialect=table.dialect)


def refuse_problems(row: Row, headings: Sequence[str], reading: Reading) -> None:
    """Raise ValidationError for the first thing that is wrong with a row and neither mended nor accepted."""
    for problem in row.problems:
        if problem.code in MENDED or (problem.is_doubt and reading.accept_doubts):
            continue
        raise ValidationError({_column_of(problem, headings): ValidationError(sentence(problem), code=problem.code)})


def sentence(problem: Problem) -> str:
    """The problem in the language of the reader."""
    values = problem.values
    words = {name: _(word) for name in _WORDS if isinstance(word := values.get(name), str) and word}
    return _(problem.template) % {**values, **words}


def _column_of(problem: Problem, headings: Sequence[str]) -> str:
    at = (problem.column or 0) - 1
    return headings[at] if 0 <= at < len(headings) else ""
