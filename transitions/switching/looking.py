"""What a switch would do, or its undoing, before anybody does it: figures, numbers that change, and obstacles.

It names customers by number alone, because the provider's people may see nothing else of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, OuterRef
from psycopg.types.range import Range

from accounting.leaving import accounts_in_the_way
from clearing.central import switching as nodes
from clearing.models import HeldBack
from customers.memberships import memberships_in_the_way
from customers.models import Customer, Tombstone
from locations.models import Location
from locations.operations import NEXT_BLOCK, propose_number_range
from mcp.isolation.scope import Scope
from transitions.choices import StartsWith, SwitchState
from transitions.models import BaseSwitch, SwitchedCustomer
from transitions.query_settings import set_by_set
from transitions.switching import moving
from transitions.switching.moving import Course, NewPlace
from transitions.switching.stepping import both_bases, demand_support

SHOWN = 200
"""The number of clashes that a page lists."""


@dataclass(frozen=True)
class Clash:
    """A customer who cannot keep his number or uid."""

    number: int
    has_other_number: bool
    has_other_uid: bool


@dataclass(frozen=True)
class Going:
    """A location that goes along."""

    location: Location
    before: Range[int]
    after: Range[int]

    @property
    def range_before(self) -> tuple[int, int]:
        """The first and the last number that it gives now."""
        return _ends(self.before)

    @property
    def range_after(self) -> tuple[int, int]:
        """The same afterwards."""
        return _ends(self.after)

    @property
    def is_other(self) -> bool:
        """Whether it gives other numbers than before."""
        return self.before != self.after


def _ends(numbers: Range[int]) -> tuple[int, int]:
    """The first and the last number of a range. (The upper bound that PostgreSQL stores does not belong to it.)"""
    return int(numbers.lower or 0), int(numbers.upper or 0) - 1


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would happen now."""

    total: int
    renumbered: int
    other_uid: int
    new: int = 0
    """Who has been registered since the switch, and comes along where it is undone."""
    places: Sequence[Going]
    clashes: Sequence[Clash] = ()
    cards: Sequence[str] = ()
    """Card numbers of both bases: these cards do not go along."""
    groups: Sequence[str] = ()
    """Customer groups whose conditions are other ones there."""
    erased: int = 0
    """Who was erased for good since the switch, and does not come back by its undoing."""
    gone: int = 0
    """Who has come to another base since the switch, and does not come back either."""
    dismissed: Sequence[HeldBack] = ()
    """Changes of branches that were held back and dismissed: they do not go along."""
    obstacles: Sequence[str] = ()

    @property
    def is_free(self) -> bool:
        """Whether nothing keeps it from being done."""
        return not self.obstacles


def look(*, switch: BaseSwitch, actor: Scope) -> Preview:
    """What the switch would do now. Raises PermissionDenied for everybody but the provider's support."""
    demand_support(actor)
    with both_bases("preview a switch of the customer base", actor.actor_name):
        return preview(switch)


def look_back(*, switch: BaseSwitch, actor: Scope) -> Preview:
    """What the undoing of the switch would do now, and who cannot come back. Raises PermissionDenied."""
    demand_support(actor)
    with both_bases("preview that a switch of the customer base is undone", actor.actor_name):
        return preview(switch, is_back=True)


def preview(switch: BaseSwitch, *, is_back: bool = False) -> Preview:
    """The same, for whoever sees both bases."""
    with connection.cursor() as cursor, set_by_set(cursor):
        going = going_back(switch) if is_back else going_along(cursor, switch)
        course = course_of(switch, going, is_back=is_back)
        cursor.execute(moving.SUMS, course.parameters)
        total, renumbered, other_uid, new = cursor.fetchone()
        found = course.parameters | {"most": SHOWN}
        cursor.execute(moving.CLASHING, found)
        clashes = [Clash(number, *kinds) for number, _own, *kinds in cursor.fetchall()]
        cards, groups = _names(cursor, moving.CARDS, found), _names(cursor, moving.GROUPS, found)
        erased, gone = _not_back(switch, course) if is_back else (0, 0)
        keeps = (accounts_in_the_way, memberships_in_the_way)
        kept = [keep(cursor, course.place_from, moving.IDS, course.parameters, is_back=is_back) for keep in keeps]
    obstacles = [] if is_back or switch.is_to_offline else [str(one) for one in nodes.obstacles(switch.source)]
    return Preview(
        total=total, renumbered=renumbered, other_uid=other_uid, new=new if is_back else 0, places=going,
        clashes=clashes, cards=cards, groups=groups if total else [], erased=erased, gone=gone,
        dismissed=[] if is_back or switch.is_to_offline else _dismissed(switch),
        obstacles=[*obstacles, *(sentence for one in kept if one for sentence in one.messages)],
    )  # fmt: skip


