"""Records, packed into numbered parts: gzip of one JSON object per line, of at most 4 MB each.

    for part in pack(records): …                      the sender; each part is stored as it is, a retry sends it again
    content = receive(pieces, facts)                  the receiver, while a part arrives
    for record in unpack(content, facts): …

The same records give the same bytes where the same zlib packs them: no time, no name, a fixed level. A part is believed
once its size and its SHA-256 are those of the manifest; then it is unpacked line by line, within limits. Nobody holds
more than one part and one line.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from clearing.protocol.canonical import Json, canonical, read_object
from clearing.protocol.strict import Fields

LEVEL = 6
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Of gzip: no name, no time, written on no particular system."""
_MARGIN = 256 * 1024
"""What zlib may still hold back of what it was given, and the end of the file; generously."""
_PIECE = 64 * 1024
MOST_PARTS = 1_000


@dataclass(frozen=True)
class PartLimits:
    """What a part may be; written within them, and refused beyond them."""

    part_bytes: int = 4 * 1024**2
    unpacked_bytes: int = 64 * 1024**2
    ratio: int = 200
    """Unpacked bytes for one that is packed, once a part unpacks to more than `free_bytes`."""
    free_bytes: int = 1024**2
    rows: int = 250_000
    line_bytes: int = 1024**2

    def most_unpacked(self, packed: int) -> int:
        """The bytes to which a part of so many may unpack."""
        return min(self.unpacked_bytes, max(self.free_bytes, self.ratio * packed))


LIMITS = PartLimits()


class UnusablePart(ValidationError):
    """A part cannot be taken; nothing of it counts."""


class DamagedPart(UnusablePart):
    """The bytes are not those that were announced, or no part at all."""

    def __init__(self, number: int) -> None:
        super().__init__(
            gettext_lazy("Part %(number)s of the clearing did not arrive as it was sent. Send it once more."),
            code="part_damaged",
            params={"number": number},
        )


class PartTooLarge(UnusablePart):
    """A part is, or unpacks to, more than any part of ours."""

    def __init__(self, number: int) -> None:
        super().__init__(
            gettext_lazy(
                "Part %(number)s of the clearing is larger than a part can be; nothing of it was taken. "
                "Tell support at which branch it was made."
            ),
            code="part_too_large",
            params={"number": number},
        )


class MissingPart(UnusablePart):
    """The parts end before, or go on after, what the manifest announces."""

    def __init__(self, number: int) -> None:
        super().__init__(
            gettext_lazy("Part %(number)s of the clearing is missing, or was not announced. Start the run once more."),
            code="part_missing",
            params={"number": number},
        )


class RecordTooLarge(ValidationError):
    """A record is longer than a line may be; its sender holds it back."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This is too long to be sent to the other side. Shorten it."), code="record_too_large"
        )


@dataclass(frozen=True)
class PartFacts:
    """What is known of a part without its bytes. They stay when the bytes have to go."""

    number: int
    sha256: str
    size: int
    rows: int

    def to_json(self) -> dict[str, Json]:
        """As it stands in a manifest, where the place says the number."""
        return {"rows": self.rows, "sha256": self.sha256, "size": self.size}


@dataclass(frozen=True)
class Part:
    """A part with its bytes."""

    facts: PartFacts
    content: bytes


@dataclass(frozen=True)
class Manifest:
    """The parts of one direction of a cycle, in their order."""

    parts: tuple[PartFacts, ...] = ()

    def __post_init__(self) -> None:
        if [part.number for part in self.parts] != list(range(1, len(self.parts) + 1)):
            raise ValueError("parts are numbered from 1, without a gap")

    @property
    def rows(self) -> int:
        """The records in all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def size(self) -> int:
        """The bytes of all parts."""
        return sum(part.size for part in self.parts)

    def part(self, number: int) -> PartFacts:
        """The part of this number. Raises MissingPart."""
        if not 1 <= number <= len(self.parts):
            raise MissingPart(number)
        return self.parts[number - 1]

    def to_json(self) -> Sequence[Json]:
        """As it stands in a message."""
        return [part.to_json() for part in self.parts]

    @classmethod
    def from_fields(cls, fields: Fields, name: str, limits: PartLimits = LIMITS) -> Manifest:
        """The manifest in a message. Raises what the fields raise."""
        parts = [
            PartFacts(
                number=number,
                sha256=part.hash("sha256"),
                size=part.number("size", least=1, most=limits.part_bytes),
                rows=part.number("rows", least=1, most=limits.rows),
            )
            for number, part in enumerate(fields.objects(name, most=MOST_PARTS), start=1)
        ]
        return cls(tuple(parts))


def pack(records: Iterable[Mapping[str, Json]], limits: PartLimits = LIMITS) -> Iterator[Part]:
    """The records in parts, each as soon as it is full; no part where there is no record.

    Where one part ends and the next begins follows from the records alone. Raises RecordTooLarge.
    """
    number, packer = 1, _Packer(limits)
    for record in records:
        line = canonical(record) + b"\n"
        if len(line) > limits.line_bytes:
            raise RecordTooLarge
        if not packer.has_room(line):
            yield packer.close(number)
            number, packer = number + 1, _Packer(limits)
        packer.add(line)
    if packer.rows:
        yield packer.close(number)


