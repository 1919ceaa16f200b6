"""The package of a transition: ordered, made by the worker, fetched, kept for two weeks.

`request_package` is called by the execution and by "make anew", `make` by the worker, `fetch_package` by the page. That
it was made, of what and who has fetched it stays on record; its bytes are deleted.
"""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime, timedelta
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob

from customers import statistics
from customers.field_groups import demand_fields
from customers.imports import chunks
from customers.triggers.slips import released
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.queueing import NothingThere, enqueue
from transitions.choices import PackageState, TransitionState
from transitions.models import Package, PackageChunk, PackageDownload, Transition, TransitionCustomer
from transitions.package.zip_writer import Packing, fields_in

LIFETIME = timedelta(days=14)
UNDER_WAY = frozenset({PackageState.WAITING, PackageState.RUNNING})
MAKING = frozenset({TransitionState.EXECUTED, TransitionState.CARRIED_OVER})
"""The states in which a package can be made: executed, and not closed yet."""
MAKE_PACKAGE = "transitions.package.tasks.make_package"
log = logging.getLogger("stammhaus.package")


class Stopped(Exception):
    """The package is not this worker's to make any more: another one has begun it anew."""


def transitions_for(scope: Scope) -> QuerySet[Transition]:
    """Those of the business, for whoever carries over at its head."""
    rows = Transition.objects.of_organization(scope.organization)
    return rows.select_related("organization", "location", "receiver")


def packages_of(transition: Transition) -> QuerySet[Package]:
    """Newest first, with `is_kept`: whether the bytes are still there."""
    pieces = PackageChunk.objects.filter(base=OuterRef("base"), file=OuterRef("pk"))
    rows = Package.objects.filter(transition=transition, organization=transition.organization_id)
    return rows.annotate(is_kept=Exists(pieces)).order_by("-created_at", "pk")


def expires_at(package: Package) -> datetime:
    return package.state_since + LIFETIME


def is_ready(package: Any, *, now: datetime) -> bool:
    """Whether the file can be fetched. `package` is one of `packages_of`."""
    return bool(package.state == PackageState.DONE and package.is_kept and now < expires_at(package))


def is_under_way(package: Package | None) -> bool:
    """Whether the worker is at it or will be; not of one whose task was given up."""
    return package is not None and package.state in UNDER_WAY and _is_expected(package)


def _is_expected(package: Package) -> bool:
    jobs = ProcrastinateJob.objects.filter(task_name=MAKE_PACKAGE, status__in=["todo", "doing"])
    return jobs.filter(args__package=str(package.pk)).exists()


@transaction.atomic
def request_package(*, transition: Transition, actor: Scope) -> Package:
    """Order the package of an executed transition; the worker makes it.

    Raises MissingRight, or ValidationError where nothing is to be handed over or one is on its way.
    """
    actor.demand(Right.CARRY_OVER)
    locked = Transition.objects.of_organization(actor.organization).select_for_update(of=("self",))
    row = locked.get(pk=transition.pk)
    if row.state not in MAKING:
        raise ValidationError(
            _("A package is made once the location has been moved, and until the process is closed."),
            code="package_not_now",
        )
    for package in packages_of(row).filter(state__in=UNDER_WAY):
        if is_under_way(package):
            raise ValidationError(_("A package is being made already."), code="package_under_way")
        fail(str(package.pk), _("The worker has given it up."))
    base = actor.base
    total = TransitionCustomer.objects.filter(base=base, transition=row, reason="").count()
    is_of_business = actor.user is not None and actor.user.organization_id == actor.organization.pk
    package = Package.objects.create(
        organization=actor.organization, base=base, location=actor.location,
        user=actor.user if is_of_business else None, user_name=actor.actor_name, transition=row,
        name=file_name(row), total=total, state_since=timezone.now(),
    )  # fmt: skip
    enqueue(MAKE_PACKAGE, package=str(package.pk))
    return package


def file_name(transition: Transition) -> str:
    day = timezone.localdate().isoformat()
    return f"uebernahme-{transition.organization.account_number}-{transition.receiver_account}-{day}.zip"


def make(*, pk: str, actor: Scope) -> None:
    """Make a package that waits, or begin anew one that a worker has left undone.

    The rows are read over a second connection, in one transaction; what is made of them is kept step by step, so that
    the page shows it. What goes wrong is told there; one that is made or given up already stays as it is. Raises
    NothingThere.
    """
    try:
        with row_scope.rows_of(actor):
            package = _begin(pk)
        if package is not None:
            with row_scope.rows_of(actor):
                statistics.gather(statistics.DECIDED)
            _fill(package, actor)
    except NothingThere:
        raise
    except Stopped:
        log.info("Package %s is not made any further here", pk)
    except Exception:
        log.exception("Package %s broke off", pk)
        with row_scope.rows_of(actor):
            fail(pk, _("The package could not be made. Have it made anew; if it happens again, tell support."))


