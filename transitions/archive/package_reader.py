"""A package at its receiver, verified before anything of it is used.

    with verified(file, receiver=scope) as package:
        package.manifest, package.content(CUSTOMERS), package.rows(CONSENTS)

What is not exactly a package for this business, unchanged since it was made, is refused with a sentence.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeGuard
from uuid import UUID
from zipfile import BadZipFile, ZipFile

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from customers.models.consents import CODE
from customers.table import FORMER_HEADINGS, PackageResource
from files import chunks
from mcp.isolation.scope import Scope
from spreadsheets import Limits, UnreadableFile
from spreadsheets.formulas import restore
from spreadsheets.xlsx_archive import damage_reported, open_archive
from transitions.archive.package_format import (
    COLUMNS,
    CUSTOMERS,
    FORMAT,
    HASHED,
    MANIFEST,
    MEMBERS,
    NUMBER,
    READ,
    TABLES,
    UID,
    VERSION,
    WITH_UID,
    Manifest,
)
from transitions.archive.withdrawals_format import KEY
from transitions.choices import TransitionKind

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LIMITS = Limits(file_bytes=1024**3, members=16, unpacked_bytes=4 * 1024**3)
MANIFEST_BYTES = 64 * 1024**2
LONGEST_LINE = 1_000_000
PIECE = 256 * 1024
type Tell = Callable[[int, int], None]
csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))


class RefusedPackage(ValidationError):
    """The file is not a package that can be taken in here; nothing was written."""


@dataclass
class ReceivedPackage:
    """An archive of which everything has been verified."""

    archive: ZipFile
    manifest: Manifest
    sha256: str
    headings: tuple[str, ...] = ()
    """Of the customers' table."""
    numbers: array[int] = field(default_factory=lambda: array("I"))
    """The customer numbers in it, ascending."""
    tell: Tell = lambda done, total: None
    """Told after each piece how many bytes are read of those that will be."""
    done: int = 0

    def content(self, name: str) -> Iterator[bytes]:
        """The bytes of a file, a piece at a time."""
        with self.archive.open(name) as member:
            while piece := member.read(PIECE):
                self.note(len(piece))
                yield piece

    def rows(self, name: str, *, is_noted: bool = True) -> Iterator[list[str]]:
        """The rows of a table below its headings, each cell as it was in the base.

        `is_noted` says that it is one of the two times at which each file is read.
        """
        with self.archive.open(name) as member:
            read = io.BufferedReader(_Hashed(member, self.note if is_noted else _unnoted), PIECE)
            table = csv.reader(_lines(io.TextIOWrapper(read, "utf-8", newline="")), strict=True)
            next(table)
            for cells in table:
                yield [restore(cell) for cell in cells]

    def note(self, size: int) -> None:
        """So many bytes more are read. Each file is read twice: to verify it, and to take it in."""
        self.done += size
        self.tell(self.done, 2 * sum(self.manifest["files"][name]["size"] for name in HASHED))


@contextmanager
def verified(file: BinaryIO, *, receiver: Scope, tell: Tell | None = None) -> Iterator[ReceivedPackage]:
    """The package in the file, closed at the end of the block. Raises RefusedPackage, and what `tell` raises."""
    with _opened(file) as archive:
        manifest = _manifest_of(archive)
        _demand_receiver(manifest, receiver)
        package = ReceivedPackage(archive, manifest, _sha256(file), tell=tell or (lambda done, total: None))
        _verify_files(package, receiver)
        yield package


def _refused(code: str, sentence: str | _StrPromise, **params: object) -> RefusedPackage:
    return RefusedPackage(sentence, code=code, params=params)


def _damaged() -> RefusedPackage:
    return _refused(
        "package_damaged",
        gettext_lazy(
            "The package is damaged or not complete. Download it again from the sender and upload it as it is."
        ),
    )


