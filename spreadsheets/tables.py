"""Reads a table from a CSV, XLSX, JSON Lines or vCard file without losing or changing anything unnoticed.

    with open_table(path) as table:
        table.dialect, table.headings, table.notices
        for row in table:
            row.number, row.cells, row.problems

or many rows at once, in half the time:

        for block in table.blocks():
            block.numbers, block.rows, block.problems

A file that cannot be read raises UnreadableFile, when it is opened or at the row from which it cannot be read any
further. A row with an error has `problems`; the caller rejects it and goes on. Files are read with constant memory. A
table can be iterated several times, but not twice at the same time.
"""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Protocol, Self

from spreadsheets.blocks import in_blocks
from spreadsheets.checks import RowCheck
from spreadsheets.csv_reading import CsvSource
from spreadsheets.detect import detect
from spreadsheets.dialects import Dialect, Overrules
from spreadsheets.doubts import date_columns
from spreadsheets.jsonl_reading import JsonlSource
from spreadsheets.kinds import kind_of
from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, UnreadableFile, unreadable
from spreadsheets.rows import Block, Row, Stretch
from spreadsheets.vcard_reading import VcardSource
from spreadsheets.xlsx_reading import XlsxSource

HEAD_BYTES = 8192
SAMPLE_ROWS = 100

type TableFile = str | os.PathLike[str] | BinaryIO


class Source(Protocol):
    """Gives the headings as its first row and the other rows after it, without blank rows.

    What comes before the place where the file cannot be read any further is given before UnreadableFile is raised.
    """

    def __iter__(self) -> Generator[Stretch]: ...

    def close(self) -> None: ...


class Table:
    """An open table.

    `headings` are as in the file, `notices` are problems of the whole file that do not prevent reading.
    """

    def __init__(self, source: Source, *, dialect: Dialect, limits: Limits) -> None:
        self._source, self._limits = source, limits
        self._file: BinaryIO | None = None
        self.dialect = dialect
        with closing(iter(source)) as stretches:
            first = next(stretches, None)
        if first is None:
            raise unreadable("empty_file")
        self.heading_row = first.numbers[0]
        self.headings, self.notices = _headings(first.part([0]), dialect=dialect, limits=limits)
        if len(dialect.sheets) > 1:
            others = ", ".join(sheet for sheet in dialect.sheets if sheet != dialect.sheet)
            params = MappingProxyType({"sheet": dialect.sheet, "sheets": others})
            self.notices = (*self.notices, Problem("several_sheets", params=params))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Row]:
        for stretch in self._checked():
            problems = stretch.problems
            for at, (number, cells, line) in enumerate(zip(stretch.numbers, stretch.rows, stretch.lines, strict=True)):
                yield Row(number, tuple(cells), line, tuple(problems.get(at, ())))

    def blocks(self, size: int = 5_000) -> Iterator[Block]:
        """The same rows, `size` at once; fewer at the end, before UnreadableFile, and where rows are very long."""
        if size < 1:
            raise ValueError("size is at least 1")
        return in_blocks(self._checked(), size=size)

    def _checked(self) -> Iterator[Stretch]:
        with closing(iter(self._source)) as stretches:
            below = _below_headings(stretches)
            sample, sampled = [], 0
            while sampled < SAMPLE_ROWS and (stretch := next(below, None)):
                sample.append(stretch)
                sampled += len(stretch.rows)
            if not sample and self.notices[-1:] != (Problem("no_rows"),):
                self.notices = (*self.notices, Problem("no_rows"))
            rows = islice(chain.from_iterable(stretch.rows for stretch in sample), SAMPLE_ROWS)
            dates = date_columns(self.headings, list(rows))
            check = RowCheck(width=len(self.headings), dates=dates, limits=self._limits, dialect=self.dialect)
            for stretch in self._within_limit(chain(sample, below)):
                check.complete(stretch)
                yield stretch

    def _within_limit(self, stretches: Iterable[Stretch]) -> Iterator[Stretch]:
        left = self._limits.rows
        for stretch in stretches:
            if len(stretch.rows) > left:
                if left:
                    yield stretch.part(range(left))
                raise unreadable("too_many_rows", limit=self._limits.rows)
            left -= len(stretch.rows)
            yield stretch

    def close(self) -> None:
        """Close what `open_table` opened; a file object that was passed in stays open."""
        self._source.close()
        if self._file is not None:
            self._file.close()


