"""Nodes, runs, conflicts and changes held back of each base, with canaries in all their words."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from accounting.models import BranchOrder, ToldTerms
from clearing.choices import ConflictState, CycleState
from clearing.models import Alarm, AlarmRecipient, BulkDecision, Conflict, Cycle, HeldBack, Node
from clearing.protocol.field_kinds import FIELDS, FieldKind
from clearing.protocol.records import CustomerRecord
from clearing.protocol.versions import Version
from mcp.stored_sentences import Sentences
from tests.clearing.people import EMPTY, NOON
from tests.isolation.canary.canaries import Canary

WORDS = [name for name, kind in FIELDS.items() if kind == FieldKind.TEXT and name not in ("birthday_without_year",)]


def plant_clearing(business: Any) -> None:
    """Of each base an open conflict of a customer of his, and a change of him that is held back."""
    business.row(AlarmRecipient, organization=business.organization, user=business.people[0])
    for base in business.bases:
        place = next((one for one in business.locations if one.base_id == base.pk), None)
        if place is None:
            continue
        node = business.row(
            Node, organization=business.organization, base=base, location=place, decided=2, acknowledged=1, cursor=1
        )
        business.row(Alarm, organization=business.organization, base=base, node=node, ended_at=None, told_at=None)
        _sold(business, base, place, node)
        part = {
            "rows": 1,
            "size": 1,
            "sha256": business.canaries.word(Canary(business.account, "clearing.Cycle", "answer")),
        }
        cycle = business.row(Cycle, base=base, node=node, number=1, state=CycleState.ARRIVING, answer=[part])
        customer = next(one for one in business.rows["customers.Customer"] if one.base_id == base.pk)
        common, stood, lost = (_version(business, customer, "clearing.Conflict", name) for name in _COLUMNS)
        result = {"word": business.canaries.word(Canary(business.account, "clearing.Conflict", "result"))}
        about: dict[str, Any] = {
            "base": base, "uid": customer.uid, "customer_number": customer.customer_number, "cycle": cycle,
            "common": common.to_json(), "stood": stood.to_json(), "lost": lost.to_json(), "differing": WORDS,
            "only_lost_changed": WORDS, "result": result,
        }  # fmt: skip
        about_run = {"organization": business.organization, "base": base, "location": place, "cycle": cycle}
        business.row(BulkDecision, **about_run, user=business.people[0], choice="leave", state="failed")
        business.row(Conflict, **about, decided_by="")
        business.row(Conflict, **about, state=ConflictState.DISMISSED, decided_at=NOON)
        sent = CustomerRecord(_version(business, customer, "clearing.HeldBack", "record"), base_rev=1)
        business.row(HeldBack, base=base, uid=customer.uid, node=node, record={**sent.to_json(), "was": {}})


def _sold(business: Any, base: Any, place: Any, node: Node) -> None:
    """An order that the branch has sold, which was left out."""
    words = {
        name: business.canaries.word(Canary(business.account, "accounting.BranchOrder", name))
        for name in ("lines", "fiscal")
    }
    line = {"text": words["lines"], "quantity": "1", "amount": "5.00", "vat_rate": "7.00"}
    customer = next(one for one in business.rows["customers.Customer"] if one.base_id == base.pk)
    business.row(
        BranchOrder, organization=business.organization, base=base, location=place, node=node, uid=customer.uid,
        lines=[line], fiscal={"tse": words["fiscal"]}, state="left_out", order=None, reasons=Sentences(), total=5,
    )  # fmt: skip
    business.row(ToldTerms, base=base, node=node, uid=customer.uid)


_COLUMNS = ("common", "stood", "lost")


def _version(business: Any, customer: Any, table: str, column: str) -> Version:
    """As the customer might have been, with a word of its own in each text."""
    word = business.canaries.word(Canary(business.account, table, column))
    values = {name: EMPTY[kind] for name, kind in FIELDS.items()} | dict.fromkeys(WORDS, word)
    values |= {"tags": [], "former_numbers": [], "country": "DE", "email": f"{word}@example.com"}
    return Version(customer.uid or uuid4(), customer.customer_number, NOON, values)
