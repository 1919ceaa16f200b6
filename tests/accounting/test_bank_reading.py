"""Files of the bank are stored entry by entry, each once, and nothing of a file that cannot be taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounting.banking.statements import Direction
from accounting.models import BankEntry, BankStatement, Movement
from accounting.payments import add_bank_account
from mcp.isolation import row_scope
from tests.accounting.accounts import guest
from tests.accounting.bank_files import (
    DAY,
    documents,
    entries_of,
    file_of,
    gone,
    own_account,
    paid,
    read,
    sale,
    statement,
    told,
)
from tests.accounting.banking.files import HORT, KANTINE, OWN, example, zipped
from tests.accounting.banking.files import read as parsed


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def test_file_is_stored_with_what_the_bank_says(anna):
    found = statement(
        anna,
        paid("12.50", "Danke", counterparty_name="Kantine Süd", counterparty_iban=KANTINE, end_to_end_id="E1"),
        gone("4.00", "Kontoführung"),
        gone("40.00", "zurück", is_return=True, return_reason="AC04"),
    )
    assert (found.number, found.opening, found.closing, found.total, found.known) == (
        "7", Decimal("1000.00"), Decimal("968.50"), 3, 0,
    )  # fmt: skip
    assert (found.first_on, found.last_on, found.read_by, len(found.file_sha256)) == (DAY, DAY, "Anna Andresen", 64)
    first, second, third = entries_of(anna, found)
    assert (first.amount, first.counterparty_iban, first.purpose, first.end_to_end_id, first.is_payment) == (
        Decimal("12.50"), KANTINE, "Danke", "E1", True,
    )  # fmt: skip
    assert (second.direction, second.is_payment) == (Direction.DEBIT, False)
    assert (third.is_return, third.return_reason, third.is_payment) == (True, "AC04", False)
    assert told(anna, found) == [("open", "none")] * 3


def test_second_reading_and_overlapping_files_bring_what_is_new(anna):
    own_account(anna)
    twice = paid("5.00", "gleich")
    content = file_of(twice, twice, paid("6.00", "anders"))
    assert [read(anna, content).new, read(anna, content).new] == [3, 0]
    assert read(anna, content, name="umbenannt.xml").known == 3
    later = replace(paid("7.00", "neu"), booked_on=DAY + timedelta(days=1))
    overlapping = read(anna, file_of(twice, twice, paid("6.00", "anders"), later))
    assert (overlapping.new, overlapping.known, len(overlapping.statements)) == (1, 3, 1)
    with row_scope.rows_of(anna):
        assert (BankEntry.objects.count(), BankStatement.objects.count(), Movement.objects.count()) == (4, 2, 0)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (file_of(paid("1.00")).replace(b"1001.00", b"1001.01"), "wrong_sum"),
        (file_of(paid("1.00"), iban=HORT), "bank_account_unknown"),
        (zipped({"1.xml": file_of(paid("1.00")), "2.xml": file_of(paid("2.00"), iban=HORT)}), "bank_account_unknown"),
        (file_of(paid("1.00")).replace(b"EUR", b"CHF"), "bank_currency"),
        (b"", "empty"),
        (b"%PDF", "unknown_kind"),
    ],
)
def test_file_that_cannot_be_taken_leaves_nothing(anna, content, code):
    own_account(anna)
    with pytest.raises(ValidationError) as refused:
        read(anna, content)
    assert [one.code for one in refused.value.error_list] == [code]
    with row_scope.rows_of(anna):
        assert (BankEntry.objects.count(), BankStatement.objects.count()) == (0, 0)


def test_file_that_is_too_large_is_refused_before_it_is_read(anna, monkeypatch):
    own_account(anna)
    monkeypatch.setattr("accounting.payments.reading.MOST_BYTES", 100)
    with pytest.raises(ValidationError) as refused:
        read(anna, b"x" * 101)
    assert refused.value.code == "bank_file_too_large"


def test_another_business_with_the_same_account_reads_for_itself(anna, cast):
    sven = cast.scope("sven", "Zentrale", 20800)
    content = file_of(paid("5.00"))
    own_account(sven)
    with pytest.raises(ValidationError) as refused:
        read(anna, content)
    assert refused.value.code == "bank_account_unknown"
    own_account(anna)
    assert [read(anna, content).new, read(sven, content).new] == [1, 1]
    for scope in (anna, sven):
        with row_scope.rows_of(scope):
            assert BankEntry.objects.count() == 1


def test_account_is_added_once_and_has_a_name(anna):
    assert own_account(anna, f" {OWN[:4]} {OWN[4:].lower()} ").iban == OWN
    for iban, name in ((OWN, "Noch einmal"), (HORT, " ")):
        with pytest.raises(ValidationError):
            add_bank_account(iban=iban, name=name, actor=anna)


@pytest.mark.parametrize("name", ["camt053_02.xml", "camt053_08.xml", "sparkasse_camt.csv", "dkb.csv", "n26.csv"])
def test_files_of_banks_are_stored_whole(anna, name):
    content = example(name)
    found = parsed(content, name, account=OWN)
    accounts = [own_account(anna, iban) for iban in {one.account_iban for one in found}]
    done = read(anna, content, name, account=accounts[0].pk)
    assert done.new == sum(len(one.entries) for one in found) > 0
    for stored in done.statements:
        entries = entries_of(anna, stored)
        [same] = [one for one in found if one.entries[0].fingerprint == entries[0].fingerprint]
        assert [(one.fingerprint, one.amount) for one in entries] == [
            (one.fingerprint, one.amount) for one in same.entries
        ]


def test_table_that_names_no_account_needs_one_that_was_chosen(anna):
    content = b"Buchungstag;Betrag;Verwendungszweck\n08.01.2026;5,00;Danke\n"
    account = own_account(anna)
    with pytest.raises(ValidationError) as refused:
        read(anna, content, "umsaetze.csv")
    assert refused.value.code == "bank_account_needed"
    assert read(anna, content, "umsaetze.csv", account=account.pk).new == 1


def test_payments_are_proposed_by_number_account_and_name(anna):
    one, other = guest(anna, last_name="Kantine"), guest(anna, last_name="Mustermann")
    bon, note = sale(anna, one, "30.00", "RE-2026-0012"), sale(anna, other, "8.00", "Lieferschein 4711")
    found = statement(
        anna,
        paid("30.00", "Rechnung 2026/12, danke"),
        paid("8.00", "Brötchen", counterparty_name="Mustermann"),
        paid("9.99", "weiß niemand"),
    )
    assert told(anna, found) == [("open", "sure"), ("open", "probable"), ("open", "none")]
    known = {str(bon.pk): "bon", str(note.pk): "note"}
    first, second, third = (entry.proposal for entry in entries_of(anna, found))
    assert (first["reason"], first["rest"], documents(first["parts"], known)) == ("number", "0.00", {"bon": "30.00"})
    assert (second["reason"], documents(second["parts"], known)) == ("name", {"note": "8.00"})
    assert third == {}


@pytest.mark.parametrize(
    ("other", "confidence"),
    [
        ({}, "probable"),
        ({"counterparty_iban": HORT}, "sure"),
        ({"booked_on": DAY + timedelta(1)}, "sure"),
        ({"amount": Decimal("31.00")}, "probable"),
        ({"end_to_end_id": "B2"}, "sure"),
        ({"end_to_end_id": ""}, "probable"),
    ],
)
def test_payment_that_looks_like_one_of_another_statement_is_not_sure(anna, other, confidence):
    """A bank that gives no references says it once more under another number; the customer owes the same again."""
    whose = guest(anna)
    sale(anna, whose, "30.00", "RE-2026-0012")
    first = paid("30.00", "RE-2026-0012", counterparty_iban=KANTINE, end_to_end_id="B1")
    assert told(anna, statement(anna, first)) == [("open", "sure")]
    sale(anna, whose, "30.00", "RE-2026-0013")
    again = replace(first, purpose="RE-2026-0013", **other)
    found = statement(anna, again, number="8")
    assert told(anna, found) == [("open", confidence)]
    doubts = entries_of(anna, found)[0].proposal.get("doubts", [])
    assert doubts == (["looks_known"] if other in ({}, {"end_to_end_id": ""}) else [])
