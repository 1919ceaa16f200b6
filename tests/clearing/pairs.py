"""A central and a branch in one database, for tests of what they say to each other.

The central is Nordlicht with Lübeck on a base 1.0. The branch is a business of its own (77700) with the same numbers at
its locations; between the two its account number is exchanged for that of Nordlicht. What the runs write of customers
is left to the tests of the decision: here `cut`, `decide` and `apply_answer` write runs and parts alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from clearing.branch import pairing, running
from clearing.branch.transport import Reply, Unreachable
from clearing.central import pairing as at_central
from clearing.choices import CycleState, PartKind
from clearing.models import Cycle, CyclePart, Node, OwnNode
from clearing.protocol.parts import Manifest, pack
from clearing.protocol.receipts import Counts, Receipt
from clearing.rows import parts as stored_parts
from locations import operations
from locations.choices import OrganizationKind
from locations.models import Location, Organization
from locations.operations import Place
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Browser, Cast

BRANCH, CENTRAL, LUEBECK = 77700, 10400, 4
URL = "https://zentrale.example.com"


class Line:
    """A transport to the views of the central. What is in `cut` is not sent, of what is in `lost` no answer comes.

    Both are patterns of method and path, each good for once; `asked` is what was sent, with the answers' status.
    """

    def __init__(self, account: int = BRANCH) -> None:
        self.account = account
        self.asked: list[tuple[str, str, int]] = []
        self.cut: list[str] = []
        self.lost: list[str] = []
        self.instead: list[tuple[str, bytes]] = []
        self.courses: list[str] = []
        self.between: Callable[[str, str], None] = lambda method, path: None
        self.bytes = 0

    def send(self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str]) -> Reply:
        self.between(method, path)
        self._break(self.cut, method, path)
        there = re.sub(rf"^/{self.account}/", f"/{CENTRAL}/", path)
        content = (body or b"").replace(f'"account":{self.account}'.encode(), f'"account":{CENTRAL}'.encode())
        given = dict(headers)
        kind = given.pop("Content-Type", "")
        # Settings are those of all threads, so they are not touched without need.
        with nullcontext() if settings.SIDE == "central" else override_settings(SIDE="central"):
            response = Browser().generic(method, there, content, content_type=kind, headers=given)
        self.asked.append((method, re.sub(r"^/\d+/\d+/clearing/(exchange/)?|\?.*", "", there), response.status_code))
        found = response.content.replace(f'"account":{CENTRAL}'.encode(), f'"account":{self.account}'.encode())
        self.bytes += len(content) + len(found)
        if path.endswith("hello/") and response.status_code == 200:
            self.courses.append(json.loads(found)["course"])
        for pattern, other in [*self.instead]:
            if re.search(pattern, f"{method} {path}"):
                self.instead.remove((pattern, other))
                found = other
        self._break(self.lost, method, path)
        return Reply(response.status_code, found, dict(response.headers))

    @staticmethod
    def _break(patterns: list[str], method: str, path: str) -> None:
        for pattern in patterns:
            if re.search(pattern, f"{method} {path}"):
                patterns.remove(pattern)
                raise Unreachable("cut", code="no_line")

    def statuses(self) -> list[int]:
        return [status for _method, _path, status in self.asked]


@dataclass
class Pair:
    """Both sides, and the line between."""

    cast: Cast
    own: Any
    line: Line = field(default_factory=Line)

    @property
    def courses(self) -> list[str]:
        """How it went on after each hello."""
        return self.line.courses

    @property
    def actor(self) -> Scope:
        return Scope.of_system(self.own.location, name="the branch")

    @property
    def there(self) -> Scope:
        """The location at the central."""
        found = Location.objects.select_related("organization", "base")
        return Scope.of_system(
            found.get(organization__account_number=CENTRAL, client_number=self.own.location.client_number), name="test"
        )

    @property
    def node(self) -> Node:
        return Node.objects.select_related("location__organization", "location__base").get(pk=self.fresh.identity)

    @property
    def fresh(self) -> Any:
        return OwnNode.objects.select_related("location__organization", "base").get(pk=self.own.pk)

    def code(self) -> str:
        return at_central.make_pairing_code(location=self.there.location, actor=self.there)

    def pair(self, code: str | None = None, line: Line | None = None) -> OwnNode:
        return pairing.pair(
            self.own, code=code or self.code(), central_url=URL, machine="Kasse 1", actor=self.actor,
            transport=line or self.line,
        )  # fmt: skip

    def run(self, **more: Any) -> Cycle:
        return running.run(self.own, actor=self.actor, transport=self.line, sleep=lambda seconds: None, **more)

    def cycles(self, node: Node | None = None) -> list[tuple[int, str]]:
        """The runs of the central, or of a node."""
        return list(Cycle.objects.filter(node=node or self.node).order_by("number").values_list("number", "state"))


def new_branch(account: int = BRANCH, client: int = LUEBECK) -> Location:
    """A business that is the installation at a branch: with the numbers of Lübeck, or of another place there."""
    business: Organization = operations.open_organization(
        account_number=account, name="Filiale", kind=OrganizationKind.CENTRAL_GROUP, place=Place(name="Zentrale")
    )
    made = operations.open_location(
        organization=business, place=Place(name="Lübeck", client_number=client, branch_number=LUEBECK), offline=True
    )
    theirs = Location.objects.get(organization__account_number=CENTRAL, client_number=client)
    made.number_range = theirs.number_range
    made.save(update_fields=["number_range"])
    return Location.objects.select_related("organization", "base").get(pk=made.pk)


def new_pair(cast: Cast, account: int = BRANCH, client: int = LUEBECK) -> Pair:
    """A central and a branch that are not paired yet."""
    place = new_branch(account, client)
    own = OwnNode.objects.create(base=place.base, organization=place.organization, location=place)
    return Pair(cast, own, Line(account))


# --- instead of what writes customers -----------------------------------------------------------------------------

TO_SEND: list[dict[str, Any]] = []
"""What the next run of the branch sends."""
TO_ANSWER: list[dict[str, Any]] = []


def small_cut(own: Any, *, actor: Scope) -> Cycle:
    with row_scope.rows_of(actor):
        known = Cycle.objects.filter(base=own.base_id, node=own.node_id, state__in=running.OPEN).first()
        if known is not None:
            return known
        own.refresh_from_db()
        parts = list(pack(TO_SEND))
        cycle = Cycle.objects.create(
            base=own.base, node_id=own.node_id, number=own.applied + 1, state=CycleState.CUT, previous=own.receipt,
            request=uuid4(), cut=len(TO_SEND), sent=Manifest(tuple(part.facts for part in parts)).to_json(),
        )  # fmt: skip
        keep(cycle, parts, PartKind.SENT)
        return cycle


def keep(cycle: Cycle, parts: list[Any], kind: str) -> None:
    for part in parts:
        CyclePart.objects.create(
            base_id=cycle.base_id, cycle=cycle, kind=kind, number=part.facts.number, sha256=part.facts.sha256,
            rows=part.facts.rows, content=part.content,
        )  # fmt: skip


def small_decide(cycle: Cycle, *, actor: Scope) -> None:
    with row_scope.rows_of(actor):
        sent, parts = stored_parts.manifest(cycle.sent), list(pack(TO_ANSWER))
        answer = Manifest(tuple(part.facts for part in parts))
        counts = Counts(sent=sent.rows, applied=sent.rows)
        keep(cycle, parts, PartKind.ANSWER)
        receipt = Receipt(cycle.number, cycle.previous, sent, answer, counts).hash
        Cycle.objects.filter(pk=cycle.pk).update(
            state=CycleState.DECIDED, decided_at=timezone.now(), receipt=receipt, counts=counts.to_json(),
            answer=answer.to_json(), cursor=7,
        )  # fmt: skip
        Node.objects.filter(pk=cycle.node_id).update(
            decided=cycle.number, receipt=receipt, decided_at=timezone.now(), gets_its_own=False
        )


def small_apply(cycle: Cycle, *, actor: Scope) -> None:
    with transaction.atomic(), row_scope.rows_of(actor):
        Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.DONE, done_at=timezone.now())
        OwnNode.objects.filter(base=cycle.base_id).update(
            applied=cycle.number, receipt=cycle.receipt, sent_up_to=cycle.cut or 0
        )


def small_site(site: Any, *, actor: Scope) -> None:
    with row_scope.rows_of(actor):
        OwnNode.objects.filter(base=actor.base).update(site_hash=site.hash)
