"""Which open items a payment is proposed to pay."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.banking.matching import Allocation, Confidence, Proposal, Reason, propose
from accounting.banking.numbers_in_text import keys_of_number, numbers_in
from accounting.banking.open_items import OpenItem, name_key
from accounting.banking.statements import BankEntry, Direction
from tests.accounting.banking.files import HORT, KANTINE, SCHULE

DAY = date(2026, 1, 8)
FIRST = OpenItem(1, Decimal("100.00"), DAY, "RE-2026-000122", "A-77", 1041, ("Kantine Süd GmbH",), (KANTINE,))
SECOND = replace(FIRST, id=2, open_amount=Decimal("50.00"), due_on=DAY + timedelta(1), invoice_number="RE-2026-000123")
THIRD = replace(FIRST, id=3, open_amount=Decimal("70.00"), due_on=DAY + timedelta(2), invoice_number="RE-2026-000130")
OTHER = OpenItem(9, Decimal("100.00"), DAY, "RE-2026-000900", "", 2050, ("Hort am Müllerweg",), (HORT,))
ITEMS = [FIRST, SECOND, THIRD, OTHER]


def paid(amount: str, purpose: str = "", **more: Any) -> BankEntry:
    return replace(BankEntry(Decimal(amount), Direction.CREDIT, DAY, DAY, purpose=purpose), **more)


def proposed(entry: BankEntry, items: list[OpenItem] = ITEMS) -> Proposal:
    [proposal] = propose([entry], items)
    return proposal


def shares(proposal: Proposal) -> dict[int, str]:
    return {allocation.item: str(allocation.amount) for allocation in proposal.allocations}


@pytest.mark.parametrize(
    "purpose",
    [
        "RE-2026-000122",
        "Rechnung RE-2026-000122 vom 02.01.2026",
        "re 2026 122",
        "RE2026000122",
        "RENR.2026-000122",
        "Rechnungsnr: 2026/122",
        "RE-2026-00 0122 und Danke",
        "R.-Nr. 2026 000122, Kd 5",
        "SVWZ+RE-2026-000122",
        "RE–2026–000122",
    ],
)
def test_invoice_is_found_however_its_number_is_written(purpose):
    proposal = proposed(paid("100.00", purpose))
    assert (shares(proposal), proposal.reason, proposal.confidence) == ({1: "100.00"}, Reason.NUMBER, Confidence.SURE)


@pytest.mark.parametrize(
    "purpose", ["RE-2026-0001221", "RE-2026-12", "122", "2026", "Danke am 12.2.2026", "1220", "RE-2025-000122"]
)
def test_number_that_is_another_one_finds_nothing(purpose):
    assert proposed(paid("99.00", purpose)).reason is Reason.NOTHING


def test_order_is_found_by_its_number():
    assert shares(proposed(paid("100.00", "Bestellung A-77"), [FIRST])) == {1: "100.00"}


def test_short_number_counts_behind_a_word_that_announces_it():
    item = replace(FIRST, invoice_number="0042")
    assert proposed(paid("100.00", "Rechnung 42"), [item]).confidence is Confidence.SURE
    assert proposed(paid("100.00", "42 Brote"), [item]).reason is Reason.NOTHING


def test_one_payment_pays_all_that_it_names():
    proposal = proposed(paid("150.00", "RE-2026-000123 und RE-2026-000122"))
    assert (shares(proposal), proposal.confidence, proposal.rest) == (
        {1: "100.00", 2: "50.00"}, Confidence.SURE, Decimal("0.00"),
    )  # fmt: skip


def test_part_payment_goes_to_what_is_due_first():
    proposal = proposed(paid("120.00", "RE-2026-000123 RE-2026-000122"))
    assert (shares(proposal), proposal.confidence) == ({1: "100.00", 2: "20.00"}, Confidence.PROBABLE)


def test_overpayment_leaves_a_rest():
    proposal = proposed(paid("103.00", "RE-2026-000122"))
    assert (shares(proposal), proposal.confidence, proposal.rest) == (
        {1: "100.00"}, Confidence.PROBABLE, Decimal("3.00"),
    )  # fmt: skip


def test_number_of_two_customers_counts_for_whoever_pays():
    same = [replace(FIRST, invoice_number="7001234"), replace(OTHER, invoice_number="7001234")]
    assert shares(proposed(paid("100.00", "7001234", counterparty_iban=HORT), same)) == {9: "100.00"}
    spaced = [same[0], replace(same[1], ibans=(f"{HORT[:4]} {HORT[4:]}",))]
    assert shares(proposed(paid("100.00", "7001234", counterparty_iban=HORT), spaced)) == {9: "100.00"}
    assert shares(proposed(paid("100.00", "7001234", counterparty_name="KANTINE SUED"), same)) == {1: "100.00"}
    assert proposed(paid("100.00", "7001234"), same).reason is Reason.NOTHING


def test_debit_is_found_by_its_reference_and_by_its_mandate():
    item = replace(FIRST, end_to_end_id="SH-1041-1", mandate_id="M-1041", ibans=())
    assert proposed(paid("100.00", end_to_end_id="SH-1041-1"), [item]).reason is Reason.END_TO_END
    by_mandate = proposed(paid("100.00", mandate_id="M-1041"), [item])
    assert (by_mandate.reason, by_mandate.confidence) == (Reason.MANDATE, Confidence.SURE)
    assert proposed(paid("99.00", mandate_id="M-1041"), [item]).reason is Reason.NOTHING


def test_debits_that_the_bank_has_booked_as_one_sum_are_found_by_their_group():
    items = [
        OpenItem(number, Decimal("10.00"), DAY, end_to_end_id=f"E-{number}", batch_id="SH-7-1") for number in range(300)
    ]
    proposal = proposed(paid("3000.00", batch_id="SH-7-1"), items)
    assert (len(proposal.allocations), proposal.reason, proposal.confidence, proposal.rest) == (
        300, Reason.BATCH, Confidence.SURE, Decimal("0.00"),
    )  # fmt: skip
    assert proposed(paid("2990.00", batch_id="SH-7-1"), items).reason is Reason.NOTHING
    one, rest = propose([paid("10.00", end_to_end_id="E-1"), paid("3000.00", batch_id="SH-7-1")], items)
    assert (shares(one), shares(rest)) == ({1: "10.00"}, {})


@pytest.mark.parametrize(
    ("amount", "purpose", "expected", "confidence"),
    [
        ("50.00", "KdNr. 1041", {2: "50.00"}, Confidence.SURE),
        ("150.00", "Kunde 1041", {1: "100.00", 2: "50.00"}, Confidence.SURE),
        ("170.00", "Kunde 1041", {}, Confidence.NONE),
        ("50.00", "1041 Danke", {}, Confidence.NONE),
    ],
)
def test_customer_number_and_an_amount_that_fits(amount, purpose, expected, confidence):
    proposal = proposed(paid(amount, purpose))
    assert (shares(proposal), proposal.confidence) == (expected, confidence)


@pytest.mark.parametrize(
    ("amount", "expected", "reason", "confidence"),
    [
        ("50.00", {2: "50.00"}, Reason.IBAN, Confidence.SURE),
        ("150.00", {1: "100.00", 2: "50.00"}, Reason.IBAN_OLDEST, Confidence.PROBABLE),
        ("220.00", {1: "100.00", 2: "50.00", 3: "70.00"}, Reason.IBAN_OLDEST, Confidence.PROBABLE),
        ("120.00", {}, Reason.NOTHING, Confidence.NONE),
        ("170.00", {}, Reason.NOTHING, Confidence.NONE),
    ],
)
def test_account_of_the_payer_and_an_amount_that_fits(amount, expected, reason, confidence):
    proposal = proposed(paid(amount, counterparty_iban=KANTINE))
    assert (shares(proposal), proposal.reason, proposal.confidence) == (expected, reason, confidence)


def test_account_of_two_customers_is_probable_at_most():
    shared = [FIRST, replace(OTHER, open_amount=Decimal("60.00"), ibans=(KANTINE,))]
    assert proposed(paid("100.00", counterparty_iban=KANTINE), shared).confidence is Confidence.PROBABLE
    assert proposed(paid("160.00", counterparty_iban=KANTINE), shared).reason is Reason.NOTHING


def test_two_items_of_one_amount_are_probable_and_the_older_one_is_taken():
    twins = [replace(FIRST, id=5, due_on=DAY + timedelta(3)), FIRST]
    proposal = proposed(paid("100.00", counterparty_iban=KANTINE), twins)
    assert (shares(proposal), proposal.confidence) == ({1: "100.00"}, Confidence.PROBABLE)


@pytest.mark.parametrize("name", ["KANTINE SUED GMBH", "Süd, Kantine", "Kantine-Süd GmbH & Co. KG"])
def test_name_of_the_payer_and_an_amount_that_fits(name):
    proposal = proposed(paid("100.00", counterparty_name=name))
    assert (shares(proposal), proposal.reason, proposal.confidence) == (
        {1: "100.00"}, Reason.NAME, Confidence.PROBABLE,
    )  # fmt: skip


def test_name_of_two_customers_finds_nothing():
    assert proposed(paid("100.00", counterparty_name="Kim Beispiel"), [
        replace(FIRST, names=("Kim Beispiel",)), replace(OTHER, names=("Beispiel, Kim",)),
    ]).reason is Reason.NOTHING  # fmt: skip


@pytest.mark.parametrize("changes", [{"direction": Direction.DEBIT}, {"is_return": True}, {"is_reversal": True}])
def test_what_is_no_payment_pays_nothing(changes):
    assert proposed(paid("100.00", "RE-2026-000122", **changes)).reason is Reason.NOTHING


def test_what_a_number_says_is_not_taken_away_by_a_guess_before_it():
    guess, told = paid("100.00", counterparty_iban=KANTINE), paid("100.00", "RE-2026-000122")
    assert [shares(one) for one in propose([guess, told], [FIRST])] == [{}, {1: "100.00"}]


def test_second_payment_of_the_same_item_finds_what_is_left():
    first, second, third = propose([paid("60.00", "RE-2026-000122")] * 3, [FIRST])
    assert (shares(first), shares(second), shares(third)) == ({1: "60.00"}, {1: "40.00"}, {})
    assert second.rest == Decimal("20.00")


NUMBERS = st.sampled_from(["RE-2026-000122", "RE-2026-000123", "A-77", "4711", "2026/17", ""])
IBANS = st.sampled_from([KANTINE, HORT, SCHULE, ""])
AMOUNTS = st.sampled_from([Decimal(text) for text in ("0.01", "10.00", "20.00", "30.00", "50.00", "99.99")])
RANDOM_ITEMS = st.lists(
    st.builds(
        OpenItem,
        id=st.just(0),
        open_amount=AMOUNTS,
        due_on=st.dates(date(2026, 1, 1), date(2026, 1, 5)),
        invoice_number=NUMBERS,
        order_number=NUMBERS,
        customer_number=st.sampled_from([None, 1041, 20500]),
        names=st.sampled_from([(), ("Kim Beispiel",), ("Kantine Süd",)]),
        ibans=IBANS.map(lambda iban: (iban,) if iban else ()),
        end_to_end_id=st.sampled_from(["", "E-1", "E-2"]),
        mandate_id=st.sampled_from(["", "M-1"]),
        batch_id=st.sampled_from(["", "B-1"]),
    ),
    max_size=12,
).map(lambda items: [replace(item, id=number) for number, item in enumerate(items, start=1)])
RANDOM_ENTRIES = st.lists(
    st.builds(
        BankEntry,
        amount=AMOUNTS,
        direction=st.sampled_from(Direction),
        booked_on=st.just(DAY),
        valued_on=st.just(DAY),
        purpose=st.lists(st.one_of(NUMBERS, st.sampled_from(["Kunde 1041", "20500", "Danke"])), max_size=3).map(
            " ".join
        ),
        counterparty_iban=IBANS,
        counterparty_name=st.sampled_from(["", "Beispiel, Kim", "KANTINE SUED"]),
        end_to_end_id=st.sampled_from(["", "E-1", "E-2"]),
        mandate_id=st.sampled_from(["", "M-1"]),
        batch_id=st.sampled_from(["", "B-1"]),
    ),
    max_size=8,
)


@given(entries=RANDOM_ENTRIES, items=RANDOM_ITEMS)
@settings(max_examples=200, deadline=None)
def test_no_more_is_proposed_than_the_payment_has_and_the_item_owes(entries, items):
    proposals = propose(entries, items)
    assert [proposal.entry for proposal in proposals] == entries
    taken = dict.fromkeys((item.id for item in items), Decimal(0))
    for proposal in proposals:
        allocated = sum((allocation.amount for allocation in proposal.allocations), Decimal(0))
        assert allocated + proposal.rest == proposal.entry.amount
        assert proposal.rest >= 0
        assert bool(proposal.allocations) == (proposal.confidence is not Confidence.NONE)
        assert all(allocation.amount > 0 for allocation in proposal.allocations)
        for allocation in proposal.allocations:
            taken[allocation.item] += allocation.amount
    assert all(taken[item.id] <= item.open_amount for item in items)
    assert propose(entries, list(reversed(items))) == proposals


@given(
    st.from_regex(r"[A-Z]{0,3}-?20[0-9]{2}[-/]?[0-9]{3,6}", fullmatch=True),
    st.sampled_from(["{}", "Nr.{} ok", "a {},"]),
)
def test_every_number_is_found_as_it_is_written(number, around):
    keys = keys_of_number(number)
    assert list(numbers_in(around.format(number), keys))[:1] != []


def test_names_are_equal_whatever_the_order_and_the_legal_form():
    assert name_key("Müller & Söhne GmbH & Co. KG") == name_key("SOEHNE MUELLER")
    assert name_key("Kim") == ""


def test_two_thousand_payments_of_twenty_thousand_items_take_seconds():
    """Most customers pay by number; one of them has a third of all items, in one amount and on one account."""
    luck = random.Random(7)
    items = [
        OpenItem(
            number, Decimal(luck.randint(100, 9_999)) / 100, DAY + timedelta(number % 60), f"RE-2026-{number:06}",
            f"A-{number}", 1 if number % 3 == 0 else number % 5_000, (f"Kunde Nummer {number % 5_000}",),
            (KANTINE,) if number % 3 == 0 else (f"DE{number % 5_000:020}",),
        )
        for number in range(1, 20_001)
    ]  # fmt: skip
    entries = [
        paid(str(item.open_amount), f"Rechnung {item.invoice_number}" if number % 2 else "Danke",
             counterparty_iban=item.ibans[0], counterparty_name=item.names[0])
        for number, item in enumerate(luck.sample(items, 2_000))
    ]  # fmt: skip
    start = time.process_time()
    proposals = propose(entries, items)
    assert time.process_time() - start < 4
    assert sum(proposal.confidence is Confidence.SURE for proposal in proposals) >= 1_000
    assert Allocation in {type(one) for proposal in proposals for one in proposal.allocations}


@pytest.mark.parametrize(
    "purpose", ["RE-2026-000122 und 123", "RE-2026-000122 + 000123", "RE-2026-000122/000123", "RE-2026-000122-123"]
)
def test_number_that_goes_on_from_another_counts_where_all_come_to_the_amount(purpose):
    proposal = proposed(paid("150.00", purpose))
    assert (shares(proposal), proposal.confidence) == ({1: "100.00", 2: "50.00"}, Confidence.PROBABLE)
    assert shares(proposed(paid("140.00", purpose))) == {1: "100.00"}


def test_day_behind_a_number_does_not_make_it_less_sure():
    proposal = proposed(paid("100.00", "RE-2026-000122 123. Danke"))
    assert (shares(proposal), proposal.confidence) == ({1: "100.00"}, Confidence.SURE)


@pytest.mark.parametrize(
    ("purpose", "more", "confidence"),
    [
        ("Essensgeld 2026-12", {}, Confidence.PROBABLE),
        ("Essensgeld 2026/12", {"counterparty_iban": KANTINE}, Confidence.SURE),
        ("Essensgeld 2026/12", {"counterparty_name": "Kantine Süd"}, Confidence.SURE),
        ("Rechnung 2026-12", {}, Confidence.SURE),
        ("Essensgeld RE-2026-12", {}, Confidence.SURE),
        ("Essensgeld 2026-000012", {}, Confidence.SURE),
    ],
)
def test_what_may_be_a_month_is_no_sure_number_of_somebody_else(purpose, more, confidence):
    items = [replace(FIRST, invoice_number="RE-2026-000012")]
    proposal = proposed(paid("100.00", purpose, **more), items)
    assert (shares(proposal), proposal.confidence) == ({1: "100.00"}, confidence)
