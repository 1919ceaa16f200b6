"""Reads a JSON Lines file: one object in each line, whose keys are the headings."""

import json
from collections.abc import Generator, Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import BinaryIO

from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, shortened, unreadable
from spreadsheets.rows import Cell, RawRow, Stretch, in_stretches

SCALARS = frozenset({str, int, Decimal, bool, type(None)})


class _BrokenLine(ValueError):
    """A line that is JSON but no row of a table. (json itself raises ValueError too.)"""


class JsonlSource:
    """Reads the rows; the first row that it gives is the keys of the first object."""

    def __init__(self, file: BinaryIO, *, limits: Limits) -> None:
        self.file, self.limits = file, limits

    def __iter__(self) -> Generator[Stretch]:
        yield from in_stretches(self._rows())

    def _rows(self) -> Iterator[RawRow]:
        self.file.seek(0)
        keys: list[str] = []
        for line, content in enumerate(self._lines(), start=1):
            if not content.strip():
                continue
            try:
                values = _object(content)
            except ValueError as error:
                if not keys:
                    raise unreadable("broken_json", row=line, line=line, reason=shortened(error)) from None
                yield RawRow(line + 1, line, [], [_broken(error, line)])
                continue
            if not keys:
                keys = list(values)
                yield RawRow(1, line, [*keys], [])
            yield _row(values, keys, line)

    def close(self) -> None:
        """Does nothing: the source opens nothing."""

    def _lines(self) -> Iterator[bytes]:
        limit = self.limits.row_length * 4
        row = 0
        while content := self.file.readline(limit + 1):
            row += 1
            if len(content) > limit:
                raise unreadable("row_too_long", row=row + 1, line=row, limit=self.limits.row_length)
            yield content.removeprefix(b"\xef\xbb\xbf") if row == 1 else content


def _object(content: bytes) -> dict[str, Cell]:
    text = content.decode("utf-8")
    try:
        values = _DECODER.decode(text)
    except RecursionError:
        raise _BrokenLine("too deep") from None
    if not isinstance(values, dict):
        raise _BrokenLine("no object")
    if not SCALARS.issuperset(map(type, values.values())):
        key = next(key for key, value in values.items() if type(value) not in SCALARS)
        raise _BrokenLine(f"{key} holds more than one value")
    if "\\u" in text:  # only an escape can make a lone surrogate, which is no character
        "".join([*values, *(value for value in values.values() if isinstance(value, str))]).encode()
    return values


def _unique(pairs: list[tuple[str, Cell]]) -> dict[str, Cell]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _BrokenLine("a key stands twice")
    return values


def _refuse(constant: str) -> Cell:
    raise _BrokenLine(f"{constant} is no number")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_unique)


def _row(values: dict[str, Cell], keys: list[str], line: int) -> RawRow:
    if list(values) == keys:
        return RawRow(line + 1, line, [*values.values()], [])
    cells: list[Cell] = [values.get(key, "") for key in keys]  # a key that is left out is an empty cell
    problems: list[Problem] = []
    if others := values.keys() - set(keys):
        found = {"found": len(keys) + len(others), "expected": len(keys)}
        problems.append(Problem("long_row", line, len(keys) + 1, MappingProxyType(found), line + 1))
    return RawRow(line + 1, line, cells, problems)


def _broken(error: ValueError, line: int) -> Problem:
    return Problem("broken_json", line, None, MappingProxyType({"reason": shortened(error)}), line + 1)
