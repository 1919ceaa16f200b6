"""Runs that no program of ours sends: whoever administers a branch can send any bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearing.central.deciding import decide
from clearing.choices import CycleState, PartKind
from clearing.models import Cycle, CyclePart, Node
from clearing.protocol.parts import Manifest, pack, unpack_all
from clearing.protocol.records import CustomerRecord
from clearing.protocol.versions import Version
from clearing.rows.parts import contents_of, manifest
from locations.choices import Side
from tests.clearing.two_sides import TwoSides, at


def line(version: Version, **more: Any) -> dict[str, Any]:
    """A customer as he travels, born at the branch; `more` is written over it, whatever it is."""
    return {**CustomerRecord(version).to_json(), **more}


def sent(sides: TwoSides, *records: Mapping[str, Any]) -> Cycle:
    """The records in the next run of the node, which is decided. Raises what the decision raises."""
    node = Node.objects.get(pk=sides.branch.node)
    packed = list(pack(records))
    cycle = Cycle.objects.create(
        base=sides.central.base, node=node, number=node.decided + 1, state=CycleState.ARRIVING,
        sent=Manifest(tuple(part.facts for part in packed)).to_json(),
    )  # fmt: skip
    for part in packed:
        CyclePart.objects.create(
            base=sides.central.base, cycle=cycle, kind=PartKind.SENT, number=part.facts.number,
            sha256=part.facts.sha256, rows=part.facts.rows, content=part.content,
        )  # fmt: skip
    with at(Side.CENTRAL):
        decide(cycle, actor=sides.central)
    cycle.refresh_from_db()
    return cycle


def answered(cycle: Cycle) -> list[dict[str, Any]]:
    """The records of the answer."""
    return list(unpack_all(contents_of(cycle, PartKind.ANSWER), manifest(cycle.answer)))
