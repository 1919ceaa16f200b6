"""Adding up the steps by which the database counts customers, and what happens to them in each month."""

from collections.abc import Iterable
from datetime import date

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from customers.models import CustomerCount, CustomerMonth

KEPT_YEARS = 2
"""The front page shows a year; older months are forgotten."""

# One statement: what it deletes is exactly what it adds up. Steps that others write meanwhile are not seen, and
# stay; a row that another run of this has deleted is gone for both.
_COMPACT = """
    WITH gone AS (
        DELETE FROM customers_customercount WHERE base_id = %s RETURNING active, archived
    )
    INSERT INTO customers_customercount (base_id, active, archived)
    SELECT %s, sum(active), sum(archived) FROM gone HAVING count(*) > 0
"""

_COMPACT_MONTHS = """
    WITH gone AS (
        DELETE FROM customers_customermonth WHERE base_id = %s RETURNING month, registered, archived, given, withdrawn
    )
    INSERT INTO customers_customermonth (base_id, month, registered, archived, given, withdrawn)
    SELECT %s, month, sum(registered), sum(archived), sum(given), sum(withdrawn) FROM gone GROUP BY month
"""


def crowded_bases() -> list[int]:
    """The bases that have more than one row."""
    crowded = CustomerCount.objects.values("base").annotate(rows=Count("id")).filter(rows__gt=1)
    return list(crowded.values_list("base", flat=True))


def compact_counts(bases: Iterable[int] | None = None) -> int:
    """Leave one row for each base (or each of these), the sums unchanged at every moment; how many had more."""
    found = crowded_bases() if bases is None else list(bases)
    for base in found:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_COMPACT, [base, base])
    return len(found)


def bases_with_crowded_months() -> list[int]:
    """The bases that have more than one row for a month."""
    crowded = CustomerMonth.objects.values("base", "month").annotate(rows=Count("id")).filter(rows__gt=1)
    return sorted(set(crowded.values_list("base", flat=True)))


def compact_months(bases: Iterable[int] | None = None) -> int:
    """Leave one row for each base (or each of these) and month; how many bases had more."""
    found = bases_with_crowded_months() if bases is None else list(bases)
    for base in found:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_COMPACT_MONTHS, [base, base])
    return len(found)


def forget_months(*, today: date | None = None) -> None:
    """What lies behind KEPT_YEARS is gone."""
    first = (today or timezone.localdate()).replace(day=1)
    CustomerMonth.objects.filter(month__lt=first.replace(year=first.year - KEPT_YEARS)).delete()
