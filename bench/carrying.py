"""Carrying customers over, end to end: a location leaves a group, and its new business has them.

Each step is what people and the worker do in the product, in their order: decide who is carried over and fix it, make
the package, verify and receive it, check the import, apply it with all consents.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import pghistory
from django.db import connection
from django.utils import timezone

from bench.fill import CHUNK, CUSTOMERS
from customers.imports import lifecycle
from customers.models import Consent, Customer, ImportUpload
from files import chunks
from files import lifecycle as files
from locations.choices import OrganizationKind
from locations.models import Location, Organization
from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations
from mcp.choices import ProviderRole
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User
from transitions import operations as leaving
from transitions.choices import FieldGroup, LegalBasis, TransitionState
from transitions.models import Arrival, Package, PackageChunk, Transition
from transitions.package.importing import note_arrivals, receive_package
from transitions.package.lifecycle import PACKAGES

FIRST_ACCOUNT = 90_000
_CONSENTS = """
    INSERT INTO customers_consent (organization_id, base_id, location_id, customer_id, purpose, is_given, at, source,
        wording_version, evidence, recorded_by)
    SELECT organization_id, base_id, %(location)s, id, said.purpose, said.is_given,
        now() - said.days * interval '1 day' - customer_number %% 1000 * interval '1 minute', 'form', '2026-1',
        'Ordner ' || customer_number %% 100, 'Bench'
    FROM customers_customer, (VALUES ('transfer', true, 300, 1), ('newsletter', true, 200, 2),
        ('newsletter', false, 100, 6)) AS said (purpose, is_given, days, each)
    WHERE base_id = %(base)s AND customer_number <= %(carried)s AND customer_number %% said.each = 0
