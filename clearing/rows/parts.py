"""The parts of a run, stored and read one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from clearing.choices import PartKind
from clearing.models import Cycle, CyclePart
from clearing.protocol.canonical import Json
from clearing.protocol.parts import Manifest, pack
from clearing.protocol.strict import Fields
from clearing.protocol.versions import RefusedRecord
from customers.models import Tombstone


def store(cycle: Cycle, kind: PartKind, records: Iterable[Mapping[str, Json]]) -> Manifest:
    """Pack the records and store each part as soon as it is full; what was stored. Raises RecordTooLarge."""
    facts = []
    for part in pack(records):
        CyclePart.objects.create(
            base_id=cycle.base_id, cycle=cycle, kind=kind, number=part.facts.number, sha256=part.facts.sha256,
            rows=part.facts.rows, content=part.content,
        )  # fmt: skip
        facts.append(part.facts)
    return Manifest(tuple(facts))


def contents_of(cycle: Cycle, kind: PartKind) -> Iterator[bytes]:
    """The bytes of the parts of a run, one after the other."""
    parts = CyclePart.objects.filter(base=cycle.base_id, cycle=cycle.pk, kind=kind)
    for number in parts.order_by("number").values_list("number", flat=True):
        yield bytes(parts.values_list("content", flat=True).get(number=number))


def forget_erased(cycle: Cycle) -> None:
    """Let the bytes of a run that is done go if anybody was erased since it began: some may be of that person."""
    if Tombstone.objects.filter(base=cycle.base_id, at__gte=cycle.began_at).exists():
        CyclePart.objects.filter(base=cycle.base_id, cycle=cycle.pk).delete()


def manifest(stored: Json) -> Manifest:
    """The manifest that a run has stored."""
    return Manifest.from_fields(Fields({"parts": stored}, refused=RefusedRecord), "parts")
