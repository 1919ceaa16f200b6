"""Adding up the steps by which the database counts customers, and what happens to them in each month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection, models, transaction
from django.db.models import Count
from django.utils import timezone

from customers.models import CustomerCount, CustomerGroupCount, CustomerMonth

KEPT_YEARS = 2
"""The front page shows a year; older months are forgotten."""


@dataclass(frozen=True)
class Steps:
    """A table of steps: what a figure is of (`of`, beside the base), and what is added up."""

    model: type[models.Model]
    of: tuple[str, ...]
    figures: tuple[str, ...]

    def crowded_bases(self) -> set[int]:
        """The bases in which something has more than one row."""
        rows = self.model._base_manager.order_by().values("base", *self.of).annotate(rows=Count("id"))
        return set(rows.filter(rows__gt=1).values_list("base", flat=True))

    def compact(self, base: int) -> None:
        """Replace the rows of a base by their sums, one row for each key; none where the sum is zero."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(self._compact_sql(), {"base": base})

    def _compact_sql(self) -> str:
        """One statement, which adds up exactly the rows that it deletes.

        Rows that others insert meanwhile are not visible to it and stay. A row that another run has deleted is skipped
        by both.
        """
        table, of = self.model._meta.db_table, ", ".join(self._columns())
        sums = ", ".join(f"sum({name})" for name in self.figures)
        changed = " OR ".join(f"sum({name}) <> 0" for name in self.figures)
        figures = ", ".join(self.figures)
        return f"""
            WITH gone AS (
                DELETE FROM {table} WHERE base_id = %(base)s AND id IN (
                    SELECT id FROM (
                        SELECT id, count(*) OVER (PARTITION BY {of}) AS steps FROM {table} WHERE base_id = %(base)s
                    ) AS counted WHERE steps > 1
                ) RETURNING {of}, {figures}
            )
            INSERT INTO {table} (base_id, {of}, {figures})
            SELECT %(base)s, {of}, {sums} FROM gone GROUP BY {of} HAVING {changed}
        """

    def _columns(self) -> list[str]:
        fields = {field.name: field.column for field in self.model._meta.concrete_fields}
        return [str(fields[name]) for name in self.of]


COUNTS = (
    Steps(CustomerCount, ("organization", "home_location"), ("active", "archived")),
    Steps(CustomerGroupCount, ("customer_group_id",), ("active", "archived")),
)
MONTHS = (Steps(CustomerMonth, ("month",), ("registered", "archived", "given", "withdrawn")),)


def crowded_bases() -> list[int]:
    """The bases in which a location or a customer group has more than one row."""
    return _crowded(COUNTS)


def compact_counts(bases: Iterable[int] | None = None) -> int:
    """Add up the rows of each location and customer group; the sums stay the same at every moment.

    For all bases or those that are given. Returns how many bases had more than one row for something.
    """
    return _compact(COUNTS, crowded_bases() if bases is None else list(bases))


def bases_with_crowded_months() -> list[int]:
    """The bases that have more than one row for a month."""
    return _crowded(MONTHS)


def compact_months(bases: Iterable[int] | None = None) -> int:
    """Add up the rows of each month, for all bases or those given. Returns how many bases had more than one."""
    return _compact(MONTHS, bases_with_crowded_months() if bases is None else list(bases))


def _crowded(tables: Iterable[Steps]) -> list[int]:
    return sorted(set().union(*(table.crowded_bases() for table in tables)))


def _compact(tables: Iterable[Steps], bases: list[int]) -> int:
    for base in bases:
        for table in tables:
            table.compact(base)
    return len(bases)


def forget_months(*, today: date | None = None) -> None:
    """Delete the figures that are older than KEPT_YEARS."""
    first = (today or timezone.localdate()).replace(day=1)
    CustomerMonth.objects.filter(month__lt=first.replace(year=first.year - KEPT_YEARS)).delete()
