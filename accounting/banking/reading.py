"""Reads what somebody has fetched from a bank, whichever of the formats it is in."""

from __future__ import annotations

import re
from typing import BinaryIO

from accounting.banking.archives import read_archive
from accounting.banking.bank_csv import read_bank_csv
from accounting.banking.camt053 import read_camt053
from accounting.banking.problems import UnreadableBankFile
from accounting.banking.statements import BankStatement

HEAD = 4096
XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
OTHERS = (b"%PDF", b"\xd0\xcf\x11\xe0", b":20:", b"{1:", b"OFXHEADER")
"""A paper, an old workbook, MT940 and others, which are no table."""


def read_bank_file(file: BinaryIO, *, name: str, account: str = "") -> tuple[BankStatement, ...]:
    """The statements in a seekable file; what it is, its content says and not its name. Raises UnreadableBankFile.

    `account` is the IBAN that counts where a table names none.
    """
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        raise UnreadableBankFile("empty")
    if head.startswith(b"PK"):
        return read_archive(file)
    if XML.match(head):
        return read_camt053(file, name=name)
    if head.lstrip().startswith(OTHERS):
        raise UnreadableBankFile("unknown_kind")
    return read_bank_csv(file, account=account)
