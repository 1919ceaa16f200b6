"""Where somebody goes on who reads customers: in the feed, and from page to page of what was found.

A cursor of the feed names its base, the life of the database and the fields that the device does not see. Of another
one it does not go on: who was not told of something before would go on missing it.
"""

from __future__ import annotations

import hashlib
import re

from api.problems import CursorGone, UnusableCursor
from customers import feed
from customers.feed import Part, Position
from customers.field_groups import withheld
from mcp.isolation.scope import Scope

AFTER, PAGE = "after", "page"
_CURSOR = re.compile(r"(all|changes)\.([0-9]{1,19})\.([0-9]{1,18})\.([0-9a-f]{12})", re.ASCII)
_PAGE = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def of_position(position: Position, scope: Scope) -> str:
    """The cursor of a position."""
    return f"{position.part}.{position.transaction}.{position.customer}.{_stamp(scope)}"


def position_of(cursor: str, scope: Scope) -> Position:
    """The position of a cursor; of an empty one the beginning. Raises UnusableCursor, CursorGone."""
    if not cursor:
        return feed.started()
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise UnusableCursor(name=AFTER)
    part, transaction, customer, stamp = found.groups()
    if stamp != _stamp(scope):
        raise CursorGone(name=AFTER)
    return Position(Part(part), int(transaction), int(customer))


def last_of_page(page: str) -> int:
    """The id of the last customer of the page before. Raises UnusableCursor."""
    if not _PAGE.fullmatch(page):
        raise UnusableCursor(name=PAGE)
    return int(page)


def _stamp(scope: Scope) -> str:
    known = f"{scope.base.pk}/{feed.life()}/{sorted(withheld(scope))}"
    return hashlib.sha256(known.encode()).hexdigest()[:12]
