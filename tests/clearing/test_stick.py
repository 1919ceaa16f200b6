"""The parts of a cycle as a file: for its receiver alone, from its sender alone, whole and unchanged."""

import io
import struct
import tracemalloc
from dataclasses import replace

import pytest

from clearing.protocol import stick as format_of_sticks
from clearing.protocol.canonical import canonical
from clearing.protocol.keys import PrivateKey
from clearing.protocol.parts import LIMITS, DamagedPart, Manifest, MissingPart, pack, unpack_all
from clearing.protocol.stick import FRAME, MAGIC, Direction, StickHeader, read_stick, verify_stick, write_stick
from clearing.protocol.stick_problems import (
    ChangedStick,
    ForeignSender,
    NotAStick,
    RefusedStick,
    ReorderedStick,
    StickTooLarge,
    TruncatedStick,
    UnknownStickVersion,
    UnreadableStick,
    WrongReceiver,
)
from tests.clearing.people import NODE
from tests.clearing.test_parts import SMALL, noise

NODE_KEY, CENTRAL_KEY, OTHER_KEY = PrivateKey.make(), PrivateKey.make(), PrivateKey.make()
HEADER = StickHeader(account_number=10400, client_number=4, node=NODE, cycle=7, direction=Direction.TO_CENTRAL)
RECORDS = list(noise(250))
PARTS = list(pack(RECORDS, replace(SMALL, part_bytes=400_000)))
CONTENTS = [part.content for part in PARTS]
MANIFEST = Manifest(tuple(part.facts for part in PARTS))


def write(contents=CONTENTS, manifest=MANIFEST, *, sender=NODE_KEY, receiver=CENTRAL_KEY.public, header=HEADER):
    return b"".join(write_stick(contents, header=header, manifest=manifest, sender=sender, receiver=receiver))


STICK = write()
(FEW,) = pack(RECORDS[:20])
SMALL_STICK = write([FEW.content], Manifest((FEW.facts,)))


def read(content, *, receiver=CENTRAL_KEY, sender=NODE_KEY.public, taken=None):
    """The stick, read to its end; `taken` gets the parts that were given out."""
    stick = read_stick(io.BytesIO(content), receiver=receiver, sender=sender)
    taken = [] if taken is None else taken
    taken.extend(stick.parts())
    return stick, taken


def pieces_of(content):
    """What stands before the frames, and each frame."""
    start = len(MAGIC) + 4 + struct.unpack_from(">I", content, len(MAGIC))[0]
    frames, place = [], start
    while place < len(content):
        end = place + 9 + struct.unpack_from(">I", content, place + 5)[0]
        frames.append(content[place:end])
        place = end
    return content[:start], frames


def test_what_was_written_is_read():
    stick, taken = read(STICK)
    assert (stick.manifest, taken, stick.is_whole) == (MANIFEST, CONTENTS, True)
    assert list(unpack_all(taken, stick.manifest, SMALL)) == RECORDS
    assert stick.header == replace(
        HEADER,
        sender=NODE_KEY.public.fingerprint,
        receiver=CENTRAL_KEY.public.fingerprint,
        ephemeral=stick.header.ephemeral,
    )


def test_nothing_counts_before_all_was_read():
    stick = read_stick(io.BytesIO(STICK), receiver=CENTRAL_KEY, sender=NODE_KEY.public)
    parts = stick.parts()
    next(parts)
    assert not stick.is_whole
    file = io.BytesIO(STICK)
    assert verify_stick(file, receiver=CENTRAL_KEY, sender=NODE_KEY.public).is_whole
    assert file.tell() == 0


def test_a_stick_without_parts_is_one():
    assert read(write([], Manifest()))[0].manifest == Manifest()


def test_the_same_parts_are_sealed_anew_each_time():
    assert write() != STICK
    assert not any(part[20:60] in STICK for part in CONTENTS)


