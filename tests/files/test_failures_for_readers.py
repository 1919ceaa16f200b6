"""Why something could not be done is read in the language of the reader, whoever has ordered it: on every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy, override

from accounting.models import BankFile
from accounting.payments.bank_files import BANK_FILES
from customers.bulk import changing
from customers.bulk import tasks as bulk_tasks
from customers.choices import BulkKind, BulkState, UploadState
from customers.exports.files import EXPORTS
from customers.imports import lifecycle as imports
from customers.imports import tasks as import_tasks
from customers.models import BulkChange, CustomerExport, ImportUpload
from files.choices import FileState
from files.lifecycle import frame_of
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import tell_given_up
from mcp.worker.somebody import for_somebody
from mcp.worker.task_frame import TaskFrame
from tests.reader import read
from tests.states import store
from tests.transitions.moving import exit_in, last_step
from transitions import tasks as transition_tasks
from transitions.choices import TransitionState
from transitions.incoming.taking import INCOMING
from transitions.models import IncomingFile, Package, Transition
from transitions.package.lifecycle import PACKAGES


@dataclass(frozen=True)
class Kind:
    frame: TaskFrame
    task: str
    argument: str
    make: Callable[[Any, Scope], Any]
    stored: Callable[[Any], Sentences]
    again: Callable[[Any], object]
    """Where the worker is at it."""


def place(anna: Scope) -> dict[str, Any]:
    return {"organization": anna.organization, "base": anna.base, "location": anna.location, "user": anna.user}


def failure_of(model: Any, thing: Any) -> Sentences:
    found: Sentences = model.objects.get(pk=thing.pk).failure
    return found


def under_way(model: Any, state: str, thing: Any) -> None:
    """From here on `thing` is another one like it, at which the worker is: what has failed is not tried again."""
    row = model.objects.get(pk=thing.pk)
    row.pk, row.state, row.failure = uuid4(), state, Sentences()
    if model in (IncomingFile, BankFile):
        row.sha256 = row.pk.hex  # the same bytes are taken in once at a time
    store(row)
    thing.pk = row.pk


def leaving(cast: Any, _anna: Scope) -> Transition:
    found: Transition = exit_in(cast, TransitionState.CONFIRMED)
    return found


KINDS = {
    "export": Kind(
        frame_of(EXPORTS), EXPORTS.task, "export",
        lambda cast, anna: CustomerExport.objects.create(**place(anna), name="x", choices={}),
        partial(failure_of, CustomerExport), partial(under_way, CustomerExport, FileState.RUNNING),
    ),
    "package": Kind(
        frame_of(PACKAGES), PACKAGES.task, "package",
        lambda cast, anna: Package.objects.get(transition=exit_in(cast, TransitionState.EXECUTED)),
        partial(failure_of, Package), partial(under_way, Package, FileState.RUNNING),
    ),
    "incoming": Kind(
        frame_of(INCOMING), INCOMING.task, "incoming",
        lambda cast, anna: IncomingFile.objects.create(**place(anna), name="x"),
        partial(failure_of, IncomingFile), partial(under_way, IncomingFile, FileState.RUNNING),
    ),
    "bank file": Kind(
        frame_of(BANK_FILES), BANK_FILES.task, "bank_file",
        lambda cast, anna: BankFile.objects.create(**place(anna), name="x"),
        partial(failure_of, BankFile), partial(under_way, BankFile, FileState.RUNNING),
    ),
    "import": Kind(
        import_tasks._frame(*(UploadState(state) for state in imports.UNDER_WAY)),
        "customers.imports.tasks.check_upload", "upload",
        lambda cast, anna: ImportUpload.objects.create(**place(anna), name="x"),
        partial(failure_of, ImportUpload), partial(under_way, ImportUpload, UploadState.CHECKING),
    ),
    "bulk change": Kind(
        bulk_tasks._frame(*(BulkState(state) for state in changing.UNDER_WAY)),
        "customers.bulk.tasks.count_bulk", "change",
        lambda cast, anna: BulkChange.objects.create(**place(anna), kind=BulkKind.RESTORE),
        partial(failure_of, BulkChange), partial(under_way, BulkChange, BulkState.COUNTING),
    ),
    "transition": Kind(
        transition_tasks.TRANSITIONS, "transitions.tasks.execute_transition", "transition",
        leaving, lambda thing: last_step(thing).told, lambda thing: None,
    ),
}  # fmt: skip


def raising(error: Exception) -> Callable[[Scope], object]:
    def step(scope: Scope) -> object:
        raise error

    return step


def german(anna: Scope) -> Scope:
    User.objects.filter(pk=anna.user.pk if anna.user else 0).update(language="de")
    return anna


@pytest.mark.parametrize("name", KINDS)
def test_a_german_has_ordered_it_and_an_english_one_reads_why_it_failed(cast, name):
    kind, anna = KINDS[name], german(cast.scope("anna", "Zentrale"))
    thing = kind.make(cast, anna)
    somebody = for_somebody(anna)

    def told(step: Callable[[Scope], object] | None) -> Sentences:
        kind.again(thing)
        if step is None:
            tell_given_up(kind.task, {kind.argument: str(thing.pk), **somebody})
        else:
            kind.frame.for_somebody(str(thing.pk), somebody, step)
        stored = kind.stored(thing)
        assert "Worker" not in json.dumps(stored), "no sentence of ours is stored, only its code"
        return stored

    with override("de"):
        right = MissingRight(Right.EXPORT_CUSTOMERS, anna.location)
    stored = told(raising(right))
    assert "Export customers" in read(stored, "en")
    assert "„Kunden exportieren“" in read(stored, "de")

    gone = ValidationError(gettext_lazy("This tag does not exist any more."), code="tag_gone")
    stored = told(raising(gone))
    assert "This tag does not exist any more." in read(stored, "en")
    assert "Dieses Schlagwort gibt es nicht mehr." in read(stored, "de")

    stored = told(raising(ZeroDivisionError()))
    assert "broke off" in read(stored, "en") or "could not be made" in read(stored, "en")
    assert any(words in read(stored, "de") for words in ("abgebrochen", "brach ab", "konnte nicht erstellt werden"))

    stored = told(None)
    assert "has given it up" in read(stored, "en")
    assert "aufgegeben" in read(stored, "de") or "nach mehreren Versuchen" in read(stored, "de")

    User.objects.filter(pk=somebody["user"]).update(is_active=False)
    stored = told(raising(AssertionError("nobody works there")))
    assert "may not work at this location any more" in read(stored, "en")
    assert "darf an diesem Standort nicht mehr arbeiten" in read(stored, "de")
