"""The registry of what floors above say on the page of a customer: that something of him waits, with a link to it.

This app knows nothing of reconciliations: it shows what others register, to whoever holds the right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from customers.models import Customer
from locations.permissions import Right
from mcp.isolation.scope import Scope


@dataclass(frozen=True)
class Told:
    """One thing: the sentence, and the address at which it is done, with the words of the link."""

    sentence: str
    link: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What an app tells; the page behind a link must demand the same right."""

    name: str
    right: Right
    tell: Callable[[Customer, Scope], Iterable[Told]]


_notices: dict[str, Notice] = {}


def register(notice: Notice) -> None:
    """Add a notice; registered again under its name, it replaces the earlier one."""
    _notices[notice.name] = notice


def told_about(customer: Customer, scope: Scope) -> list[Told]:
    """What is told of the customer to somebody with these rights."""
    with scope.asked.only_looking():
        held = [notice for notice in _notices.values() if scope.allows(notice.right)]
    return [told for notice in held for told in notice.tell(customer, scope)]
