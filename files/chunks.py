"""The bytes of files, stored in the database in pieces.

Every web process and worker can read them, and none holds a whole file in memory.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

from django.db.models import Manager

from files.models import Chunk, OwnFile

PIECE = 1024 * 1024
"""Bytes of a piece; the last one of a file is shorter."""

type Pieces = type[Chunk]


class Digest:
    """Counts and hashes (SHA-256) bytes as they pass through."""

    def __init__(self) -> None:
        self.size, self._hash = 0, hashlib.sha256()

    @property
    def hex(self) -> str:
        """The SHA-256 of all bytes so far, in hex."""
        return self._hash.hexdigest()

    def of(self, content: Iterable[bytes]) -> Iterator[bytes]:
        """The same bytes; `size` and `hex` grow with each part that is taken."""
        for part in content:
            self.size += len(part)
            self._hash.update(part)
            yield part


def store(pieces: Pieces, *, file: OwnFile, content: Iterable[bytes], **columns: object) -> tuple[int, str]:
    """Write the bytes of a file; returns their number and their SHA-256 in hex.

    `pieces` is the model of the pieces of this kind, `columns` are those that it has besides.
    """
    digest = Digest()
    rows = _rows(pieces)
    for position, piece in enumerate(of_size(digest.of(content))):
        rows.bulk_create([rows.model(base_id=file.base_id, file=file, position=position, content=piece, **columns)])
    return digest.size, digest.hex


def read(pieces: Pieces, *, file: OwnFile) -> Iterator[bytes]:
    """The bytes of a file, a piece at a time."""
    rows = _rows(pieces).filter(base=file.base_id, file=file).order_by("position")
    for position in list(rows.values_list("position", flat=True)):
        yield bytes(rows.values_list("content", flat=True).get(position=position))


def opened(pieces: Pieces, *, file: OwnFile) -> BinaryIO:
    """The file as a temporary file that can be sought in; it has no name on the disk, and is gone when it is closed."""
    copy = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        for piece in read(pieces, file=file):
            copy.write(piece)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def is_intact(pieces: Pieces, *, file: OwnFile) -> bool:
    """Whether the SHA-256 of the stored bytes is the one that was recorded."""
    digest = Digest()
    for _piece in digest.of(read(pieces, file=file)):
        pass
    return digest.hex == file.sha256


def of_size(content: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of PIECE bytes; the last one may be shorter."""
    held = bytearray()
    for part in content:
        held += part
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def _rows(pieces: Pieces) -> Manager[Any]:
    """The rows of a kind, with `file`, which each kind has and the abstract model has not."""
    return pieces._default_manager
