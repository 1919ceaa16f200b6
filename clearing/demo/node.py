"""A node of the demo. It has no database: it says to the central what a branch would say, and remembers the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import uuid4

from django.utils import timezone

from clearing.central import entering, pairing, receiving, standing
from clearing.models import Node
from clearing.program import program_version
from clearing.protocol.keys import Challenge, PrivateKey
from clearing.protocol.messages import Ack, Decide, Decided, Hello, Knock, Proof
from clearing.protocol.pairing_messages import Pair
from clearing.protocol.parts import Manifest, Part, pack, unpack
from clearing.protocol.records import CustomerRecord, RevisionRecord, read_record
from clearing.protocol.versions import Values, Version, changed_fields

FREE_BYTES = 180 * 1024**3
GERMAN = {"country": "DE", "language": "de"}


class DemoNode:
    """An installation at a branch: it is paired by a code, changes customers, and reconciles."""

    def __init__(self, *, code: str, machine: str) -> None:
        self._key, self._incarnation = PrivateKey.make(), uuid4()
        asked = Pair(
            code=code, public_key=self._key.public.text, machine=machine, program=program_version(),
            incarnation=self._incarnation,
        )  # fmt: skip
        paired = pairing.pair(asked, address=None)
        self._node, self._numbers, self._epoch = paired.node, paired.numbers, paired.epoch
        self._lease, self._receipt = paired.lease, paired.receipt
        self._applied = 0
        self._known: dict[int, CustomerRecord] = {}
        self._waiting: dict[int, CustomerRecord] = {}

    def change(self, customer_number: int, **values: object) -> None:
        """Somebody changes a customer at the branch."""
        known = self._known[customer_number]
        now = replace(known.version, values={**known.version.values, **_texts(values)})
        was = changed_fields(now.values, known.version.values)
        self._waiting[customer_number] = CustomerRecord(now, known.base_rev, was)

    def register(self, customer_number: int, **values: object) -> None:
        """Somebody registers a customer at the branch."""
        own: Values = {**_texts(values), **GERMAN, "home_location": self._numbers.client}
        self._waiting[customer_number] = CustomerRecord(Version(uuid4(), customer_number, timezone.now(), own))

    def reconcile(self) -> None:
        """One whole run. The central says what became of each change."""
        node = self._admitted()
        standing.hello(self._hello(), node=node)
        parts = list(pack(record.to_json() for record in self._waiting.values()))
        decided = self._decided(node, parts)
        self._take(node, decided)
        receiving.take_ack(Ack(decided.cycle, decided.receipt), node=node)

    def _admitted(self) -> Node:
        address = (self._numbers.account, self._numbers.client)
        question = entering.knock(Knock(self._node), address)
        challenge = Challenge(
            nonce=question.nonce, node=self._node, epoch=question.epoch, lease=self._lease,
            incarnation=self._incarnation, request=None,
        )  # fmt: skip
        admission = entering.prove(Proof(challenge, challenge.signed_by(self._key)), address)
        if isinstance(admission, Exception):
            raise admission
        return entering.admitted(admission.token, address)

    def _hello(self) -> Hello:
        return Hello(
            node=self._node, incarnation=self._incarnation, epoch=self._epoch, applied=self._applied,
            receipt=self._receipt, counter=len(self._known), program=program_version(), clock=timezone.now(),
            waiting=len(self._waiting), free_bytes=FREE_BYTES,
        )  # fmt: skip

    def _decided(self, node: Node, parts: Iterable[Part]) -> Decided:
        cycle, request, sent = self._applied + 1, uuid4(), tuple(parts)
        for part in sent:
            receiving.receive_part(receiving.ArrivingPart(part.facts, request, part.content), node=node, cycle=cycle)
        message = Decide(cycle, request, self._receipt, Manifest(tuple(part.facts for part in sent)))
        decided = receiving.decide_cycle(message, node=node)
        assert isinstance(decided, Decided)  # noqa: S101 - so few are decided at once
        return decided

    def _take(self, node: Node, decided: Decided) -> None:
        revisions: dict[object, int] = {}
        for facts in decided.answer.parts:
            content = receiving.answer_part(node=node, cycle=decided.cycle, number=facts.number)
            for line in unpack(content, facts):
                record = read_record(line)
                if isinstance(record, CustomerRecord):
                    self._known[record.version.number] = record
                elif isinstance(record, RevisionRecord):
                    revisions[record.uid] = record.rev
        for number, sent in self._waiting.items():
            if sent.version.uid in revisions:
                self._known[number] = CustomerRecord(sent.version, revisions[sent.version.uid])
        self._waiting = {}
        self._applied, self._receipt, self._lease = decided.cycle, decided.receipt, decided.lease


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}
