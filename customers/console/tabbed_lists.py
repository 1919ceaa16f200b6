"""Long lists of a page, each under a tab, one page of rows at a time. The templates are tabs.html and pages.html."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from urllib.parse import urlencode

PAGE = 50
"""Rows of a list that are shown at once."""

type Rows = Callable[[int], Sequence[object]]


@dataclass(frozen=True)
class Tab:
    """A list under a tab. `rows` gives the rows of a page. Of its `count` rows `shown` can be looked at; 0: all."""

    name: str
    label: str
    count: int
    rows: Rows
    shown: int = 0

    @property
    def last(self) -> int:
        """The number of its last page."""
        return max(1, ceil((self.shown or self.count) / PAGE))


@dataclass(frozen=True)
class Shown:
    """The tabs that are not empty, and the page of the one that is open."""

    tabs: list[Tab]
    tab: Tab
    page: int
    rows: Sequence[object]

    @property
    def first_row(self) -> int:
        return (self.page - 1) * PAGE + 1

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.rows) - 1

    @property
    def links(self) -> list[tuple[str, str]]:
        """The links to other pages of the list, as (first | before | next | last, query)."""
        turns = {"first": 1, "before": self.page - 1, "next": self.page + 1, "last": self.tab.last}
        return [
            (name, urlencode({"show": self.tab.name, "page": number}))
            for name, number in turns.items()
            if 1 <= number <= self.tab.last and number != self.page
        ]


def shown(tabs: Sequence[Tab], asked: Mapping[str, str]) -> Shown | None:
    """The list and page that the query asks for, as `?show=changed&page=2`; the first ones where they do not exist.

    None where all lists are empty.
    """
    filled = [tab for tab in tabs if tab.count]
    if not filled:
        return None
    tab = next((tab for tab in filled if tab.name == asked.get("show")), filled[0])
    page = min(number_of(asked), tab.last)
    return Shown(filled, tab, page, tab.rows(page))


def number_of(asked: Mapping[str, str]) -> int:
    """The number of the page that is asked for; 1 where it is not a number."""
    text = asked.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
