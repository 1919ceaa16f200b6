"""The registry of pages that floors above have about a customer: linked from his form beside history and consents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from customers.models import Customer
from locations.permissions import Right
from locations.text import LazyText
from mcp.isolation.scope import Scope


@dataclass(frozen=True)
class Link:
    title: LazyText
    icon: str
    address: str


@dataclass(frozen=True, kw_only=True)
class FurtherPage:
    """A page about one customer; its address takes his id, and the page demands the same right."""

    name: str
    title: LazyText
    icon: str
    url_name: str
    right: Right
    is_useful: Callable[[Scope], bool] = lambda scope: True


_pages: dict[str, FurtherPage] = {}


def register(page: FurtherPage) -> None:
    """Add a page; registered again under its name, it replaces the earlier one."""
    _pages[page.name] = page


def links_for(customer: Customer, scope: Scope) -> list[Link]:
    """The pages about the customer that somebody with these rights may open."""
    with scope.asked.only_looking():
        held = [page for page in _pages.values() if scope.allows(page.right) and page.is_useful(scope)]
    return [Link(page.title, page.icon, reverse(page.url_name, args=[customer.pk])) for page in held]
