"""A file to write into whose content is taken out piece by piece, so that nothing holds a whole file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import batched

ROWS_AT_ONCE = 200
"""Lines in a block: some fifty kilobytes, which fit into the cache of a processor."""


def blocks_of(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a COPY, joined into blocks of ROWS_AT_ONCE."""
    for some in batched(lines, ROWS_AT_ONCE):
        yield b"".join(some)


class Outlet(io.RawIOBase):
    """A file for writers that cannot be sought in; `drain` takes out what was written."""

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
        """How many bytes were written so far, those that were taken out included."""
        return self._handed_on + len(self._held)

    def drain(self) -> bytes:
        """Take out what was written since the last call."""
        data = bytes(self._held)
        self._handed_on += len(data)
        self._held.clear()
        return data
