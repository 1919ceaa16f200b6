"""Statements in CAMT.053 as German banks deliver them."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from accounting.banking.camt053 import read_camt053
from accounting.banking.problems import UnreadableBankFile
from accounting.banking.safe_xml import Limits
from accounting.banking.statements import Balance, Direction
from tests.accounting.banking.files import HORT, KANTINE, KIOSK, OWN, SCHULE, camt, example, read, refusal, zipped


def test_statement_of_version_02():
    [statement] = read(example("camt053_02.xml"))
    assert (statement.account_iban, statement.currency) == (OWN, "EUR")
    assert (statement.statement_id, statement.number) == ("0352C5320260108220503", "6")
    assert statement.opening == Balance(Decimal("1500.00"), date(2026, 1, 7))
    assert statement.closing == Balance(Decimal("2663.05"), date(2026, 1, 8))
    assert (statement.pending, statement.without_amount) == (1, 1)
    assert [entry.signed for entry in statement.entries] == list(
        map(Decimal, ["1100.00", "47.00", "50.00", "-28.00", "-5.95"])
    )


def test_transfer_names_who_has_paid_and_all_of_the_text():
    transfer = read(example("camt053_02.xml"))[0].entries[0]
    assert transfer.direction is Direction.CREDIT
    assert (transfer.booked_on, transfer.valued_on) == (date(2026, 1, 8), date(2026, 1, 8))
    assert transfer.bank_reference == "2026010812345678000"
    assert (transfer.counterparty_name, transfer.counterparty_iban) == ("Kantine Süd GmbH", KANTINE)
    assert transfer.ultimate_name == "Betriebsküche Süd"
    assert transfer.purpose == "Rechnung RE-2026-00 0122 und Danke"
    assert transfer.end_to_end_id == ""
    assert (transfer.transaction_code, transfer.booking_text) == ("PMNT-RCDT-ESCT", "Überweisungsgutschr.")


def test_batch_booking_is_taken_apart():
    first, second = read(example("camt053_02.xml"))[0].entries[1:3]
    assert (first.amount, first.counterparty_iban, first.end_to_end_id) == (Decimal("47.00"), SCHULE, "SH-1040-1")
    assert (second.amount, second.counterparty_iban, second.mandate_id) == (Decimal("50.00"), KIOSK, "M-1042")
    assert {first.batch_id, second.batch_id} == {"SH-2026-0001-1"}
    assert first.creditor_id == "DE98ZZZ09999999999"
    assert first.fingerprint != second.fingerprint


def test_batch_whose_details_do_not_sum_stays_whole():
    wrong = example("camt053_02.xml").replace(b'<Amt Ccy="EUR">47.00', b'<Amt Ccy="EUR">46.00')
    entry = read(wrong)[0].entries[1]
    assert (entry.amount, entry.purpose) == (Decimal("97.00"), "RE-2026-000100 · RE-2026-000101")


def test_returned_debit_says_whose_why_and_what_it_costs():
    returned = read(example("camt053_02.xml"))[0].entries[3]
    assert (returned.direction, returned.is_return, returned.return_reason) == (Direction.DEBIT, True, "AC04")
    assert (returned.counterparty_name, returned.counterparty_iban) == ("Hort am Müllerweg", HORT)
    assert (returned.end_to_end_id, returned.mandate_id) == ("SH-1041-1", "M-1041")
    assert (returned.amount, returned.original_amount, returned.charges) == tuple(map(Decimal, ["28", "25", "3"]))


def test_returned_debits_in_one_sum_are_taken_apart_with_their_charges():
    """Some banks say the original amount and the charges of each, and not what both come to."""
    content = example("camt053_02.xml")
    detail = content[content.rindex(b"<TxDtls>") : content.rindex(b"</TxDtls>") + len(b"</TxDtls>")]
    bare = detail.replace(b'<TxAmt><Amt Ccy="EUR">28.00</Amt></TxAmt>', b"")
    both = content.replace(detail, bare + bare.replace(b"SH-1041-1", b"SH-1043-1").replace(b"AC04", b"MD06"))
    both = both.replace(b'<Amt Ccy="EUR">28.00', b'<Amt Ccy="EUR">56.00').replace(b"2663.05", b"2635.05")
    returned = [entry for entry in read(both)[0].entries if entry.is_return]
    assert [(entry.signed, entry.end_to_end_id, entry.return_reason) for entry in returned] == [
        (Decimal("-28.00"), "SH-1041-1", "AC04"),
        (Decimal("-28.00"), "SH-1043-1", "MD06"),
    ]


def test_returned_transfer_names_whom_it_was_for():
    back = example("camt053_08.xml").replace(b"DBIT</CdtDbtInd><Sts><Cd>BOOK", b"CRDT</CdtDbtInd><Sts><Cd>BOOK", 1)
    back = back.replace(b"<RmtInf>", b"<RtrInf><Rsn><Cd>AC01</Cd></Rsn></RtrInf><RmtInf>")
    back = back.replace(b'<Amt Ccy="EUR">2500.00</Amt><CdtDbtInd>DBIT', b'<Amt Ccy="EUR">2500.00</Amt><CdtDbtInd>CRDT')
    back = back.replace(b"36.95</Amt><CdtDbtInd>DBIT", b"4963.05</Amt><CdtDbtInd>CRDT")
    entry = read(back)[0].entries[0]
    assert (entry.signed, entry.is_return, entry.return_reason) == (Decimal("2500.00"), True, "AC01")
    assert (entry.counterparty_name, entry.counterparty_iban) == ("Vermietung Nord", SCHULE)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "iso8859-1"])
def test_encoding_is_the_one_that_the_file_declares(encoding):
    declared = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "windows-1252", "iso8859-1": "ISO-8859-1"}[encoding]
    content = example("camt053_02.xml").decode().replace('encoding="UTF-8"', f'encoding="{declared}"')
    assert read(content.encode(encoding)) == read(example("camt053_02.xml"))


def test_charges_are_what_a_returned_debit_is_above_the_original():
    silent = example("camt053_02.xml").replace(b'<Chrgs><Amt Ccy="EUR">3.00</Amt></Chrgs>', b"")
    assert read(silent)[0].entries[3].charges == Decimal("3.00")


def test_statement_of_version_08_with_reversal_and_overdraft():
    [statement] = read(example("camt053_08.xml"))
    rent, reversal = statement.entries
    assert statement.closing == Balance(Decimal("-36.95"), date(2026, 1, 9))
    assert statement.pending == 1
    assert (rent.counterparty_name, rent.counterparty_iban) == ("Vermietung Nord", SCHULE)
    assert (rent.booked_on, rent.purpose) == (date(2026, 1, 9), "RF18539007547034 Miete Januar")
    assert (reversal.is_reversal, reversal.is_return) == (True, False)
    assert (reversal.signed, reversal.counterparty_iban) == (Decimal("-200.00"), KIOSK)


@pytest.mark.parametrize("version", ["03", "04", "06", "09", "13"])
def test_other_versions_are_read_since_their_sums_are_checked(version):
    other = example("camt053_08.xml").replace(b"camt.053.001.08", f"camt.053.001.{version}".encode())
    assert read(other)[0].entries == read(example("camt053_08.xml"))[0].entries


def test_prefix_of_the_namespace_does_not_matter():
    plain = example("camt053_08.xml").decode()
    prefixed = plain.replace("</", "</c:").replace("<", "<c:").replace("<c:/c:", "</c:").replace("<c:?", "<?")
    assert read(prefixed.replace("xmlns=", "xmlns:c=").encode()) == read(plain.encode())


def test_wrong_sum_is_refused_by_name_of_the_difference():
    refused = refusal(example("camt053_02.xml").replace(b"2663.05", b"2664.05"), "6.xml")
    assert refused.code == "wrong_sum"
    assert refused.messages == [
        "Statement 6 in 6.xml does not add up: the opening balance of €1,500.00 and the entries give €2,663.05, but "
        "the closing balance is €2,664.05. The difference is €1.00. Fetch it from the bank again."
    ]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"CLBD", b"CLAV", "no_balance"),
        (b'<Amt Ccy="EUR">5.95', b'<Amt Ccy="USD">5.95', "other_currency"),
        (b'<Amt Ccy="EUR">5.95', b'<Amt Ccy="EUR">5.955', "bad_value"),
        (b'<Amt Ccy="EUR">5.95', b'<Amt Ccy="EUR">-5.95', "bad_value"),
        (b'<Amt Ccy="EUR">5.95', b'<Amt Ccy="EUR">5e3', "bad_value"),
        (b'<Amt Ccy="EUR">5.95', '<Amt Ccy="EUR">٥'.encode(), "bad_value"),
        (b"<Dt>2025-12-31</Dt>", b"<Dt>2025-12-32</Dt>", "bad_value"),
        (b"<CdtDbtInd>DBIT</CdtDbtInd>", b"<CdtDbtInd>SOLL</CdtDbtInd>", "bad_value"),
        (b"<CdtDbtInd>DBIT</CdtDbtInd>", b"", "missing"),
        (f"<Id><IBAN>{OWN}</IBAN></Id><Ccy>".encode(), b"<Ccy>", "missing"),
        (b"camt.053.001.02", b"camt.054.001.02", "other_message"),
        (b"camt.053.001.02", b"pain.001.001.03", "other_message"),
    ],
)
def test_what_cannot_be_trusted_is_refused(old, new, code):
    content = example("camt053_02.xml")
    assert old in content
    assert refusal(content.replace(old, new)).code == code


def test_refusal_says_where():
    refused = refusal(example("camt053_02.xml").replace(b'<Amt Ccy="EUR">5.95', b'<Amt Ccy="EUR">5,95'), "bank.xml")
    assert refused.messages == [
        "In line 53 of bank.xml, Amt is “5,95”, which cannot be read. Fetch the file from the bank again."
    ]


def test_archive_gives_the_statements_of_all_its_files():
    files = {
        "2026-01-09.xml": example("camt053_08.xml"),
        "2026-01-08.XML": example("camt053_02.xml"),
        "readme.txt": b"nothing",
        "__MACOSX/2026-01-08.xml": b"nothing",
    }
    assert [statement.number for statement in read(zipped(files))] == ["6", "7"]


def test_archive_is_refused_whole_and_names_the_file():
    files = {"a.xml": example("camt053_02.xml"), "b.xml": example("camt053_08.xml").replace(b"36.95", b"36.96")}
    refused = refusal(zipped(files))
    assert (refused.code, "b.xml" in refused.messages[0]) == ("wrong_sum", True)


def test_archive_without_statement():
    assert refusal(zipped({"paper.pdf": b"%PDF"})).code == "archive_without_statement"


def test_two_statements_in_one_file():
    one = example("camt053_02.xml").decode()
    body = one[one.index("<Stmt>") : one.index("</Stmt>") + 7]
    both = one.replace(body, body + body.replace("<ElctrncSeqNb>6<", "<ElctrncSeqNb>7<"))
    first, second = read(both.encode())
    assert (first.number, second.number) == ("6", "7")
    same = [one.fingerprint == other.fingerprint for one, other in zip(first.entries, second.entries, strict=True)]
    assert same == [True, True, True, True, False], "the last one alone has no reference of the bank"


@pytest.mark.parametrize("code", ["PRCD", "CLBD"])
def test_page_of_a_statement_ends_or_begins_with_an_interim_balance(code):
    page = example("camt053_02.xml").replace(code.encode(), b"ITBD")
    assert (read(page)[0].opening, read(page)[0].closing) == (
        Balance(Decimal("1500.00"), date(2026, 1, 7)), Balance(Decimal("2663.05"), date(2026, 1, 8)),
    )  # fmt: skip


def test_reference_that_is_none_tells_no_entries_apart():
    nothing = example("camt053_02.xml").replace(b"2026010812345678000", b"NONREF")
    assert read(nothing)[0].entries[0].bank_reference == ""


def test_equal_entries_stay_two_and_are_known_when_they_come_again():
    [statement] = read(example("camt053_02.xml"))
    twin = replace(statement.entries[0], bank_reference="")
    doubled = replace(statement, entries=(twin, twin), closing=Balance(Decimal("3700.00"), date(2026, 1, 8)), pending=0)
    first, again = read(camt(doubled)), read(camt(doubled))
    assert len({entry.fingerprint for entry in first[0].entries}) == 2
    assert [entry.fingerprint for entry in first[0].entries] == [entry.fingerprint for entry in again[0].entries]


def test_limits_are_kept():
    content = io.BytesIO(example("camt053_02.xml"))
    for limits, code in [(Limits(elements=50), "too_many_elements"), (Limits(file_bytes=100), "too_large")]:
        with pytest.raises(UnreadableBankFile) as refused:
            read_camt053(content, name="a.xml", limits=limits)
        assert refused.value.code == code
