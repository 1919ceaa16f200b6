"""Setting a branch up, once: the place, its base 1.0, its numbers, and the local administrator.

Nobody is logged in yet. From then on the branch number is fixed.
"""

from __future__ import annotations

import pghistory
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.models import OwnNode
from locations.operations import Place, open_place_of_node
from locations.permissions import Right
from mcp.central.operations import create_local_administrator
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User

ACTOR = "the first start"
RIGHTS = tuple(right for right in Right if right is not Right.CARRY_OVER)
"""What a local administrator may do. Who is carried over to another business is decided at the central."""


class AlreadySetUp(ValidationError):
    """Somebody has set this branch up before, perhaps at the same moment."""

    def __init__(self) -> None:
        super().__init__(gettext_lazy("This branch is set up already. Log in."), code="already_set_up")


def is_set_up() -> bool:
    """Whether this branch knows which one it is."""
    with row_scope.without_scope(reason="look whether the branch is set up", actor=ACTOR):
        return OwnNode.objects.exists()


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
        location = open_place_of_node(account_number=account_number, business=business, place=place)
        system = Scope.of_system(location, name=ACTOR)
        create_local_administrator(
            administrator=administrator, password=password, group_name=group_name, rights=RIGHTS, actor=system
        )
        return OwnNode.objects.create(
            base=location.base,
            organization=location.organization,
            location=location,
            number_confirmed_at=timezone.now(),
        )


def _take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE clearing_ownnode IN SHARE ROW EXCLUSIVE MODE")
