"""docs/clearing_messages.md tells all that has to be written: whoever writes the other side has nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest

from clearing.central import problems
from clearing.protocol import messages, pairing_messages, parts, receipts, records, site, stick
from clearing.protocol.consent_union import ConsentStatement, StrikeOut
from clearing.protocol.decision import ConflictKind
from clearing.protocol.field_kinds import FIELDS
from clearing.protocol.keys import Challenge
from clearing.protocol.versions import Version
from clearing.protocol.vocabulary import Group, Vocabulary
from customers.choices import ConsentSource, FormerNumberSource, PaymentMethod

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "clearing_messages.md").read_text(encoding="utf-8")
TOLD = set(re.findall(r"[\w ]+", " ".join(re.findall(r"`([^`]+)`", TEXT)))) | set(re.findall(r"`([^`]+)`", TEXT))
WHEN, ID, HASH = datetime(2026, 11, 30, tzinfo=UTC), UUID(int=1), "a" * 64
MANIFEST = parts.Manifest((parts.PartFacts(1, HASH, 1, 1),))
NUMBERS = pairing_messages.Numbers(1, 1, 1, 1, 1)
SAID = ConsentStatement("newsletter", True, WHEN, "form", WHEN, "dirk", struck_out=StrikeOut(WHEN, "dirk"))
VERSION = Version(ID, 1, WHEN, {}, frozenset({SAID}))
VOCABULARY = Vocabulary({"gast": Group("Gast")}, frozenset({"VIP"}))
DECIDED = messages.Decided(1, receipts.Counts(), MANIFEST, HASH, "1.a")
EXAMPLES: Sequence[object] = [
    pairing_messages.Pair("7KM4XW2P", "key", "Kasse", "1", ID, NUMBERS),
    pairing_messages.Paired(ID, "Nordlicht", "Lübeck", NUMBERS, "epoch", HASH, "1", "0.a"),
    messages.Knock(ID),
    messages.Question("nonce", "epoch"),
    messages.Proof(Challenge("nonce", ID, "epoch", "0.a", ID), "00"),
    messages.Admission("token", 900),
    messages.Hello(ID, ID, "epoch", 0, HASH, 1, "1", WHEN),
    messages.HelloAnswer(messages.Course.GO_ON, 1, HASH, HASH, "epoch", "1", WHEN),
    messages.Decide(1, ID, HASH, MANIFEST),
    DECIDED,
    messages.Ack(1, HASH),
    site.Site("Nordlicht", 4, "branch", (), (), (), ()),
    records.CustomerRecord(VERSION, 1),
    records.DeletionRecord(ID, 1),
    records.ErasureRecord(ID),
    records.RevisionRecord(ID, 1),
    records.HeldBackRecord(ID, 1, ()),
    records.VocabularyRecord(VOCABULARY),
    records.ConflictRecord(ID, ID, 1, "both_changed", WHEN, VERSION, None, None, True),
    records.DecisionRecord(ID, "open", "dirk", None),
    stick.StickHeader(1, 1, ID, 1, stick.Direction.TO_CENTRAL),
]


def keys_of(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield key
            yield from keys_of(one)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            yield from keys_of(one)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_each_key_is_told(example):
    assert set(keys_of(example.to_json())) - TOLD == set()


def test_each_field_value_and_refusal_is_told():
    kinds: list[type[Enum]] = [
        messages.Course, records.RecordKind, ConflictKind, ConsentSource, FormerNumberSource, PaymentMethod,
    ]  # fmt: skip
    values = {str(one.value) for kind in kinds for one in kind}
    refusals = {one.code_of_problem for one in problems.Problem.__subclasses__()}
    assert {*FIELDS, *values, *refusals} - TOLD == set()
