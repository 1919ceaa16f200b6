"""What travels can be read at the other side: nothing is sent on which a whole run would break off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from clearing.central.incoming import MOST_OF_A_BLOCK, blocks_of
from clearing.protocol.canonical import canonical, read_object
from clearing.protocol.lengths import can_travel, weight
from clearing.protocol.parts import LIMITS
from clearing.protocol.records import ConflictRecord, CustomerRecord, DecisionRecord, read_record
from clearing.protocol.versions import RefusedRecord
from tests.clearing.people import NOON, statement, version


def said(count: int, evidence: str = ""):
    return tuple(
        replace(statement(minutes=minutes), evidence=evidence, at=NOON + timedelta(minutes=minutes))
        for minutes in range(count)
    )


def stored(**values: Any):
    """As the tables may have him."""
    eva = version()
    return replace(eva, values={**eva.values, **values})


@pytest.mark.parametrize(
    ("customer", "travels"),
    [
        (version(), True),
        (version(memo="\x01" * 100_000), True),
        (stored(memo="x" * 100_001), False),
        (version(said=said(1_000)), True),
        (version(said=said(1_001)), False),
        (version(said=said(1_000, "ä" * 255), memo="€" * 100_000), False),
        (stored(tags=sorted(map(str, range(1_001)))), False),
        (stored(former_numbers=sorted([str(one), "typed", ""] for one in range(1_001))), False),
    ],
)
def test_of_a_customer_no_more_is_sent_than_is_read(customer, travels):
    record = CustomerRecord(customer, base_rev=1)
    assert can_travel(record) == travels
    line = canonical(record.to_json())
    try:
        is_read = len(line) < LIMITS.line_bytes and read_record(read_object(line)) == record
    except RefusedRecord:
        is_read = False
    assert is_read == travels


def test_the_version_before_and_those_of_a_conflict_count_as_well():
    much = version(memo="€" * 100_000)
    assert can_travel(CustomerRecord(much, 1))
    assert not can_travel(CustomerRecord(version(memo="\x01" * 100_000), 1, was={"memo": "\x01" * 100_000}))
    conflict = ConflictRecord(uuid4(), much.uid, 1, "both_changed", NOON, much, much, None, True)
    assert can_travel(conflict)
    assert not can_travel(replace(conflict, common=version(memo="€" * 100_000, city="€" * 50_000)))
    pair = {"before": "\x01" * 100_000, "after": ""}
    decision = DecisionRecord(uuid4(), "restored", "anna", NOON, 1, {"fields": {"memo": pair}})
    assert can_travel(decision)
    assert not can_travel(replace(decision, result={"fields": {"memo": {**pair, "after": pair["before"]}}}))


def test_a_block_is_no_longer_than_what_is_held_at_a_time():
    record = CustomerRecord(version(memo="x" * 100_000))
    blocks = [len(block) for block in blocks_of(record for _one in range(400))]
    assert sum(blocks) == 400
    assert max(blocks) == MOST_OF_A_BLOCK // weight(record.version) + 1
    assert [len(block) for block in blocks_of(CustomerRecord(version()) for _one in range(1_001))] == [1_000, 1]
