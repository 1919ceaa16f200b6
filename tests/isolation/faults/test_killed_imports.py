"""A worker that is killed anywhere in an import: what is left is nothing, and what begins anew ends as undisturbed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from django.db import connection

from customers.choices import UploadState
from customers.models import Customer, CustomerCount, CustomerGroup, ImportUpload
from customers.operations import register_customer
from customers.transfer import receiving, uploads
from mcp import row_security
from mcp.scope import Scope
from tests.customers.transfer import table
from tests.isolation.faults.servers import variables

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

ROWS, KNOWN, KILLS = 6_000, 500, 20
_WORK = """
import sys
import django
django.setup()
from customers import tasks
print("ready", flush=True)
getattr(tasks, sys.argv[1]).func(upload=sys.argv[2], user=int(sys.argv[3]), account_number=10400, client_number=1)
"""


def content() -> bytes:
    rows = [[n if n <= KNOWN else "", f"Gast {n}", "Bonn", "Neu", "gestern" if n % 100 == 0 else ""]
            for n in range(1, ROWS + 1)]  # fmt: skip
    return table(["Kundennummer", "Name", "Ort", "Kundengruppe", "Geburtsdatum"], *rows)


def begin(task: str, upload: ImportUpload, scope: Scope) -> subprocess.Popen[str]:
    """A worker that has just begun with the task."""
    assert scope.user is not None
    command = [sys.executable, "-c", _WORK, task, str(upload.pk), str(scope.user.pk)]
    worker = subprocess.Popen(command, env=variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    if worker.stdout.readline() != "ready\n":
        raise AssertionError(worker.communicate()[1])
    return worker


def finish(worker: subprocess.Popen[str]) -> None:
    _out, said = worker.communicate(timeout=120)
    assert worker.returncode == 0, said


def uploaded(scope: Scope) -> ImportUpload:
    with row_security.rows_of(scope):
        upload = receiving.receive_upload(name="gross.csv", content=content(), actor=scope)
        uploads.start_check(upload=upload, actor=scope)
    return upload


def confirm(upload: ImportUpload, scope: Scope) -> None:
    with row_security.rows_of(scope):
        upload.refresh_from_db()
        assert upload.state == UploadState.CHECKED, upload.failure
        uploads.confirm_upload(upload=upload, confirmed=uploads.fingerprint(upload), actor=scope)


def undo(upload: ImportUpload, scope: Scope) -> None:
    with row_security.rows_of(scope):
        upload.refresh_from_db()
        assert upload.state == UploadState.APPLIED, upload.failure
        uploads.start_undo(upload=upload, actor=scope)


def seen(scope: Scope) -> list[Any]:
    """Everything an import leaves, but ids, times, and numbers, which are never given twice."""
    with row_security.rows_of(scope):
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
    with row_security.rows_of(scope):
        for number in range(1, KNOWN + 1):
            register_customer(customer=Customer(customer_number=number, last_name="Alt"), actor=scope)
    return scope


STEPS = (("check_upload", None), ("apply_upload", confirm), ("undo_upload", undo))


def test_a_killed_worker_leaves_what_can_be_begun_anew(anna, note):
    """Undisturbed once, then killed at random points of each step; each time the next worker ends the same."""
    chance = random.Random(20)
    expected: dict[str, list[Any]] = {}
    seconds: dict[str, float] = {}
    before = seen(anna)[:2]
    upload = uploaded(anna)
    for task, prepare in STEPS:
        if prepare:
            prepare(upload, anna)
        worker, started = begin(task, upload, anna), time.perf_counter()
        finish(worker)
        seconds[task] = time.perf_counter() - started
        expected[task] = seen(anna)[:2]
    assert expected["undo_upload"] == before
    assert len(expected["apply_upload"][0]) == ROWS - ROWS // 100 + KNOWN // 100
    kills = landed = 0
    while kills < KILLS:
        upload = uploaded(anna)
        for task, prepare in STEPS:
            if prepare:
                prepare(upload, anna)
            earlier = seen(anna)
            worker = begin(task, upload, anna)
            time.sleep(chance.uniform(0, seconds[task]))
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
            kills += 1
            let_the_database_notice()
            now = seen(anna)
            assert now == earlier or now[:2] == expected[task], f"{task}: half of it is there"
            landed += now != earlier
            finish(begin(task, upload, anna))
            assert seen(anna)[:2] == expected[task], f"{task}: begun anew it ends otherwise"
    note(f"{kills} workers killed in an import ({landed} had just finished), 0 left anything half done")


def let_the_database_notice() -> None:
    """The server ends what a killed client had under way, also a commit that it had just asked for.

    Of other roles' sessions not everything is shown, but whose they are; what the server does by itself is nobody's.
    """
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND usename IS NOT NULL"
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.05)
    raise AssertionError("the server still works for the killed client")
