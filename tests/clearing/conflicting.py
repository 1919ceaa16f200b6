"""Conflicts and changes held back, as a reconciliation leaves them behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from clearing.conflicts.versions import values_now
from clearing.models import Conflict, HeldBack, Node
from clearing.naming import name_of
from clearing.protocol.consent_union import ConsentStatement, union
from clearing.protocol.decision import ConflictKind
from clearing.protocol.field_kinds import FIELDS, encode_value
from clearing.protocol.records import CustomerRecord
from clearing.protocol.versions import Version, differing_fields
from customers.models import Customer
from locations.choices import EditSide
from locations.models import CustomerBase
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from tests.clearing.people import EMPTY, NOON


def kept(version: Version | None) -> Any:
    """As a conflict keeps a version."""
    return None if version is None else version.to_json()


def version_now(customer: Customer) -> Version:
    """The customer as he is, without what he has said."""
    return Version(customer.uid, customer.customer_number, customer.created_at, values_now(customer))


def with_values(version: Version, **fields: Any) -> Version:
    """The version with other values."""
    values = {name: encode_value(FIELDS[name], value) for name, value in fields.items()}
    return replace(version, values={**version.values, **values})


def conflict_of(
    scope: Scope, customer: Customer, common: Version | None, lost: Version | None, *, kind: str = "", **more: Any
) -> Conflict:
    """A conflict in which the customer stands as he is."""
    stood = version_now(customer)
    differing = differing_fields(stood.values, lost.values) if lost else ()
    known = common.values if common else {}
    only = [name for name in differing if name in known and stood.values[name] == known[name]]
    return Conflict.objects.create(
        base=scope.base, uid=customer.uid, customer_number=customer.customer_number, name=name_of(lost or stood),
        kind=kind or ConflictKind.BOTH_CHANGED, common=kept(common), stood=kept(stood), lost=kept(lost),
        differing=list(differing), only_lost_changed=only, **more,
    )  # fmt: skip


def both_changed(scope: Scope, customer: Customer, *, before: dict[str, Any], lost: dict[str, Any]) -> Conflict:
    """Agreed was the customer with other values; the lost version has still other ones."""
    common = with_values(version_now(customer), **before)
    return conflict_of(scope, customer, common, with_values(common, **lost))


def born_twice(
    scope: Scope, customer: Customer, *, said: tuple[ConsentStatement, ...] = (), uid: UUID | None = None, **lost: Any
) -> Conflict:
    """Another one had the number of the customer."""
    empty = {name: encode_value(kind, EMPTY[kind]) for name, kind in FIELDS.items()} | {"home_location": 4}
    other = Version(uid or uuid4(), customer.customer_number, NOON, empty, consents=union(said))
    other = with_values(other, **({"last_name": "Zweite", "first_name": "Zoe"} | lost))
    return conflict_of(scope, customer, None, other, kind=ConflictKind.BORN_TWICE, lost_uid=other.uid)


def node(scope: Scope, name: str = "Kasse 1", **more: Any) -> Node:
    """An installation at the location."""
    return Node.objects.create(
        organization=scope.organization, base=scope.base, location=scope.location, name=name, public_key="k",
        paired_by="anna", receipt="0" * 64, **more,
    )  # fmt: skip


def held_back(scope: Scope, record: CustomerRecord, *reasons: dict[str, Any], at: Node | None = None) -> HeldBack:
    """A change that was refused."""
    version = record.version
    return HeldBack.objects.create(
        base=scope.base, uid=version.uid, customer_number=version.number,
        name=f"{version.values['first_name']} {version.values['last_name']}", node=at or node(scope), cycle_number=3,
        record={**record.to_json(), "was": {**record.was}}, reasons=Sentences(reasons),  # type: ignore[arg-type]
    )  # fmt: skip


UNKNOWN_TAG = {
    "code": "unknown_tag",
    "text": "There is no tag “%(tag)s” in this customer base. Choose one from the list, or have it created first.",
    "params": {"tag": "VIP"},
}


def edited_at(base: CustomerBase, side: EditSide) -> None:
    """A node works with the base, and its customers are edited there."""
    CustomerBase.objects.filter(pk=base.pk).update(has_node=True, edit_side=side)
