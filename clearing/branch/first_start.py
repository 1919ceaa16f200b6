"""Setting a branch up, once: the place, its base 1.0 and its numbers. From then on the branch number is fixed.

    set_up_branch(…)     without a network: numbers and local administrator are typed
    set_up_paired(…)     with a code of the central, which says all but what is confirmed here; its people come with
                         the first contact, and there is no local administrator

Nobody is logged in yet. Each is one transaction: a branch is set up, or not at all.
"""

from __future__ import annotations

from enum import Enum
from platform import node as name_of_machine

import pghistory
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy
from psycopg.types.range import Range

from clearing.branch.pairing import Pairing, keep_pairing, request_pairing
from clearing.branch.starting import clear_now
from clearing.branch.transport import Transport
from clearing.models import OwnNode
from locations.operations import Place, open_place_of_node
from locations.permissions import Right
from mcp.central.operations import create_local_administrator
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User

ACTOR = "the first start"
LONGEST_MACHINE = 120
RIGHTS = tuple(right for right in Right if right is not Right.CARRY_OVER)
"""What a local administrator may do. Who is carried over to another business is decided at the central."""


class AlreadySetUp(ValidationError):
    """Somebody has set this branch up before, perhaps at the same moment."""

    def __init__(self) -> None:
        super().__init__(gettext_lazy("This branch is set up already. Log in."), code="already_set_up")


class BranchNumberWanted(Exception):
    """The central knows the code. It proposes a branch number, which somebody has to confirm."""

    def __init__(self, *, proposed: int, place: str) -> None:
        super().__init__()
        self.proposed, self.place = proposed, place


class OtherBranchNumber(ValidationError):
    """What was confirmed is not the number that the location has at the central."""

    def __init__(self, at_central: int) -> None:
        super().__init__(
            gettext_lazy(
                "At the central this location has the branch number %(number)s, and only with that one it is paired. "
                "If that is wrong, the provider's support corrects it at the central."
            ),
            code="other_branch_number",
            params={"number": at_central},
        )


class Stage(Enum):
    """How far the first start of this installation is."""

    NEW = "it does not know which branch it is"
    AWAITS_PEOPLE = "it is paired, and its people come with the first contact"
    SET_UP = "somebody can log in"


def stage() -> Stage:
    """How far the first start is. One query once the branch is set up."""
    with row_scope.without_scope(reason="look whether the branch is set up", actor=ACTOR):
        own = OwnNode.objects.only("base", "organization", "node", "rights_as_of").first()
        if own is None:
            return Stage.NEW
        people = User.objects.filter(organization=own.organization_id)
        awaits_people = own.node_id is not None and own.rights_as_of is None and not people.exists()
        return Stage.AWAITS_PEOPLE if awaits_people else Stage.SET_UP


@transaction.atomic
def set_up_branch(
    *, account_number: int, business: str, place: Place, administrator: User, password: str, group_name: str
) -> OwnNode:
    """Make the business, its branch on an offline base, and somebody who may do everything there.

    `place` names all its numbers. Raises AlreadySetUp, or ValidationError for numbers out of range, a user name or a
    weak password. Of two at the same moment the second one waits, and is refused.
    """
    with row_scope.without_scope(reason="a branch is set up", actor=ACTOR), pghistory.context(user_name=ACTOR):
        _take_turns()
        if OwnNode.objects.exists():
            raise AlreadySetUp
        own = _make(account_number, business, place)
        create_local_administrator(
            administrator=administrator, password=password, group_name=group_name, rights=RIGHTS,
            actor=Scope.of_system(own.location, name=ACTOR),
        )  # fmt: skip
        return own


def set_up_paired(*, central: str, code: str, branch_number: int | None, transport: Transport | None = None) -> OwnNode:
    """Ask the central which branch this is, and make it, paired; its first run begins in a moment.

    Raises BranchNumberWanted as long as nobody has confirmed a number, OtherBranchNumber, AlreadySetUp, and what
    `request_pairing` raises. Asked twice with the same code, as by a double click, it is made once.
    """
    machine = (name_of_machine() or "–")[:LONGEST_MACHINE]
    pairing = request_pairing(code=code, central_url=central, machine=machine, known=None, transport=transport)
    numbers = pairing.paired.numbers
    if branch_number is None:
        raise BranchNumberWanted(
            proposed=numbers.branch, place=f"{pairing.paired.business} · {pairing.paired.location}"
        )
    if branch_number != numbers.branch:
        raise OtherBranchNumber(numbers.branch)
    return _keep(pairing)


@transaction.atomic
def _keep(pairing: Pairing) -> OwnNode:
    paired, numbers = pairing.paired, pairing.paired.numbers
    with row_scope.without_scope(reason="a branch is set up", actor=ACTOR), pghistory.context(user_name=ACTOR):
        _take_turns()
        there = OwnNode.objects.first()
        if there is not None and there.identity == paired.node:
            return there
        if there is not None:
            raise AlreadySetUp
        place = Place(
            name=paired.location,
            client_number=numbers.client,
            branch_number=numbers.branch,
            number_range=Range(numbers.first_number, numbers.last_number + 1),
        )
        own = _make(numbers.account, paired.business, place)
        system = Scope.of_system(own.location, name=ACTOR)
        own = keep_pairing(own, pairing, actor=system)
        clear_now(actor=system)
        return own


def _make(account_number: int, business: str, place: Place) -> OwnNode:
    location = open_place_of_node(account_number=account_number, business=business, place=place)
    return OwnNode.objects.create(
        base=location.base,
        organization=location.organization,
        location=location,
        number_confirmed_at=timezone.now(),
    )


def _take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE clearing_ownnode IN SHARE ROW EXCLUSIVE MODE")
