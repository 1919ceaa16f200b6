"""The parts of a cycle in one file, for a branch without a line: sealed for its receiver, signed by its sender.

    for piece in write_stick(contents, header=…, manifest=…, sender=own_key, receiver=their_public_key): …

    stick = read_stick(file, receiver=own_key, sender=their_public_key)
    stick.header, stick.manifest, stick.letter      verified
    for content in stick.parts(): …       each verified; they count once the loop has come to its end

    MAGIC · length and header in clear · frames of counter, last or not, length, ciphertext

The key of the file is agreed between an X25519 key made for it and that of the receiver (HKDF-SHA256). Each frame is
sealed (ChaCha20-Poly1305) under its counter and whether it is the last, together with the hash of the header: no frame
can be changed, moved, repeated, left out or taken from another file. The first frame holds the manifest, a letter (what
the two would say to each other over a line) and the sender's signature (Ed25519) over both and the header; the others
the bytes of the parts. Writing and reading hold one part.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import IO
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clearing.protocol.canonical import Json, canonical, read_object
from clearing.protocol.keys import ForgedSignature, PrivateKey, PublicKey, Signed
from clearing.protocol.parts import LIMITS, DamagedPart, Manifest, MissingPart, PartLimits, verify
from clearing.protocol.stick_problems import (
    ChangedStick,
    ForeignSender,
    NotAStick,
    ReorderedStick,
    StickTooLarge,
    TruncatedStick,
    UnknownStickVersion,
    UnreadableStick,
    WrongReceiver,
)
from clearing.protocol.strict import Fields

MAGIC = b"STAMMHAUS STICK\n"
VERSION = 1
FRAME = 64 * 1024
"""Bytes of a part in one frame."""
MOST_MANIFEST = 4 * 1024**2
"""Bytes of the first frame."""
MOST_HEADER = 4 * 1024
_TAG = 16
_LENGTH = struct.Struct(">I")
_FRAME_HEAD = struct.Struct(">I?I")
"""Counter, whether it is the last frame, and how many bytes of ciphertext follow."""


NO_LETTER: Mapping[str, Json] = MappingProxyType({})


class Direction(StrEnum):
    """Which way a stick goes."""

    TO_CENTRAL = "to central"
    TO_BRANCH = "to branch"


@dataclass(frozen=True)
class StickHeader:
    """What stands on the stick in clear: whose it is, and which run. Fingerprints say by whom and for whom."""

    account_number: int
    client_number: int
    node: UUID
    cycle: int
    direction: Direction
    sender: str = ""
    receiver: str = ""
    ephemeral: bytes = field(default=b"", repr=False)
    version: int = VERSION

    def to_json(self) -> dict[str, Json]:
        """As it stands on the stick."""
        return {
            "account": self.account_number,
            "client": self.client_number,
            "cycle": self.cycle,
            "direction": self.direction,
            "ephemeral": self.ephemeral.hex(),
            "node": str(self.node),
            "receiver": self.receiver,
            "sender": self.sender,
            "version": self.version,
        }

    @classmethod
    def from_json(cls, content: bytes) -> StickHeader:
        """The header of a stick. Raises UnknownStickVersion before anything else is read, or UnreadableStick."""
        try:
            fields = Fields(read_object(content), refused=UnreadableStick)
        except ValueError:
            raise UnreadableStick("header") from None
        if fields.number("version") != VERSION:
            raise UnknownStickVersion(fields.number("version"))
        return cls(
            account_number=fields.number("account", least=1),
            client_number=fields.number("client", least=1),
            node=fields.uuid("node"),
            cycle=fields.number("cycle", least=1),
            direction=fields.choice("direction", Direction),
            sender=fields.hash("sender"),
            receiver=fields.hash("receiver"),
            ephemeral=bytes.fromhex(fields.hash("ephemeral")),
        )


def write_stick(
    contents: Iterable[bytes],
    *,
    header: StickHeader,
    manifest: Manifest,
    sender: PrivateKey,
    receiver: PublicKey,
    letter: Mapping[str, Json] = NO_LETTER,
) -> Iterator[bytes]:
    """The bytes of the file, a piece at a time. What the header says of keys is filled in.

    Raises DamagedPart or MissingPart where the contents are not those of the manifest; the file is not complete then.
    """
    ephemeral = X25519PrivateKey.generate()
    complete = replace(
        header,
        sender=sender.public.fingerprint,
        receiver=receiver.fingerprint,
        ephemeral=ephemeral.public_key().public_bytes_raw(),
        version=VERSION,
    )
    written = canonical(complete.to_json())
    yield MAGIC + _LENGTH.pack(len(written)) + written
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(receiver.sealing))
    seal = _Seal(shared, written, complete, receiver)
    first = canonical(
        {
            "letter": letter,
            "manifest": manifest.to_json(),
            "signature": sender.sign(Signed.STICK, _signed(written, manifest, letter)).hex(),
        }
    )
    yield seal.sealed(0, first, is_last=not manifest.parts)
    pieces = _pieces(contents, manifest)
    counter, waiting = 0, next(pieces, None)
    while waiting is not None:
        counter, piece, waiting = counter + 1, waiting, next(pieces, None)
        yield seal.sealed(counter, piece, is_last=waiting is None)


def _pieces(contents: Iterable[bytes], manifest: Manifest) -> Iterator[bytes]:
    number = 0
    for number, content in enumerate(contents, start=1):
        verify(content, manifest.part(number))
        yield from (content[start : start + FRAME] for start in range(0, len(content), FRAME))
    if number != len(manifest.parts):
        raise MissingPart(number + 1)


def _signed(header: bytes, manifest: Manifest, letter: Mapping[str, Json]) -> bytes:
    return _LENGTH.pack(len(header)) + header + canonical({"letter": letter, "manifest": manifest.to_json()})


class _Seal:
    """Seals and opens the frames of one file."""

    def __init__(self, shared: bytes, written: bytes, header: StickHeader, receiver: PublicKey) -> None:
        info = b"stammhaus clearing: stick" + header.ephemeral + receiver.sealing
        self._cipher = ChaCha20Poly1305(HKDF(SHA256(), 32, salt=None, info=info).derive(shared))
        self._bound_to = hashlib.sha256(MAGIC + written).digest()

    def sealed(self, counter: int, content: bytes, *, is_last: bool) -> bytes:
        """The frame. Raises OverflowError after 2**32 frames, where counters would be used again."""
        if counter >= 2**32:
            raise OverflowError
        closed = self._cipher.encrypt(_nonce(counter, is_last), content, self._bound_to)
        return _FRAME_HEAD.pack(counter, is_last, len(closed)) + closed

    def opened(self, counter: int, content: bytes, *, is_last: bool) -> bytes:
        """What was sealed under this counter. Raises ChangedStick."""
        try:
            return self._cipher.decrypt(_nonce(counter, is_last), content, self._bound_to)
        except InvalidTag:
            raise ChangedStick from None


def _nonce(counter: int, is_last: bool) -> bytes:
    return struct.pack(">7xI?", counter, is_last)


@dataclass
class Stick:
    """A stick of which header and manifest are verified."""

    header: StickHeader
    manifest: Manifest
    letter: Fields
    is_whole: bool
    """Whether all of it was read and verified; nothing of it counts before."""
    _frames: Iterator[bytes] = field(repr=False)
    _limits: PartLimits = field(repr=False)

    def parts(self) -> Iterator[bytes]:
        """The bytes of each part, once; verified before they are given out.

        Raises ChangedStick, ReorderedStick, TruncatedStick or StickTooLarge, at the latest when asked for what comes
        after the last part.
        """
        for facts in self.manifest.parts:
            content = bytearray()
            while len(content) < facts.size:
                frame = next(self._frames, None)
                if not frame:
                    raise ChangedStick  # signed and sealed, and yet less than announced: no program of ours
                content += frame
            try:
                verify(bytes(content), facts, self._limits)
            except DamagedPart:
                raise ChangedStick from None
            yield bytes(content)
        if next(self._frames, None) is not None:
            raise StickTooLarge
        self.is_whole = True


def read_stick(file: IO[bytes], *, receiver: PrivateKey, sender: PublicKey, limits: PartLimits = LIMITS) -> Stick:
    """The stick in the file, its header and manifest verified. It is read as its parts are asked for.

    Raises NotAStick, UnknownStickVersion, UnreadableStick, WrongReceiver, ForeignSender, ChangedStick, ReorderedStick,
    TruncatedStick or StickTooLarge. Before a signature is verified no more than the first frame is held.
    """
    written = _written_header(file)
    header = StickHeader.from_json(written)
    if header.receiver != receiver.public.fingerprint:
        raise WrongReceiver
    if header.sender != sender.fingerprint:
        raise ForeignSender
    try:
        shared = receiver.shared_secret(header.ephemeral)
    except ValueError:
        raise ChangedStick from None
    frames = _opened_frames(file, _Seal(shared, written, header, receiver.public))
    manifest, letter = _demand_signed(next(frames), written, sender, limits)
    return Stick(header, manifest, letter, is_whole=False, _frames=frames, _limits=limits)


def read_header(file: IO[bytes]) -> StickHeader:
    """What stands on the stick in clear, not verified; by it is found who can. The file is gone back to its beginning.

    Raises NotAStick, UnknownStickVersion, UnreadableStick or TruncatedStick.
    """
    start = file.tell()
    header = StickHeader.from_json(_written_header(file))
    file.seek(start)
    return header


def _written_header(file: IO[bytes]) -> bytes:
    if file.read(len(MAGIC)) != MAGIC:
        raise NotAStick
    length = _LENGTH.unpack(_exactly(file, _LENGTH.size))[0]
    if length > MOST_HEADER:
        raise UnreadableStick("header")
    return _exactly(file, length)


def verify_stick(file: IO[bytes], *, receiver: PrivateKey, sender: PublicKey, limits: PartLimits = LIMITS) -> Stick:
    """Read a stick to its end, and go back to where it begins. Raises what `read_stick` and `parts` raise."""
    start = file.tell()
    stick = read_stick(file, receiver=receiver, sender=sender, limits=limits)
    for _content in stick.parts():
        pass
    file.seek(start)
    return stick


def _demand_signed(first: bytes, written: bytes, sender: PublicKey, limits: PartLimits) -> tuple[Manifest, Fields]:
    """Manifest and letter of the first frame. Raises ForeignSender unless the sender has signed them and the header."""
    try:
        fields = Fields(read_object(first), refused=UnreadableStick)
    except ValueError:
        raise UnreadableStick("manifest") from None
    manifest, letter = Manifest.from_fields(fields, "manifest", limits), fields.object("letter")
    try:
        signature = bytes.fromhex(fields.text("signature", most=128))
        sender.demand_signed(Signed.STICK, _signed(written, manifest, letter.as_sent), signature)
    except (ValueError, ForgedSignature):
        raise ForeignSender from None
    return manifest, letter


def _opened_frames(file: IO[bytes], seal: _Seal) -> Iterator[bytes]:
    """What was sealed in each frame, after it is verified. The end is reached only behind the last one of all."""
    counter, is_last = 0, False
    while not is_last:
        found, is_last, length = _frame_head(_exactly(file, _FRAME_HEAD.size))
        if not _TAG <= length <= (FRAME if counter else MOST_MANIFEST) + _TAG:
            raise StickTooLarge
        content = seal.opened(found, _exactly(file, length), is_last=is_last)
        if found != counter:
            raise ReorderedStick
        counter += 1
        yield content
    if file.read(1):
        raise StickTooLarge


def _frame_head(head: bytes) -> tuple[int, bool, int]:
    counter, is_last, length = _FRAME_HEAD.unpack(head)
    if head[4] > 1:
        raise ChangedStick
    return counter, is_last, length


def _exactly(file: IO[bytes], size: int) -> bytes:
    """So many bytes of the file. Raises TruncatedStick."""
    content = b""
    while len(content) < size:
        piece = file.read(size - len(content))
        if not piece:
            raise TruncatedStick
        content += piece
    return content
