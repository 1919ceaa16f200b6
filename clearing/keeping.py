"""How long the bytes of runs are kept: until nobody asks for them any more. Hashes, sizes and counts stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from clearing.choices import CycleState
from clearing.models import Cycle, CyclePart

KEPT = timedelta(days=35)


def forget_old_parts(*, now: datetime) -> int:
    """Delete the bytes of runs that began longer ago than KEPT; returns how many parts that were.

    Those of a run whose answer the branch has not applied stay, however old they are. Of all businesses that the
    transaction sees.
    """
    old = Cycle.objects.filter(
        base=OuterRef("base"), pk=OuterRef("cycle"), began_at__lt=now - KEPT,
        state__in=[CycleState.DONE, CycleState.ARRIVING],
    )  # fmt: skip
    gone, _by_table = CyclePart.objects.filter(Exists(old)).delete()
    return gone
