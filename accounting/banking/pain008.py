"""Writes a file of SEPA direct debits (pain.008.001.08, or .02 for banks that take no other).

    file = write_debit_file(message_id="SH-2026-0007", created_at=moment, creditor=creditor, debits=debits)
    file.content, file.control_sum, file.groups

The same debits in the same order with the same moment give the same bytes. Before it is given out the file is checked
by the schema of ISO 20022. The library sepaxml would put the moment of writing and random numbers into each file, so
that no two were equal; only the schemas are taken from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from accounting.banking.debits import Creditor, Debit, Scheme, Sequence, UnwritableDebitFile, Version, check, compact
from accounting.banking.sepa_text import MOST_OF_NAME, MOST_OF_PURPOSE, sepa_text

SCHEMAS = Path(__file__).parent / "schemas"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:{}"
BIC_TAG = {Version.V02: "BIC", Version.V08: "BICFI"}

type GroupKey = tuple[date, Scheme, Sequence]


@dataclass(frozen=True, slots=True)
class DebitGroup:
    """The debits that the bank books at once: `batch_id` comes back on the statement beside their sum."""

    batch_id: str
    scheme: Scheme
    sequence: Sequence
    collect_on: date
    count: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class DebitFile:
    """The file, its SHA-256 in hexadecimal, and what must be equal to the items that it was made of."""

    content: bytes
    sha256: str
    count: int
    control_sum: Decimal
    groups: tuple[DebitGroup, ...]


def write_debit_file(
    *,
    message_id: str,
    created_at: datetime,
    creditor: Creditor,
    debits: Iterable[Debit],
    version: Version = Version.V08,
) -> DebitFile:
    """A file of all debits, in groups by day of collection, scheme and sequence. Raises UnwritableDebitFile.

    `message_id` has at most 30 characters and is never used again: banks refuse a second file with it. `created_at` has
    a time zone.
    """
    all_debits = tuple(debits)
    check(message_id=message_id, creditor=creditor, debits=all_debits)
    grouped: dict[GroupKey, list[Debit]] = {}
    for debit in all_debits:
        grouped.setdefault((debit.collect_on, debit.scheme, debit.sequence), []).append(debit)
    groups = [
        (_group(f"{message_id}-{number}", key, grouped[key]), grouped[key])
        for number, key in enumerate(sorted(grouped), start=1)
    ]
    total = sum((group.total for group, _debits in groups), Decimal("0.00"))
    document = _Document(creditor, version=version)
    document.header(message_id, created_at, count=len(all_debits), total=total)
    for group, members in groups:
        document.group(group, members)
    content = document.content()
    digest = hashlib.sha256(content).hexdigest()
    return DebitFile(content, digest, len(all_debits), total, tuple(group for group, _debits in groups))


def _group(batch_id: str, key: GroupKey, debits: list[Debit]) -> DebitGroup:
    collect_on, scheme, sequence = key
    total = sum((debit.amount for debit in debits), Decimal("0.00"))
    return DebitGroup(batch_id, scheme, sequence, collect_on, len(debits), total)


class _Document:
    """The message as it grows. Elements stand in the order that the schema wants."""

    def __init__(self, creditor: Creditor, *, version: Version) -> None:
        self._creditor, self._version = creditor, version
        namespace = NAMESPACE.format(version)
        names: Any = {None: namespace}
        self._prefix = f"{{{namespace}}}"
        self._root = etree.Element(f"{self._prefix}Document", nsmap=names)
        self._message = self._add(self._root, "CstmrDrctDbtInitn")

    def header(self, message_id: str, created_at: datetime, *, count: int, total: Decimal) -> None:
        """Who sends what when."""
        if created_at.tzinfo is None:
            raise ValueError("created_at needs a time zone")
        header = self._add(self._message, "GrpHdr")
        self._add(header, "MsgId", text=message_id)
        self._add(header, "CreDtTm", text=created_at.isoformat(timespec="seconds"))
        self._add(header, "NbOfTxs", text=str(count))
        self._add(header, "CtrlSum", text=_money(total))
        self._add(header, "InitgPty/Nm", text=self._creditor_name())

    def group(self, group: DebitGroup, debits: list[Debit]) -> None:
        """The debits of one day, scheme and sequence."""
        part = self._add(self._message, "PmtInf")
        self._add(part, "PmtInfId", text=group.batch_id)
        self._add(part, "PmtMtd", text="DD")
        self._add(part, "BtchBookg", text="true")
        self._add(part, "NbOfTxs", text=str(group.count))
        self._add(part, "CtrlSum", text=_money(group.total))
        kind = self._add(part, "PmtTpInf")
        self._add(kind, "SvcLvl/Cd", text="SEPA")
        self._add(kind, "LclInstrm/Cd", text=group.scheme)
        self._add(kind, "SeqTp", text=group.sequence)
        self._add(part, "ReqdColltnDt", text=group.collect_on.isoformat())
        self._creditor_side(part)
        for debit in debits:
            self._debit(part, debit)

    def _creditor_side(self, part: Any) -> None:
        self._add(part, "Cdtr/Nm", text=self._creditor_name())
        self._add(part, "CdtrAcct/Id/IBAN", text=compact(self._creditor.iban))
        self._agent(part, "CdtrAgt", self._creditor.bic)
        self._add(part, "ChrgBr", text="SLEV")
        other = self._add(part, "CdtrSchmeId/Id/PrvtId/Othr")
        self._add(other, "Id", text=self._creditor.creditor_id)
        self._add(other, "SchmeNm/Prtry", text="SEPA")

    def _debit(self, part: Any, debit: Debit) -> None:
        one = self._add(part, "DrctDbtTxInf")
        self._add(one, "PmtId/EndToEndId", text=debit.end_to_end_id)
        self._add(one, "InstdAmt", text=_money(debit.amount)).set("Ccy", "EUR")
        mandate = self._add(one, "DrctDbtTx/MndtRltdInf")
        self._add(mandate, "MndtId", text=debit.mandate_id)
        self._add(mandate, "DtOfSgntr", text=debit.mandate_signed_on.isoformat())
        self._agent(one, "DbtrAgt", debit.debtor_bic)
        self._add(one, "Dbtr/Nm", text=sepa_text(debit.debtor_name, most=MOST_OF_NAME))
        self._add(one, "DbtrAcct/Id/IBAN", text=compact(debit.debtor_iban))
        if purpose := sepa_text(debit.purpose, most=MOST_OF_PURPOSE):
            self._add(one, "RmtInf/Ustrd", text=purpose)

    def _agent(self, part: Any, tag: str, bic: str) -> None:
        """The bank of an account. Without a BIC it says that there is none: the schema wants the element."""
        institution = self._add(part, f"{tag}/FinInstnId")
        if bic:
            self._add(institution, BIC_TAG[self._version], text=bic)
        else:
            self._add(institution, "Othr/Id", text="NOTPROVIDED")

    def _creditor_name(self) -> str:
        return sepa_text(self._creditor.name, most=MOST_OF_NAME)

    def _add(self, parent: Any, path: str, *, text: str | None = None) -> Any:
        """New elements one in the other; the innermost gets the text."""
        for step in path.split("/"):
            parent = etree.SubElement(parent, self._prefix + step)
        parent.text = text
        return parent

    def content(self) -> bytes:
        """The bytes, after the schema has been asked. Raises `schema`."""
        schema = etree.XMLSchema(file=str(SCHEMAS / f"{self._version}.xsd"))
        if not schema.validate(self._root):
            log: Any = schema.error_log
            raise UnwritableDebitFile("schema", reason=str(log[0].message))
        return bytes(etree.tostring(self._root, xml_declaration=True, encoding="UTF-8"))


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
