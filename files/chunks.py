"""Files in the database, in pieces: every web process and worker finds them, and nothing holds one in memory."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from files.models import Chunk

PIECE = 1024 * 1024

type Pieces = type[Chunk]


class Digest:
    """Size and SHA-256 of what passes through."""

    def __init__(self) -> None:
        self.size, self._hash = 0, hashlib.sha256()

    @property
    def hex(self) -> str:
        return self._hash.hexdigest()

    def of(self, content: Iterable[bytes]) -> Iterator[bytes]:
        """The same bytes, counted."""
        for part in content:
            self.size += len(part)
            self._hash.update(part)
            yield part


def store(pieces: Pieces, *, file: Any, content: Iterable[bytes]) -> tuple[int, str]:
    """Write the bytes of a file (a row of the model that `pieces` refers to): its size and its SHA-256 in hex."""
    digest = Digest()
    rows: Any = pieces._default_manager
    row: Any = pieces
    for position, piece in enumerate(of_size(digest.of(content))):
        rows.bulk_create([row(base_id=file.base_id, file=file, position=position, content=piece)])
    return digest.size, digest.hex


def read(pieces: Pieces, *, file: Any) -> Iterator[bytes]:
    """The bytes of a file, a piece at a time."""
    manager: Any = pieces._default_manager
    rows = manager.filter(base=file.base_id, file=file).order_by("position")
    for position in list(rows.values_list("position", flat=True)):
        yield bytes(rows.values_list("content", flat=True).get(position=position))


def opened(pieces: Pieces, *, file: Any) -> BinaryIO:
    """The file as one that can be sought in; it has no name on the disk and is gone when it is closed."""
    copy: Any = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        for piece in read(pieces, file=file):
            copy.write(piece)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    opened_copy: BinaryIO = copy
    return opened_copy


def is_intact(pieces: Pieces, *, file: Any) -> bool:
    """Whether the stored bytes are those that were received."""
    digest = Digest()
    for _piece in digest.of(read(pieces, file=file)):
        pass
    return bool(digest.hex == file.sha256)


def of_size(content: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of PIECE, the last one shorter."""
    held = bytearray()
    for part in content:
        held += part
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)
