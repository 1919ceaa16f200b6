"""The chain of receipts."""

from dataclasses import replace

import pytest

from clearing.protocol.parts import Manifest, PartFacts
from clearing.protocol.receipts import BrokenChain, Counts, Receipt, start_of_chain, verify_chain
from tests.clearing.people import NODE, REQUEST

START = start_of_chain(node=NODE, epoch="7391/1")
SENT = Manifest((PartFacts(1, "a" * 64, 100, 3), PartFacts(2, "b" * 64, 50, 1)))
ANSWER = Manifest((PartFacts(1, "c" * 64, 70, 2),))
COUNTS = Counts(sent=4, applied=1, same=1, conflict=1, held_back=1)


def chain(length=3, previous=START):
    receipts = []
    for cycle in range(1, length + 1):
        receipts.append(Receipt(cycle, previous, SENT, ANSWER, COUNTS))
        previous = receipts[-1].hash
    return receipts


def test_a_chain_is_known_by_its_last_hash():
    receipts = chain()
    assert verify_chain(receipts, start=START) == receipts[-1].hash
    assert verify_chain([], start=START) == START
    assert verify_chain(receipts[1:], start=receipts[0].hash, first=2) == receipts[-1].hash


def test_each_node_and_each_life_of_the_central_has_its_own_chain():
    starts = {START, start_of_chain(node=REQUEST, epoch="7391/1"), start_of_chain(node=NODE, epoch="7391/2")}
    assert len(starts) == 3


def test_a_receipt_is_always_hashed_in_the_same_way():
    assert START == "d8bc9a0bf79f0272e500fe811d4e649f2973cb6c4016ec08134ace47ac4fc84e"
    assert chain(1)[0].hash == "e51a5570d5d4d83ccada79a2f26fad9655c6947f9003dd5de6ae8619b198f627"


@pytest.mark.parametrize(
    "change",
    [
        {"cycle": 9},
        {"previous": "0" * 64},
        {"sent": Manifest(SENT.parts[:1])},
        {"sent": Manifest((replace(SENT.parts[0], sha256="d" * 64), SENT.parts[1]))},
        {"answer": Manifest()},
        {"counts": replace(COUNTS, same=2, applied=0)},
    ],
)
def test_a_change_anywhere_breaks_the_chain(change):
    receipts = chain()
    receipts[1] = replace(receipts[1], **change)
    with pytest.raises(BrokenChain):
        verify_chain(receipts, start=START)


def test_receipts_that_are_missing_turned_or_of_another_break_the_chain():
    one, two, three = chain()
    for wrong in ([one, three], [two, one, three], [two, three], [one, one, two]):
        with pytest.raises(BrokenChain):
            verify_chain(wrong, start=START)
    with pytest.raises(BrokenChain):
        verify_chain([one, two, replace(three, cycle=4)], start=START)
    with pytest.raises(BrokenChain):
        verify_chain([one], start=start_of_chain(node=REQUEST, epoch="7391/1"))


def test_a_part_that_lost_its_bytes_keeps_the_chain():
    """Nothing but the facts of a part is needed: who was erased has gone from its bytes, which nobody keeps."""
    receipts = chain()
    assert not any(isinstance(value, bytes) for value in vars(receipts[0].sent.parts[0]).values())
    assert verify_chain(receipts, start=START) == receipts[-1].hash


def test_counts_add_up():
    assert COUNTS.is_complete
    assert not replace(COUNTS, held_back=0).is_complete
