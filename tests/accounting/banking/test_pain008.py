"""Debit files, read back by plain XPath, which knows nothing of the writer."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from accounting.banking.debits import Creditor, Debit, Scheme, Sequence, UnwritableDebitFile, Version
from accounting.banking.pain008 import SCHEMAS, write_debit_file
from tests.accounting.banking.files import HORT, KANTINE, OWN

MOMENT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
CREDITOR = Creditor("Nordlicht Bäckereien & Söhne", OWN, "DE98ZZZ09999999999")
DEBIT = Debit(
    "SH-1041-1", Decimal("25.00"), "Hort am Müllerweg", HORT, "M-1041", date(2025, 12, 1), date(2026, 1, 12),
    "Rechnung RE-2026-000099",
)  # fmt: skip


def written(*debits: Debit, version: Version = Version.V08, creditor: Creditor = CREDITOR, message_id: str = "SH-7"):
    return write_debit_file(message_id=message_id, created_at=MOMENT, creditor=creditor, debits=debits, version=version)


def asked(content: bytes, path: str) -> list[str]:
    """Texts at a path of the document, by XPath; `p` is its namespace."""
    root: Any = etree.fromstring(content)
    return [str(found) for found in root.xpath(path, namespaces={"p": etree.QName(root).namespace})]


@pytest.mark.parametrize("version", Version)
def test_file_says_who_debits_whom_by_which_mandate(version):
    content = written(DEBIT, version=version).content
    assert asked(content, "namespace-uri(/*)") == list(f"urn:iso:std:iso:20022:tech:xsd:{version}")
    one = "//p:DrctDbtTxInf"
    expected = {
        "//p:GrpHdr/p:MsgId": "SH-7",
        "//p:GrpHdr/p:CreDtTm": "2026-01-05T09:30:00+00:00",
        "//p:InitgPty/p:Nm": "Nordlicht Baeckereien + Soehne",
        "//p:PmtInf/p:PmtInfId": "SH-7-1",
        "//p:PmtInf/p:PmtMtd": "DD",
        "//p:SvcLvl/p:Cd": "SEPA",
        "//p:LclInstrm/p:Cd": "CORE",
        "//p:SeqTp": "RCUR",
        "//p:ReqdColltnDt": "2026-01-12",
        "//p:CdtrAcct/p:Id/p:IBAN": OWN,
        "//p:CdtrAgt//p:Othr/p:Id": "NOTPROVIDED",
        "//p:CdtrSchmeId//p:Othr/p:Id": "DE98ZZZ09999999999",
        f"{one}/p:PmtId/p:EndToEndId": "SH-1041-1",
        f"{one}/p:InstdAmt": "25.00",
        f"{one}//p:MndtId": "M-1041",
        f"{one}//p:DtOfSgntr": "2025-12-01",
        f"{one}/p:Dbtr/p:Nm": "Hort am Muellerweg",
        f"{one}/p:DbtrAcct/p:Id/p:IBAN": HORT,
        f"{one}/p:RmtInf/p:Ustrd": "Rechnung RE-2026-000099",
    }
    assert {path: asked(content, f"{path}/text()") for path in expected} == {
        path: [text] for path, text in expected.items()
    }
    assert asked(content, f"{one}/p:InstdAmt/@Ccy") == ["EUR"]


@pytest.mark.parametrize(("version", "tag"), [(Version.V08, "BICFI"), (Version.V02, "BIC")])
def test_bic_is_written_where_it_is_known(version, tag):
    with_bic = replace(DEBIT, debtor_bic="INGDDEFFXXX")
    content = written(with_bic, version=version, creditor=replace(CREDITOR, bic="COBADEFFXXX")).content
    assert asked(content, f"//p:{tag}/text()") == ["COBADEFFXXX", "INGDDEFFXXX"]


def test_groups_are_by_day_scheme_and_sequence():
    debits = [
        replace(DEBIT, end_to_end_id="A", collect_on=date(2026, 1, 13)),
        replace(DEBIT, end_to_end_id="B", sequence=Sequence.ONE_OFF),
        replace(DEBIT, end_to_end_id="C"),
        replace(DEBIT, end_to_end_id="D", scheme=Scheme.BUSINESS),
        replace(DEBIT, end_to_end_id="E", amount=Decimal("0.01")),
    ]
    made = written(*debits)
    groups = [(group.batch_id, group.scheme, group.sequence, group.count, group.total) for group in made.groups]
    assert groups == [
        ("SH-7-1", "B2B", "RCUR", 1, Decimal("25.00")),
        ("SH-7-2", "CORE", "OOFF", 1, Decimal("25.00")),
        ("SH-7-3", "CORE", "RCUR", 2, Decimal("25.01")),
        ("SH-7-4", "CORE", "RCUR", 1, Decimal("25.00")),
    ]
    assert asked(made.content, "//p:PmtInf/p:PmtInfId/text()") == ["SH-7-1", "SH-7-2", "SH-7-3", "SH-7-4"]
    assert asked(made.content, "//p:EndToEndId/text()") == ["D", "B", "C", "E", "A"]


DEBITS = st.lists(
    st.builds(
        lambda cents, days, sequence, name, purpose: replace(
            DEBIT,
            amount=Decimal(cents) / 100,
            collect_on=date(2026, 1, 1 + days),
            sequence=sequence,
            debtor_name=f"N{name}",
            purpose=purpose,
        ),
        st.integers(1, 99_999_999),
        st.integers(0, 3),
        st.sampled_from(Sequence),
        st.text(max_size=80),
        st.text(max_size=160),
    ),
    min_size=1,
    max_size=12,
).map(lambda found: [replace(debit, end_to_end_id=f"E-{number}") for number, debit in enumerate(found)])


@given(debits=DEBITS, version=st.sampled_from(Version))
@settings(max_examples=50, deadline=None)
def test_control_sums_are_those_of_the_items(debits, version):
    made = written(*debits, version=version)
    total = sum((debit.amount for debit in debits), Decimal(0))
    amounts = asked(made.content, "//p:DrctDbtTxInf/p:InstdAmt/text()")
    assert sum(map(Decimal, amounts)) == made.control_sum == total
    assert asked(made.content, "//p:GrpHdr/p:CtrlSum/text()") == [f"{total:.2f}"]
    assert asked(made.content, "//p:GrpHdr/p:NbOfTxs/text()") == [str(len(debits))] == [str(made.count)]
    for group in made.groups:
        inside = f"//p:PmtInf[p:PmtInfId='{group.batch_id}']"
        found = asked(made.content, f"{inside}/p:DrctDbtTxInf/p:InstdAmt/text()")
        assert sum(map(Decimal, found)) == group.total == Decimal(asked(made.content, f"{inside}/p:CtrlSum/text()")[0])
    assert {debit.end_to_end_id: f"{debit.amount:.2f}" for debit in debits} == dict(
        zip(asked(made.content, "//p:EndToEndId/text()"), amounts, strict=True)
    )


def test_same_debits_give_the_same_bytes():
    assert written(DEBIT) == written(DEBIT)
    assert written(DEBIT).sha256 == hashlib.sha256(written(DEBIT).content).hexdigest()


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("amount", {"amount": Decimal("0.00")}),
        ("amount", {"amount": Decimal("1.005")}),
        ("amount", {"amount": Decimal("1000000000.00")}),
        ("amount", {"amount": Decimal("NaN")}),
        ("debtor_iban", {"debtor_iban": "DE02500105170137075031"}),
        ("debtor_iban", {"debtor_iban": ""}),
        ("debtor_country", {"debtor_iban": "CH9300762011623852957"}),
        ("debtor_bic", {"debtor_bic": "INGDDEFF12"}),
        ("debtor_name", {"debtor_name": " \u200b"}),
        ("mandate_id", {"mandate_id": "M_1041"}),
        ("mandate_id", {"mandate_id": "M" * 36}),
        ("mandate_day", {"mandate_signed_on": date(2026, 1, 13)}),
        ("end_to_end_id", {"end_to_end_id": "Müller"}),
        ("end_to_end_id", {"end_to_end_id": "/1"}),
    ],
)
def test_debit_that_a_bank_would_refuse_is_named(code, changes):
    with pytest.raises(UnwritableDebitFile) as refused:
        written(replace(DEBIT, end_to_end_id="SH-1"), replace(DEBIT, **changes))
    assert (refused.value.code, refused.value.debit) == (code, changes.get("end_to_end_id", "SH-1041-1"))
    assert "%(" not in refused.value.messages[0]


@pytest.mark.parametrize(
    ("code", "creditor", "message_id"),
    [
        ("creditor_id", replace(CREDITOR, creditor_id="DE99ZZZ09999999999"), "SH-7"),
        ("creditor_id", replace(CREDITOR, creditor_id=""), "SH-7"),
        ("creditor_iban", replace(CREDITOR, iban="DE88370400440532013000"), "SH-7"),
        ("creditor_name", replace(CREDITOR, name=" "), "SH-7"),
        ("creditor_bic", replace(CREDITOR, bic="COBA"), "SH-7"),
        ("message_id", CREDITOR, "S" * 31),
        ("message_id", CREDITOR, "SH/"),
    ],
)
def test_file_needs_a_creditor_and_an_identification(code, creditor, message_id):
    with pytest.raises(UnwritableDebitFile) as refused:
        written(DEBIT, creditor=creditor, message_id=message_id)
    assert refused.value.code == code


def test_two_debits_with_one_reference_and_none_at_all_are_refused():
    for debits, code in [((DEBIT, DEBIT), "twice"), ((), "no_debits")]:
        with pytest.raises(UnwritableDebitFile) as refused:
            written(*debits)
        assert refused.value.code == code


def test_schemas_are_those_that_iso_publishes():
    noted = (SCHEMAS / "README.md").read_text(encoding="utf-8")
    for version in Version:
        content = (SCHEMAS / f"{version}.xsd").read_bytes()
        assert f"{hashlib.sha256(content).hexdigest()}  {version}.xsd" in noted


def test_ten_thousand_debits_take_two_seconds_at_most():
    debits = [
        replace(DEBIT, end_to_end_id=f"SH-{number}", mandate_id=f"M-{number}", debtor_iban=(HORT, KANTINE)[number % 2])
        for number in range(10_000)
    ]

    def seconds():
        start = time.process_time()
        assert written(*debits).control_sum == Decimal("250000.00")
        return time.process_time() - start

    assert seconds() <= 2 or seconds() <= 2, "twice, since something else may have had the machine"