@contextmanager
def _opened(file: BinaryIO) -> Iterator[ZipFile]:
    if file.seek(0, 2) > LIMITS.file_bytes:
        raise _refused("package_too_large", gettext_lazy("The file is too large for a package."))
    try:
        archive = open_archive(file, limits=LIMITS)
    except UnreadableFile as error:
        if error.problem.code == "broken_archive":
            raise _refused(
                "not_a_package",
                gettext_lazy("This file is no package. Choose the ZIP file that the sender has downloaded, as it is."),
            ) from error
        raise _refused(
            "package_suspicious",
            gettext_lazy(
                "This file is packed in a way in which no package is. Download the package again from the sender."
            ),
        ) from error
    with archive:
        _demand_members([member.filename for member in archive.infolist()])
        yield archive


def _demand_members(names: Sequence[str]) -> None:
    if MANIFEST not in names:
        raise _refused(
            "not_a_package",
            gettext_lazy("This file is no package. Choose the ZIP file that the sender has downloaded, as it is."),
        )
    for name in MEMBERS:
        if name not in names:
            raise _refused(
                "package_member_missing",
                gettext_lazy("The file %(name)s is missing in the package. Download it again from the sender."),
                name=name,
            )
    if sorted(names) != sorted(MEMBERS):
        extra = next(name for name in names if name not in MEMBERS or names.count(name) > 1)
        raise _refused(
            "package_member_added",
            gettext_lazy(
                "The package holds a file that does not belong to it: %(name)s. Download it again from the sender."
            ),
            name=extra[:80],
        )


