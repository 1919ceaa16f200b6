"""What the worker does for packages. Found by the setting PROCRASTINATE_IMPORT_PATHS."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate.contrib.django import app

from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.queueing import AGAIN, NothingThere, when_given_up
from transitions.models import Package
from transitions.package import lifecycle as packages
from transitions.package.importing import note_arrivals

WORKER = "the worker"


@app.task(retry=AGAIN)
def make_package(package: str) -> None:
    """Make what was ordered; begun anew if a worker has left it. Whether it may be made was decided by the order."""
    with row_scope.without_scope(reason="find where a package is made", actor=WORKER):
        places = Location.objects.select_related("organization", "base")
        place = places.filter(pk__in=Package.objects.filter(pk=package).values("location")).first()
    if place is None:
        raise NothingThere("package", package)
    packages.make(pk=package, actor=Scope.of_system(place, name=WORKER))


@when_given_up("transitions.package.tasks.make_package")
def tell_given_up(package: str) -> None:
    """Its worker died again and again: the page of the package says so, in the language of whoever has ordered it."""
    with row_scope.without_scope(reason="a package is given up", actor=WORKER):
        found = Package.objects.select_related("user").filter(pk=package).first()
        with override(found.user.language if found is not None and found.user else None):
            sentence = (
                _("The worker has given it up.") + " " + _("Have it made anew; if it happens again, tell support.")
            )
            packages.fail(package, sentence)


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="delete_expired_packages")
def delete_expired_packages(timestamp: int) -> None:
    with row_scope.without_scope(reason="find packages that have expired", actor=WORKER):
        packages.delete_expired_packages(now=timezone.now())


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="note_arrivals")
def note_arrivals_by_clock(timestamp: int) -> None:
    """Note at the sender what its receiver has imported."""
    note_arrivals(actor=WORKER)
