"""Whether a record can travel: the other side reads no line, text or list that is longer than any of its own.

Of whom there is more than that he stays behind alone, and somebody is told; nobody else waits for him.
"""

from __future__ import annotations

from collections.abc import Sequence

from clearing.protocol.canonical import canonical
from clearing.protocol.field_kinds import LONGEST_TEXT, MOST_OF_A_LIST
from clearing.protocol.parts import LIMITS
from clearing.protocol.records import ConflictRecord, CustomerRecord, DecisionRecord
from clearing.protocol.versions import MOST_STATEMENTS, Values, Version

OF_STATEMENT, OF_VALUE, OF_ENTRY = 1_000, 40, 150
"""Characters of a statement, of a value with its name beside the text itself, and of an entry of a list; generously."""
OF_CHARACTER = 6
"""Bytes, of one that is written as an escape."""


def can_travel(record: CustomerRecord | ConflictRecord | DecisionRecord) -> bool:
    """Whether the other side can read the record."""
    match record:
        case CustomerRecord():
            is_fit, size = _is_fit(record.version), weight(record.version) + _of_values(record.was)
        case ConflictRecord():
            is_fit, size = all(map(_is_fit, record.sides)), sum(map(weight, record.sides))
        case DecisionRecord():
            is_fit, size = True, LIMITS.line_bytes
    # Only of the few that might be too long it is asked in fact.
    return is_fit and (size * OF_CHARACTER < LIMITS.line_bytes or len(canonical(record.to_json())) < LIMITS.line_bytes)


def weight(version: Version) -> int:
    """About how many characters a version has, and not fewer."""
    return _of_values(version.values) + OF_STATEMENT * len(version.consents)


def _of_values(values: Values) -> int:
    return sum(map(_of_value, values.values()))


def _of_value(value: object) -> int:
    match value:
        case str():
            return OF_VALUE + len(value)
        case Sequence():
            return OF_VALUE + OF_ENTRY * len(value)
    return OF_VALUE


def _is_fit(version: Version) -> bool:
    return len(version.consents) <= MOST_STATEMENTS and all(map(_is_short, version.values.values()))


def _is_short(value: object) -> bool:
    match value:
        case str():
            return len(value) <= LONGEST_TEXT
        case Sequence():
            return len(value) <= MOST_OF_A_LIST
    return True
