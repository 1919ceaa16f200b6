"""What the tests of packages share: a location that has left, its package, and the business that gets it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from customers.choices import TRANSFER
from customers.imports import lifecycle
from customers.models import Consent, Customer
from files import chunks
from files.choices import FileState
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.models import User
from tests.conftest import Cast
from tests.customers.transfer import applied
from tests.transitions.moving import ACCOUNT, exit_in, leaving
from transitions.choices import TransitionState
from transitions.models import Arrival, Package, PackageChunk, Transition
from transitions.package import lifecycle as packages
from transitions.package.importing import receive_package
from transitions.package.zip_writer import Packing


def consent(customer: Customer, *, given: bool = True, at: datetime | None = None, **more: Any) -> Consent:
    """A statement of a day ago; without more said one about the transfer to anybody."""
    where = leaving(customer.organization_id)
    values = {"purpose": TRANSFER, "source": "form", "recorded_by": "Anna Andresen", "location": where, **more}
    return Consent.objects.create(
        organization_id=customer.organization_id, base_id=customer.base_id, customer=customer, is_given=given,
        at=at or timezone.now() - timedelta(days=1), **values,
    )  # fmt: skip


def executed(cast: Cast, *, is_narrowed: bool = False) -> Transition:
    """Flensburg has left."""
    return exit_in(cast, TransitionState.EXECUTED, is_narrowed=is_narrowed)


def made(transition: Transition, actor: Scope) -> Package:
    """The package that was ordered, made in the transaction of the test and not over a second connection."""
    row = Package.objects.get(transition=transition, state=FileState.WAITING)
    with row_scope.rows_of(actor), connection.cursor() as cursor:
        packing = Packing(row, Transition.objects.select_related("organization", "location").get(pk=transition.pk),
                          Scope.of_system(actor.location, name="the worker"))  # fmt: skip
        row.size, row.sha256 = chunks.store(PackageChunk, file=row, content=packing.parts(cursor))
    Package.objects.filter(pk=row.pk).update(state=FileState.RUNNING)
    row.state, row.manifest, row.total = FileState.DONE, packing.record, packing.customers
    row.state_since = timezone.now()
    row.save()
    with row_scope.rows_of(actor):
        packages.delete_replaced(row)
    return packages.packages_of(transition).get(pk=row.pk)


def content_of(row: Package) -> bytes:
    return b"".join(chunks.read(PackageChunk, file=row))


def receiver(cast: Cast) -> Scope:
    """The administrator of the business that Flensburg has become."""
    head = User.objects.get(organization__account_number=ACCOUNT)
    return access.scope_at(head, account_number=ACCOUNT, client_number=2)


def received(content: bytes, actor: Scope) -> Arrival:
    with row_scope.rows_of(actor):
        return receive_package(file=io.BytesIO(content), actor=actor)


def imported(content: bytes, actor: Scope) -> Arrival:
    """The package, taken in, checked and applied."""
    arrival = received(content, actor)
    lifecycle.check_upload(upload=arrival.upload, actor=actor)
    applied(arrival.upload, actor)
    return arrival


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_manifest(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The package with another manifest."""
    files = members(content)
    manifest = json.loads(files["manifest.json"])
    change(manifest)
    return repacked({**files, "manifest.json": json.dumps(manifest).encode()})


CARRIED = [
    field.attname
    for field in Customer._meta.concrete_fields
    if field.name
    not in {
        "id", "organization", "base", "customer_group", "home_location", "created_at", "changed_at", "archived_at",
        "archived_reason",
    }
]  # fmt: skip
"""The columns of a customer that are equal at the receiver; the group is so by its name."""


def customers_of(scope: Scope) -> dict[int, dict[str, Any]]:
    """Every carried column of every customer of the base, by customer number."""
    rows = Customer.objects.in_base(scope.base)
    worth = ("customer_group__price_level", "customer_group__discount")
    found = {row["customer_number"]: row for row in rows.values(*CARRIED, "customer_group__name", *worth)}
    for one in rows:
        found[one.customer_number]["former_numbers"] = one.former_numbers
    return found


def statements_of(scope: Scope) -> list[tuple[Any, ...]]:
    """Everything that customers of the base have said, but when it was recorded here."""
    names = ("purpose", "is_given", "at", "source", "wording_version", "receiver", "evidence", "recorded_by")
    found = Consent.objects.in_base(scope.base).values_list("customer__customer_number", *names)
    return sorted(found, key=str)
