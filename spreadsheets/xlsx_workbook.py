"""The small parts of a workbook: its sheets, which cell formats show dates, and its shared strings."""

import posixpath
import re
import tempfile
import zipfile
from array import array
from dataclasses import dataclass, field
from functools import lru_cache

from spreadsheets.limits import Limits
from spreadsheets.ooxml_text import from_xml
from spreadsheets.problems import unreadable
from spreadsheets.xlsx_archive import DEEPEST, Attributes, Reader, too_deep

WORKBOOK = "xl/workbook.xml"
BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
HELD_CHARACTERS = 4_000_000
TEXT_PER_CELL = 8  # raw characters that are kept for each allowed one: an escape takes seven

_NOT_CODES = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')


@dataclass(slots=True)
class Workbook:
    """`sheets` maps visible names to members; `date_formats` are the indexes of cell formats that show dates."""

    sheets: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    strings: str | None = None
    styles: str | None = None
    is_1904: bool = False
    date_formats: frozenset[int] = frozenset()


def read_workbook(archive: zipfile.ZipFile, *, limits: Limits) -> Workbook:
    """Read everything but the sheets and the shared strings."""
    targets, types = _relations(archive)
    workbook = Workbook()

    def start(name: str, attributes: Attributes) -> None:
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            if types.get(relation, "").endswith("/worksheet"):
                listed = workbook.sheets if attributes.get("state", "visible") == "visible" else workbook.hidden
                listed[attributes.get("name", "")] = targets[relation]
        elif name == "workbookPr":
            workbook.is_1904 = attributes.get("date1904") in ("1", "true")

    Reader(start=start).read(archive, WORKBOOK)
    by_type = {kind.rpartition("/")[2]: targets[relation] for relation, kind in types.items()}
    names = set(archive.namelist())
    workbook.strings = by_type.get("sharedStrings") if by_type.get("sharedStrings") in names else None
    if by_type.get("styles") in names:
        workbook.date_formats = _date_formats(archive, by_type["styles"], limits=limits)
    return workbook


def _relations(archive: zipfile.ZipFile) -> tuple[dict[str, str], dict[str, str]]:
    targets: dict[str, str] = {}
    types: dict[str, str] = {}

    def start(name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            inside = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            targets[attributes.get("Id", "")] = inside
            types[attributes.get("Id", "")] = attributes.get("Type", "")

    Reader(start=start).read(archive, "xl/_rels/workbook.xml.rels")
    return targets, types


def _date_formats(archive: zipfile.ZipFile, member: str, *, limits: Limits) -> frozenset[int]:
    codes: dict[int, str] = {}
    formats: list[int] = []
    inside: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        inside.append(name)
        if name == "numFmt":
            codes[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "xf" and "cellXfs" in inside:
            formats.append(int(attributes.get("numFmtId", "0")))
        if max(len(formats), len(codes)) > limits.styles:
            raise unreadable("too_many_styles", limit=limits.styles)

    def end(_name: str) -> None:
        inside.pop()

    Reader(start=start, end=end).read(archive, member)
    return frozenset(at for at, number in enumerate(formats) if _shows_date(number, codes.get(number)))


def _shows_date(number: int, code: str | None) -> bool:
    if code is None:
        return number in BUILT_IN_DATES
    plain = _NOT_CODES.sub("", code.split(";")[0]).lower()
    return plain != "general" and any(letter in plain for letter in "dmyhs")


class SharedStrings:
    """The strings of a workbook by index: the first ones in memory, the others in a temporary file."""

    def __init__(self, archive: zipfile.ZipFile, member: str | None, *, limits: Limits) -> None:
        self._held: list[str] = []
        self._held_characters = 0
        self._offsets = array("Q", [0])
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self._longest = limits.cell_length * TEXT_PER_CELL
        self._most = limits.strings
        self._parts: list[str] = []
        self._length = 0
        self._is_text, self._phonetic, self._depth = False, 0, 0
        self._spilled = lru_cache(maxsize=4096)(self._read)
        try:
            if member is not None:
                Reader(start=self._start, end=self._end, text=self._text, counts_depth=True).read(archive, member)
            self._file.flush()
        except BaseException:  # nobody holds this object yet who could close the file
            self._file.close()
            raise

    def __getitem__(self, index: int) -> str:
        if 0 <= index < len(self._held):
            return self._held[index]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._spilled(index - len(self._held))

    def __len__(self) -> int:
        return len(self._held) + len(self._offsets) - 1

    def close(self) -> None:
        """Delete the temporary file."""
        self._file.close()

    def _read(self, index: int) -> str:
        begin, end = self._offsets[index], self._offsets[index + 1]
        self._file.seek(begin)
        return self._file.read(end - begin).decode("utf-8")

    def _start(self, name: str, _attributes: Attributes) -> None:
        self._depth += 1
        if name == "si":
            self._parts, self._length = [], 0
        if self._depth > DEEPEST:
            raise too_deep()
        self._is_text = name == "t" and not self._phonetic
        self._phonetic += name == "rPh"

    def _end(self, name: str) -> None:
        self._is_text = False
        self._depth -= 1
        self._phonetic -= name == "rPh"
        if name == "si":
            self._add(from_xml("".join(self._parts)))

    def _text(self, text: str) -> None:
        if self._is_text and self._length <= self._longest:
            self._length += len(text)
            self._parts.append(text)

    def _add(self, text: str) -> None:
        if self._held_characters < HELD_CHARACTERS and len(self._offsets) == 1:
            self._held_characters += len(text) + 50
            self._held.append(text)
            return
        if len(self._offsets) > self._most:
            raise unreadable("too_many_strings", limit=self._most)
        self._offsets.append(self._offsets[-1] + self._file.write(text.encode("utf-8")))
