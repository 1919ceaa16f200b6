"""Tables of German banks, each in its own layout."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounting.banking.csv_values import amount_of, day_of, decimal_sign
from accounting.banking.purpose_tags import Tags, tags_of
from accounting.banking.statements import Balance, BankEntry, Direction
from tests.accounting.banking.files import HORT, KANTINE, OWN, example, read, refusal

HEAD = "Buchungstag;Betrag;Verwendungszweck;Name;IBAN\n"
PAYMENT = {
    "sparkasse_camt.csv": {},
    "sparkasse_mt940.csv": {"end_to_end_id": "SH-77"},
    "vr_bank.csv": {"end_to_end_id": "SH-77"},
    "gls.csv": {"end_to_end_id": "SH-77"},
    "deutsche_bank.csv": {"end_to_end_id": "SH-77"},
    "dkb.csv": {"end_to_end_id": "SH-77"},
    "ing.csv": {"counterparty_iban": ""},
    "commerzbank.csv": {"end_to_end_id": "SH-77", "counterparty_iban": "", "counterparty_name": ""},
    "n26.csv": {},
}
WITHOUT_IBAN = {"n26.csv"}


def named(entry: BankEntry, names: dict[str, object]) -> dict[str, object]:
    return {name: getattr(entry, name) for name in names}


@pytest.mark.parametrize("name", PAYMENT)
def test_payment_is_read_from_the_layout_of_each_bank(name):
    [statement] = read(example(name))
    [payment] = [entry for entry in statement.entries if entry.direction is Direction.CREDIT]
    expected = {
        "amount": Decimal("1100.00"),
        "booked_on": date(2026, 1, 8),
        "valued_on": date(2026, 1, 8),
        "counterparty_name": "Kantine Süd GmbH",
        "counterparty_iban": KANTINE,
        "end_to_end_id": "",
        "is_return": False,
        **PAYMENT[name],
    }
    assert named(payment, expected) == expected
    assert "RE-2026-000122" in payment.purpose
    assert statement.account_iban == ("" if name in WITHOUT_IBAN else OWN)
    assert statement.currency == "EUR"


@pytest.mark.parametrize("name", ["sparkasse_mt940.csv", "deutsche_bank.csv", "dkb.csv", "commerzbank.csv"])
def test_debit_that_was_paid_names_mandate_and_creditor(name):
    [debit] = [entry for entry in read(example(name))[0].entries if entry.direction is Direction.DEBIT]
    assert (debit.signed, debit.end_to_end_id, debit.mandate_id, debit.creditor_id) == (
        Decimal("-29.99"), "11063", "41310-1", "DE98ZZZ09999999999",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reason", "original"), [("sparkasse_camt.csv", "AC04", Decimal(25)), ("vr_bank.csv", "MD06", None)]
)
def test_returned_debit_is_known_by_its_text(name, reason, original):
    [returned] = [entry for entry in read(example(name))[0].entries if entry.is_return]
    assert (returned.signed, returned.counterparty_iban, returned.return_reason) == (Decimal("-28.00"), HORT, reason)
    assert (returned.end_to_end_id, returned.mandate_id, returned.original_amount) == ("SH-1041-1", "M-1041", original)


@pytest.mark.parametrize(
    ("name", "pending", "without_amount"),
    [("sparkasse_camt.csv", 1, 0), ("dkb.csv", 1, 0), ("commerzbank.csv", 0, 1), ("ing.csv", 0, 0)],
)
def test_what_is_not_booked_and_what_has_no_amount_is_left_out_and_counted(name, pending, without_amount):
    [statement] = read(example(name))
    assert (statement.pending, statement.without_amount) == (pending, without_amount)


@pytest.mark.parametrize(
    ("name", "opening", "closing"),
    [("vr_bank.csv", "1500.00", "2566.05"), ("ing.csv", "1496.04", "2566.05")],
)
def test_balances_are_those_behind_the_rows(name, opening, closing):
    [statement] = read(example(name))
    assert statement.opening == Balance(Decimal(opening), date(2026, 1, 7))
    assert statement.closing == Balance(Decimal(closing), date(2026, 1, 8))


def test_balances_that_do_not_fit_are_none():
    filtered = example("vr_bank.csv").replace(b"1466,05", b"1466,06")
    assert read(filtered)[0].opening is None


def test_two_columns_for_debit_and_credit_and_a_line_below():
    paid, debit = read(example("deutsche_bank_old.csv"))[0].entries
    assert (paid.signed, debit.signed) == (Decimal("1100.00"), Decimal("-29.99"))


def test_letters_for_debit_and_credit_below_an_empty_heading():
    [statement] = read(example("vr_bank_2019.csv"))
    assert [entry.signed for entry in statement.entries] == [Decimal("1100.00"), Decimal("-29.99")]
    assert [entry.counterparty_name for entry in statement.entries] == ["Kantine Süd GmbH", "Stadtwerke"]


def test_account_is_asked_for_where_the_table_names_none():
    [with_account] = read(example("n26.csv"), account=OWN)
    assert with_account.account_iban == OWN
    assert with_account.entries[0].fingerprint != read(example("n26.csv"))[0].entries[0].fingerprint


def test_accounts_of_one_file_are_statements_of_their_own():
    two = example("gls.csv").decode("utf-8-sig").replace(OWN, KANTINE, 1)
    assert [statement.account_iban for statement in read(two.encode())] == [KANTINE, OWN]


def test_files_that_overlap_give_each_entry_the_same_fingerprint():
    row = "08.01.2026;1,00;Brot;Kim;\n"
    one = read((HEAD + row * 2).encode())[0].entries
    other = read((HEAD + row * 2 + "09.01.2026;2,00;Brot;Kim;\n").encode())[0].entries
    assert [entry.fingerprint for entry in one] == [entry.fingerprint for entry in other[:2]]
    assert len({entry.fingerprint for entry in other}) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "iso8859-15"])
def test_encoding_does_not_matter(encoding):
    content = example("dkb.csv").decode("utf-8-sig").replace("\ufeff", "")
    if encoding in ("cp1252", "iso8859-15", "utf-16"):
        content = content.replace("€", "EUR")
    assert read(content.encode(encoding))[0].entries == read(example("dkb.csv"))[0].entries


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiter_does_not_matter(delimiter):
    content = HEAD.replace(";", delimiter) + delimiter.join(["08.01.2026", '"1.234,50"', "Brot", "Kim", KANTINE])
    assert read(content.encode())[0].entries[0].amount == Decimal("1234.50")


def test_missing_columns_are_named_in_the_language_of_the_reader():
    refused = refusal(b"Wertstellung;Verwendungszweck;Name;IBAN\n08.01.2026;Brot;Kim;\n")
    assert refused.code == "missing_columns"
    assert refused.messages == [
        "The table has no column for: day of booking, amount. It has: Wertstellung, Verwendungszweck, Name, IBAN. "
        "Choose a format with more columns at the bank, or CAMT.053."
    ]
    with translation.override("de"):
        assert "fehlen Spalten für: Buchungstag, Betrag." in refused.messages[0]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("08.01.2026;1.00.0;Brot;Kim;\n", "bad_cell"),
        ("08.01.2026;1,005;Brot;Kim;\n09.01.2026;1,00;Brot;Kim;\n", "bad_cell"),
        ("31.02.2026;1,00;Brot;Kim;\n09.01.2026;1,00;Brot;Kim;\n", "bad_cell"),
        ("Summe;;Brot;Kim;\n09.01.2026;1,00;Brot;Kim;\n", "bad_cell"),
        ("08.01.2026;1,00\n09.01.2026;1,00;Brot;Kim;\n", "short_row"),
        ('08.01.2026;1,00;"Brot;Kim;\n', "cut_off"),
        ("", "no_entries"),
        ("Summe;;;;\n", "no_entries"),
        ("08.01.2026;1,00;Br\0ot;Kim;\n", "nul"),
        (f"08.01.2026;1,00;{'a' * 30_000};Kim;\n", "broken_row"),
    ],
)
def test_row_that_cannot_be_read_refuses_the_file(rows, code):
    refused = refusal((HEAD + rows).encode())
    assert refused.code == code
    assert "%(" not in refused.messages[0]


def test_refusal_names_line_column_and_value():
    refused = refusal((HEAD + "08.01.2026;1,00;Brot;Kim;\n09.01.2026;eins;Brot;Kim;\n").encode())
    assert refused.messages == [
        "In line 3, Betrag is “eins”, which cannot be read. Correct it, or fetch the file again."
    ]


def test_bytes_that_are_no_characters_are_refused():
    refused = refusal((HEAD + "08.01.2026;1,00;Br\u00f6tchen Sch\u00f6n;Kim;\n").encode() + b"\xff\xff")
    assert refused.code == "undecodable"


def test_table_of_something_else_is_refused():
    assert refusal(example("customers_not_a_bank.csv")).code == "no_headings"


@given(
    cents=st.integers(-99_999_999_999, 99_999_999_999),
    point=st.sampled_from(",."),
    is_grouped=st.booleans(),
    is_behind=st.booleans(),
    sign=st.sampled_from(["", " €", " EUR"]),
)
def test_amounts_are_read_as_they_are_written(cents, point, is_grouped, is_behind, sign):
    whole, rest = divmod(abs(cents), 100)
    group = "." if point == "," else ","
    digits = f"{whole:,}".replace(",", group) if is_grouped else str(whole)
    minus = "-" if cents < 0 else ""
    text = f"{digits}{point}{rest:02}{minus}{sign}" if is_behind else f"{minus}{digits}{point}{rest:02}{sign}"
    assert decimal_sign([text], otherwise="?") == point
    assert amount_of(text, point=point) == Decimal(cents) / 100


@pytest.mark.parametrize("text", ["", "-", "1,2,3", "1.2,3.4", "12,345", "--1", "-1-", "1e5", "NaN", "١", "1 2x"])
def test_what_is_no_amount_is_none(text):
    assert amount_of(text, point=",") is None


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_days_are_read_as_they_are_written(day):
    for written in ("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%d 13:15:00"):
        assert day_of(day.strftime(written)) == day


def test_references_in_a_text_end_where_the_next_one_begins():
    text = "EREF+A-1 KREF+NONREF MREF+M 7 CRED+DE98ZZZ09999999999 SVWZ+Danke"
    assert tags_of(text) == Tags("A-1", "M", "DE98ZZZ09999999999")
    assert tags_of("EREF: NOTPROVIDED Danke") == Tags("", "", "")
