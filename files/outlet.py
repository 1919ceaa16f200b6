"""What is written is handed on piece by piece: nothing holds a whole file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import batched

ROWS_AT_ONCE = 200
"""Some fifty kilobytes: what is worked on stays in the cache of a processor, and the database need not wait."""


def blocks_of(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a COPY, many at once."""
    for some in batched(lines, ROWS_AT_ONCE):
        yield b"".join(some)


class Outlet(io.RawIOBase):
    """A file to write into that hands on what it holds; it cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        self._handed_on = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # a writer of bytes, no other buffer comes here
        self._held += data
        return len(data)

    def tell(self) -> int:
        return self._handed_on + len(self._held)

    def drain(self) -> bytes:
        data = bytes(self._held)
        self._handed_on += len(data)
        self._held.clear()
        return data
