"""A worker that is killed anywhere in an import: what is left is nothing, and what begins anew ends as undisturbed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection

from customers.choices import UploadState
from customers.imports import lifecycle, receive
from customers.models import Customer, CustomerCount, CustomerGroup, ImportUpload
from customers.operations import register_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.somebody import for_somebody
from tests.customers.transfer import table
from tests.isolation.faults.points import killed_at
from tests.isolation.faults.warm import Warm, Work
from tests.proofs.sampling import Sample

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

ROWS, KNOWN = 2_500, 200


def content() -> bytes:
    rows = [[n if n <= KNOWN else "", f"Gast {n}", "Bonn", "Neu", "gestern" if n % 100 == 0 else ""]
            for n in range(1, ROWS + 1)]  # fmt: skip
    return table(["Kundennummer", "Name", "Ort", "Kundengruppe", "Geburtsdatum"], *rows)


def begin(warm: Warm, task: str, upload: ImportUpload, scope: Scope) -> Work:
    """A worker that has just begun with the task."""
    return warm.begin(f"customers.imports.tasks.{task}", {"upload": str(upload.pk), **for_somebody(scope)})


def uploaded(scope: Scope) -> ImportUpload:
    with row_scope.rows_of(scope):
        upload = receive.receive_upload(name="gross.csv", content=content(), actor=scope)
        lifecycle.start_check(upload=upload, actor=scope)
    return upload


def confirm(upload: ImportUpload, scope: Scope) -> None:
    with row_scope.rows_of(scope):
        upload.refresh_from_db()
        assert upload.state == UploadState.CHECKED, upload.failure
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=scope)


def undo(upload: ImportUpload, scope: Scope) -> None:
    with row_scope.rows_of(scope):
        upload.refresh_from_db()
        assert upload.state == UploadState.APPLIED, upload.failure
        lifecycle.start_undo(upload=upload, actor=scope)


def seen(scope: Scope) -> list[Any]:
    """Everything an import leaves, but ids, times, and numbers, which are never given twice."""
    with row_scope.rows_of(scope):
        names = ("last_name", "city", "customer_group__name", "home_location", "birthday")
        customers = Customer.objects.in_base(scope.base).order_by("last_name", "customer_number").values_list(*names)
        groups = CustomerGroup.objects.in_base(scope.base).values_list("name", flat=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pgh_label, count(*) FROM customers_customerevent GROUP BY 1 ORDER BY 1")
            events = cursor.fetchall()
        return [list(customers), list(groups), events, CustomerCount.objects.in_base(scope.base).totals()]


@pytest.fixture
def anna(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    with row_scope.rows_of(scope):
        for number in range(1, KNOWN + 1):
            register_customer(customer=Customer(customer_number=number, last_name="Alt"), actor=scope)
    return scope


POINTS = {
    "check_upload": ("customers_importrow", "customers_importverdict", "customers_importupload"),
    "apply_upload": (
        "customers_customergroup", "customers_customer", "customers_customerevent", "customers_customercount",
        "customers_importupload",
    ),
    "undo_upload": (
        "customers_customer", "customers_customerevent", "customers_customercount", "customers_importupload",
    ),
}  # fmt: skip
"""The tables that each step writes, in which a worker is killed."""
PREPARED = {"check_upload": None, "apply_upload": confirm, "undo_upload": undo}


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("customers/imports/apply.py", "customers/imports/undo.py")
def test_a_killed_worker_leaves_what_can_be_begun_anew(anna, warm: Warm, sample: Sample, note):
    """Undisturbed once, then killed at each point of each step; each time the next worker ends the same."""
    before = seen(anna)[:2]
    expected = {task: now[:2] for task, now in _undisturbed(anna, warm)}
    assert expected["undo_upload"] == before
    assert len(expected["apply_upload"][0]) == ROWS - ROWS // 100 + KNOWN // 100
    upload, kills = uploaded(anna), 0
    for task, prepare in PREPARED.items():
        if prepare:
            prepare(upload, anna)
        earlier = seen(anna)
        for point in sample.part(POINTS[task], of=3):
            killed_at(point, partial(begin, warm, task, upload, anna))
            kills += 1
            assert seen(anna) == earlier, f"{task}: half of it is there"
        for _time in ("after the kills", "once more, although it is done"):
            begin(warm, task, upload, anna).finish()
            assert seen(anna)[:2] == expected[task], f"{task}: begun anew it ends otherwise"
    note(f"{kills} workers killed in an import, 0 left anything half done")


def _undisturbed(scope: Scope, warm: Warm) -> Iterator[tuple[str, list[Any]]]:
    upload = uploaded(scope)
    for task, prepare in PREPARED.items():
        if prepare:
            prepare(upload, scope)
        begin(warm, task, upload, scope).finish()
        yield task, seen(scope)
