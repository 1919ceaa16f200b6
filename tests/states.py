"""Rows in a state that a test needs, by the steps that the database lets them take."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from accounting.choices import BRANCH_ORDER_STEPS, RUN_STEPS
from accounting.models import BankFile, BranchOrder, InvoiceRun
from clearing.choices import BULK_STEPS as DECIDING_STEPS
from clearing.models import BulkDecision
from customers.choices import BULK_STEPS, UPLOAD_STEPS, UploadState
from customers.models import BulkChange, CustomerExport, ImportUpload
from files.choices import FILE_STEPS
from privacy.models import PersonFile
from transitions.models import IncomingFile, Package

STEPS: dict[type[Model], Mapping[Any, Collection[Any]]] = {
    ImportUpload: UPLOAD_STEPS,
    InvoiceRun: RUN_STEPS,
    BranchOrder: BRANCH_ORDER_STEPS,
    BulkChange: BULK_STEPS,
    BulkDecision: DECIDING_STEPS,
    CustomerExport: FILE_STEPS,
    BankFile: FILE_STEPS,
    Package: FILE_STEPS,
    IncomingFile: FILE_STEPS,
    PersonFile: FILE_STEPS,
}


def in_state[M: Model](model: type[M], **values: Any) -> M:
    """A new row with these values, in its state."""
    row = model(**values)
    store(row)
    return row


def store(row: Any) -> None:
    """Store a new row: it begins as all do, and goes on to its state."""
    rows = type(row)._base_manager
    if type(row) not in STEPS:
        rows.bulk_create([row])
        return
    wanted, later = row.state, {}
    row.state = type(row)._meta.get_field("state").default
    if getattr(row, "context", None) is not None:
        later, row.context = {"context": row.context}, None
    rows.bulk_create([row])
    if later and wanted not in {UploadState.APPLIED, UploadState.UNDOING, UploadState.UNDONE}:
        later = {}
    brought_to(rows.filter(pk=row.pk), wanted, **later)
    row.state, row.context = wanted, later.get("context")


def like(row: Any, **values: Any) -> None:
    """Store another row like it, with these values, in its state."""
    another = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    for name, value in {"pk": uuid4(), **values}.items():
        setattr(another, name, value)
    store(another)


def brought_to(rows: QuerySet[Any], state: str, **values: Any) -> None:
    """Each of the rows goes to the state on the shortest way, and has the values before they are settled."""
    for row in rows:
        one, left = rows.model._base_manager.filter(pk=row.pk), values
        for step in _way(STEPS[rows.model], row.state, state) or [state]:
            given, left = (left, {}) if step in {state, UploadState.APPLIED} else ({}, left)
            one.update(state=step, **given)


def _way(steps: Mapping[Any, Collection[Any]], before: str, after: str) -> list[str]:
    """The states between the two, and the last; empty where they are the same."""
    ways: deque[list[str]] = deque([[before]])
    seen = {before}
    while ways:
        way = ways.popleft()
        if way[-1] == after:
            return way[1:]
        ways += [[*way, step] for step in sorted(steps[way[-1]]) if step not in seen]
        seen |= set(steps[way[-1]])
    raise ValueError(f"No way leads from {before} to {after}")


def set_back(row: Any, **values: Any) -> None:
    """As no program can: by the owner of the tables, who leaves the triggers out meanwhile."""
    table = connection.ops.quote_name(row._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        type(row)._base_manager.filter(pk=row.pk).update(**values)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
