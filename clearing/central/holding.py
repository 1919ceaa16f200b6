"""What of a run a rule has refused: kept until it is sent again and taken, or somebody dismisses it.

    keep_held(held, decided, cycle=…, node=…)     called for each block of a run, within its transaction

Nothing is lost of what an installation has sent whose pairing has ended. Another one that sends the same customer
differently does not replace it: it is dismissed then, and stays to be read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.choices import NodeState
from clearing.models import Cycle, HeldBack, Node
from clearing.naming import name_of
from clearing.protocol.records import CustomerRecord, DeletionRecord, ErasureRecord
from mcp.stored_sentences import Sentences, stored_sentence

type Sent = CustomerRecord | DeletionRecord | ErasureRecord
type Held = dict[UUID, tuple[int, Sentences, Sent | None]]
"""Who is held back: by uid the customer number, the reasons, and what was sent."""
WAS_ERASED = stored_sentence(
    "clearing_was_erased",
    gettext_lazy("This customer was erased for good at the central. He is not brought back; erase him here as well."),
)
CAME_AGAIN = stored_sentence(
    "clearing_came_again", gettext_lazy("%(node)s has sent this customer as well, with its run %(number)s.")
)
ABOUT_SENDING = frozenset({"base_rev", "was", "says_more"})
"""From what a record began: other where an installation is paired anew, of the same change."""


def keep_held(held: Held, decided: Mapping[UUID, Sent], *, cycle: Cycle, node: Node) -> None:
    """Write down who is held back by this run of the node, and let go who was `decided` otherwise."""
    uids = {*held, *decided}
    waiting = {row.uid: row for row in _waiting(cycle, uids)}
    sent = {**decided, **{uid: record for uid, (_number, _reasons, record) in held.items()}}
    left = {uid for uid, row in waiting.items() if _is_left(row, node) and _is_other(row, sent[uid])}
    erased = {uid for uid, (_number, reasons, _record) in held.items() if reasons == WAS_ERASED()}
    _dismiss([waiting[uid] for uid in left - erased], cycle, node)
    settled = {uid for uid in waiting if uid not in held and uid not in left}
    if settled:
        _of_base(cycle).waiting().filter(uid__in=settled).delete()
    if erased:
        _of_base(cycle).dismissed().filter(uid__in=erased).delete()
    for uid, (number, reasons, record) in held.items():
        values: dict[str, Any] = {
            "customer_number": number, "node": node, "cycle_number": cycle.number, "reasons": reasons,
            "name": name_of(record.version) if isinstance(record, CustomerRecord) else "",
            "record": None if record is None else record.to_json(),
        }  # fmt: skip
        there = None if uid in left - erased else waiting.get(uid)
        if there is None:
            HeldBack.objects.create(base=cycle.base, uid=uid, since=timezone.now(), **values)
        elif (there.reasons, there.record) != (reasons, values["record"]):
            _of_base(cycle).filter(pk=there.pk).update(**values)


def _of_base(cycle: Cycle) -> Any:
    return HeldBack.objects.filter(base=cycle.base_id)


def _waiting(cycle: Cycle, uids: Collection[UUID]) -> list[HeldBack]:
    return list(_of_base(cycle).waiting().filter(uid__in=uids).select_related("node"))


def _is_left(row: HeldBack, node: Node) -> bool:
    """Whether it is of an installation that does not send it again."""
    return row.node_id != node.pk and row.node.state == NodeState.RETIRED


def _is_other(row: HeldBack, sent: Sent | None) -> bool:
    """Whether the customer is sent otherwise now."""
    return _plain(row.record) != _plain(None if sent is None else sent.to_json())


def _plain(record: Any) -> dict[str, Any] | None:
    return None if record is None else {name: value for name, value in record.items() if name not in ABOUT_SENDING}


def _dismiss(rows: Collection[HeldBack], cycle: Cycle, node: Node) -> None:
    for row in rows:
        _of_base(cycle).filter(pk=row.pk).update(
            dismissed_at=timezone.now(), dismissed_by=node.name,
            dismissed_told=CAME_AGAIN(node=node.name, number=cycle.number),
        )  # fmt: skip