def _dismissed(switch: BaseSwitch) -> list[HeldBack]:
    found = HeldBack.objects.in_base(switch.source).dismissed().select_related("node")
    return list(found.order_by("-dismissed_at", "-pk")[:SHOWN])


def _names(cursor: CursorWrapper, sql: str, parameters: dict[str, Any]) -> list[str]:
    cursor.execute(sql, parameters)
    return [name for (name,) in cursor.fetchall()]


def _not_back(switch: BaseSwitch, course: Course) -> tuple[int, int]:
    """Who has gone along and is not in the base any more: erased for good, or gone otherwise."""
    went = SwitchedCustomer.objects.filter(switch=switch, is_back=False)
    away = went.filter(~Exists(Customer.objects.filter(base=course.place_from, pk=OuterRef("customer_id"))))
    erased = away.filter(Exists(Tombstone.objects.filter(base=course.place_from, customer_id=OuterRef("customer_id"))))
    count = erased.count()
    return count, away.count() - count


# --- where to ---------------------------------------------------------------------------------------------------


def places_of(switch: BaseSwitch) -> list[Location]:
    """The locations that go along: to 2.0 all of the base, the one that was asked for first."""
    if switch.is_to_offline:
        return [switch.location]
    found = Location.objects.on_base(switch.source).select_related("organization", "base").order_by("client_number")
    return sorted(found, key=lambda place: (place.pk != switch.location_id, place.client_number))


def going_along(cursor: CursorWrapper, switch: BaseSwitch) -> list[Going]:
    """The locations, each with the numbers that it gives from then on: its own where they are free, else a new block.

    A new block has room for all who get a new number.
    """
    found = places_of(switch)
    unranged = [Going(place, place.number_range, place.number_range) for place in found]
    cursor.execute(moving.BY_PLACE, course_of(switch, unranged).parameters)
    needed = dict(cursor.fetchall())
    taken = list(Location.objects.on_base(switch.target).values_list("number_range", flat=True))
    going: list[Going] = []
    for place in found:
        promised = [one.after for one in going]
        numbers = place.number_range
        if needed.get(place.pk) or any(_overlap(numbers, other) for other in (*taken, *promised)):
            size = NEXT_BLOCK + needed.get(place.pk, 0)
            numbers = propose_number_range(switch.target, size=size, besides=promised)
        going.append(Going(place, place.number_range, numbers))
    return going


def _overlap(one: Range[int], other: Range[int]) -> bool:
    (first, last), (other_first, other_last) = _ends(one), _ends(other)
    return first <= other_last and other_first <= last


def going_back(switch: BaseSwitch) -> list[Going]:
    """The locations that have gone along, each with the numbers that it gave before."""
    before = {place["location"]: Range(*place["before"]) for place in switch.places}
    found = Location.objects.filter(pk__in=before, base=switch.target).select_related("organization", "base")
    ordered = sorted(found, key=lambda place: (place.pk != switch.location_id, place.client_number))
    return [Going(place, place.number_range, before[place.pk]) for place in ordered]


def course_of(switch: BaseSwitch, going: Sequence[Going], *, is_back: bool = False) -> Course:
    """The course of the switch, or of its undoing."""
    here, there = (switch.target, switch.source) if is_back else (switch.source, switch.target)
    return Course(
        switch=switch.pk,
        organization=switch.organization_id,
        place_from=here.pk,
        place_to=there.pk,
        places=tuple(
            NewPlace(location=one.location.pk, first=one.range_after[0], last=one.range_after[1]) for one in going
        ),
        is_back=is_back,
        whole=not switch.is_to_offline,
        nobody=switch.starts_with == StartsWith.NOTHING,
        origin=moving.origin_of(kind=here.kind, branch_number=here.branch_number),
        origin_there=moving.origin_of(kind=there.kind, branch_number=there.branch_number),
    )


MAY_BE_EXECUTED = {True: (SwitchState.SIGNED,), False: (SwitchState.REQUESTED,)}
"""By whether it goes to 1.0, in which states a switch can be executed."""
