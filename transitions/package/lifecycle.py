"""The package of a transition: ordered, made by the worker, fetched, kept for two weeks.

`request_package` is called by the execution and by "make anew". What all files have in common is in `files.lifecycle`;
here stands when a package may be made, who may have it, and how its content is made.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers import statistics
from customers.consents import released
from customers.field_groups import demand_fields
from files import lifecycle
from files.choices import UNDER_WAY
from files.kinds import Content, FileKind, declare
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from transitions.choices import TransitionState
from transitions.models import Package, PackageChunk, PackageDownload, Transition, TransitionCustomer
from transitions.package.zip_writer import Packing, fields_in

MAKING = frozenset({TransitionState.EXECUTED, TransitionState.CARRIED_OVER})
"""The states in which a package can be made: executed, and not closed yet."""
log = logging.getLogger("stammhaus.package")


def transitions_for(scope: Scope) -> QuerySet[Transition]:
    """The transitions of the scope's business. The caller asks for the right."""
    rows = Transition.objects.of_organization(scope.organization)
    return rows.select_related("organization", "location", "receiver")


def packages_of(transition: Transition) -> QuerySet[Package]:
    """The packages of a transition, newest first, with `is_kept`: whether the bytes are still there."""
    rows = Package.objects.filter(transition=transition, organization=transition.organization_id)
    return lifecycle.with_kept(PACKAGES, rows)


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
            gettext_lazy("A package is made once the location has been moved, and until the process is closed."),
            code="package_not_now",
        )
    for package in packages_of(row).filter(state__in=UNDER_WAY):
        if lifecycle.is_under_way(PACKAGES, package):
            raise ValidationError(gettext_lazy("A package is being made already."), code="package_under_way")
        lifecycle.fail(PACKAGES, pk=str(package.pk), reason=PACKAGES.given_up())
    base = actor.base
    going = TransitionCustomer.objects.filter(base=base, transition=row, reason="")
    total = going.exclude(customer_id=None).count()  # without those who were erased since
    is_of_business = actor.user is not None and actor.user.organization_id == actor.organization.pk
    package = Package.objects.create(
        organization=actor.organization, base=base, location=actor.location,
        user=actor.user if is_of_business else None, user_name=actor.actor_name, transition=row,
        name=file_name(row), total=total, state_since=timezone.now(),
    )  # fmt: skip
    lifecycle.order(PACKAGES, package)
    return package


def file_name(transition: Transition) -> str:
    """The name of the file, with both account numbers and the day."""
    day = timezone.localdate().isoformat()
    return f"uebernahme-{transition.organization.account_number}-{transition.receiver_account}-{day}.zip"


@contextmanager
def _content(package: Package, actor: Scope) -> Iterator[Content]:
    with row_scope.rows_of(actor):
        statistics.gather(statistics.DECIDED)
        related = Transition.objects.select_related("organization", "location")
        packing = Packing(package, related.get(pk=package.transition_id), actor)
    with (
        row_scope.second_connection(actor) as guard,
        guard.transaction() as guarding,
        released(guarding, package.base_id),  # the moment that the package is of comes after it has begun
        row_scope.second_connection(actor) as second,
        second.transaction(is_one_moment=True) as cursor,
        closing(packing.parts(cursor)) as parts,  # no transaction ends in the middle of a copy
    ):
        yield Content(
            parts=parts,
            done=lambda: packing.customers,
            record=lambda: {"manifest": packing.record},
            when_made=lambda: delete_replaced(package),
        )


def delete_replaced(package: Package) -> None:
    """Delete the bytes of earlier packages, which may contain customers who have withdrawn since."""
    others = Package.objects.filter(transition=package.transition_id, base=package.base_id).exclude(pk=package.pk)
    lifecycle.delete_bytes(PACKAGES, others)


def _demand_fetching(package: Package, actor: Scope) -> None:
    actor.demand(Right.CARRY_OVER)
    demand_fields(fields_in(package.transition.field_groups), actor)


def _described(package: Package) -> str:
    return f"package {package.pk} of transition {package.transition_id}: {package.total} customers"


PACKAGES = declare(
    FileKind(
        name="package",
        model=Package,
        chunks=PackageChunk,
        downloads=PackageDownload,
        lifetime=timedelta(days=14),
        task="transitions.package.tasks.make_package",
        content=_content,
        demand_fetching=_demand_fetching,
        describe=_described,
        gone=gettext_lazy("This file is not there any more. Have it made anew."),
        broken=stored_sentence(
            "package_broken",
            gettext_lazy("The package could not be made. Have it made anew; if it happens again, tell support."),
        ),
        given_up=stored_sentence(
            "package_given_up",
            gettext_lazy("The worker has given it up. Have it made anew; if it happens again, tell support."),
        ),
        log=log,
    )
)