def test_nobody_else_can_read_it():
    with pytest.raises(WrongReceiver):
        read(STICK, receiver=OTHER_KEY)
    sealed_for_other = write(receiver=OTHER_KEY.public)
    renamed = sealed_for_other.replace(
        OTHER_KEY.public.fingerprint.encode(), CENTRAL_KEY.public.fingerprint.encode(), 1
    )
    with pytest.raises(ChangedStick):
        read(renamed)


def test_nobody_else_can_write_it():
    with pytest.raises(ForeignSender):
        read(write(sender=OTHER_KEY))
    with pytest.raises(ForeignSender):
        read(STICK, sender=OTHER_KEY.public)


def test_a_signature_by_somebody_else_is_no_signature(monkeypatch):
    """Whoever names the sender in the header, seals rightly and has not his key."""
    forger, named = PrivateKey.make(), NODE_KEY.public
    monkeypatch.setattr(PrivateKey, "public", property(lambda _key: named))
    forged = write(sender=forger)
    monkeypatch.undo()
    with pytest.raises(ForeignSender):
        read(forged)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"account":10400', b'"account":20800'),
        (b'"client":4', b'"client":5'),
        (b'"cycle":7', b'"cycle":8'),
        (b'"direction":"to central"', b'"direction":"to branch" '),
    ],
)
def test_a_header_cannot_be_changed(before, after):
    assert STICK.count(before) == 1
    with pytest.raises(ChangedStick):
        read(STICK.replace(before, after))


def test_a_changed_byte_is_noticed_wherever_it_is_and_nothing_of_its_part_is_given_out():
    head = pieces_of(SMALL_STICK)[0]
    for place in [
        *range(len(head) + 60),
        *range(len(head) + 60, len(SMALL_STICK), 2_999),
        *range(len(SMALL_STICK) - 30, len(SMALL_STICK)),
    ]:
        changed = bytearray(SMALL_STICK)
        changed[place] ^= 1
        taken: list[bytes] = []
        with pytest.raises(RefusedStick):
            read(bytes(changed), taken=taken)
        assert taken == []
    taken = []
    head, frames = pieces_of(STICK)
    frames[-1] = frames[-1][:-1] + bytes([frames[-1][-1] ^ 1])
    with pytest.raises(ChangedStick):
        read(head + b"".join(frames), taken=taken)
    assert taken == CONTENTS[:-1]


def test_a_file_that_breaks_off_is_noticed_wherever_that_is():
    head, frames = pieces_of(SMALL_STICK)
    for size in [
        *range(len(MAGIC), len(head) + 40),
        *range(len(head) + 100, len(SMALL_STICK), 2_999),
        len(SMALL_STICK) - 1,
    ]:
        with pytest.raises(TruncatedStick):
            read(SMALL_STICK[:size])
    with pytest.raises(TruncatedStick):
        read(head + b"".join(frames[:-1]))
    for size in range(len(MAGIC)):
        with pytest.raises(NotAStick):
            read(SMALL_STICK[:size])


def test_frames_in_another_order_twice_or_left_out_are_noticed():
    head, frames = pieces_of(STICK)
    assert len(frames) > 4
    for turned in (
        [frames[0], frames[2], frames[1], *frames[3:]],
        [frames[0], frames[1], frames[1], *frames[2:]],
        [frames[0], *frames[2:]],
        [frames[0], frames[-1], *frames[1:]],
        [frames[1], *frames],
        [*frames[:-1], frames[-2], frames[-1]],
    ):
        with pytest.raises(ReorderedStick):
            read(head + b"".join(turned))


def test_a_frame_of_another_file_is_noticed():
    head, frames = pieces_of(STICK)
    with pytest.raises(ChangedStick):
        read(head + b"".join([*frames[:2], pieces_of(write())[1][2], *frames[3:]]))
    with pytest.raises(ChangedStick):
        read(head + b"".join([frames[0][:4] + b"\2" + frames[0][5:], *frames[1:]]))


def test_a_frame_cannot_be_made_the_last():
    head, frames = pieces_of(STICK)
    with pytest.raises(ChangedStick):
        read(head + b"".join(frames[:2]) + frames[2][:4] + b"\1" + frames[2][5:])
    with pytest.raises(ChangedStick):
        read(head + b"".join(frames[:-1]) + frames[-1][:4] + b"\2" + frames[-1][5:])


