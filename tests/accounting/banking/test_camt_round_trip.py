"""Whatever is written as CAMT.053 is read back as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.banking.statements import Balance, BankEntry, BankStatement, Direction
from tests.accounting.banking.files import HORT, KANTINE, OWN, camt, read

LETTERS = st.characters(codec="utf-8", categories=["L", "N", "P", "S"], exclude_characters="\x7f")
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=12), max_size=4).map(" ".join)
REFERENCES = st.text("ABCdef0123456789-/+", max_size=20)
AMOUNTS = st.decimals(Decimal("0.01"), Decimal("99999.99"), places=2)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
ENTRIES = st.builds(
    BankEntry,
    amount=AMOUNTS,
    direction=st.sampled_from(Direction),
    booked_on=DAYS,
    valued_on=DAYS,
    is_reversal=st.booleans(),
    bank_reference=REFERENCES,
    counterparty_name=WORDS,
    counterparty_iban=st.sampled_from([KANTINE, HORT]),
    end_to_end_id=REFERENCES,
    mandate_id=REFERENCES,
    purpose=WORDS,
)
RETURNS = st.builds(
    lambda entry, reason: replace(entry, is_return=True, return_reason=reason, is_reversal=False),
    ENTRIES,
    st.sampled_from(["AC04", "MD06", "AM04"]),
)


@given(
    entries=st.lists(st.one_of(ENTRIES, RETURNS), max_size=6),
    opening=st.decimals(Decimal(-99999), Decimal(99999), places=2),
    version=st.sampled_from(["02", "08"]),
)
@settings(max_examples=60, deadline=None)
def test_entries_are_read_as_they_were_written(entries, opening, version):
    closing = opening + sum((entry.signed for entry in entries), Decimal(0))
    written = BankStatement(
        OWN, "EUR", tuple(entries), statement_id="S1", number="7",
        opening=Balance(opening, date(2026, 1, 1)), closing=Balance(closing, date(2026, 1, 2)),
    )  # fmt: skip
    [found] = read(camt(written, version=version))
    assert (found.opening, found.closing, found.number) == (written.opening, written.closing, "7")
    assert tuple(replace(entry, fingerprint="") for entry in found.entries) == written.entries
    assert len({entry.fingerprint for entry in found.entries}) == len(entries)


@given(amounts=st.lists(AMOUNTS, min_size=2, max_size=6), version=st.sampled_from(["02", "08"]))
@settings(max_examples=20, deadline=None)
def test_batches_are_read_as_their_parts(amounts, version):
    day = date(2026, 1, 8)
    entries = tuple(
        BankEntry(amount, Direction.CREDIT, day, day, batch_id="B-1", end_to_end_id=f"E-{number}")
        for number, amount in enumerate(amounts)
    )
    written = BankStatement(
        OWN, "EUR", entries, number="7", opening=Balance(Decimal("0.00"), day), closing=Balance(sum(amounts), day)
    )
    [found] = read(camt(written, version=version))
    assert [(entry.amount, entry.end_to_end_id) for entry in found.entries] == [
        (entry.amount, entry.end_to_end_id) for entry in entries
    ]
