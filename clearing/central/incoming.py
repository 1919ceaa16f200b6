"""What a branch has sent in a run, record by record, in the order in which it may travel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError

from clearing.choices import PartKind
from clearing.models import Cycle
from clearing.protocol.canonical import Json
from clearing.protocol.lengths import weight
from clearing.protocol.parts import Manifest, unpack_all
from clearing.protocol.records import (
    ConflictRecord,
    CustomerRecord,
    DecisionRecord,
    DeletionRecord,
    ErasureRecord,
    MatterRecord,
    Record,
    VocabularyRecord,
    read_record,
)
from clearing.protocol.strict import Fields
from clearing.protocol.versions import RefusedRecord, read_number
from clearing.rows.parts import contents_of
from clearing.rows.reading import BLOCK
from mcp.stored_sentences import Sentences, sentences_of

_ORDER: dict[type[Record], int] = {
    VocabularyRecord: 0,
    ConflictRecord: 1,
    DecisionRecord: 2,
    ErasureRecord: 3,
    DeletionRecord: 3,
    CustomerRecord: 4,
    MatterRecord: 5,
}
"""What frees a number travels before what may take it. What only a central sends is in no order of a branch."""
MOST_OF_A_BLOCK = 16 * 1024**2
"""Characters; a thousand customers as they are have a tenth of it."""


@dataclass(frozen=True)
class Unreadable:
    """A record of a customer that cannot be read; he is held back."""

    uid: UUID
    number: int
    reasons: Sentences


def incoming(cycle: Cycle, sent: Manifest) -> Iterator[Record | Unreadable]:
    """The records of a run. Raises RefusedRecord for one of nobody, or out of its turn, and what the parts raise."""
    turn = 0
    for found in unpack_all(contents_of(cycle, PartKind.SENT), sent):
        record = _read(found)
        place = _ORDER.get(type(record), -1) if not isinstance(record, Unreadable) else turn
        if place < turn:
            raise RefusedRecord("kind")
        turn = max(place, 1)  # groups and tags travel once
        yield record


def blocks_of(records: Iterable[Record | Unreadable]) -> Iterator[list[Record | Unreadable]]:
    """The records in blocks, in their order: of BLOCK, or fewer where there is much of each."""
    block: list[Record | Unreadable] = []
    held = 0
    for record in records:
        block.append(record)
        held += _weight(record)
        if len(block) == BLOCK or held > MOST_OF_A_BLOCK:
            yield block
            block, held = [], 0
    if block:
        yield block


def _weight(record: Record | Unreadable) -> int:
    match record:
        case CustomerRecord():
            return weight(record.version)
        case ConflictRecord():
            return sum(map(weight, record.sides))
    return 0


def _read(found: Mapping[str, Json]) -> Record | Unreadable:
    try:
        return read_record(found)
    except ValidationError as refusal:
        fields = Fields(found, refused=RefusedRecord)
        return Unreadable(fields.uuid("uid"), read_number(fields), sentences_of(refusal))