def open_table(
    file: TableFile,
    *,
    name: str | None = None,
    overrules: Overrules | None = None,
    limits: Limits | None = None,
) -> Table:
    """Open a path or a seekable binary file. Raises UnreadableFile.

    `name` is the file name as the user knows it, where the path or the file object does not have it.
    """
    if not isinstance(file, str | os.PathLike):
        known = name if name is not None else getattr(file, "name", "")
        return _open(file, name=known if isinstance(known, str) else "", overrules=overrules, limits=limits)
    opened = open(file, "rb")  # noqa: SIM115  the table closes it
    try:
        table = _open(opened, name=name or os.fspath(file), overrules=overrules, limits=limits)
    except BaseException:
        opened.close()
        raise
    table._file = opened
    return table


def _open(file: BinaryIO, *, name: str, overrules: Overrules | None, limits: Limits | None) -> Table:
    overrules, limits = overrules or Overrules(), limits or Limits()
    size = file.seek(0, os.SEEK_END)
    if not size:
        raise unreadable("empty_file")
    if size > limits.file_bytes:
        raise unreadable("file_too_large", size=size, limit=limits.file_bytes)
    file.seek(0)
    kind = kind_of(file.read(HEAD_BYTES), name=name)
    if kind == "xlsx":
        workbook = XlsxSource(file, overrules=overrules, limits=limits)
        return _table(workbook, dialect=workbook.dialect, limits=limits)
    if kind == "jsonl":
        return _table(JsonlSource(file, limits=limits), dialect=Dialect("jsonl", quote=""), limits=limits)
    if kind == "vcard":
        return _table(VcardSource(file, limits=limits), dialect=Dialect("vcard", quote=""), limits=limits)
    dialect = detect(file, overrules=overrules)
    return _table(CsvSource(file, dialect=dialect, limits=limits), dialect=dialect, limits=limits)


def _table(source: Source, *, dialect: Dialect, limits: Limits) -> Table:
    try:
        return Table(source, dialect=dialect, limits=limits)
    except BaseException:
        source.close()
        raise


def _below_headings(stretches: Iterator[Stretch]) -> Iterator[Stretch]:
    first = next(stretches)
    if len(first.rows) > 1:
        yield first.part(range(1, len(first.rows)))
    yield from stretches


def _headings(first: Stretch, *, dialect: Dialect, limits: Limits) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Names for all columns, and notices. Empty headings at the end are left out; rows must be empty there."""
    [cells], row, line = first.rows, first.numbers[0], first.lines[0]
    RowCheck(width=len(cells), dates=frozenset(), limits=limits, dialect=dialect).complete(first)
    problems = first.problems.get(0, [])
    fatal = [problem for problem in problems if not problem.is_doubt]
    if fatal:
        raise UnreadableFile(fatal[0])
    if len(cells) > limits.columns:
        raise unreadable("too_many_columns", row=row, line=line, limit=limits.columns)
    names = [str(cell) for cell in cells]
    while names and not names[-1].strip():
        names.pop()
    if not names:
        raise unreadable("empty_heading", row=row, line=line, column=1)
    _refuse_unclear(names, row=row, line=line)
    dropped = range(len(names) + 1, len(cells) + 1)
    notices = (Problem("empty_heading", line, column, row=row) for column in dropped)
    return tuple(names), (*problems, *notices)


def _refuse_unclear(names: Sequence[str], *, row: int, line: int) -> None:
    seen: dict[str, int] = {}
    for column, name in enumerate(names, start=1):
        key = name.strip().casefold()
        if not key:
            raise unreadable("empty_heading", row=row, line=line, column=column)
        if key in seen:
            raise unreadable(
                "duplicate_heading",
                row=row,
                line=line,
                column=column,
                heading=name.strip(),
                first=seen[key],
            )
        seen[key] = column
