"""What the worker does for packages. Found by the setting PROCRASTINATE_IMPORT_PATHS."""

from __future__ import annotations

from procrastinate.contrib.django import app

from files import lifecycle
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.queueing import AGAIN, NothingThere
from mcp.worker.somebody import WORKER
from transitions.models import Package
from transitions.package.importing import note_arrivals
from transitions.package.lifecycle import PACKAGES


@app.task(retry=AGAIN)
def make_package(package: str) -> None:
    """Make what was ordered; begun anew if a worker has left it. Whether it may be made was decided by the order."""
    with row_scope.without_scope(reason="find where a package is made", actor=WORKER):
        places = Location.objects.select_related("organization", "base")
        place = places.filter(pk__in=Package.objects.filter(pk=package).values("location")).first()
    if place is None:
        raise NothingThere("package", package)
    lifecycle.make(PACKAGES, pk=package, actor=Scope.of_system(place, name=WORKER))


lifecycle.tell_given_up(PACKAGES)


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="note_arrivals")
def note_arrivals_by_clock(timestamp: int) -> None:
    """Note at the sender what its receiver has imported."""
    note_arrivals(actor=WORKER)
