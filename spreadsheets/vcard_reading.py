"""Reads a file of vCards (3.0 and 4.0), one row for each card, with vobject.

A card has lists where a table has columns. The first phone numbers and the first e-mail and postal address have columns
of their own; all others of a kind are in one more column. Pictures, sounds and keys are left out.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from types import MappingProxyType
from typing import Any, BinaryIO

import vobject

from spreadsheets.decoding import text_of
from spreadsheets.encodings import encoding_of
from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, shortened, unreadable
from spreadsheets.rows import Cell, RawRow, Stretch, in_stretches

PHONES = 3
"""The number of phone numbers with columns of their own."""
NAME_PARTS = {"family": "family", "given": "given", "additional": "additional", "prefix": "prefix", "suffix": "suffix"}
ADDRESS_PARTS = {
    "box": "PO box", "extended": "extended", "street": "street", "city": "city", "region": "region",
    "code": "postal code", "country": "country",
}  # fmt: skip
_SALUTATION = re.compile(r"(?:herrn?|frau|familie|mr|mrs|ms|miss|monsieur|madame)\.?", re.IGNORECASE)
TEXTS = ("NICKNAME", "TITLE", "URL", "BDAY", "LANG", "NOTE", "UID")
_PROPERTY = re.compile(r"(?:[A-Za-z0-9-]+\.)?([A-Za-z-]+)[;:]")
_PASSED_OVER = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})


class VcardSource:
    """Reads the rows; the first row that it gives is the columns that any card fills."""

    def __init__(self, file: BinaryIO, *, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self._encoding = encoding_of(file)
        self._counts = self._counted()

    def __iter__(self) -> Generator[Stretch]:
        yield from in_stretches(self._rows())

    def close(self) -> None:
        """Does nothing: the source opens nothing."""

    def _rows(self) -> Iterator[RawRow]:
        headings = list(self._headings())
        if not headings:
            raise unreadable("empty_file")
        yield RawRow(1, 1, [*headings], [])
        for number, (line, lines) in enumerate(self._cards(), start=2):
            try:
                said = _said(vobject.readOne("".join(_demand_known_version(lines))))
            except Exception as error:  # vobject raises whatever its parts raise
                params = MappingProxyType({"reason": shortened(error)})
                yield RawRow(number, line, [""] * len(headings), [Problem("broken_card", line, None, params, number)])
                continue
            cells: list[Cell] = [said.get(heading, "") for heading in headings]
            if any(cells):
                yield RawRow(number, line, cells, [])

    def _headings(self) -> Iterator[str]:
        counts = self._counts
        for name in ("FN", *(f"N ({part})" for part in (*NAME_PARTS.values(), "title")), "NICKNAME", "ORG", "TITLE"):
            if counts.get(name.partition(" ")[0]):
                yield _heading(name)
        for nth in range(1, min(counts.get("TEL", 0), PHONES) + 1):
            place = "TEL" if nth == 1 else f"TEL {nth}"
            yield _heading(f"{place} (kind)")
            yield _heading(place)
        if counts.get("TEL", 0) > PHONES:
            yield _heading("TEL (more)")
        for name, parts in (("EMAIL", [""]), ("ADR", [f" ({part})" for part in ADDRESS_PARTS.values()])):
            if counts.get(name):
                yield from (_heading(f"{name}{part}") for part in parts)
            if counts.get(name, 0) > 1:
                yield _heading(f"{name} (more)")
        yield from (_heading(name) for name in ("URL", "BDAY", "LANG", "CATEGORIES", "NOTE", "UID") if counts.get(name))

    def _counted(self) -> dict[str, int]:
        """For each property how often it occurs in the card that has it most often."""
        most: dict[str, int] = {}
        for _line, lines in self._cards():
            found: dict[str, int] = {}
            for text in lines:
                if (name := _name(text)) and text[:1] not in " \t":
                    found[name] = found.get(name, 0) + 1
            for name, count in found.items():
                most[name] = max(count, most.get(name, 0))
        return most

    def _cards(self) -> Iterator[tuple[int, list[str]]]:
        """The lines of each card, without the properties that are left out, and the line on which it begins."""
        text = text_of(self.file, encoding=self._encoding)
        try:
            card: list[str] = []
            begin = length = 0
            is_passed_over = False
            for number, line in enumerate(text, start=1):
                if line[:1] not in " \t":
                    is_passed_over = _name(line) in _PASSED_OVER
                if line.strip().upper() == "BEGIN:VCARD":
                    card, begin, length = [], number, 0
                if not is_passed_over and begin:
                    card.append(line)
                    length += len(line)
                if length > self.limits.row_length:
                    raise unreadable("row_too_long", row=number, line=begin, limit=self.limits.row_length)
                if line.strip().upper() == "END:VCARD" and card:
                    yield begin, card
                    card, begin = [], 0
            if card:
                yield begin, card
        finally:
            text.detach()


def _demand_known_version(lines: list[str]) -> list[str]:
    """Refuse version 2.1, whose kinds of numbers and broken lines would be misread."""
    versions = {text.strip().upper().removeprefix("VERSION:") for text in lines if _name(text) == "VERSION"}
    if "2.1" in versions:
        raise ValueError("vCard 2.1; export 3.0 or 4.0")
    if lines[-1].strip().upper() != "END:VCARD":
        raise ValueError("END:VCARD")
    return lines


def _name(line: str) -> str:
    found = _PROPERTY.match(line)
    return found[1].upper() if found else ""


def _heading(name: str) -> str:
    return f"vCard: {name}"


def _said(card: Any) -> dict[str, str]:
    """The cells of a card, by heading."""
    said: dict[str, str] = {}
    contents: dict[str, Sequence[Any]] = card.contents
    for name in ("FN", *TEXTS):
        if found := contents.get(name.lower()):
            said[_heading(name)] = _text(found[0].value)
    if found := contents.get("n"):
        said |= {_heading(f"N ({word})"): _text(getattr(found[0].value, part)) for part, word in NAME_PARTS.items()}
        said |= _prefixes(said[_heading("N (prefix)")])
    if found := contents.get("org"):
        said[_heading("ORG")] = _text(found[0].value[0] if isinstance(found[0].value, list) else found[0].value)
    if found := contents.get("categories"):
        said[_heading("CATEGORIES")] = ", ".join(_quoted(word) for one in found for word in _own(one.value))
    return (
        said
        | _numbers(contents.get("tel", ()))
        | _addresses(contents.get("adr", ()))
        | _mails(contents.get("email", ()))
    )


def _prefixes(text: str) -> dict[str, str]:
    """The words before a name: the form of address, and titles."""
    words = text.split()
    addressed = [word for word in words if _SALUTATION.fullmatch(word)]
    titles = [word for word in words if not _SALUTATION.fullmatch(word)]
    return {_heading("N (prefix)"): " ".join(addressed), _heading("N (title)"): " ".join(titles)}


def _numbers(found: Sequence[Any]) -> dict[str, str]:
    said: dict[str, str] = {}
    numbers = [(", ".join(one.params.get("TYPE", [])), _text(one.value).removeprefix("tel:")) for one in found]
    for nth, (kind, number) in enumerate(numbers[:PHONES], start=1):
        place = "TEL" if nth == 1 else f"TEL {nth}"
        said |= {_heading(f"{place} (kind)"): kind, _heading(place): number}
    return said | {_heading("TEL (more)"): ", ".join(number for _kind, number in numbers[PHONES:])}


def _mails(found: Sequence[Any]) -> dict[str, str]:
    first, *more = [_text(one.value).removeprefix("mailto:") for one in found] or [""]
    return {_heading("EMAIL"): first, _heading("EMAIL (more)"): ", ".join(more)}


def _addresses(found: Sequence[Any]) -> dict[str, str]:
    said: dict[str, str] = {}
    for nth, one in enumerate(found):
        parts = {word: _text(getattr(one.value, part)) for part, word in ADDRESS_PARTS.items()}
        if nth == 0:
            said = {_heading(f"ADR ({word})"): text for word, text in parts.items()}
        else:
            more = said.get(_heading("ADR (more)"), "")
            whole = ", ".join(filter(None, parts.values()))
            said[_heading("ADR (more)")] = "; ".join(filter(None, (more, whole)))
    return said


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _list(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else str(value).split(",")


def _own(value: object) -> list[str]:
    """The categories that the user has given; Google adds one of its own to all cards."""
    return [word for word in _list(value) if word.strip().casefold() != "mycontacts"]


def _quoted(word: str) -> str:
    return f'"{word}"' if "," in word else word
