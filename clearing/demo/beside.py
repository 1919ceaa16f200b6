"""Lübeck's own installation beside a central that runs: set up, paired, and with a run that did not get through.

At the central:   code()            ends what was paired there before, and has a code shown
                  edit_at_central() changes customers whom the branch changes as well
At the branch:    standing()        how far it is, so that all of it can be said again
                  pair_branch(…)    the first start, the pairing and the first run
                  edit_at_branch()  changes customers; then the line is cut while they are sent
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import pghistory
from psycopg.types.range import Range

from clearing.branch.first_start import set_up_branch
from clearing.branch.pairing import pair
from clearing.branch.running import run
from clearing.branch.starting import scope_here, this_branch
from clearing.branch.transport import Https, Reply, Transport, Unreachable, no_line
from clearing.central.pairing import make_pairing_code
from clearing.central.quarantine import retire
from clearing.demo.node import GERMAN
from clearing.demo.nodes import ACCOUNT, LUEBECK, give_numbers_away, scope_of
from clearing.models import Cycle, Node, OwnNode
from customers import demo as customers
from customers.models import Customer
from locations.operations import Place
from mcp.demo import PASSWORD
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User

ACTOR = "the demo"
MACHINE = "Rechner in der Backstube"
FIRST_RUN, SECOND_RUN = 1, 2
BOTH, PUT_TOGETHER, CENTRAL_ALONE, BRANCH_ALONE = 5, 6, 7, 8
"""Which of Lübeck's customers are changed, counted from the first."""


class Standing(StrEnum):
    """How far the branch is."""

    UNPAIRED = "unpaired"
    PAIRED = "paired"
    READY = "ready"


@dataclass(frozen=True)
class Code:
    """What the central says: the code, and the numbers of the location."""

    code: str
    first_number: int
    last_number: int


# --- at the central -----------------------------------------------------------------------------------------------


def code() -> Code:
    """A code for Lübeck. What was paired there before is replaced by the new installation."""
    anna = scope_of("anna", LUEBECK)
    with pghistory.context(**anna.history()):
        for node in Node.objects.filter(location=anna.location).in_use().select_related("location", "base"):
            retire(node=node, actor=anna)
        shown = make_pairing_code(location=anna.location, actor=anna)
    return Code(shown, anna.location.first_number, anna.location.last_number)


def edit_at_central() -> None:
    """Anna changes customers of Lübeck, and gives the last of its numbers away."""
    anna = scope_of("anna", LUEBECK)
    numbers = _numbers(anna)
    customers.edit(numbers[BOTH], actor=anna, street="Königstraße 41", mobile="+491715550777")
    customers.edit(numbers[PUT_TOGETHER], actor=anna, email="neu@example.com")
    customers.edit(numbers[CENTRAL_ALONE], actor=anna, memo="Hat am Telefon eine Torte bestellt.")
    give_numbers_away(LUEBECK)


# --- at the branch ------------------------------------------------------------------------------------------------


def standing() -> Standing:
    """How far the branch is."""
    own = this_branch(actor=ACTOR)
    if own is None or own.node_id is None:
        return Standing.UNPAIRED
    with row_scope.rows_of(scope_here(own, name=ACTOR)):
        has_second = Cycle.objects.filter(base=own.base_id, node=own.node_id, number__gte=SECOND_RUN).exists()
    return Standing.READY if has_second else Standing.PAIRED


def pair_branch(*, central: str, shown: Code) -> None:
    """Set the branch up unless it is, pair it, and reconcile: it has Lübeck's customers then.

    Raises ValidationError and CentralRefused.
    """
    own = this_branch(actor=ACTOR) or _set_up(shown)
    actor = scope_here(own, name=ACTOR)
    with row_scope.rows_of(actor):
        pair(own, code=shown.code, central_url=central, machine=MACHINE, actor=actor)
    run(own, actor=actor)


def edit_at_branch() -> None:
    """Dirk changes customers and registers one; then a run begins, and the line is cut."""
    own = this_branch(actor=ACTOR)
    assert own is not None  # noqa: S101 - it was paired before
    actor = scope_here(own, name=ACTOR)
    if own.applied < FIRST_RUN:
        run(own, actor=actor)
    with row_scope.rows_of(actor):
        dirk = scope_of("dirk", LUEBECK)
        numbers = _numbers(dirk)
        customers.edit(numbers[BOTH], actor=dirk, street="Hüxstraße 9", memo="Klingel ist kaputt, bitte klopfen.")
        customers.edit(numbers[PUT_TOGETHER], actor=dirk, phone_private="+49451778355")
        customers.edit(numbers[BRANCH_ALONE], actor=dirk, city="Travemünde")
        who = {"first_name": "Fiete", "last_name": "Harms", "city": "Lübeck", **GERMAN}
        customers.register(actor=dirk, customer_number=dirk.location.last_number, **who)
    with suppress(Unreachable):
        run(own, actor=actor, transport=_Cut(Https(own.central_url)))


def _set_up(shown: Code) -> OwnNode:
    return set_up_branch(
        account_number=ACCOUNT,
        business="Nordlicht Bäckereien",
        place=Place(
            name="Lübeck", city="Lübeck", client_number=LUEBECK, branch_number=LUEBECK,
            number_range=Range(shown.first_number, shown.last_number + 1),
        ),
        administrator=User(username="karin", first_name="Karin", last_name="Kröger", language="de"),
        password=PASSWORD,
        group_name="Verwaltung der Filiale",
    )  # fmt: skip


def _numbers(scope: Scope) -> list[int]:
    own = Customer.objects.in_base(scope.base).active().filter(home_location=scope.location)
    return list(own.order_by("customer_number").values_list("customer_number", flat=True))


class _Cut:
    """A line on which the central is reached, and nothing larger gets through."""

    def __init__(self, line: Transport) -> None:
        self._line = line

    def send(self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str]) -> Reply:
        """Raises Unreachable for a part."""
        if method == "PUT":
            raise no_line()
        return self._line.send(method, path, body=body, headers=headers)
