"""A package under a password: a ZIP with the package in it, encrypted while it is downloaded (AES-256, as WinZip does).

The package itself stays as it is, and so does its SHA-256 on record. The password is not stored anywhere: who has lost
it downloads the package again with another one.
"""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import IO, Any, BinaryIO, cast
from zipfile import BadZipFile, ZipFile

import pyzipper
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy

from files.outlet import Outlet
from transitions.archive.package_reader import LIMITS, PIECE, RefusedPackage

SHORTEST = 12
"""Fewer letters are found by trying."""
STORED = pyzipper.ZIP_STORED
ENCRYPTED = 0x1
"""The bit of a member's flags that says so."""


def check_password(password: str) -> None:
    """Raise ValidationError for a password that is too easy to guess."""
    if len(password) < SHORTEST:
        raise ValidationError(
            gettext_lazy("Choose a password of at least %(count)s letters, or none at all."),
            code="password_too_short",
            params={"count": SHORTEST},
        )


def encrypted(file: IO[bytes], *, name: str, password: str, at: datetime) -> Iterator[bytes]:
    """The bytes of a ZIP that holds the file under `name`, a piece at a time. The file is closed at the end."""
    outlet = Outlet()
    with closing(file), pyzipper.AESZipFile(cast(BinaryIO, outlet), "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(_key(password))
        info = archive.zipinfo_cls(name, date_time=timezone.localtime(at).timetuple()[:6])
        with archive.open(info, "w", force_zip64=True) as member:
            while piece := file.read(PIECE):
                member.write(piece)
                yield outlet.drain()
    yield outlet.drain()


def is_encrypted(file: BinaryIO) -> bool:
    """Whether the file is a ZIP with something encrypted in it."""
    try:
        with ZipFile(file) as archive:
            return any(member.flag_bits & ENCRYPTED for member in archive.infolist())
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    finally:
        file.seek(0)


def decrypted(file: BinaryIO, *, password: str) -> BinaryIO:
    """The file in the archive, as a temporary file that is deleted when it is closed. Raises RefusedPackage."""
    if not password:
        raise RefusedPackage(
            gettext_lazy("This package is encrypted. Enter the password that the sender has told you."),
            code="password_missing",
        )
    copy: Any = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        _unpack(file, password, copy)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    opened: BinaryIO = copy
    return opened


def _unpack(file: BinaryIO, password: str, copy: IO[bytes]) -> None:
    """Decrypt the one member into `copy`. Raises RefusedPackage if it is compressed or too large, or not the only
    one.
    """
    try:
        with pyzipper.AESZipFile(file) as archive:
            members = archive.infolist()
            if len(members) != 1 or members[0].file_size > LIMITS.file_bytes or members[0].compress_type != STORED:
                raise _damaged()
            archive.setpassword(_key(password))
            with _unlocked(archive, members[0]) as source:
                shutil.copyfileobj(source, copy, PIECE)
    except (ValueError, BadZipFile, pyzipper.BadZipFile, EOFError, NotImplementedError) as error:
        raise _damaged() from error


def _damaged() -> RefusedPackage:
    return RefusedPackage(
        gettext_lazy(
            "The package is damaged or not complete. Download it again from the sender and upload it as it is."
        ),
        code="package_damaged",
    )


def _unlocked(archive: Any, member: Any) -> Any:
    try:
        return archive.open(member)
    except RuntimeError as error:
        raise RefusedPackage(
            gettext_lazy("The password is not the one with which the package was encrypted. Ask the sender for it."),
            code="password_wrong",
        ) from error


def _key(password: str) -> bytes:
    """The password as bytes, the same however the keyboard composes an umlaut."""
    return unicodedata.normalize("NFC", password).encode()