def _begin(pk: str) -> Package | None:
    """The package, marked as being made from now on; what an earlier worker has left is deleted."""
    package = Package.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if package is None:
        raise NothingThere("package", pk)
    if package.state not in UNDER_WAY:
        log.info("Package %s is to be made no more: %s", pk, package.state)
        return None
    PackageChunk.objects.filter(base=package.base_id, file=package).delete()
    package.state, package.state_since, package.done = PackageState.RUNNING, timezone.now(), 0
    package.save(update_fields=["state", "state_since", "done"])
    return package


def _fill(package: Package, actor: Scope) -> None:
    with row_scope.rows_of(actor):
        related = Transition.objects.select_related("organization", "location")
        packing = Packing(package, related.get(pk=package.transition_id), actor)
    digest = chunks.Digest()
    with (
        row_scope.second_connection(actor) as guard,
        guard.transaction() as guarding,
        released(guarding, package.base_id),  # the moment that the package is of comes after it has begun
        row_scope.second_connection(actor) as second,
        second.transaction(is_one_moment=True) as cursor,
        closing(packing.parts(cursor)) as parts,  # no transaction ends in the middle of a copy
    ):
        for position, piece in enumerate(chunks.of_size(digest.of(parts))):
            with row_scope.rows_of(actor):
                _advance(package, done=packing.customers)
                PackageChunk.objects.create(base=package.base, file=package, position=position, content=piece)
    with row_scope.rows_of(actor):
        _end(package, packing, digest)
    log.info(
        "Package %s of transition %s is made for %r: %s customers, sha256 %s",
        package.pk, package.transition_id, package.user_name, packing.customers, digest.hex,
    )  # fmt: skip


def _end(package: Package, packing: Packing, digest: chunks.Digest) -> None:
    """All pieces are there: from now on it can be fetched, and those before it no more."""
    _advance(
        package, state=PackageState.DONE, state_since=timezone.now(), done=packing.customers,
        total=packing.customers, size=digest.size, sha256=digest.hex, manifest=packing.record,
    )  # fmt: skip
    delete_replaced(package)


def delete_replaced(package: Package) -> None:
    """Delete the bytes of the packages before this one: whoever has withdrawn since would still be in them."""
    others = Package.objects.filter(transition=package.transition_id).exclude(pk=package.pk)
    replaced = others.exclude(state__in=UNDER_WAY)
    PackageChunk.objects.filter(base=package.base_id, file__in=replaced.values("pk")).delete()


def _advance(package: Package, **values: Any) -> None:
    """Raises Stopped where another worker has begun it anew since."""
    mine = Package.objects.filter(pk=package.pk, state=PackageState.RUNNING, state_since=package.state_since)
    if not mine.update(**values):
        raise Stopped


def fail(pk: str, reason: str) -> None:
    """Not made, for good. In a transaction for which the package exists."""
    failed = Package.objects.filter(pk=pk, state__in=UNDER_WAY)
    if failed.update(state=PackageState.FAILED, failure=reason, state_since=timezone.now()):
        PackageChunk.objects.filter(file__pk=pk).delete()


@transaction.atomic
def fetch_package(*, package: Any, is_encrypted: bool = False, actor: Scope) -> IO[bytes]:
    """The file, which is noted and logged. `package` is one of `packages_of`; `is_encrypted`: it will be on its way.

    Raises MissingRight, or ValidationError where it is not there (any more).
    """
    actor.demand(Right.CARRY_OVER)
    demand_fields(fields_in(package.transition.field_groups), actor)
    if not is_ready(package, now=timezone.now()):
        raise ValidationError(_("This file is not there any more. Have it made anew."), code="package_gone")
    PackageDownload.objects.create(
        base=actor.base, file=package, user_id=actor.user.pk if actor.user else 0, user_name=actor.actor_name,
        is_encrypted=is_encrypted,
    )  # fmt: skip
    log.info(
        "%r fetched package %s of transition %s: %s customers, sha256 %s",
        actor.actor_name, package.pk, package.transition_id, package.total, package.sha256,
    )  # fmt: skip
    return chunks.opened(PackageChunk, file=package)


def delete_expired_packages(*, now: datetime) -> int:
    """Delete the bytes of what has expired; the records stay. In a transaction for which all packages exist."""
    expired = Package.objects.filter(state_since__lte=now - LIFETIME).exclude(state__in=UNDER_WAY)
    return PackageChunk.objects.filter(file__in=expired.values("pk")).delete()[0]
