"""One customer as he travels."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.protocol.canonical import canonical, read_object
from clearing.protocol.consent_union import union
from clearing.protocol.field_kinds import (
    BESIDE_VALUES,
    FIELDS,
    NOT_SENT,
    FieldKind,
    FormerNumber,
    UnfitValue,
    decode_value,
    encode_value,
)
from clearing.protocol.records import (
    CustomerRecord,
    DeletionRecord,
    ErasureRecord,
    HeldBackRecord,
    RevisionRecord,
    read_record,
)
from clearing.protocol.versions import (
    RefusedRecord,
    Version,
    changed_fields,
    decode_values,
    differing_fields,
    encode_values,
    known_part,
    written_over,
)
from customers.models import Customer
from mcp.stored_sentences import Sentences, sentences_of
from tests.clearing.people import CHANGED, CONSENTS, EVA, MOMENTS, NOON, OF_KIND, statement, version

VALUES = st.fixed_dictionaries({}, optional={name: OF_KIND[kind] for name, kind in FIELDS.items()}).map(encode_values)
RECORDS = st.builds(
    CustomerRecord,
    st.builds(
        Version,
        st.uuids(),
        st.integers(1, 9_999_999),
        MOMENTS.map(lambda moment: moment.astimezone(UTC)),
        VALUES,
        st.lists(CONSENTS, max_size=3).map(union),
    ),
    st.none() | st.integers(0, 2**63 - 1),
)


def sent(record: Any) -> Any:
    """What the other side reads."""
    return read_record(read_object(canonical(record.to_json())))


def test_every_field_of_a_customer_travels_or_is_said_not_to():
    names = {field.name for field in Customer._meta.concrete_fields} | {"former_numbers"}
    assert names == set(FIELDS) | BESIDE_VALUES | NOT_SENT
    assert len(names) == len(FIELDS) + len(BESIDE_VALUES) + len(NOT_SENT)


def test_the_kind_of_a_field_is_that_of_its_column():
    kinds = {
        "BooleanField": {FieldKind.FLAG},
        "DateField": {FieldKind.DAY},
        "DateTimeField": {FieldKind.MOMENT},
        "DecimalField": {FieldKind.DECIMAL},
        "PositiveSmallIntegerField": {FieldKind.NUMBER},
        "ForeignKey": {FieldKind.NAME_OR_NONE, FieldKind.NUMBER},
        "ArrayField": {FieldKind.TAGS},
    }
    for field in Customer._meta.concrete_fields:
        if field.name in FIELDS:
            assert FIELDS[field.name] in kinds.get(type(field).__name__, {FieldKind.TEXT}), field.name
            assert field.null == (FIELDS[field.name] not in {FieldKind.TEXT, FieldKind.FLAG, FieldKind.TAGS})


@pytest.mark.parametrize("kind", FieldKind)
def test_every_value_arrives_as_it_was(kind):
    @given(OF_KIND[kind])
    @settings(max_examples=30)
    def arrives(value):
        written = json.loads(canonical({"value": encode_value(kind, value)}))["value"]
        assert decode_value(kind, written) == value

    arrives()


@pytest.mark.parametrize(
    ("kind", "values", "written"),
    [
        (FieldKind.DECIMAL, [Decimal(5), Decimal("5.0"), Decimal("5.00"), Decimal("0.5E1")], "5.00"),
        (FieldKind.DECIMAL, [Decimal(0), Decimal("-0"), Decimal("0E-9")], "0.00"),
        (FieldKind.DECIMAL, [Decimal("9999999999.99")], "9999999999.99"),
        (FieldKind.DAY, [date(1850, 1, 1)], "1850-01-01"),
        (
            FieldKind.MOMENT,
            [NOON, datetime.fromisoformat("2026-03-02T13:00:00+01:00")],
            "2026-03-02T12:00:00.000000+00:00",
        ),
        (FieldKind.FORMER_NUMBERS, [(FormerNumber("K-12", "typed"),)], [["K-12", "typed", ""]]),
    ],
)
def test_equal_values_have_one_spelling(kind, values, written):
    assert [encode_value(kind, value) for value in values] == [written] * len(values)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (FieldKind.TEXT, [None, 1, "a\0b", "\ud800", "x" * 100_001]),
        (FieldKind.NUMBER, ["1", True, 2**63]),
        (FieldKind.FLAG, [None, 0, 1, "true"]),
        (FieldKind.DECIMAL, ["5", "5.0", "5.001", "NaN", "Infinity", "-0.00", "1E+2", "1_0.00", 5, True, "9" * 99]),
        (FieldKind.DAY, ["20260302", "2026-W10-1", "2026-02-30", 20260302, "2026-03-02T00:00:00"]),
        (FieldKind.MOMENT, ["2026-03-02T12:00:00+00:00", "2026-03-02T12:00:00.000000", "now", 1]),
        (FieldKind.TAGS, [None, "ab", ["b", "a"], ["a", "a"], [1], [["a"]], ["x"] * 1_001, {"a": 1}]),
        (FieldKind.NAME_OR_NONE, [1, False, ["a"]]),
        (
            FieldKind.FORMER_NUMBERS,
            [None, ["K-12"], [["K-12"]], [["K-12", "typed", None]], [["b", "", ""], ["a", "", ""]]],
        ),
    ],
)
def test_values_of_another_kind_or_spelling_are_refused(kind, values):
    for value in values:
        with pytest.raises(UnfitValue):
            decode_value(kind, value)


@pytest.mark.parametrize(
    "value", [Decimal("0.001"), Decimal("NaN"), Decimal("Infinity"), Decimal("1E+18"), 0.5, "5.00"]
)
def test_decimals_that_would_be_rounded_are_not_sent(value):
    with pytest.raises(UnfitValue):
        encode_value(FieldKind.DECIMAL, value)


@given(RECORDS)
@settings(max_examples=25)
def test_every_customer_arrives_as_he_was(record):
    record = replace(record, was=dict(sorted(record.version.values.items())[:3]))
    assert sent(record) == record
    assert encode_values(decode_values(record.version.values)) == record.version.values


def test_deletions_and_erasures_arrive_and_say_nothing_else():
    assert sent(DeletionRecord(EVA, 4001, 7)) == DeletionRecord(EVA, 4001, 7)
    assert sent(ErasureRecord(EVA)) == ErasureRecord(EVA)
    assert sent(RevisionRecord(EVA, 7)) == RevisionRecord(EVA, 7)
    assert set(ErasureRecord(EVA).to_json()) == {"format", "kind", "uid"}


def test_a_reason_arrives_as_it_is_stored():
    refusal = ValidationError("%(tag)s is not known.", code="tag_unknown", params={"tag": "Stammgast"})
    stored: Any = sentences_of(refusal)
    held_back = sent(HeldBackRecord(EVA, 4001, tuple(stored)))
    assert str(Sentences(held_back.reasons)) == "Stammgast is not known."
    no_reasons: list[Any] = [None, [1], [{}], [{"code": 1, "params": {}}], [{"code": "x"}], [*stored] * 51]
    for wrong in no_reasons:
        with pytest.raises(RefusedRecord):
            read_record({**held_back.to_json(), "reasons": wrong})


def test_a_record_has_one_spelling():
    record = CustomerRecord(
        replace(version(), values={"city": "Köln", "tags": ["a"]}, consents=union([statement()])), 7, {"city": "Bonn"}
    )
    assert canonical(record.to_json()).decode() == (
        '{"base_rev":7,"consents":[{"at":"2026-03-02T12:00:00.000000+00:00","evidence":"","given_to":null,'
        '"holds_here":true,"is_given":true,"location":4,"purpose":"newsletter","receiver":null,'
        '"recorded_at":"2026-03-02T12:00:00.000000+00:00","recorded_by":"dirk","source":"counter",'
        '"wording_version":""}],"created_at":"2026-03-02T12:00:00.000000+00:00","format":1,"kind":"customer",'
        '"number":4001,"says_more":false,"uid":"00000000-0000-0000-0000-000000000001",'
        '"values":{"city":"Köln","tags":["a"]},"was":{"city":"Bonn"}}'
    )


def test_what_was_agreed_follows_from_what_was_changed():
    agreed = version()
    for name, value in CHANGED.items():
        changed = version(**{name: value})
        record = CustomerRecord(changed, 1, changed_fields(changed.values, agreed.values))
        assert set(record.was) == {name}
        assert sent(record).agreed == agreed
    assert CustomerRecord(agreed).agreed is None
    said = version(said=(statement(),))
    assert CustomerRecord(said, 1).agreed == said
    assert sent(CustomerRecord(said, 1, says_more=True)).agreed == agreed


def test_an_unknown_field_is_neither_emptied_nor_in_conflict():
    newer = {**version(city="Bremen").values, "shoe_size": "43"}
    record = CustomerRecord(replace(version(), values=newer), 1, {"shoe_size": "42", "city": ""})
    arrived = sent(record)
    assert "shoe_size" not in {**arrived.version.values, **arrived.was}
    assert arrived.version.values["city"] == "Bremen"
    stored = {"shoe_size": "44", "city": "", "street": "Am Dom 1"}
    assert known_part(newer, ["city"]) == {"city": "Bremen"}
    assert written_over(known_part(newer, ["city"]), stored) == {**stored, "city": "Bremen"}
    assert differing_fields({"city": "Bremen"}, stored) == ("city",)
    assert differing_fields({"city": "", "shoe_size": "44"}, {"city": ""}) == ()


GOOD: dict[str, Any] = CustomerRecord(version(said=(statement(struck_out=1),)), 7, {"city": "Bonn"}).to_json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"uid": "x"}, {"number": 0}, {"number": 2**31}, {"base_rev": -1}, {"kind": "ghost"}, {"format": 2},
        {"created_at": "yesterday"}, {"values": []}, {"values": {"city": None}}, {"values": {"discount": "5"}},
        {"values": {**GOOD["values"], **{str(number): 1 for number in range(500)}}},
        {"was": {"city": 5}}, {"consents": {}},
        {"consents": [{}]}, {"consents": [1]}, {"says_more": None}, {"was": {"city": "Bonn"}, "values": {}},
        {"consents": [{**GOOD["consents"][0], "struck_out_by": None}]},
    ],
)  # fmt: skip
def test_a_record_that_is_not_understood_is_refused_alone(wrong):
    read_record(GOOD)
    with pytest.raises(RefusedRecord) as refused:
        read_record({**GOOD, **wrong})
    assert refused.value.code == "record_refused"
