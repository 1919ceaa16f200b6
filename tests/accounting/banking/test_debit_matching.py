"""Which debit an entry of the bank is about, without any table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.banking.debit_matching import (
    MOST_CHARGES,
    Doubt,
    KnownDebit,
    Stage,
    charges_of,
    doubts_about_sum,
    match_collection,
    match_return,
)
from accounting.banking.purpose_tags import return_reason
from accounting.banking.return_reasons import REASONS, reason_of
from accounting.banking.statements import BankEntry, Direction

DAY = date(2026, 1, 12)
DEBIT = KnownDebit(
    id=UUID(int=1), end_to_end_id="SH-1-7-1", amount=Decimal("25.00"), stage=Stage.COLLECTED, mandate_id="M1-1",
    is_credited=True,
)  # fmt: skip
CENTS = st.integers(1, 10_000).map(lambda cents: Decimal(cents).scaleb(-2))


def back(amount: str, **more: Any) -> BankEntry:
    return BankEntry(Decimal(amount), Direction.DEBIT, DAY, DAY, **{"is_return": True, "mandate_id": "M1-1", **more})


def doubts(entry: BankEntry, debit: KnownDebit = DEBIT, *, is_named: bool = True) -> tuple[Doubt, ...] | None:
    match = match_return(entry, [debit], is_named=is_named)
    return match.doubts if match else None


@pytest.mark.parametrize(
    ("entry", "charges", "expected"),
    [
        (back("25.00"), "0", ()),
        (back("28.00"), "3.00", ()),
        (back("28.00", original_amount=Decimal(25), charges=Decimal(3)), "3.00", ()),
        (back("25.00", original_amount=Decimal(25), charges=Decimal(3)), "3.00", ()),
        (back("28.00", original_amount=Decimal(26), charges=Decimal(2)), "3.00", (Doubt.AMOUNT,)),
        (back("45.01"), "20.01", (Doubt.AMOUNT,)),
        (back("24.99"), "0", (Doubt.AMOUNT,)),
        (back("25.00", mandate_id="M2-1"), "0", (Doubt.MANDATE,)),
    ],
)
def test_amount_and_mandate_of_a_return_have_to_fit(entry, charges, expected):
    assert (charges_of(entry, DEBIT.amount), doubts(entry)) == (Decimal(charges), expected)


def test_debit_that_is_gone_or_was_returned_by_another_entry_is_named_so():
    assert doubts(back("25.00"), replace(DEBIT, stage=Stage.GONE)) == (Doubt.GONE,)
    assert doubts(back("25.00"), replace(DEBIT, stage=Stage.RETURNED)) == ()
    assert doubts(back("25.00"), replace(DEBIT, stage=Stage.RETURNED, has_return=True)) == (Doubt.RETURNED_BEFORE,)


def test_without_a_reference_the_only_debit_that_fits_is_proposed():
    other = replace(DEBIT, id=UUID(int=2), amount=Decimal("90.00"))
    match = match_return(back("26.00"), [other, DEBIT], is_named=False)
    assert match
    assert (match.debit, match.doubts) == (DEBIT.id, (Doubt.NO_REFERENCE,))
    assert match_return(back("26.00"), [replace(DEBIT, id=UUID(int=3)), DEBIT], is_named=False) is None
    assert doubts(back("25.00"), replace(DEBIT, stage=Stage.RETURNED), is_named=False) is None


@given(CENTS, CENTS)
def test_a_sure_return_is_the_debit_and_its_charges(amount, debited):
    entry, debit = back(str(amount)), replace(DEBIT, amount=debited)
    charges = charges_of(entry, debited)
    assert charges >= 0
    if doubts(entry, debit) == ():
        assert debited + charges == amount
        assert charges <= MOST_CHARGES


@pytest.mark.parametrize(
    ("debit", "expected"),
    [
        (replace(DEBIT, stage=Stage.AT_BANK, is_credited=False), ()),
        (DEBIT, ()),
        (replace(DEBIT, has_collection=True), (Doubt.COLLECTED_BEFORE,)),
        (replace(DEBIT, amount=Decimal(26)), (Doubt.DIFFERENCE,)),
        (replace(DEBIT, stage=Stage.RETURNED, is_credited=False), (Doubt.BY_HAND,)),
        (replace(DEBIT, stage=Stage.RETURNED, is_credited=False, has_return=True), ()),
        (replace(DEBIT, stage=Stage.GONE), (Doubt.GONE,)),
    ],
)
def test_money_of_a_debit_is_its_amount_once(debit, expected):
    assert match_collection(BankEntry(Decimal(25), Direction.CREDIT, DAY, DAY), debit).doubts == expected


def test_sum_is_what_was_credited_or_says_what_does_not_fit():
    surely, perhaps = Decimal(20), Decimal(30)
    assert doubts_about_sum(Decimal(20), surely=surely, perhaps=perhaps) == ()
    assert doubts_about_sum(Decimal(30), surely=surely, perhaps=perhaps) == (Doubt.BY_HAND,)
    assert doubts_about_sum(Decimal(25), surely=surely, perhaps=perhaps) == (Doubt.DIFFERENCE,)
    assert doubts_about_sum(Decimal(25), surely=Decimal(0), perhaps=Decimal(0)) == (Doubt.COLLECTED_BEFORE,)


PUBLISHED = (
    "AC01 AC03 AC04 AC06 AC13 AG01 AG02 AM01 AM02 AM03 AM04 AM05 AM06 AM07 AM09 AM10 ARDT BE01 BE04 BE05 BE06 BE07 "
    "BE08 CNOR CURR CUST DNOR DT01 ED01 ED03 ED05 FF05 FOCR FR01 MD01 MD02 MD06 MD07 MS02 MS03 NARR NOAS NOOR RC01 "
    "RC07 RF01 RR01 RR02 RR03 RR04 SL01 SL02 SL11 SL12 SL13 SL14 TM01"
)
"""The codes of ExternalReturnReason1Code that are not about cards."""


def test_reasons_are_those_that_are_published_and_unknown_ones_end_nothing():
    assert set(PUBLISHED.split()) <= REASONS.keys()
    assert "less often" in str(REASONS["SL13"].sentence)
    assert "amount" in str(REASONS["SL14"].sentence)
    assert not reason_of("QQ99").ends_mandate
    assert not reason_of("").ends_mandate


@pytest.mark.parametrize(
    ("text", "code"), [("RETOURE MS03 SONSTIGE", "MS03"), ("Grund: AC07", "AC07"), ("CURR TECH FRAD", ""), ("AC99", "")]
)
def test_code_of_a_reason_is_found_in_a_text(text, code):
    assert return_reason(text) == code
