"""A central and a branch in one database: two groups, each with a base 1.0 of the same numbers.

What a trigger asks (at which side it runs) is a setting of the transaction here, so a test goes from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.test import override_settings

from clearing.branch.applying import apply_answer
from clearing.branch.cutting import cut
from clearing.central.deciding import decide
from clearing.choices import CycleState, PartKind
from clearing.models import Cycle, CyclePart, Node, OwnNode
from clearing.protocol.receipts import start_of_chain
from clearing.protocol.versions import Version
from clearing.rows.reading import versions_of
from customers.models import Customer
from locations.choices import OrganizationKind, Side
from locations.models import CustomerBase, Location
from locations.operations import Place, open_location, open_organization
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

ASKED = """CREATE OR REPLACE FUNCTION public.locations_side() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT coalesce(nullif(current_setting('stammhaus.side_of_test', true), ''), 'central') $$"""
START = start_of_chain(node=UUID(int=1), epoch="test")


@contextmanager
def at(side: Side) -> Iterator[None]:
    """What is written in the block is written at this side."""
    with override_settings(SIDE=str(side)), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('stammhaus.side_of_test', true)")
        [before] = cursor.fetchone()
        cursor.execute("SELECT set_config('stammhaus.side_of_test', %s, false)", [side])
        try:
            yield
        finally:
            if not connection.needs_rollback:
                cursor.execute("SELECT set_config('stammhaus.side_of_test', %s, false)", [before or ""])


@dataclass
class Branch:
    """A branch with its node, and what the central knows of it."""

    actor: Scope
    node: UUID

    @property
    def base(self) -> CustomerBase:
        return self.actor.base

    @property
    def own(self) -> OwnNode:
        return OwnNode.objects.get(base=self.base)


class TwoSides:
    """Runs go from the branch to the central and back by hand, part by part."""

    def __init__(self, *, first_account: int = 900_001, is_asked: bool = False) -> None:
        """`is_asked`: the database asks the setting already (ASKED)."""
        if not is_asked:
            with connection.cursor() as cursor:
                cursor.execute(ASKED)
        self.central = _system(place_of(first_account, "Zentrale"))
        self.branch = self.paired(place_of(first_account + 1, "Filiale"))

    def paired(self, place: Location) -> Branch:
        """A branch that is paired; its node has two rows, one at each side."""
        actor = _system(place)
        known = Node.objects.create(
            organization=self.central.organization, base=self.central.base, location=self.central.location,
            name="Kasse", public_key="-", paired_by="test", receipt=START,
        )  # fmt: skip
        own = Node.objects.create(
            organization=actor.organization, base=actor.base, location=place, name="Kasse", public_key="-",
            paired_by="test", receipt=START,
        )  # fmt: skip
        OwnNode.objects.create(
            base=actor.base, organization=actor.organization, location=place, node=own, receipt=START
        )
        CustomerBase.objects.filter(pk=actor.base.pk).update(has_node=True)
        CustomerBase.objects.filter(pk=self.central.base.pk).update(has_node=True, edit_side="both")
        return Branch(_system(place), known.pk)

    def cut(self, branch: Branch | None = None) -> Cycle:
        here = branch or self.branch
        with at(Side.BRANCH):
            return cut(here.own, actor=here.actor)

    def decide(self, sent: Cycle, branch: Branch | None = None) -> Cycle:
        """The run arrives at the central and is decided."""
        here = branch or self.branch
        arrived, is_new = Cycle.objects.get_or_create(
            base=self.central.base, node_id=here.node, number=sent.number,
            defaults={"state": CycleState.ARRIVING, "sent": sent.sent, "request": sent.request},
        )  # fmt: skip
        if is_new:
            _copy_parts(sent, arrived, PartKind.SENT)
        with at(Side.CENTRAL):
            decide(arrived, actor=self.central)
        arrived.refresh_from_db()
        return arrived

    def apply(self, sent: Cycle, decided: Cycle, branch: Branch | None = None) -> None:
        """The answer arrives at the branch and is applied."""
        here = branch or self.branch
        if sent.state == CycleState.CUT:
            _copy_parts(decided, sent, PartKind.ANSWER)
            sent.state, sent.answer, sent.counts, sent.receipt = (
                CycleState.DECIDED, decided.answer, decided.counts, decided.receipt,
            )  # fmt: skip
            sent.save()
        with at(Side.BRANCH):
            apply_answer(sent, actor=here.actor)

    def run(self, branch: Branch | None = None) -> Mapping[str, int]:
        """One whole run; the counts."""
        sent = self.cut(branch)
        decided = self.decide(sent, branch)
        self.apply(sent, decided, branch)
        return decided.counts

    def versions(self, base: CustomerBase) -> dict[UUID, Version]:
        uids = list(Customer.objects.in_base(base).values_list("uid", flat=True))
        return versions_of(base, uids)

    def agree(self) -> bool:
        """Whether both sides have the same customers."""
        return self.versions(self.central.base) == self.versions(self.branch.base)


def _copy_parts(source: Cycle, target: Cycle, kind: PartKind) -> None:
    for part in CyclePart.objects.filter(base=source.base_id, cycle=source, kind=kind):
        CyclePart.objects.create(
            base_id=target.base_id, cycle=target, kind=kind, number=part.number, sha256=part.sha256, rows=part.rows,
            content=part.content,
        )  # fmt: skip


def place_of(account_number: int, name: str) -> Location:
    group = open_organization(
        account_number=account_number, name=name, kind=OrganizationKind.CENTRAL_GROUP, place=Place(name="Haus")
    )
    opened = open_location(organization=group, place=Place(name=name, client_number=4), offline=True)
    return Location.objects.select_related("organization", "base").get(pk=opened.pk)


def _system(place: Location) -> Scope:
    found = Location.objects.select_related("organization", "base").get(pk=place.pk)
    return Scope.of_system(found, name="test")


def changed(scope: Scope, side: Side, uid: UUID, **values: Any) -> None:
    """Somebody changes the customer at this side."""
    with at(side), row_scope.rows_of(scope):
        assert Customer.objects.in_base(scope.base).filter(uid=uid).update(**values) == 1
