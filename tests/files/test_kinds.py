"""Every kind of file is declared once, with a task that knows it, and expires."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone
from procrastinate.contrib.django import app

from customers.exports.files import EXPORTS, demand_export, order_of
from customers.models import CustomerExport, ExportChunk
from files import kinds as declared
from files import lifecycle, tasks
from files.choices import FileState
from files.kinds import FileKind, declare, kinds
from files.models import WorkedFile
from mcp.worker.queueing import NothingThere
from mcp.worker.task_frame import Stopped
from tests.conftest import Cast
from tests.customers.transfer import kept_export
from transitions.incoming.taking import INCOMING


def test_every_table_of_files_is_declared_with_its_pieces_and_its_task():
    app.perform_import_paths()
    assert {kind.model for kind in kinds()} == {model for model in apps.get_models() if issubclass(model, WorkedFile)}
    for kind in kinds():
        chunks: Any = kind.chunks
        assert chunks._meta.get_field("file").related_model is kind.model
        assert kind.name in inspect.signature(app.tasks[kind.task].func).parameters


def test_two_kinds_of_one_name_are_refused():
    twin: FileKind[CustomerExport] = FileKind(
        name="export", model=CustomerExport, chunks=ExportChunk, lifetime=timedelta(1), task="x",
        broken=EXPORTS.broken, given_up=EXPORTS.given_up,
    )  # fmt: skip
    with pytest.raises(ValueError, match="export"):
        declare(twin)
    assert declared.kinds().count(EXPORTS) == 1


@pytest.fixture
def export(cast) -> CustomerExport:
    return kept_export(cast.scope("anna", "Zentrale"))


def test_what_is_of_nobody_any_more_expires_by_the_clock(export):
    tasks.delete_expired_files.func(timestamp=0)
    assert ExportChunk.objects.filter(file=export).exists()
    CustomerExport.objects.filter(pk=export.pk).update(state_since=timezone.now() - EXPORTS.lifetime)
    tasks.delete_expired_files.func(timestamp=0)
    assert not ExportChunk.objects.filter(file=export).exists()
    assert CustomerExport.objects.filter(pk=export.pk).exists()


def test_kind_that_cannot_be_deleted_keeps_none_of_the_others(export, monkeypatch):
    CustomerExport.objects.filter(pk=export.pk).update(state_since=timezone.now() - EXPORTS.lifetime)
    delete = lifecycle.delete_expired

    def spoilt(kind, *, now):
        if kind is INCOMING:
            raise OSError("the disk is gone")
        return delete(kind, now=now)

    monkeypatch.setattr(lifecycle, "delete_expired", spoilt)
    with pytest.raises(ExceptionGroup):
        tasks.delete_expired_files.func(timestamp=0)
    assert not ExportChunk.objects.filter(file=export).exists()


def test_under_way_does_not_expire(export):
    running = demand_export(order=order_of(export), query="", total=3, actor=Cast().scope("anna", "Zentrale"))
    ExportChunk.objects.create(base=running.base, file=running, position=0, content=b"half")
    CustomerExport.objects.filter(pk=running.pk).update(
        state=FileState.RUNNING, state_since=timezone.now() - 2 * EXPORTS.lifetime
    )
    assert lifecycle.delete_expired(EXPORTS, now=timezone.now()) == 0


def test_file_that_is_not_there_or_over_is_not_begun(export):
    with pytest.raises(NothingThere):
        lifecycle.begin(EXPORTS, "00000000-0000-0000-0000-000000000000")
    with pytest.raises(NothingThere):
        lifecycle.fail(EXPORTS, pk="00000000-0000-0000-0000-000000000000", reason=EXPORTS.broken())
    with pytest.raises(Stopped):
        lifecycle.begin(EXPORTS, str(export.pk))
    lifecycle.fail(EXPORTS, pk=str(export.pk), reason=EXPORTS.broken())
    export.refresh_from_db()
    assert (export.state, list(export.failure)) == (FileState.DONE, []), "what is done does not fail"


def test_file_that_nobody_fetches_is_refused(cast):
    with pytest.raises(TypeError, match="not fetched"):
        lifecycle.fetch(INCOMING, INCOMING.model(), actor=cast.scope("anna", "Zentrale"))