def test_another_version_is_told_before_anything_else(monkeypatch):
    monkeypatch.setattr(format_of_sticks, "VERSION", 2)
    newer = write()
    monkeypatch.undo()
    with pytest.raises(UnknownStickVersion):
        read(newer, receiver=OTHER_KEY)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + b"x" * 100, b"Kundennummer;Name\n"])
def test_other_files_are_refused(content):
    with pytest.raises(NotAStick):
        read(content)


@pytest.mark.parametrize("header", [b"", b"no JSON", b"{}", b'{"version":1}', b'{"version":1.0}'])
def test_a_header_that_is_none_is_refused(header):
    with pytest.raises(UnreadableStick):
        read(MAGIC + struct.pack(">I", len(header)) + header)


def test_more_than_is_announced_is_refused():
    with pytest.raises(StickTooLarge):
        read(STICK + b"x")
    with pytest.raises(UnreadableStick):
        read(MAGIC + struct.pack(">I", 2**32 - 1) + b"{" * 10_000)
    head, frames = pieces_of(STICK)
    endless = frames[1][:5] + struct.pack(">I", 2**32 - 1)
    with pytest.raises(StickTooLarge):
        read(head + frames[0] + endless + b"x" * 10_000)


def test_a_sender_who_seals_other_than_he_announces_is_refused(monkeypatch):
    def wrong(contents):
        return b"".join(
            write_stick(contents, header=HEADER, manifest=MANIFEST, sender=NODE_KEY, receiver=CENTRAL_KEY.public)
        )

    for contents in (CONTENTS[:-1], [*CONTENTS, CONTENTS[0]]):
        with pytest.raises(MissingPart):
            wrong(contents)
    with pytest.raises(DamagedPart):
        wrong([b"x", *CONTENTS[1:]])
    monkeypatch.setattr(format_of_sticks, "_pieces", lambda contents, _manifest: iter(contents))
    whole = b"".join(CONTENTS)
    frames = [whole[start : start + FRAME] for start in range(0, len(whole), FRAME)]
    for contents, refusal in (
        (frames[:-1], ChangedStick),
        ([b"", *frames], ChangedStick),
        ([b"\0" * FRAME] * 40, ChangedStick),
        ([b"x" + frames[0][1:], *frames[1:]], ChangedStick),
    ):
        sealed = wrong(contents)
        with pytest.raises(refusal):
            read(sealed)


def test_a_part_that_is_announced_larger_than_a_part_can_be_is_refused():
    manifest = Manifest((replace(MANIFEST.parts[0], size=LIMITS.part_bytes + 1),))
    pieces = write_stick([], header=HEADER, manifest=manifest, sender=NODE_KEY, receiver=CENTRAL_KEY.public)
    with pytest.raises(UnreadableStick):
        read(next(pieces) + next(pieces))  # the header, and the frame with the manifest


def test_large_sticks_take_no_more_memory_than_small():
    def peak(count):
        manifest = Manifest(tuple(part.facts for part in pack(noise(count), SMALL)))
        tracemalloc.start()
        file = io.BytesIO(b"".join(write_stick(
            (part.content for part in pack(noise(count), SMALL)),
            header=HEADER, manifest=manifest, sender=NODE_KEY, receiver=CENTRAL_KEY.public,
        )))  # fmt: skip
        tracemalloc.reset_peak()
        kept = tracemalloc.get_traced_memory()[0]
        for _content in read_stick(file, receiver=CENTRAL_KEY, sender=NODE_KEY.public).parts():
            pass
        size = tracemalloc.get_traced_memory()[1] - kept
        tracemalloc.stop()
        return size

    assert peak(300) < 1.3 * peak(100)


def test_the_header_has_one_spelling():
    written = HEADER.to_json() | {"ephemeral": "0" * 64, "sender": "a" * 64, "receiver": "b" * 64}
    assert StickHeader.from_json(canonical({**written, "later": 1})).to_json() == written
