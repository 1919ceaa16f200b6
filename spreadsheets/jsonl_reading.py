"""Reads a JSON Lines file: one object in each line, whose keys are the headings."""

import json
from collections.abc import Generator, Iterable, Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Any, BinaryIO

from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, UnreadableFile, shortened, unreadable
from spreadsheets.rows import Cell, RawRow, Stretch, Structure, in_stretches

SCALARS = frozenset({str, int, Decimal, bool, type(None)})


class _BrokenLine(ValueError):
    """A line that is JSON but no row of a table. (json itself raises ValueError too.)"""


class JsonlSource:
    """Reads the rows; the first row that it gives is the keys of all objects, in the order in which they come first.

    For that the file is read once more: programs leave out of an object what is empty in it.
    """

    def __init__(self, file: BinaryIO, *, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self._keys = self._found_keys()

    def __iter__(self) -> Generator[Stretch]:
        yield from in_stretches(self._rows())

    def _rows(self) -> Iterator[RawRow]:
        is_first, keys = True, list(self._keys)
        for line, content in self._lines():
            try:
                values = _object(content)
            except ValueError as error:
                if is_first:
                    raise unreadable("broken_json", row=line, line=line, reason=shortened(error)) from None
                yield RawRow(line + 1, line, [], [_broken(error, line)])
                continue
            if is_first:
                yield RawRow(1, line, [*keys], [])
                is_first = False
            if list(values) == keys:
                yield RawRow(line + 1, line, [*values.values()], [])
            else:
                yield self._row(values, line)

    def close(self) -> None:
        """Does nothing: the source opens nothing."""

    def _found_keys(self) -> dict[str, str]:
        """The keys that are headings, in order, each with how it is written without upper and lower case.

        A key without a name is none, nor one that differs from an earlier one in case alone: its row is rejected.
        """
        keys: dict[str, str] = {}
        try:
            for _line, content in self._lines():
                for key in _keys_of(content):
                    if key not in keys and (plain := key.strip().casefold()) and plain not in keys.values():
                        keys[key] = plain
                if len(keys) > self.limits.columns:
                    break  # refused when the headings are checked
        except UnreadableFile:
            pass  # told when the rows are read
        return keys

    def _row(self, values: dict[str, Cell], line: int) -> RawRow:
        """A row that has not just the keys of the headings. What is left out is an empty cell; others are told."""
        cells: list[Cell] = [values.get(key, "") for key in self._keys]
        problems: list[Problem] = []
        for key in [key for key in values if key not in self._keys]:
            plain = key.strip().casefold()
            known = next((known for known, other in self._keys.items() if other == plain), "")
            params = MappingProxyType({"key": shortened(key), "known": shortened(known)})
            code = "key_in_other_case" if plain else "key_without_name"
            problems.append(Problem(code, line, len(cells) + 1, params, line + 1))
            cells.append(values[key])
        return RawRow(line + 1, line, cells, problems)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line that is not blank, with its number."""
        limit = self.limits.row_length * 4
        self.file.seek(0)
        line = 0
        while content := self.file.readline(limit + 1):
            line += 1
            if len(content) > limit:
                raise unreadable("row_too_long", row=line + 1, line=line, limit=self.limits.row_length)
            if line == 1:
                content = content.removeprefix(b"\xef\xbb\xbf")
            if content.strip():
                yield line, content


def _keys_of(content: bytes) -> Iterable[str]:
    """The keys of a line, none of one that is no object. Whether it is a row at all is asked when it is read."""
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        return ()
    return values if isinstance(values, dict) else ()


def _object(content: bytes) -> dict[str, Cell]:
    text = content.decode("utf-8")
    try:
        values = _DECODER.decode(text)
        if not isinstance(values, dict):
            raise _BrokenLine("no object")
        if not SCALARS.issuperset(map(type, values.values())):
            values = {key: value if type(value) in SCALARS else _structure(value) for key, value in values.items()}
    except RecursionError:
        raise _BrokenLine("too deep") from None
    if "\\u" in text:  # only an escape can make a lone surrogate, which is no character
        "".join([*values, *(str(value) for value in values.values() if isinstance(value, str | Structure))]).encode()
    return values


def _structure(value: object) -> Cell:
    """A list or an object as a cell. A list of nothing is an empty one."""
    return Structure(json.dumps(value, ensure_ascii=False, default=str)) if value else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _BrokenLine("a key stands twice")
    return values


def _refuse(constant: str) -> Cell:
    raise _BrokenLine(f"{constant} is no number")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_unique)


def _broken(error: ValueError, line: int) -> Problem:
    return Problem("broken_json", line, None, MappingProxyType({"reason": shortened(error)}), line + 1)
