"""Statements of many days packed into one ZIP, as German banks deliver them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from accounting.banking.camt053 import read_camt053
from accounting.banking.problems import UnreadableBankFile, shortened
from accounting.banking.safe_xml import LIMITS
from accounting.banking.statements import BankStatement
from spreadsheets import Limits as TableLimits
from spreadsheets import Problem, UnreadableFile
from spreadsheets.xlsx_archive import damage_reported, open_archive

ARCHIVE = TableLimits(members=1_000, ratio=200, unpacked_bytes=256 * 1024**2)
CODES = {
    "encrypted": "archive_encrypted",
    "too_many_members": "archive_too_many",
    "unpacked_too_large": "archive_too_large",
    "suspicious_ratio": "archive_suspicious",
}


def read_archive(file: BinaryIO, *, limits: TableLimits = ARCHIVE) -> tuple[BankStatement, ...]:
    """The statements of all XML files in it, by their names; other files in it are left alone.

    One that cannot be read refuses the whole archive. Raises UnreadableBankFile.
    """
    try:
        return tuple(_statements(file, limits=limits))
    except UnreadableFile as error:
        raise _refused(error.problem) from error


def _statements(file: BinaryIO, *, limits: TableLimits) -> Iterator[BankStatement]:
    with open_archive(file, limits=limits) as archive:
        names = sorted({name for name in archive.namelist() if _is_statement(name)})
        if not names:
            raise UnreadableBankFile("archive_without_statement")
        for name in names:
            yield from _member(archive, name)


def _is_statement(name: str) -> bool:
    """macOS adds files of its own, called as those that they are about."""
    return name.casefold().endswith(".xml") and not name.startswith("__MACOSX/")


def _member(archive: zipfile.ZipFile, name: str) -> tuple[BankStatement, ...]:
    with damage_reported(), archive.open(name) as member:
        return read_camt053(cast(BinaryIO, member), name=name, limits=LIMITS)


def _refused(problem: Problem) -> UnreadableBankFile:
    code = CODES.get(problem.code, "archive_damaged")
    reason = shortened(str(problem.params.get("reason", "")))
    name = str(problem.params.get("member", ""))
    return UnreadableBankFile(code, file=name, reason=reason, limit=problem.params.get("limit", 0))
