"""Reads what the other side has sent, value by value: each is of the kind and the size that is asked for, or refused.

    fields = Fields(read_object(body), refused=RefusedMessage)
    fields.number("cycle", least=1), fields.text("program", most=40)

Keys that nobody asks for are ignored: the other program may be newer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.core.exceptions import ValidationError

from clearing.protocol.canonical import Json
from locations.text import LazyText

HIGHEST = 2**63 - 1
"""Of a counter, as the database stores it."""
HASH = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
A_DAY = timedelta(days=1)
LONGEST_MOMENT = 40
"""Of a moment in ISO 8601, with some to spare."""


class UnreadableField(ValidationError):
    """A value from the other side is missing, of another kind, or too large. Each use says its own sentence."""

    sentence: LazyText
    code_of_refusal: str

    def __init__(self, name: str) -> None:
        super().__init__(self.sentence, code=self.code_of_refusal, params={"name": name[:60]})


class Fields:
    """The values of one JSON object. Each method raises `refused` with the name of the value."""

    def __init__(self, found: Mapping[str, Json], *, refused: type[UnreadableField]) -> None:
        self._found, self._refused = found, refused

    @property
    def as_sent(self) -> Mapping[str, Json]:
        """All values as they were sent, unread."""
        return self._found

    def refusal(self, name: str) -> UnreadableField:
        """The exception for a value that is of the right kind and yet cannot be."""
        return self._refused(name)

    def text(self, name: str, *, most: int) -> str:
        """A text of at most so many characters that the database can hold."""
        value = self._found.get(name)
        if not isinstance(value, str) or len(value) > most or not is_storable(value):
            raise self._refused(name)
        return value

    def text_or_empty(self, name: str, *, most: int) -> str:
        """As `text`; empty where there is none, as from an older program."""
        return "" if self._found.get(name) is None else self.text(name, most=most)

    def texts(self, name: str, *, most: int, longest: int) -> list[str]:
        """A list of at most so many texts."""
        value = self._found.get(name)
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
            raise self._refused(name)
        found = [one for one in value if isinstance(one, str) and len(one) <= longest and is_storable(one)]
        if len(found) != len(value):
            raise self._refused(name)
        return found

    def hash(self, name: str) -> str:
        """A SHA-256 in hex."""
        value = self.text(name, most=64)
        if not HASH.fullmatch(value):
            raise self._refused(name)
        return value

    def number(self, name: str, *, least: int = 0, most: int = HIGHEST) -> int:
        """A whole number between the two."""
        value = self._found.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._refused(name)
        return value

    def number_or_none(self, name: str, *, least: int = 0, most: int = HIGHEST) -> int | None:
        """A whole number between the two; None where there is none."""
        return None if self._found.get(name) is None else self.number(name, least=least, most=most)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._found.get(name)
        if not isinstance(value, bool):
            raise self._refused(name)
        return value

    def uuid(self, name: str) -> UUID:
        """A UUID in its usual spelling."""
        value = self._found.get(name)
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise self._refused(name)
        return UUID(value)

    def uuid_or_none(self, name: str) -> UUID | None:
        """A UUID; None where there is none."""
        return None if self._found.get(name) is None else self.uuid(name)

    def moment(self, name: str) -> datetime:
        """A moment in ISO 8601 with its offset, in UTC."""
        try:
            return read_moment(self.text(name, most=LONGEST_MOMENT))
        except ValueError:
            raise self._refused(name) from None

    def moment_or_none(self, name: str) -> datetime | None:
        """A moment; None where there is none."""
        return None if self._found.get(name) is None else self.moment(name)

    def choice[Choice: StrEnum](self, name: str, choices: type[Choice]) -> Choice:
        """One of a closed list."""
        try:
            return choices(self.text(name, most=40))
        except ValueError:
            raise self._refused(name) from None

    def object(self, name: str) -> Fields:
        """An object inside of this one."""
        return Fields(self.mapping(name), refused=self._refused)

    def mapping(self, name: str) -> Mapping[str, Json]:
        """An object inside of this one, as it was sent."""
        value = self._found.get(name)
        if not isinstance(value, Mapping):
            raise self._refused(name)
        return value

    def objects(self, name: str, *, most: int) -> list[Fields]:
        """A list of at most so many objects."""
        value = self._found.get(name)
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
            raise self._refused(name)
        if not all(isinstance(one, Mapping) for one in value):
            raise self._refused(name)
        return [Fields(one, refused=self._refused) for one in value if isinstance(one, Mapping)]


def is_storable(text: str) -> bool:
    """Whether the database can hold the text: neither NUL nor half of a surrogate pair is in it."""
    return _NOT_STORABLE.search(text) is None


def read_moment(text: str) -> datetime:
    """A moment in ISO 8601 with its offset, in UTC. Raises ValueError, also where it has no local time everywhere."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment without offset")
    try:
        moment = found.astimezone(UTC)
        _, _ = moment - A_DAY, moment + A_DAY
    except OverflowError:
        raise ValueError("a moment out of range") from None
    return moment


def write_moment(moment: datetime) -> str:
    """The moment in ISO 8601, in UTC, to the microsecond: one spelling for one moment."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
