"""What the page of a conflict shows: field by field what was agreed, what stands, and what was overridden.

Only fields that differ, named and written as on the page of a customer. Where somebody may not see a field, masks stand
in all columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clearing.conflicts.deciding import LINKED, offered, untouched
from clearing.conflicts.versions import FORMER, HOME, lost_values, place_of, values_now, version_of
from clearing.models import Conflict
from clearing.naming import name_of
from clearing.protocol.canonical import Json
from clearing.protocol.decision import ConflictKind
from clearing.protocol.field_kinds import FIELDS, decode_value
from clearing.protocol.records import CustomerRecord, DeletionRecord, read_record
from clearing.protocol.versions import Values
from customers.field_groups import MASK, withheld
from customers.history import FIELD_ORDER, label_of, shown_value
from customers.models import Customer
from mcp.isolation.scope import Scope

ORDER = [name for name in FIELD_ORDER if name in FIELDS]


@dataclass(frozen=True)
class Line:
    """One field. `now` is what the customer has today, where that is not what stood."""

    name: str
    label: str
    agreed: str
    stands: str
    lost: str
    now: str = ""
    is_written: bool = False
    """Whether the decision has taken it over."""

    @property
    def is_masked(self) -> bool:
        """Whether it is withheld from whoever looks."""
        return self.lost == MASK


@dataclass(frozen=True)
class Row:
    """Fields that are taken over together: one, or those of which one says nothing without the other."""

    lines: list[Line] = field(default_factory=list)
    is_offered: bool = False
    is_ticked: bool = False

    @property
    def names(self) -> str:
        """What is sent for its tick."""
        return self.lines[0].name

    @property
    def label(self) -> str:
        """What is ticked, for whoever hears it."""
        return ", ".join(line.label for line in self.lines)


def rows_of(conflict: Conflict, customer: Customer | None, *, ticked: frozenset[str] | None, actor: Scope) -> list[Row]:
    """The rows of the page. `ticked` is what was ticked; None: what only the lost version has changed."""
    columns = _Columns(conflict, customer, actor)
    can, cannot = offered(conflict), untouched(actor)
    # Of a deletion there is one thing to take over: that he goes.
    beforehand = can if conflict.lost is None else frozenset(conflict.only_lost_changed)
    chosen = beforehand if ticked is None else ticked
    names = [name for name in ORDER if name in columns.differing]
    rows: list[Row] = []
    for name in names:
        together = next((group for group in LINKED if name in group), frozenset({name}))
        if any(line.name in together for row in rows for line in row.lines):
            continue
        inside = [other for other in names if other in together]
        is_offered = can >= set(inside) and not cannot & set(inside) and customer is not None
        rows.append(
            Row(
                [columns.line(other) for other in inside],
                is_offered=is_offered,
                is_ticked=is_offered and bool(chosen & set(inside)),
            )
        )
    return rows


class _Columns:
    """The three columns of a conflict."""

    def __init__(self, conflict: Conflict, customer: Customer | None, actor: Scope) -> None:
        common, stood = version_of(conflict.common), version_of(conflict.stood)
        self.agreed: Values = common.values if common else {}
        self.stands: Values = stood.values if stood else {}
        self.lost = lost_values(conflict)
        self.now: Values = values_now(customer) if customer else {}
        self.hidden = withheld(actor)
        self.text = _Writer(actor)
        self.written = frozenset(conflict.result.get("fields", {}))
        self.differing = self._differing(conflict)

    def _differing(self, conflict: Conflict) -> frozenset[str]:
        """Of a version beside which nothing stands, and of a deletion, all that is said."""
        if conflict.lost is None or conflict.stood is None:
            return frozenset(name for name, value in self.lost.items() if value not in (None, "", False, []))
        return frozenset(conflict.differing)

    def line(self, name: str) -> Line:
        label = label_of(name)
        if name in self.hidden:
            return Line(name, label, MASK, MASK, MASK, is_written=name in self.written)
        stands, now = self.stands.get(name), self.now.get(name)
        is_other = name in self.now and now != stands and self.stands != {}
        return Line(
            name, label, self.text(name, self.agreed.get(name)), self.text(name, stands),
            self.text(name, self.lost.get(name)), now=(self.text(name, now) or "–") if is_other else "",
            is_written=name in self.written,
        )  # fmt: skip


class _Writer:
    """Writes a value of a record as the pages of a customer show it."""

    def __init__(self, actor: Scope) -> None:
        self.places = {number: str(place) for number, place in place_of(actor.base).items()}

    def __call__(self, name: str, value: Json) -> str:
        if value is None:
            return ""
        if name == HOME and isinstance(value, int):
            return self.places.get(value, str(value))
        if name == FORMER:
            numbers: list[list[str]] = value  # type: ignore[assignment]
            return ", ".join(sorted({number for number, _source, _origin in numbers}))
        found = decode_value(FIELDS[name], value)
        return shown_value(name, list(found) if isinstance(found, tuple) else found)


@dataclass(frozen=True)
class Sent:
    """What a branch has sent: that a customer is deleted, or his fields, each with what was agreed before."""

    is_deletion: bool = False
    is_new: bool = False
    lines: tuple[Line, ...] = ()


def sent_lines(record: Any, *, actor: Scope) -> Sent:
    """The fields of a record that was held back: those that the branch has changed, else all that are filled in."""
    found = None if record is None else read_record(record)
    if not isinstance(found, CustomerRecord):
        return Sent(is_deletion=isinstance(found, DeletionRecord))
    hidden, text, values = withheld(actor), _Writer(actor), found.version.values
    is_new = found.base_rev is None
    names = [name for name in ORDER if (values.get(name) not in (None, "", False, []) if is_new else name in found.was)]
    lines = (
        Line(name, label_of(name), MASK, "", MASK)
        if name in hidden
        else Line(name, label_of(name), text(name, found.was.get(name)), "", text(name, values.get(name)))
        for name in names
    )
    return Sent(is_new=is_new, lines=tuple(lines))


def names_of(conflict: Conflict) -> Mapping[str, str]:
    """Of a number that was given twice: what the two are called."""
    if conflict.kind != ConflictKind.BORN_TWICE:
        return {}
    sides = {"stands": version_of(conflict.stood), "lost": version_of(conflict.lost)}
    return {side: name_of(version) for side, version in sides.items() if version is not None}
