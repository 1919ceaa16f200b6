"""What node and central say to each other."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from clearing.protocol.keys import Challenge, PrivateKey, issue_bearer, issue_lease, new_nonce
from clearing.protocol.messages import (
    COURSE_SENTENCES,
    MOST_BYTES,
    Ack,
    Admission,
    Course,
    Decide,
    Decided,
    Hello,
    HelloAnswer,
    Knock,
    Message,
    Proof,
    Question,
    RefusedMessage,
    is_clock_off,
)
from clearing.protocol.pairing_messages import Numbers, Pair, Paired
from clearing.protocol.parts import Manifest, PartFacts
from clearing.protocol.receipts import Counts
from tests.clearing.people import NODE, NOON, REQUEST

EPOCH = "7391234567890123456/12"
RECEIPT = "a" * 64
LEASE = issue_lease(node=NODE, cycle=7).secret
CHALLENGE = Challenge(new_nonce(), NODE, EPOCH, LEASE, REQUEST, REQUEST)
PARTS = Manifest((PartFacts(1, "b" * 64, 100, 3), PartFacts(2, "c" * 64, 50, 1)))
HELLO = Hello(NODE, REQUEST, EPOCH, 99_999, RECEIPT, 2**40, "1.4.0", NOON)
HELLO_ANSWER = HelloAnswer(Course.GO_ON, 100_000, RECEIPT, RECEIPT, EPOCH, "1.4.0", NOON)
DECIDE = Decide(100_000, REQUEST, RECEIPT, Manifest())
DECIDED = Decided(100_000, Counts(), Manifest(), RECEIPT, LEASE)
PROOF = Proof(CHALLENGE, CHALLENGE.signed_by(PrivateKey.make()))
ADMISSION = Admission(issue_bearer(now=NOON).secret, 900)
NUMBERS = Numbers(account=10400, client=4, branch=4, first_number=1, last_number=9_999)
OF_EMPTY_CYCLE: list[Message] = [
    Knock(NODE),
    Question(new_nonce(), EPOCH),
    PROOF,
    ADMISSION,
    HELLO,
    HELLO_ANSWER,
    DECIDE,
    DECIDED,
    Ack(100_000, RECEIPT),
]
MESSAGES: list[Message] = [
    *OF_EMPTY_CYCLE,
    replace(DECIDE, sent=PARTS),
    replace(DECIDED, answer=PARTS, counts=Counts(sent=4, applied=1, same=1, conflict=1, held_back=1)),
    replace(HELLO_ANSWER, course=Course.QUARANTINED),
    replace(HELLO_ANSWER, course=Course.CENTRAL_RESTORED, known=15),
    replace(PROOF, challenge=replace(CHALLENGE, request=None)),
    replace(HELLO, request=REQUEST, waiting=17, held_back=2, free_bytes=10**12),
    NUMBERS,
    Pair("7KM4-XW2P", PrivateKey.make().public.text, "Kasse 1", "1.4.0", REQUEST),
    Pair("7KM4-XW2P", PrivateKey.make().public.text, "Kasse 1", "1.4.0", REQUEST, NUMBERS),
    Paired(NODE, "Nordlicht Bäckereien", "Lübeck", NUMBERS, EPOCH, RECEIPT, "1.4.0", LEASE),
]


def test_an_empty_cycle_takes_two_kilobytes():
    sizes = {type(message).__name__: len(message.to_bytes()) for message in OF_EMPTY_CYCLE}
    assert len(sizes) == len(OF_EMPTY_CYCLE)
    assert sum(sizes.values()) <= 2_000, sizes


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was_sent(message):
    assert type(message).from_bytes(message.to_bytes()) == message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_a_newer_program_says_besides_is_ignored(message):
    assert type(message).from_bytes(json.dumps({**message.to_json(), "later": {"a": [1, None]}}).encode()) == message


MAY_BE: list[Any] = [("request", None), ("sent", []), ("answer", []), ("known", None), ("free_bytes", None)]
MAY_BE += [
    ("lacks_since", None),
    ("public_key", "x" * 300),
    ("edit_side", None),
    ("central_key", None),
    ("central_key", "x" * 300),
]
OPTIONAL = {
    (Proof, "request"),
    (Hello, "request"),
    (Hello, "free_bytes"),
    (Hello, "edit_side"),
    (Pair, "known"),
    (Paired, "central_key"),
    (HelloAnswer, "known"),
    (Hello, "lacks_since"),
}
WRONG: list[Any] = [None, True, -1, 2**70, "x" * 300, "\0", "\ud800", [], [1], {}, [{}], {"sent": 1}]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_values_of_another_kind_or_size_are_refused(message):
    found = message.to_json()
    for name in found:
        for wrong in WRONG:
            if (name, wrong) in MAY_BE:
                continue  # these may be so
            body = json.dumps({**found, name: wrong}).encode()
            with pytest.raises(RefusedMessage) as refused:
                type(message).from_bytes(body)
            assert refused.value.code == "message_refused"
        if (type(message), name) in OPTIONAL:
            continue
        with pytest.raises(RefusedMessage):
            type(message).from_bytes(json.dumps({key: value for key, value in found.items() if key != name}).encode())


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b'"a"', b'{"node":', Knock(NODE).to_bytes().ljust(MOST_BYTES + 1)]
)
def test_what_is_no_message_is_refused(body):
    with pytest.raises(RefusedMessage):
        Knock.from_bytes(body)


@pytest.mark.parametrize(
    ("message", "name", "value"),
    [
        (HELLO, "clock", "2026-03-02T12:00:00"),  # of which zone?
        (HELLO, "clock", "0001-01-01T00:00:00+14:00"),
        (HELLO, "node", str(NODE).upper().replace("0", "{")),
        (HELLO, "node", NODE.hex),
        (HELLO, "receipt", "A" * 64),
        (HELLO_ANSWER, "course", "somewhere"),
        (DECIDED, "counts", {"sent": 5, "applied": 1, "same": 1, "conflict": 1, "held_back": 1}),
        (DECIDED, "counts", {"sent": 1}),
        (DECIDE, "sent", [{}] * 4_001),
        (DECIDE, "cycle", 0),
        (DECIDE, "cycle", "1"),
        (DECIDE, "cycle", 1.0),
    ],
)
def test_values_that_cannot_be_are_refused(message, name, value):
    with pytest.raises(RefusedMessage):
        type(message).from_bytes(json.dumps({**message.to_json(), name: value}).encode())


def test_secrets_are_not_printed():
    for message, secret in ((DECIDED, DECIDED.lease), (ADMISSION, ADMISSION.token)):
        assert secret not in repr(message)
    assert CHALLENGE.lease not in repr(PROOF)


def test_each_course_but_the_usual_has_its_sentence():
    assert set(COURSE_SENTENCES) == set(Course) - {Course.GO_ON}


def test_clocks_may_be_five_minutes_apart():
    assert not is_clock_off(NOON, NOON + timedelta(minutes=5))
    assert is_clock_off(NOON + timedelta(minutes=5, seconds=1), NOON)
    assert is_clock_off(NOON, NOON + timedelta(days=3650))
