"""A debit from the file to the statement: what is written comes back in the bank's words and finds its item."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from lxml import etree

from accounting.banking.debits import Creditor, Debit
from accounting.banking.matching import Confidence, Reason, propose
from accounting.banking.open_items import OpenItem
from accounting.banking.pain008 import write_debit_file
from accounting.banking.return_reasons import reason_of
from accounting.banking.statements import Balance, BankEntry, BankStatement, Direction
from tests.accounting.banking.files import HORT, KANTINE, OWN, camt, read

DAY = date(2026, 1, 12)
ITEMS = [
    OpenItem(1, Decimal("25.00"), DAY, "RE-2026-000099", "", 1041, ("Hort am Müllerweg",), (HORT,), "SH-1041-1"),
    OpenItem(2, Decimal("47.00"), DAY, "RE-2026-000100", "", 1042, ("Kantine Süd",), (KANTINE,), "SH-1042-1"),
]


def debit_file() -> bytes:
    debits = [
        Debit(
            item.end_to_end_id, item.open_amount, item.names[0], item.ibans[0], f"M-{item.customer_number}",
            date(2025, 12, 1), DAY, f"Rechnung {item.invoice_number}",
        )
        for item in ITEMS
    ]  # fmt: skip
    creditor = Creditor("Nordlicht Bäckereien", OWN, "DE98ZZZ09999999999")
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    return write_debit_file(message_id="SH-7", created_at=moment, creditor=creditor, debits=debits).content


def as_the_bank_books(content: bytes) -> tuple[BankEntry, ...]:
    """The debits of a file as one batch booking with details."""
    root = etree.fromstring(content)
    return tuple(
        BankEntry(
            Decimal(one.findtext(".//{*}InstdAmt") or ""),
            Direction.CREDIT,
            DAY,
            DAY,
            counterparty_name=one.findtext("{*}Dbtr/{*}Nm") or "",
            counterparty_iban=one.findtext("{*}DbtrAcct/{*}Id/{*}IBAN") or "",
            end_to_end_id=one.findtext(".//{*}EndToEndId") or "",
            mandate_id=one.findtext(".//{*}MndtId") or "",
            batch_id=root.findtext(".//{*}PmtInfId") or "",
            purpose=one.findtext(".//{*}Ustrd") or "",
        )
        for one in root.iterfind(".//{*}DrctDbtTxInf")
    )


def read_back(entries: tuple[BankEntry, ...]) -> tuple[BankEntry, ...]:
    closing = Balance(sum((entry.signed for entry in entries), Decimal(0)), DAY)
    [statement] = read(
        camt(BankStatement(OWN, "EUR", entries, number="9", opening=Balance(Decimal(0), DAY), closing=closing))
    )
    return statement.entries


def test_collected_debits_pay_their_items():
    proposals = propose(read_back(as_the_bank_books(debit_file())), ITEMS)
    assert [(one.reason, one.confidence, one.allocations[0].item) for one in proposals] == [
        (Reason.END_TO_END, Confidence.SURE, 1),
        (Reason.END_TO_END, Confidence.SURE, 2),
    ]


def test_returned_debit_names_its_item_and_what_becomes_of_the_mandate():
    first = as_the_bank_books(debit_file())[0]
    back = replace(first, direction=Direction.DEBIT, is_return=True, return_reason="AC04", batch_id="")
    [entry] = read_back((back,))
    assert (entry.end_to_end_id, entry.mandate_id, entry.signed) == ("SH-1041-1", "M-1041", Decimal("-25.00"))
    assert reason_of(entry.return_reason).ends_mandate
    assert propose([entry], ITEMS)[0].confidence is Confidence.NONE
