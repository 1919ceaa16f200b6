"""What the tests of import and export share."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pghistory
from django.db import connection
from psycopg.types.range import Range

from customers.choices import UploadState, Verdict
from customers.exports import files
from customers.exports.writer import Making, Order
from customers.imports import lifecycle, preview, receive
from customers.imports.classifying import verdicts
from customers.imports.problems import IMPORTED, UNDONE
from customers.models import Customer, CustomerExport, ExportChunk, ImportUpload
from customers.models.narrowing import Narrowing
from customers.querysets import CustomerQuerySet
from customers.selection.selecting import SEARCHED
from customers.table.options import Reading
from customers.table.resources import CustomerResource
from files import chunks
from files.choices import FileState
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from spreadsheets import Profile
from spreadsheets.writing import ENDINGS
from tests.states import brought_to

DATA = Path(__file__).parents[1] / "data"
GERMAN, ENGLISH, NORTHWIND = DATA / "kunden_de.csv", DATA / "customers_en.csv", DATA / "northwind_customers.csv"


@dataclass
class Rejection:
    row: int
    column: str
    value: str
    reason: str
    code: str


@dataclass
class Outcome:
    """What an import has done, or would do in a dry run."""

    upload: ImportUpload
    told: dict[str, int]
    rejections: list[Rejection] = field(default_factory=list)
    changed_customers: list[preview.Touched] = field(default_factory=list)
    new_customers: list[preview.Touched] = field(default_factory=list)

    def __getattr__(self, name: str) -> int:
        told: dict[str, int] = self.__dict__["told"]
        if name in told:
            return told[name]
        raise AttributeError(name)

    def counts(self) -> dict[str, int]:
        return {name: self.told[name] for name in ("read", "created", "changed", "unchanged", "rejected")}


def table(headings: Sequence[str], *rows: Sequence[Any]) -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows([headings, *rows])
    return file.getvalue().encode()


def checked(
    scope: Scope,
    content: bytes,
    *,
    name: str = "customers.csv",
    reading: Reading | None = None,
    targets: Sequence[str] | None = None,
    **choices: str,
) -> ImportUpload:
    """A file as far as its preview, its columns matched by their headings."""
    upload = receive.receive_upload(name=name, content=content, actor=scope)
    chosen = list(targets or [target or "-" for target in upload.choices["targets"]])
    reading = reading or lifecycle.reading_of(upload)
    if scope.user is None:
        upload.choices |= {"targets": chosen, "reading": vars(reading), **choices}
        upload.save()
    else:
        receive.choose_columns(upload=upload, targets=chosen, reading=reading, actor=scope, **choices)
    lifecycle.check_upload(upload=upload, actor=scope)
    return upload


def applied(upload: ImportUpload, scope: Scope) -> ImportUpload:
    """Confirmed and applied under a history of its own."""
    upload.state = UploadState.APPLYING
    upload.save()
    with pghistory.context(**scope.history(reason=IMPORTED(name=upload.name))) as context:
        lifecycle.apply_upload(upload=upload, actor=scope, context=context.id)
    return upload


def undone(upload: ImportUpload, scope: Scope) -> dict[str, int]:
    lifecycle.start_undo(upload=upload, actor=scope)
    with pghistory.context(**scope.history(reason=UNDONE(name=upload.name))):
        lifecycle.undo_upload(upload=upload, actor=scope)
    assert upload.undoing is not None
    return dict(upload.undoing)


def take_in(scope: Scope, content: bytes, *, dry_run: bool = False, **more: Any) -> Outcome:
    """Import a file in the given scope."""
    upload = checked(scope, content, **more)
    outcome = Outcome(upload, dict(upload.preview or {}))
    with row_scope.rows_of(scope):
        outcome.changed_customers = preview.changed(upload, scope)
        outcome.new_customers = preview.created(upload, scope)
    if not dry_run:
        outcome.told = dict(applied(upload, scope).result or {})
    for verdict in verdicts(upload, Verdict.REJECTED):
        outcome.rejections += [
            Rejection(verdict.row_number, one["column"], str(one["value"]), str(one["reason"]), one["code"])
            for one in verdict.problems
        ]
    return outcome


def northwind(scope: Scope) -> Outcome:
    return take_in(scope, NORTHWIND.read_bytes(), reading=Reading(null_is_empty=True))


def taken_out(
    scope: Scope,
    profile: Profile = "excel-de",
    *,
    language: str = "de",
    columns: Sequence[str] = (),
    customers: CustomerQuerySet | None = None,
    is_small: bool = False,
) -> bytes:
    """Customers as a file: all of the scope's base in all columns, unless it is said."""
    resource = CustomerResource(scope=scope)
    order = Order(profile=profile, columns=tuple(columns or resource.export_columns()), language=language)
    rows = resource.get_queryset() if customers is None else customers
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        return b"".join(Making(scope, order, is_small=is_small).parts(rows, cursor))


def kept_export(
    actor: Scope,
    content: bytes = b"a\n1\n",
    columns: tuple[str, ...] = ("customer_number", "last_name"),
    **more: Any,
) -> CustomerExport:
    """An export of the actor's that is done and can be fetched."""
    order = Order(profile="plain", columns=columns, filter_words=Narrowing(SEARCHED(words="Probe")))
    export = files.demand_export(order=order, query="", total=3, actor=actor)
    size, sha256 = chunks.store(ExportChunk, file=export, content=[content])
    done = {"size": size, "sha256": sha256, "done": 3}
    brought_to(CustomerExport.objects.filter(pk=export.pk), FileState.DONE, **done | more)
    return files.exports_of(actor).get(pk=export.pk)


def file_name(profile: Profile) -> str:
    return "customers" + ENDINGS[profile]


def events_of(customer: Any) -> Any:
    """What the history holds about a customer, oldest first."""
    return customer.history.select_related("pgh_context").order_by("pgh_created_at", "changed_at")


def state(scope: Scope) -> list[dict[str, Any]]:
    """Every column of every customer of the base."""
    return [dict(row) for row in Customer.objects.in_base(scope.base).order_by("customer_number").values()]


def reasons(outcome: Outcome) -> list[tuple[int, str, str, str]]:
    return [(one.row, one.column, one.value, one.code) for one in outcome.rejections]


def with_numbers(cast: Any, name: str, count: int) -> Location:
    """A location of Nordlicht that has only so many numbers to give."""
    location: Location = cast.location(name)
    first = location.first_number
    Location.objects.filter(pk=location.pk).update(number_range=Range(first, first + count, "[)"))
    location.refresh_from_db()
    return location
