"""How the database plans the statements of an import: by hash joins, or by the indexes where the file is small.

Where nobody could gather statistics (see customers/statistics.py) the planner would expect a few staged rows, and
compare each of a hundred thousand with each of some thousand others. So it may use no nested loop, but for a file that
is small beside its base: of eight million customers a hundred rows mean a hundred, who are found by their numbers.
"""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from customers.models import CustomerCount
from locations.models import CustomerBase

MEMORY = "SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off"
_BY_INDEXES = "SET LOCAL enable_nestloop = on"
SMALL = 20
"""So many times as many customers as rows, and reading them all takes longer than looking for each."""


def plan_for(cursor: CursorWrapper, *, rows: int, base: CustomerBase) -> None:
    """Set how the statements of this transaction are planned that are about so many rows of a file."""
    cursor.execute(MEMORY)
    if rows * SMALL < sum(CustomerCount.objects.in_base(base).totals()):
        cursor.execute(_BY_INDEXES)