"""
"""The transfer is allowed by everybody who is to be carried over, half get the newsletter, some do not any more."""


@dataclass(frozen=True, kw_only=True)
class Step:
    name: str
    seconds: float
    memory: float
    """The most that the process has taken so far, in MB."""


@dataclass(frozen=True, kw_only=True)
class Carried:
    """The figures of one run: the rows, and each step with its seconds and memory."""

    customers: int
    consents: int
    size: int
    """Of the package in bytes."""
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)


def carried_over(*, rows: int) -> Carried:
    """Carry over so many customers of a base that has a tenth more."""
    steps: list[Step] = []
    transition, head = _confirmed(rows)
    _step(steps, "decide, fix, leave", lambda: _in(head, lambda: _execute(transition, head)))
    made = _in(head, lambda: Package.objects.get(transition=transition))
    system = Scope.of_system(head.location, name="bench")
    _step(steps, "make the package", lambda: files.make(PACKAGES, pk=str(made.pk), actor=system))
    receiver = _receiver(transition)
    file = _in(head, lambda: chunks.opened(PackageChunk, file=made))
    upload = _step(steps, "verify and receive", lambda: _receive(file, receiver)).upload
    _step(steps, "check the import", lambda: lifecycle.check_upload(upload=upload, actor=receiver))
    _step(steps, "apply it, with consents", lambda: _apply(upload, receiver))
    _step(steps, "tell the sender", lambda: note_arrivals(transition=transition.pk, actor="bench"))
    return _checked(rows, upload, receiver, transition, head, steps)


def _step[T](steps: list[Step], name: str, call: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = call()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    steps.append(Step(name=name, seconds=time.perf_counter() - started, memory=most))
    return result


def _in[T](scope: Scope, call: Callable[[], T]) -> T:
    with row_scope.rows_of(scope):
        return call()


def _confirmed(rows: int) -> tuple[Transition, Scope]:
    """A group whose branch is about to leave, with its customers."""
    with row_scope.without_scope(reason="a business for the bench", actor="bench"):
        support = User.objects.get(organization=None, provider_role=ProviderRole.SUPPORT)
        number = FIRST_ACCOUNT + 2 * Organization.objects.filter(account_number__gte=FIRST_ACCOUNT).count()
        business = operations.open_business(
            account_number=number, name=f"Bench {number}", kind=OrganizationKind.CENTRAL_GROUP,
            place=Place(name="Zentrale"), administrator=User(username="head", first_name="B", last_name="H"),
            support=support,
        )  # fmt: skip
        central = Location.objects.select_related("organization", "base").get(organization=business)
        head = Scope(user=User.objects.get(organization=business), location=central, rights=frozenset(Right))
    branch = _in(head, lambda: operations.open_branch(place=Place(name="Filiale"), actor=head))
    _fill(head, rows, branch)
    helped = Scope(user=support, location=central, rights=frozenset(Right))
    asked = _in(head, lambda: leaving.request_exit(location=branch, planned_for=timezone.localdate(), actor=head))
    _in(
        head,
        lambda: leaving.assign_account(
            transition=asked, account_number=number + 1, name="Eigen",
            administrator=User(username="own", first_name="O", last_name="N"), actor=helped,
        ),
    )  # fmt: skip
    _in(head, lambda: leaving.review(transition=asked, is_narrowed=False, actor=head))
    ground = "Einwilligung der Kunden laut Formular."
    _in(
        head,
        lambda: leaving.name_ground(
            transition=asked, basis=LegalBasis.CONSENT, ground=ground, field_groups=list(FieldGroup), actor=head
        ),
    )
    _in(head, lambda: leaving.confirm(transition=asked, actor=helped))
    return asked, head


def _fill(head: Scope, rows: int, leaving_place: Location) -> None:
    place, every = head.location, rows + rows // 10
    values = {"organization": place.organization_id, "base": place.base_id, "location": place.pk, "group": None}
    for first in range(1, every + 1, CHUNK):
        with row_scope.rows_of(head), connection.cursor() as cursor:
            cursor.execute(CUSTOMERS, {**values, "first": first, "last": min(first + CHUNK - 1, every)})
    with row_scope.rows_of(head), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET is_blocked = false WHERE is_blocked")
        cursor.execute(_CONSENTS, {**values, "location": leaving_place.pk, "carried": rows})


def _execute(transition: Transition, head: Scope) -> None:
    with pghistory.context(**head.history()):
        leaving.execute(transition=transition, at=timezone.now(), actor=head)


def _receiver(transition: Transition) -> Scope:
    with row_scope.without_scope(reason="the receiver of the bench", actor="bench"):
        row = Transition.objects.get(pk=transition.pk)
        place = Location.objects.select_related("organization", "base").get(organization=row.receiver_id)
        return Scope(user=User.objects.get(organization=row.receiver_id), location=place, rights=frozenset(Right))


def _receive(file: BinaryIO, receiver: Scope) -> Arrival:
    with row_scope.rows_of(receiver):
        return receive_package(file=file, actor=receiver)


def _apply(upload: ImportUpload, receiver: Scope) -> None:
    """Apply a checked import in the way the worker does."""
    with row_scope.rows_of(receiver):
        upload.refresh_from_db()
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=receiver)
    with row_scope.rows_of(receiver), pghistory.context(**receiver.history()) as context:
        lifecycle.apply_upload(upload=upload, actor=receiver, context=context.id)


def _checked(
    rows: int, upload: ImportUpload, receiver: Scope, transition: Transition, head: Scope, steps: list[Step]
) -> Carried:
    """The figures of the run. Raises RuntimeError unless all customers have arrived and nothing was rejected."""
    with row_scope.rows_of(receiver):
        customers, consents = Customer.objects.count(), Consent.objects.count()
    with row_scope.rows_of(head):
        row, size = Transition.objects.get(pk=transition.pk), Package.objects.get(transition=transition).size
    if (
        customers != rows
        or row.state != TransitionState.CARRIED_OVER
        or consents < rows
        or (upload.result or {}).get("rejected")
    ):
        raise RuntimeError(f"{customers} customers, {consents} consents, {row.state}, {upload.result}")
    return Carried(customers=customers, consents=consents, size=size, steps=tuple(steps))
