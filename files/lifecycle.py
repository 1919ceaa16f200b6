"""The life of a file, whatever its kind: ordered, made or taken in by the worker, fetched, expired.

`make` is called by the task of a kind. The content comes from the kind, which reads it over a second connection in one
transaction; each piece that is made is committed at once, so that the page shows how far it is. The record of who made
and who fetched a file is kept when its bytes are deleted.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, Manager, Model, OuterRef, QuerySet
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from files import chunks
from files.choices import UNDER_WAY, FileState
from files.kinds import Content, FileKind
from files.models import WorkedFile
from files.reading_lock import reading
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import NothingThere, enqueue
from mcp.worker.task_frame import Failure, Stopped, TaskFrame

# --- how far it is ----------------------------------------------------------------------------------------------


def with_kept[File: WorkedFile](kind: FileKind[File], rows: QuerySet[File]) -> QuerySet[Any, File]:
    """The rows, newest first, each with `is_kept`: whether its bytes are still there."""
    pieces = _rows(kind.chunks).filter(base=OuterRef("base"), file=OuterRef("pk"))
    return rows.annotate(is_kept=Exists(pieces)).order_by("-created_at", "pk")


def expires_at[File: WorkedFile](kind: FileKind[File], file: File) -> datetime:
    """When the bytes of a finished file are deleted."""
    return file.state_since + kind.lifetime


def is_ready[File: WorkedFile](kind: FileKind[File], file: File, *, now: datetime) -> bool:
    """Whether the file can be fetched. `file` is a row of `with_kept`."""
    return file.state == FileState.DONE and file.is_kept and now < expires_at(kind, file)


def is_under_way[File: WorkedFile](kind: FileKind[File], file: File | None) -> bool:
    """Whether the worker makes the file or is going to; False for None, and where its task was given up."""
    return file is not None and file.state in UNDER_WAY and _is_expected(kind, file)


def _is_expected[File: WorkedFile](kind: FileKind[File], file: File) -> bool:
    jobs = ProcrastinateJob.objects.filter(task_name=kind.task, status__in=["todo", "doing"])
    return jobs.filter(**{f"args__{kind.name}": str(file.pk)}).exists()


# --- made or taken in -------------------------------------------------------------------------------------------


def order[File: WorkedFile](kind: FileKind[File], file: File, *, lock: str | None = None, **somebody: Any) -> None:
    """Queue the task that makes the file or takes it in; it runs once the current transaction is committed."""
    enqueue(kind.task, lock=lock, **{kind.name: str(file.pk)}, **somebody)


def frame_of[File: WorkedFile](kind: FileKind[File]) -> TaskFrame:
    """The frame of the tasks of this kind: an error is shown on the page of the file."""

    def tell(pk: str, failure: Failure) -> None:
        fail(kind, pk=pk, reason=failure.reason)

    return TaskFrame(name=kind.name, tell=tell, broken=kind.broken, given_up=kind.given_up, log=kind.log)


def make[File: WorkedFile](kind: FileKind[File], *, pk: str, actor: Scope) -> None:
    """Make a file that waits, or one that another worker has left unfinished, from its beginning.

    An error is shown on the page of the file. One that is done or cancelled stays as it is. Raises NothingThere.
    """
    frame_of(kind).as_actor(pk, actor, partial(_make, kind, pk))


def make_for_somebody[File: WorkedFile](kind: FileKind[File], *, pk: str, somebody: dict[str, int]) -> None:
    """As `make`, as the user who has ordered it, with the rights that he has now. `somebody` is from `for_somebody`."""
    frame_of(kind).for_somebody(pk, somebody, partial(_make, kind, pk))


def tell_given_up[File: WorkedFile](kind: FileKind[File]) -> None:
    """Have the page of a file say so where the worker has died at its task again and again."""
    frame_of(kind).when_given_up(kind.name, kind.task)


def _make[File: WorkedFile](kind: FileKind[File], pk: str, actor: Scope) -> None:
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


def begin[File: WorkedFile](kind: FileKind[File], pk: str, **values: object) -> File:
    """The file, marked as being worked on by this worker; pieces that an earlier worker has made are deleted.

    `values` are further columns to set. Raises NothingThere where there is no such file, and Stopped where it is no
    longer waited for.
    """
    file: File | None = _rows(kind.model).select_for_update(of=("self",)).filter(pk=pk).first()
    if file is None:
        raise NothingThere(kind.name, pk)
    if file.state not in UNDER_WAY:
        raise Stopped
    if kind.content is not None:
        reading(file.base_id)
        _rows(kind.chunks).filter(base=file.base_id, file=file).delete()
    values |= {"state": FileState.RUNNING, "state_since": timezone.now(), "done": 0}
    for name, value in values.items():
        setattr(file, name, value)
    file.save(update_fields=values)
    return file


def advance[File: WorkedFile](kind: FileKind[File], file: File, **values: object) -> None:
    """Store `values` with a file that this worker makes.

    Raises Stopped where it was cancelled or begun again meanwhile.
    """
    mine = _rows(kind.model).filter(pk=file.pk, state=FileState.RUNNING, state_since=file.state_since)
    if not mine.update(**values):
        raise Stopped


def end[File: WorkedFile](kind: FileKind[File], file: File, content: Content, digest: chunks.Digest) -> None:
    """Mark a file whose pieces are all stored as done: it can be fetched now. Raises Stopped as `advance` does."""
    advance(
        kind, file, state=FileState.DONE, state_since=timezone.now(), done=content.done(), total=content.done(),
        size=digest.size, sha256=digest.hex, **content.record(),
    )  # fmt: skip
    content.when_made()


def stop[File: WorkedFile](
    kind: FileKind[File], rows: QuerySet[File], *, state: FileState, reason: Sentences | None = None
) -> None:
    """Give up those of the rows that are under way: they get the `state` and `reason`, and their bytes are deleted."""
    stopped = rows.filter(state__in=UNDER_WAY)
    pks = list(stopped.values_list("pk", flat=True))
    if stopped.update(state=state, failure=reason or Sentences(), state_since=timezone.now()):
        _rows(kind.chunks).filter(file__in=pks).delete()


def fail[File: WorkedFile](kind: FileKind[File], *, pk: str, reason: Sentences) -> None:
    """Mark the file as failed for the `reason`.

    Runs in a transaction that sees the file. Raises NothingThere where there is none.
    """
    found = _rows(kind.model).filter(pk=pk)
    if not found.exists():
        raise NothingThere(kind.name, pk)
    stop(kind, found, state=FileState.FAILED, reason=reason)


# --- kept and fetched -------------------------------------------------------------------------------------------


@transaction.atomic
def fetch[File: WorkedFile](kind: FileKind[File], file: File, *, actor: Scope, **noted: object) -> IO[bytes]:
    """The file, open for reading; the download is recorded with the columns `noted`, and logged.

    `file` is a row of `with_kept`. Raises what the kind's `demand_fetching` raises, and ValidationError where the bytes
    are not there (any more).
    """
    kind.demand_fetching(file, actor)
    if not is_ready(kind, file, now=timezone.now()):
        raise ValidationError(kind.gone, code=f"{kind.name}_gone")
    note_download(kind, file, actor, **noted)
    kind.log.info("%r fetched %s, sha256 %s", actor.actor_name, kind.describe(file), file.sha256)
    return chunks.opened(kind.chunks, file=file)


def note_download[File: WorkedFile](kind: FileKind[File], file: File, actor: Scope, **noted: object) -> None:
    """Record a download by the actor, with the columns `noted`. Raises TypeError for a kind that is not fetched."""
    if kind.downloads is None:
        raise TypeError(f"Files of the kind {kind.name} are not fetched")
    user = actor.user.pk if actor.user else 0
    _rows(kind.downloads).create(base=actor.base, file=file, user_id=user, user_name=actor.actor_name, **noted)


def delete_bytes[File: WorkedFile](kind: FileKind[File], rows: QuerySet[File]) -> int:
    """Delete the bytes of those rows that are not under way; returns how many pieces that were. The rows stay."""
    over = rows.exclude(state__in=UNDER_WAY)
    return int(_rows(kind.chunks).filter(file__in=over.values("pk")).delete()[0])


def delete_expired[File: WorkedFile](kind: FileKind[File], *, now: datetime) -> int:
    """Delete the bytes that have expired, and the rows where the kind says so; returns how many rows were deleted.

    Runs in a transaction that sees all files.
    """
    rows, before = _rows(kind.model), now - kind.lifetime
    if kind.keeps_record:
        return delete_bytes(kind, rows.filter(state_since__lte=before))
    return int(rows.filter(created_at__lte=before).delete()[0])


def _rows(model: type[Model]) -> Manager[Any]:
    """The rows of a model, with fields that each kind has and the abstract models have not."""
    return model._default_manager
