"""Files of imports go after a day, each once, whatever became of their location; given-up work says so."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from customers import tasks
from customers.choices import UploadState
from customers.imports import lifecycle
from customers.models import ImportChunk, ImportUpload
from mcp import tasks as of_mcp
from mcp.worker.queueing import tell_given_up
from mcp.worker.somebody import for_somebody
from tests.customers.transfer import checked, table, take_in
from tests.reader import read
from tests.states import brought_to
from tests.transitions.switched import to_shared


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def rows_of_base(base: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('stammhaus.base', %s, true)", [str(base)])
        cursor.execute("SELECT count(*) FROM customers_import_rows")
        return int(cursor.fetchone()[0])


def expire() -> None:
    ImportUpload.objects.update(created_at=timezone.now() - lifecycle.LIFETIME)
    tasks.delete_expired_uploads.func(timestamp=0)


def test_what_was_cleared_is_not_visited_again(anna, django_assert_num_queries):
    for number in range(5):
        take_in(anna, table(["Name"], [f"Neu {number}"]))
    expire()
    assert not ImportChunk.objects.exists()
    assert ImportUpload.objects.filter(cleared_at=None).count() == 0
    with django_assert_num_queries(2):  # imports and bulk changes that have expired
        tasks.delete_expired_uploads.func(timestamp=0)


def test_file_goes_though_its_location_works_with_another_base_since(cast):
    dirk = cast.system("Lübeck")
    checked(dirk, table(["Name"], ["Neu"]))
    assert rows_of_base(dirk.base.pk) == 1
    to_shared(cast, "Lübeck")
    expire()
    assert not ImportUpload.objects.exists()
    assert rows_of_base(dirk.base.pk) == 0


def test_file_that_cannot_be_deleted_keeps_none_of_the_others(anna, monkeypatch):
    broken, _other = (checked(anna, table(["Name"], [name])) for name in ("A", "B"))
    delete = lifecycle.delete_expired

    def spoilt(*, upload: ImportUpload) -> None:
        if upload.pk == broken.pk:
            raise OSError("the disk is gone")
        delete(upload=upload)

    monkeypatch.setattr(lifecycle, "delete_expired", spoilt)
    with pytest.raises(ExceptionGroup) as group:
        expire()
    assert [str(error) for error in group.value.exceptions] == ["the disk is gone"]
    assert [upload.pk for upload in ImportUpload.objects.all()] == [broken.pk]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (UploadState.CHECKING, UploadState.FAILED),
        (UploadState.APPLYING, UploadState.FAILED),
        (UploadState.UNDOING, UploadState.APPLIED),
        (UploadState.CANCELLED, UploadState.CANCELLED),
    ],
)
def test_import_that_its_worker_has_given_up_says_so(anna, before, after):
    upload = checked(anna, table(["Name"], ["Neu"]))
    brought_to(ImportUpload.objects.filter(pk=upload.pk), before)
    tell_given_up("customers.imports.tasks.apply_upload", {"upload": str(upload.pk), "user": 1})
    upload.refresh_from_db()
    assert upload.state == after
    assert ("Worker" in read(upload.failure, "de")) == (before != UploadState.CANCELLED)


@pytest.mark.django_db(transaction=True)
def test_job_that_takes_down_its_worker_again_and_again_is_told(anna):
    upload = checked(anna, table(["Name"], ["Neu"]))
    ImportUpload.objects.filter(pk=upload.pk).update(state=UploadState.CHECKING)
    job = SimpleNamespace(
        id=7, task_name="customers.imports.tasks.check_upload", attempts=of_mcp.MOST_ATTEMPTS,
        task_kwargs={"upload": str(upload.pk), **for_somebody(anna)},
    )  # fmt: skip
    finished: list[Any] = []

    class Jobs:
        async def get_stalled_jobs(self) -> list[Any]:
            return [job]

        async def finish_job(self, job: Any, **told: Any) -> None:
            finished.append(job.id)

    context: Any = SimpleNamespace(app=SimpleNamespace(job_manager=Jobs()))
    thread = threading.Thread(target=lambda: asyncio.run(of_mcp.resume_stalled_jobs.func(context, timestamp=0)))
    thread.start()
    thread.join()
    upload.refresh_from_db()
    assert finished == [7]
    assert upload.state == UploadState.FAILED


def test_nobody_is_told_of_what_nobody_waits_for():
    tell_given_up("customers.tasks.compact_counts", {"timestamp": 0})


def test_import_that_was_undone_lately_is_cleared_as_well(anna):
    upload = take_in(anna, table(["Name"], ["Neu"])).upload
    ImportUpload.objects.filter(pk=upload.pk).update(state_since=timezone.now() - timedelta(days=2))
    expire()
    upload.refresh_from_db()
    assert upload.cleared_at is not None
