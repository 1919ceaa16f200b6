"""The facts by which rights are decided: grants and restrictions of user groups, read by one query and judged.

Only access.py uses it. It is written in SQL because every request runs it: building three querysets takes longer than
the query itself. A person is asked for by his user groups, a device by its one; the facts and the judgement are the
same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from locations.models import Location
from locations.permissions import Right


class Source(StrEnum):
    """The kind of row that a fact about a right comes from."""

    LOCATION = "location"
    ORGANIZATION = "organization"
    RESTRICTION = "restriction"
    PROVIDER = "provider"


@dataclass(frozen=True)
class Fact:
    """One row that speaks for a right (a grant) or against it (a restriction)."""

    source: Source
    group_id: int | None
    group_name: str
    right: Right


@dataclass(frozen=True)
class Answer:
    """Whether a right is held at a location, and the facts that decide it."""

    right: Right
    is_held: bool
    granted: tuple[Fact, ...] = ()
    restricted: tuple[Fact, ...] = ()
    obstacle: str = ""
    """Why no grant counts: 'stranger', 'inactive' or 'closed', and of a device 'revoked' or 'person'."""


_OF_PERSON = "JOIN mcp_membership AS member ON member.group_id = held.group_id AND member.user_id = %(user)s"
_GRANTED = """
    SELECT '{source}', held.group_id, groups.name, permission.codename FROM {table} AS held
    {of_whom}
    JOIN mcp_usergroup AS groups ON groups.id = held.group_id{of_group}
    JOIN auth_permission AS permission ON permission.id = held.permission_id
    WHERE held.content_object_id = %({source})s
"""
_RESTRICTED = """
    SELECT 'restriction', held.group_id, groups.name, held."right" FROM mcp_restriction AS held
    {of_whom}
    JOIN mcp_usergroup AS groups ON groups.id = held.group_id{of_group}
    WHERE held.location_id = %(location)s
"""


def _facts_sql(*, of_whom: str = "", of_group: str = "") -> str:
    parts = (
        _GRANTED.format(source="location", table="mcp_locationgrant", of_whom=of_whom, of_group=of_group),
        _GRANTED.format(source="organization", table="mcp_organizationgrant", of_whom=of_whom, of_group=of_group),
        _RESTRICTED.format(of_whom=of_whom, of_group=of_group),
    )
    return " UNION ALL ".join(parts)


_FACTS_OF_PERSON = _facts_sql(of_whom=_OF_PERSON)
_FACTS_OF_GROUP = _facts_sql(of_group=" AND groups.id = %(group)s")
"""Rows of (source, group, its name, right). Both take `location` and `organization`."""


def facts_of_person(user: int, location: Location) -> dict[Right, list[Fact]]:
    """What the user groups of a person, named by his key, say at the location, for each right. One query."""
    return _read(_FACTS_OF_PERSON, {"user": user}, location)


def facts_of_group(group: int, location: Location) -> dict[Right, list[Fact]]:
    """As `facts_of_person`, of one user group."""
    return _read(_FACTS_OF_GROUP, {"group": group}, location)


def _read(sql: str, of_whom: dict[str, int], location: Location) -> dict[Right, list[Fact]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**of_whom, "location": location.pk, "organization": location.organization_id})
        rows = cursor.fetchall()
    return by_right([Fact(Source(source), pk, name, Right(code)) for source, pk, name, code in rows])


def by_right(facts: Iterable[Fact]) -> dict[Right, list[Fact]]:
    """The facts for each right of the catalogue."""
    found: dict[Right, list[Fact]] = {right: [] for right in Right}
    for fact in facts:
        found[fact.right].append(fact)
    return found


def decide(right: Right, facts: list[Fact]) -> Answer:
    """The right is held if a group grants it that is not restricted in it, or the provider's role does."""
    restricted = tuple(fact for fact in facts if fact.source is Source.RESTRICTION)
    granted = tuple(fact for fact in facts if fact.source is not Source.RESTRICTION)
    silenced = {fact.group_id for fact in restricted}
    is_held = any(fact.source is Source.PROVIDER or fact.group_id not in silenced for fact in granted)
    return Answer(right, is_held, granted, restricted)