class _Packer:
    """One part while it is filled."""

    def __init__(self, limits: PartLimits) -> None:
        self._limits = limits
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._packed = bytearray(_HEADER)
        self._checksum = self._unpacked = self.rows = 0

    def has_room(self, line: bytes) -> bool:
        """Whether the part stays within all limits with this line, however badly it can be packed."""
        unpacked = self._unpacked + len(line)
        return not self.rows or (
            self.rows < self._limits.rows
            and unpacked <= self._limits.most_unpacked(len(self._packed))
            and len(self._packed) + _MARGIN + len(line) <= self._limits.part_bytes
        )

    def add(self, line: bytes) -> None:
        self._packed += self._deflate.compress(line)
        self._checksum = zlib.crc32(line, self._checksum)
        self._unpacked += len(line)
        self.rows += 1

    def close(self, number: int) -> Part:
        self._packed += self._deflate.flush() + struct.pack("<II", self._checksum, self._unpacked % 2**32)
        content = bytes(self._packed)
        return Part(PartFacts(number, hashlib.sha256(content).hexdigest(), len(content), self.rows), content)


def receive(pieces: Iterable[bytes], facts: PartFacts, limits: PartLimits = LIMITS) -> bytes:
    """The bytes of a part that arrives in pieces. Raises PartTooLarge as soon as there are too many, or DamagedPart."""
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > limits.part_bytes:
            raise PartTooLarge(facts.number)
    verify(bytes(content), facts, limits)
    return bytes(content)


def verify(content: bytes, facts: PartFacts, limits: PartLimits = LIMITS) -> None:
    """Raise PartTooLarge or DamagedPart unless these are the bytes of which the facts speak."""
    if max(len(content), facts.size) > limits.part_bytes or facts.rows > limits.rows:
        raise PartTooLarge(facts.number)
    if len(content) != facts.size or hashlib.sha256(content).hexdigest() != facts.sha256:
        raise DamagedPart(facts.number)


def unpack(content: bytes, facts: PartFacts, limits: PartLimits = LIMITS) -> Iterator[dict[str, Json]]:
    """The records of a part, one after the other, after its bytes are verified.

    Raises DamagedPart or PartTooLarge, the latter before more than the limits is unpacked. That the number of rows is
    the one announced is known only at the end, so what was taken counts once all of it was read.
    """
    verify(content, facts, limits)
    rows = 0
    for line in _lines(content, facts, limits):
        rows += 1
        if rows > facts.rows:
            raise DamagedPart(facts.number)
        try:
            record = read_object(line)
        except ValueError:
            raise DamagedPart(facts.number) from None
        yield record
    if rows != facts.rows:
        raise DamagedPart(facts.number)


def check(content: bytes, facts: PartFacts, limits: PartLimits = LIMITS) -> None:
    """Raise what `unpack` raises of bytes, sizes and lines; what stands in the lines is not read."""
    verify(content, facts, limits)
    rows = 0
    for _line in _lines(content, facts, limits):
        rows += 1
        if rows > facts.rows:
            break
    if rows != facts.rows:
        raise DamagedPart(facts.number)


def mentions(content: bytes, facts: PartFacts, text: str, limits: PartLimits = LIMITS) -> bool:
    """Whether a line of the part has this text. Raises as `check`."""
    sought = text.encode()
    return any(sought in line for line in _lines(content, facts, limits))


def unpack_all(contents: Iterable[bytes], manifest: Manifest, limits: PartLimits = LIMITS) -> Iterator[dict[str, Json]]:
    """The records of all parts, in their order. Raises what `unpack` raises, and MissingPart."""
    number = 0
    for number, content in enumerate(contents, start=1):
        yield from unpack(content, manifest.part(number), limits)
    if number != len(manifest.parts):
        raise MissingPart(number + 1)


def _lines(content: bytes, facts: PartFacts, limits: PartLimits) -> Iterator[bytes]:
    rest = b""
    for piece in _unpacked(content, facts, limits):
        *lines, rest = (rest + piece).split(b"\n")
        if max(map(len, [*lines, rest])) >= limits.line_bytes:
            raise PartTooLarge(facts.number)
        yield from lines
    if rest:
        raise DamagedPart(facts.number)


def _unpacked(content: bytes, facts: PartFacts, limits: PartLimits) -> Iterator[bytes]:
    """What the one gzip member unpacks to, a piece at a time, and no more than the limits allow."""
    inflate, most, size, waiting = (
        zlib.decompressobj(zlib.MAX_WBITS | 16),
        limits.most_unpacked(len(content)),
        0,
        content,
    )
    while not inflate.eof:
        try:
            piece = inflate.decompress(waiting, _PIECE)
        except zlib.error:
            raise DamagedPart(facts.number) from None
        size, waiting = size + len(piece), inflate.unconsumed_tail
        if size > most:
            raise PartTooLarge(facts.number)
        if not piece and not waiting and not inflate.eof:
            raise DamagedPart(facts.number)
        yield piece
    if inflate.unused_data:
        raise DamagedPart(facts.number)
