"""Records in parts: the same bytes for the same records, and nothing damaged or too large is taken."""

import gzip
import hashlib
import json
import random
import tracemalloc
from collections import deque
from dataclasses import replace

import pytest

from clearing.protocol.canonical import canonical, read_object
from clearing.protocol.messages import RefusedMessage
from clearing.protocol.parts import (
    LIMITS,
    DamagedPart,
    Manifest,
    MissingPart,
    PartFacts,
    PartLimits,
    PartTooLarge,
    RecordTooLarge,
    pack,
    receive,
    unpack,
    unpack_all,
)
from clearing.protocol.strict import Fields
from tests.clearing.people import NOON

SMALL = replace(LIMITS, part_bytes=300_000, line_bytes=10_000, rows=2_000)
RECORDS = [{"uid": number, "name": f"Jäger {number}", "tags": ["a", "ß"], "none": None} for number in range(300)]


def noise(count, *, size=2_000):
    """Records that cannot be packed."""
    numbers = random.Random(7)
    return ({"number": number, "noise": numbers.randbytes(size // 2).hex()} for number in range(count))


def facts_of(content, *, rows, number=1):
    return PartFacts(number, hashlib.sha256(content).hexdigest(), len(content), rows)


def read(content, rows, limits=LIMITS):
    return list(unpack(content, facts_of(content, rows=rows), limits))


def test_what_was_packed_is_unpacked():
    parts = list(pack(RECORDS))
    assert [(part.facts.number, part.facts.rows) for part in parts] == [(1, 300)]
    assert list(unpack_all([part.content for part in parts], Manifest((parts[0].facts,)))) == RECORDS
    assert list(pack([])) == []
    assert list(unpack_all([], Manifest())) == []


def test_other_programs_can_read_a_part():
    (part,) = pack(RECORDS)
    assert [json.loads(line) for line in gzip.decompress(part.content).splitlines()] == RECORDS
    assert part.content[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def test_the_same_records_give_the_same_bytes():
    turned = [dict(reversed(record.items())) for record in RECORDS]
    assert list(pack(RECORDS)) == list(pack(turned))
    assert [part.facts for part in pack(noise(200), SMALL)] == [part.facts for part in pack(noise(200), SMALL)]


def test_a_value_has_one_spelling():
    assert canonical({"b": 1, "a": ("ä", None, True)}) == '{"a":["ä",null,true],"b":1}'.encode()
    with pytest.raises(ValueError, match="surrogates"):
        canonical({"a": "\ud800"})
    with pytest.raises(TypeError):
        canonical({"a": NOON})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"1", b'{"a":1.5}', b'{"a":NaN}', b'{"a":1,"a":2}', b"{", b"\xff", b'{"a":' + b"[" * 200_000, b"{}{}"],
)
def test_what_is_no_object_of_ours_is_refused(line):
    with pytest.raises(ValueError):  # noqa: PT011 - each is told by its reader
        read_object(line)


def test_a_full_part_is_followed_by_the_next():
    parts = list(pack(noise(400), SMALL))
    assert [part.facts.number for part in parts] == list(range(1, len(parts) + 1))
    assert len(parts) > 3
    assert all(part.facts.size == len(part.content) <= SMALL.part_bytes for part in parts)
    manifest = Manifest(tuple(part.facts for part in parts))
    assert (manifest.rows, manifest.size) == (400, sum(len(part.content) for part in parts))
    assert list(unpack_all((part.content for part in parts), manifest, SMALL)) == list(noise(400))


def test_records_that_pack_too_well_are_still_read():
    """Equal lines would pack to a thousandth; a part ends before it would look like a bomb."""
    records = [{"name": "x" * 5_000}] * 500
    parts = list(pack(records, SMALL))
    assert len(parts) > 1
    assert [record for part in parts for record in unpack(part.content, part.facts, SMALL)] == records


def test_a_record_may_be_as_long_as_a_line_and_no_longer():
    (part,) = pack([{"a": "x" * (SMALL.line_bytes - 9)}], SMALL)
    assert len(list(unpack(part.content, part.facts, SMALL))) == 1
    with pytest.raises(RecordTooLarge):
        list(pack([{"a": "x" * (SMALL.line_bytes - 8)}], SMALL))


def test_many_records_take_no_more_memory_than_few():
    def peak(count):
        tracemalloc.start()
        for part in pack(noise(count), SMALL):
            assert sum(1 for _ in unpack(part.content, part.facts, SMALL)) == part.facts.rows
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(900) < 1.3 * peak(300)


def test_a_flipped_bit_is_noticed_wherever_it_is():
    (part,) = pack(RECORDS[:2])
    for place in range(len(part.content) * 8):
        flipped = bytearray(part.content)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(DamagedPart):
            list(unpack(bytes(flipped), part.facts))


def test_a_part_that_breaks_off_is_noticed_wherever_that_is():
    (part,) = pack(RECORDS[:2])
    for size in range(len(part.content)):
        with pytest.raises(DamagedPart):
            list(unpack(part.content[:size], part.facts))
        with pytest.raises(DamagedPart):  # and even where somebody has announced it like this
            read(part.content[:size], 2)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"no gzip", 1),
        (gzip.compress(b"no object\n"), 1),
        (gzip.compress(b'{"a":1}'), 1),  # the end of the line is missing
        (gzip.compress(b'{"a":1}\n{"a":2}'), 1),
        (gzip.compress(b'{"a":1}\n'), 2),
        (gzip.compress(b'{"a":1}\n{"a":2}\n'), 1),
        (gzip.compress(b'{"a":1}\n') * 2, 2),
        (gzip.compress(b'{"a":1}\n') + b"more", 1),
        (gzip.compress(b""), 1),
    ],
    # Named by hand: the bytes hold the time at which they were packed.
    ids=["no gzip", "no object", "no end", "no second end", "one of two", "two of one", "twice", "more", "nothing"],
)
def test_what_is_no_part_of_ours_is_refused_though_its_hash_is_right(content, rows):
    with pytest.raises(DamagedPart):
        read(content, rows)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (gzip.compress(b"\0" * 20_000_000), 1),
        (gzip.compress(b"\n" * 20_000_000), 250_000),
        (gzip.compress(b'{"a":1}\n' * 2_000_000), 1_000),
        (gzip.compress(b'{"a":"' + b"x" * LIMITS.line_bytes + b'"}\n'), 1),
        (b"x", LIMITS.rows + 1),
    ],
)
def test_bombs_are_refused_before_they_are_unpacked(content, rows):
    tracemalloc.start()
    with pytest.raises((PartTooLarge, DamagedPart)):
        deque(unpack(content, facts_of(content, rows=rows)), maxlen=0)
    assert tracemalloc.get_traced_memory()[1] < 8 * LIMITS.line_bytes
    tracemalloc.stop()


