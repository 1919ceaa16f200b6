"""Pages of the customer list that cost the same at a thousand customers and at a million.

- The number of all customers is known without counting them: the database keeps it (see CustomerCount).
- What is filtered or searched is counted up to LIMIT only; beyond, the list says "more than".
- A page is found by its ids alone, which the database reads from an index, and from the nearer end.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db import connections

from customers.querysets import CustomerQuerySet
from customers.statistics import without_nested_loops

PAGE_SIZES = (25, 50, 100)
LIMIT = 10_000
SHOWN_OF_MORE = 1_000
"""Of more than LIMIT customers only so many can be leafed through: nobody reads on, and a further word finds."""
WORDY = frozenset({"sort_name", "city"})
"""What is sorted by the very words that are searched: whoever searches for Z finds all of it at the end."""


class CustomerPaginator(Paginator):
    """Pages of `rows` sorted by `order` ("sort_name", or "-sort_name" to turn it round) and then by id.

    `total` is how many rows there are, where that is known beforehand; without it they are counted up to LIMIT.
    `is_searched` says whether they were searched by words; of what is only filtered so many rows match that the sorted
    index is the way to those of a page.
    """

    def __init__(
        self,
        rows: CustomerQuerySet,
        per_page: int,
        *,
        order: str,
        total: int | None = None,
        is_searched: bool = True,
    ) -> None:
        self.rows, self.key, self.descends = rows.order_by(), order.removeprefix("-"), order.startswith("-")
        self.total, self.is_searched = total, is_searched
        super().__init__(self._sorted(turned=False), per_page)

    @cached_property
    def count(self) -> int:
        """How many rows the pages show: all of them, or the first of very many found."""
        if self.total is not None:
            return self.total
        return SHOWN_OF_MORE if self.is_more else len(self._found)

    @property
    def is_more(self) -> bool:
        """Whether more rows were found than are counted and shown."""
        return self.total is None and len(self._found) > LIMIT

    def nearest_page(self, number: int) -> int:
        """The page of this number, or the nearest that exists."""
        return max(1, min(number, self.num_pages))

    def ids(self, number: int) -> list[int]:
        """The ids on the page of this number, in their order."""
        first = (self.nearest_page(number) - 1) * self.per_page
        last = min(first + self.per_page, self.count)
        if self.total is None:
            return self._ids_found(first, last)
        if first > self.count // 2:
            from_the_end = self._sorted(turned=True)[self.count - last : self.count - first]
            return list(reversed(from_the_end))
        return list(self._sorted(turned=False)[first:last])

    def _ids_found(self, first: int, last: int) -> list[int]:
        """Of many, those sought cannot stand behind the `last` of the sample, which narrows what is sorted."""
        if not self.is_more:
            return [pk for pk, _key in self._found[first:last]]
        if not self.is_searched or self.key not in WORDY:
            return list(self._sorted(turned=False)[first:last])
        bound = {f"{self.key}__{'gte' if self.descends else 'lte'}": self._found[last - 1][1]}
        return [pk for pk, _key in self._found_and_sorted(self.rows.filter(**bound), limit=last)[first:]]

    def _sorted(self, *, turned: bool) -> Any:
        sign = "-" if self.descends != turned else ""
        return self.rows.order_by(f"{sign}{self.key}", f"{sign}id").values_list("pk", flat=True)

    @cached_property
    def _found(self) -> list[tuple[int, Any]]:
        """(id, key) of what was found, sorted; where it is more than LIMIT, of as many as were found first."""
        some = self.rows[: LIMIT + 1]
        if self.is_searched:
            return self._found_and_sorted(some)
        with without_nested_loops(connections[self.rows.db]):
            return self._found_and_sorted(some)

    def _found_and_sorted(self, rows: CustomerQuerySet, *, limit: int | None = None) -> list[tuple[int, Any]]:
        """First find, then sort: left to itself, the database may walk the whole sorted index in the hope of
        meeting the few rows that match. MATERIALIZED keeps it from that.
        """
        found, params = rows.values_list("pk", self.key).query.sql_with_params()
        direction = "DESC" if self.descends else "ASC"
        with connections[self.rows.db].cursor() as cursor:
            cursor.execute(
                f"WITH found(id, key) AS MATERIALIZED ({found}) "
                f"SELECT id, key FROM found ORDER BY key {direction}, id {direction} LIMIT %s",
                [*params, limit],
            )
            return cursor.fetchall()
