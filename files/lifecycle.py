"""What becomes of a file, whatever its kind: ordered, made or taken in by the worker, fetched, expired.

`make` is called by a task; what it is made of says the kind. The rows are read over a second connection, in one
transaction; what is made of them is kept step by step, so that the page shows it. That a file was made, by whom and of
what, and who has fetched it, stays on record; its bytes are deleted.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from files import chunks
from files.choices import UNDER_WAY, FileState
from files.kinds import Content, FileKind
from files.models import WorkedFile
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import NothingThere, enqueue
from mcp.worker.task_frame import Failure, Stopped, TaskFrame

# --- how far it is ----------------------------------------------------------------------------------------------


def with_kept[File: WorkedFile](kind: FileKind[File], rows: QuerySet[File]) -> QuerySet[Any, File]:
    """Newest first, with `is_kept`: whether the bytes are still there."""
    pieces = _rows(kind.chunks).filter(base=OuterRef("base"), file=OuterRef("pk"))
    return rows.annotate(is_kept=Exists(pieces)).order_by("-created_at", "pk")


def expires_at(kind: FileKind[Any], file: WorkedFile) -> datetime:
    return file.state_since + kind.lifetime


def is_ready(kind: FileKind[Any], file: Any, *, now: datetime) -> bool:
    """Whether the file can be fetched. `file` is one of `with_kept`."""
    return bool(file.state == FileState.DONE and file.is_kept and now < expires_at(kind, file))


def is_under_way(kind: FileKind[Any], file: WorkedFile | None) -> bool:
    """Whether the worker is at it or will be; not of one whose task was given up."""
    return file is not None and file.state in UNDER_WAY and _is_expected(kind, file)


def _is_expected(kind: FileKind[Any], file: WorkedFile) -> bool:
    jobs = ProcrastinateJob.objects.filter(task_name=kind.task, status__in=["todo", "doing"])
    return jobs.filter(**{f"args__{kind.name}": str(file.pk)}).exists()


# --- made or taken in -------------------------------------------------------------------------------------------


def order(kind: FileKind[Any], file: WorkedFile, *, lock: str | None = None, **somebody: Any) -> None:
    """Let the worker make the file, or take it in, once the current transaction is committed."""
    enqueue(kind.task, lock=lock, **{kind.name: str(file.pk)}, **somebody)


def frame_of(kind: FileKind[Any]) -> TaskFrame:
    """The frame of the task of this kind: what goes wrong is told on the page of the file."""

    def tell(pk: str, failure: Failure) -> None:
        fail(kind, pk=pk, reason=failure.reason)

    return TaskFrame(name=kind.name, tell=tell, broken=kind.broken, given_up=kind.given_up, log=kind.log)


def make(kind: FileKind[Any], *, pk: str, actor: Scope) -> None:
    """Make a file that waits, or begin anew one that a worker has left undone.

    What goes wrong is told on its page; one that is made or cancelled already stays as it is. Raises NothingThere.
    """
    frame_of(kind).as_actor(pk, actor, partial(_make, kind, pk))


def make_for_somebody(kind: FileKind[Any], *, pk: str, somebody: dict[str, int]) -> None:
    """The same as whoever has ordered it, with the rights that he has now. `somebody` is what `for_somebody` gives."""
    frame_of(kind).for_somebody(pk, somebody, partial(_make, kind, pk))


def tell_given_up(kind: FileKind[Any]) -> None:
    """Where its worker died again and again, the page of the file says so."""
    frame_of(kind).when_given_up(kind.name, kind.task)


def _make(kind: FileKind[Any], pk: str, actor: Scope) -> None:
    with row_scope.rows_of(actor):
        file = begin(kind, pk)
    if kind.content is None:
        raise TypeError(f"Files of the kind {kind.name} are not made")
    digest = chunks.Digest()
    with kind.content(file, actor) as content:
        for position, piece in enumerate(chunks.of_size(digest.of(content.parts))):
            with row_scope.rows_of(actor):
                advance(kind, file, done=content.done())
                _rows(kind.chunks).create(base_id=file.base_id, file=file, position=position, content=piece)
    with row_scope.rows_of(actor):
        access.demand_still(actor)
        end(kind, file, content, digest)
    kind.log.info(
        "The %s %s is made for %r: %s customers, sha256 %s", kind.name, pk, file.user_name, content.done(), digest.hex
    )


def begin[File: WorkedFile](kind: FileKind[File], pk: str, **values: Any) -> File:
    """The file, marked as being worked on from now on; what an earlier worker has made of it is deleted.

    Raises NothingThere, or Stopped where it is not waited for any more.
    """
    file: File | None = _rows(kind.model).select_for_update(of=("self",)).filter(pk=pk).first()
    if file is None:
        raise NothingThere(kind.name, pk)
    if file.state not in UNDER_WAY:
        raise Stopped
    if kind.content is not None:
        _rows(kind.chunks).filter(base=file.base_id, file=file).delete()
    values |= {"state": FileState.RUNNING, "state_since": timezone.now(), "done": 0}
    for name, value in values.items():
        setattr(file, name, value)
    file.save(update_fields=values)
    return file


def advance(kind: FileKind[Any], file: WorkedFile, **values: Any) -> None:
    """Raises Stopped where it was cancelled or has been begun anew since."""
    mine = _rows(kind.model).filter(pk=file.pk, state=FileState.RUNNING, state_since=file.state_since)
    if not mine.update(**values):
        raise Stopped


def end(kind: FileKind[Any], file: WorkedFile, content: Content, digest: chunks.Digest) -> None:
    """All pieces are there: from now on it can be fetched."""
    advance(
        kind, file, state=FileState.DONE, state_since=timezone.now(), done=content.done(), total=content.done(),
        size=digest.size, sha256=digest.hex, **content.record(),
    )  # fmt: skip
    content.when_made()


def stop(kind: FileKind[Any], rows: QuerySet[Any], *, state: FileState, reason: Sentences | None = None) -> None:
    """Those under way are given up, for good: their bytes go at once."""
    stopped = rows.filter(state__in=UNDER_WAY)
    pks = list(stopped.values_list("pk", flat=True))
    if stopped.update(state=state, failure=reason or Sentences(), state_since=timezone.now()):
        _rows(kind.chunks).filter(file__in=pks).delete()


def fail(kind: FileKind[Any], *, pk: str, reason: Sentences) -> None:
    """Say why on its page. In a transaction for which the file exists. Raises NothingThere where it does not."""
    found = _rows(kind.model).filter(pk=pk)
    if not found.exists():
        raise NothingThere(kind.name, pk)
    stop(kind, found, state=FileState.FAILED, reason=reason)


# --- kept and fetched -------------------------------------------------------------------------------------------


@transaction.atomic
def fetch(kind: FileKind[Any], file: Any, *, actor: Scope, **noted: Any) -> IO[bytes]:
    """The file, which is noted and logged. `file` is one of `with_kept`; what is `noted` is kept with the download.

    Raises what the kind demands, or ValidationError where the file is not there (any more).
    """
    kind.demand_fetching(file, actor)
    if not is_ready(kind, file, now=timezone.now()):
        raise ValidationError(kind.gone, code=f"{kind.name}_gone")
    note_download(kind, file, actor, **noted)
    kind.log.info("%r fetched %s, sha256 %s", actor.actor_name, kind.describe(file), file.sha256)
    return chunks.opened(kind.chunks, file=file)


def note_download(kind: FileKind[Any], file: WorkedFile, actor: Scope, **noted: Any) -> None:
    if kind.downloads is None:
        raise TypeError(f"Files of the kind {kind.name} are not fetched")
    user = actor.user.pk if actor.user else 0
    _rows(kind.downloads).create(base=actor.base, file=file, user_id=user, user_name=actor.actor_name, **noted)


def delete_bytes(kind: FileKind[Any], rows: QuerySet[Any]) -> int:
    """Of those that are not under way; the records stay."""
    over = rows.exclude(state__in=UNDER_WAY)
    return int(_rows(kind.chunks).filter(file__in=over.values("pk")).delete()[0])


def delete_expired(kind: FileKind[Any], *, now: datetime) -> int:
    """Delete the bytes of what has expired, and the row where the kind says so; how many rows that were.

    In a transaction for which all files exist.
    """
    rows, before = _rows(kind.model), now - kind.lifetime
    if kind.keeps_record:
        return delete_bytes(kind, rows.filter(state_since__lte=before))
    return int(rows.filter(created_at__lte=before).delete()[0])


def _rows(model: Any) -> Any:
    return model._default_manager