def test_a_part_must_not_unpack_to_much_more_than_it_is():
    content = gzip.compress(b"".join(canonical({"a": "x" * 900}) + b"\n" for _ in range(2_000)))
    with pytest.raises(PartTooLarge):
        read(content, 2_000)
    assert len(read(content, 2_000, replace(LIMITS, ratio=1_000))) == 2_000
    with pytest.raises(PartTooLarge):
        read(content, 2_000, replace(LIMITS, ratio=1_000, unpacked_bytes=1_000_000))


def test_a_line_must_not_be_longer_than_a_line_can_be():
    content = gzip.compress(b'{"a":"' + b"x" * LIMITS.line_bytes + b'"}\n')
    with pytest.raises(PartTooLarge):
        read(content, 1, replace(LIMITS, ratio=100_000))


def test_no_more_records_are_given_out_than_announced():
    content, taken = gzip.compress(b'{"a":1}\n' * 50), 0

    def count(record):
        nonlocal taken
        taken += 1
        return record

    with pytest.raises(DamagedPart):
        deque(map(count, unpack(content, facts_of(content, rows=10))), maxlen=0)
    assert taken == 10


def test_a_part_is_received_in_pieces():
    (part,) = pack(RECORDS)
    pieces = [part.content[start : start + 100] for start in range(0, len(part.content), 100)]
    assert receive(pieces, part.facts) == part.content
    with pytest.raises(DamagedPart):
        receive(pieces[:-1], part.facts)
    endless = iter(lambda: b"x" * 100_000, b"")
    with pytest.raises(PartTooLarge):
        receive(endless, part.facts, PartLimits(part_bytes=1_000_000))


def test_a_part_has_the_size_that_was_announced():
    (part,) = pack(RECORDS)
    for size in (part.facts.size - 1, part.facts.size + 1):
        with pytest.raises(DamagedPart):
            list(unpack(part.content, replace(part.facts, size=size)))


def test_missing_and_additional_parts_are_noticed():
    parts = list(pack(noise(90), SMALL))
    manifest = Manifest(tuple(part.facts for part in parts))
    contents = [part.content for part in parts]
    for wrong in (contents[:-1], [*contents, contents[0]], []):
        with pytest.raises(MissingPart):
            list(unpack_all(wrong, manifest, SMALL))
    with pytest.raises(DamagedPart):
        list(unpack_all([contents[1], contents[0], *contents[2:]], manifest, SMALL))
    with pytest.raises(ValueError, match="without a gap"):
        Manifest((manifest.parts[1],))


def test_a_manifest_travels():
    manifest = Manifest(tuple(part.facts for part in pack(noise(90), SMALL)))
    fields = Fields({"sent": manifest.to_json()}, refused=RefusedMessage)
    assert Manifest.from_fields(fields, "sent") == manifest
    for wrong in ({"size": LIMITS.part_bytes + 1}, {"rows": 0}, {"sha256": "0"}, {"sha256": "G" * 64}):
        fields = Fields({"sent": [{**manifest.parts[0].to_json(), **wrong}]}, refused=RefusedMessage)
        with pytest.raises(RefusedMessage):
            Manifest.from_fields(fields, "sent")
