"""Example files of banks, and a writer of CAMT.053 of the tests' own, which knows nothing of the reader."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

from accounting.banking.problems import UnreadableBankFile
from accounting.banking.reading import read_bank_file
from accounting.banking.statements import Balance, BankEntry, BankStatement, Direction

FOLDER = Path(__file__).resolve().parents[2] / "data" / "banking"
OWN, KANTINE, HORT = "DE89370400440532013000", "DE02120300000000202051", "DE02500105170137075030"
SCHULE, KIOSK = "DE02100500000054540402", "DE02300209000106531065"


def example(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def read(content: bytes, name: str = "file.xml", **more: str) -> tuple[BankStatement, ...]:
    return read_bank_file(io.BytesIO(content), name=name, **more)


def refusal(content: bytes, name: str = "file.xml") -> UnreadableBankFile:
    """The exception for a file; it fails where the file is read."""
    try:
        read(content, name)
    except UnreadableBankFile as refused:
        return refused
    raise AssertionError("the file was read")


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def camt(statement: BankStatement, *, version: str = "08") -> bytes:
    """A statement as CAMT.053. Entries that follow one another with one `batch_id` are one booking with details."""
    assert statement.opening
    assert statement.closing
    bookings = "".join(_booking(group, version) for group in _batches(statement.entries))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt>{_tag('Id', statement.statement_id)}"
        f"{_tag('ElctrncSeqNb', statement.number)}<Acct><Id><IBAN>{statement.account_iban}</IBAN></Id>"
        f"<Ccy>{statement.currency}</Ccy></Acct>{_balance('OPBD', statement.opening)}"
        f"{_balance('CLBD', statement.closing)}{bookings}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _batches(entries: tuple[BankEntry, ...]) -> list[list[BankEntry]]:
    groups: list[list[BankEntry]] = []
    for entry in entries:
        if entry.batch_id and groups and groups[-1][0].batch_id == entry.batch_id:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return groups


def _booking(group: list[BankEntry], version: str) -> str:
    total, first = sum((entry.signed for entry in group), Decimal(0)), group[0]
    status = "<Sts><Cd>BOOK</Cd></Sts>" if version == "08" else "<Sts>BOOK</Sts>"
    details = "".join(_details(entry, version) for entry in group)
    return (
        f"<Ntry>{_amount(total)}{'<RvslInd>true</RvslInd>' if first.is_reversal else ''}{status}"
        f"<BookgDt><Dt>{first.booked_on}</Dt></BookgDt><ValDt><Dt>{first.valued_on}</Dt></ValDt>"
        f"{_tag('AcctSvcrRef', first.bank_reference)}<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _details(entry: BankEntry, version: str) -> str:
    is_from_debtor = (entry.direction is Direction.CREDIT) != (entry.is_return or entry.is_reversal)
    side = "Dbtr" if is_from_debtor else "Cdtr"
    name = _tag("Nm", entry.counterparty_name)
    party = f"<{side}>{f'<Pty>{name}</Pty>' if version == '08' else name}</{side}>"
    account = f"<{side}Acct><Id>{_tag('IBAN', entry.counterparty_iban)}</Id></{side}Acct>"
    amount = _amount(entry.signed)
    if version == "02":
        amount = f"<AmtDtls><TxAmt>{amount.partition('<CdtDbtInd>')[0]}</TxAmt></AmtDtls>"
    reason = f"<RtrInf><Rsn><Cd>{entry.return_reason}</Cd></Rsn></RtrInf>" if entry.is_return else ""
    return (
        f"<TxDtls><Refs>{_tag('PmtInfId', entry.batch_id)}{_tag('EndToEndId', entry.end_to_end_id)}"
        f"{_tag('MndtId', entry.mandate_id)}</Refs>{amount}<RltdPties>{party}{account}</RltdPties>"
        f"<RmtInf>{_tag('Ustrd', entry.purpose)}</RmtInf>{reason}</TxDtls>"
    )


def _amount(signed: Decimal) -> str:
    return f'<Amt Ccy="EUR">{abs(signed)}</Amt><CdtDbtInd>{"CRDT" if signed > 0 else "DBIT"}</CdtDbtInd>'


def _balance(code: str, balance: Balance) -> str:
    sign = "DBIT" if balance.amount < 0 else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{abs(balance.amount)}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{balance.on}</Dt></Dt></Bal>"
    )


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""