def _manifest_of(archive: ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > MANIFEST_BYTES:
        raise _damaged()
    try:
        with damage_reported():
            manifest: Any = json.loads(archive.read(MANIFEST).decode())
            demand_storable(json.dumps(manifest, ensure_ascii=False))
    except UnreadableFile as error:
        raise _damaged() from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _refused(
            "not_a_package",
            gettext_lazy("This file is no package. Choose the ZIP file that the sender has downloaded, as it is."),
        )
    if manifest.get("version") not in READ:
        raise _refused(
            "package_version",
            gettext_lazy("The package has the format version %(found)s; version %(known)s is read here. Tell support."),
            found=str(manifest.get("version"))[:20],
            known=VERSION,
        )
    if not _is_manifest(manifest) or not _makes_sense(manifest):
        raise _damaged()
    return manifest


def demand_storable(text: str) -> None:
    """Raise ValueError for a text that the database cannot hold."""
    if "\0" in text or "\\u0000" in text:
        raise ValueError("NUL")
    text.encode()


def _makes_sense(manifest: Manifest) -> bool:
    try:
        UUID(manifest["transition"])
        moments = [datetime.fromisoformat(at) for at in (manifest["executed_at"], manifest["made_at"])]
    except ValueError:
        return False
    purposes = manifest["purposes"]
    return (
        all(moment.tzinfo for moment in moments)
        and manifest["kind"] in TransitionKind.values
        and all(_is_whole(purpose, _PURPOSE) and re.fullmatch(CODE, purpose["code"]) for purpose in purposes)
    )


type _Shape = type | Mapping[str, _Shape]
_PURPOSE: _Shape = {"code": str, "name": str, "wording": str, "wording_version": str, "holds_for_receiver": bool}
_SHAPE: _Shape = {
    "transition": str,
    "kind": str,
    "from": {"account_number": int, "name": str, "location": {"client_number": int, "name": str}},
    "to": {"account_number": int, "client_number": int, "name": str},
    "executed_at": str,
    "made_at": str,
    KEY: str,
    "basis": str,
    "field_groups": list,
    "counts": {"customers": int, "consents": int, "groups": int, "tags": int},
    "purposes": list,
    "files": {name: {"size": int, "sha256": str} for name in HASHED},
}


def _is_manifest(value: object) -> TypeGuard[Manifest]:
    return _is_whole(value, _SHAPE)


def _is_whole(value: object, shape: _Shape) -> bool:
    """Whether the manifest has everything that is asked of it later, each of its kind."""
    if isinstance(shape, Mapping):
        return isinstance(value, dict) and all(_is_whole(value.get(name), part) for name, part in shape.items())
    return isinstance(value, shape)


def _demand_receiver(manifest: Manifest, receiver: Scope) -> None:
    to = manifest["to"]
    if to["account_number"] != receiver.organization.account_number:
        raise _refused(
            "package_receiver",
            gettext_lazy("This package is for the business %(number)s. Log in there to take it over; here is %(own)s."),
            number=to["account_number"],
            own=receiver.organization.account_number,
        )
    if manifest["kind"] == TransitionKind.JOIN and to["client_number"] != receiver.location.client_number:
        raise _refused(
            "package_location",
            gettext_lazy(
                "This package is for location %(number)s. Switch there to take it over; here is location %(own)s."
            ),
            number=to["client_number"],
            own=receiver.location.client_number,
        )


def _sha256(file: BinaryIO) -> str:
    digest = chunks.Digest()
    file.seek(0)
    for _piece in digest.of(iter(lambda: file.read(PIECE), b"")):
        pass
    return digest.hex


def _verify_files(package: ReceivedPackage, receiver: Scope) -> None:
    """Raise RefusedPackage unless each file has the bytes, and each table the rows, that the manifest says."""
    said = package.manifest["files"]
    for name in HASHED:
        if package.archive.getinfo(name).file_size != said[name]["size"]:
            raise _changed(name)
    for name in HASHED:
        rows = _verify_file(package, name, said[name]["sha256"])
        count = package.manifest["counts"].get(name.removesuffix(".csv"), rows)
        if rows != count:
            raise _refused(
                "package_count",
                gettext_lazy("%(name)s has %(found)s rows; %(expected)s are announced. Download the package again."),
                name=name,
                found=rows,
                expected=count,
            )
    headings = package.headings
    if (UID in headings) != (package.manifest["version"] >= WITH_UID):
        raise _damaged()
    if headings[:1] != (NUMBER,) or len({*headings}) != len(headings) or not {*headings} <= _known_headings():
        raise _damaged()
    if any(number == before for before, number in zip(package.numbers, package.numbers[1:], strict=False)):
        raise _damaged()


def _known_headings() -> set[str]:
    """The heading of each column, and those that it had in earlier packages."""
    return {column.german for column in PackageResource().export_columns().values()} | FORMER_HEADINGS


def _changed(name: str) -> RefusedPackage:
    return _refused(
        "package_changed",
        gettext_lazy(
            "The file %(name)s was changed after the package was made. Download the package again from the sender."
        ),
        name=name,
    )


def _verify_file(package: ReceivedPackage, name: str, sha256: str) -> int:
    """Read a file to its end and verify its hash. Returns how many rows it has below its headings."""
    rows, unreadable = 0, False
    try:
        with package.archive.open(name) as member:
            hashed = _Hashed(member, package.note)
            if name in TABLES:
                try:
                    rows = _count(package, name, hashed)
                except (csv.Error, StopIteration, ValueError, OverflowError):
                    unreadable = True  # its hash tells whether it was changed
            while hashed.read(PIECE):
                pass
    except (BadZipFile, zlib.error, EOFError) as error:
        raise _changed(name) from error
    if hashed.hex != sha256:
        raise _changed(name)
    if unreadable:
        raise _damaged()
    return rows


def _count(package: ReceivedPackage, name: str, file: _Hashed) -> int:
    table = csv.reader(_lines(io.TextIOWrapper(io.BufferedReader(file, PIECE), "utf-8", newline="")), strict=True)
    headings = tuple(next(table))
    if name == CUSTOMERS:
        package.headings = headings
        package.numbers = array("I", sorted(int(cells[0]) for cells in table if len(cells) == len(headings)))
        return len(package.numbers)
    if headings != COLUMNS[name]:
        raise ValueError(name)
    return sum(len(cells) == len(headings) for cells in table)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a table. Raises ValueError for one that is longer than any of ours."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise ValueError("line too long")
        yield line


def _unnoted(size: int) -> None:
    """Reports no progress, for what is read once more."""


class _Hashed(io.RawIOBase):
    """A stream that hashes what is read and reports its size."""

    def __init__(self, source: IO[bytes], note: Callable[[int], None]) -> None:
        super().__init__()
        self._source, self._note, self._hash = source, note, hashlib.sha256()

    @property
    def hex(self) -> str:
        return self._hash.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._source.read(len(buffer))
        self._hash.update(piece)
        self._note(len(piece))
        buffer[: len(piece)] = piece
        return len(piece)
