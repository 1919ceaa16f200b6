"""Taking in packages and lists of withdrawals: a small file at once, a large one by the worker.

`keep_file` is called by the page, `take_in` by the worker. A file is taken in in one transaction: if it breaks off,
nothing is written, and the next worker begins anew with the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, nullcontext
from datetime import timedelta
from typing import BinaryIO

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers import imports
from customers.edit_side import demand_edited_here
from customers.models import CustomerCount
from files import chunks, lifecycle, quota
from files.choices import UNDER_WAY, FileState
from files.kinds import FileKind, declare
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import access, row_scope
from mcp.isolation.row_scope import SecondConnection
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.progress import ToldProgress
from mcp.worker.somebody import for_somebody
from mcp.worker.task_frame import Stopped
from transitions.archive import encrypting
from transitions.models import IncomingChunk, IncomingFile
from transitions.package.importing import receive_package
from transitions.withdrawals.taking import take_in as take_in_list

DIRECT_BYTES = imports.DIRECT_BYTES
DIRECT_CUSTOMERS = 10_000
"""Up to these a file is taken in while the browser waits, within a second or two: whoever is here is compared."""
CANCELLED = stored_sentence("incoming_cancelled", gettext_lazy("It was cancelled. Nothing of it was taken in."))
INCOMING = declare(
    FileKind(
        name="incoming",
        model=IncomingFile,
        chunks=IncomingChunk,
        lifetime=timedelta(days=1),
        keeps_record=False,
        task="transitions.incoming.tasks.take_in_file",
        broken=stored_sentence(
            "incoming_broken",
            gettext_lazy("It broke off, and nothing was taken in. Upload it again; if it happens again, tell support."),
        ),
        given_up=stored_sentence(
            "incoming_given_up",
            gettext_lazy(
                "The worker has given it up, and nothing of it was taken in. Tell support before you try again."
            ),
        ),
        log=logging.getLogger("stammhaus.incoming"),
    )
)
quota.count_uploads(IncomingFile)


def is_small(file: BinaryIO, actor: Scope) -> bool:
    """Whether a file is taken in at once: it is small, and so is the base with which it is compared."""
    size = file.seek(0, 2)
    file.seek(0)
    return size <= DIRECT_BYTES and sum(CustomerCount.objects.in_base(actor.base).totals()) <= DIRECT_CUSTOMERS


def incoming_of(scope: Scope) -> QuerySet[IncomingFile]:
    """The files that this user has sent at this location."""
    if scope.user is None:
        return IncomingFile.objects.none()
    return IncomingFile.objects.filter(user=scope.user.pk, location=scope.location.pk, base=scope.base.pk)


def under_way_at(scope: Scope) -> QuerySet[IncomingFile]:
    """What is being taken in at this location, whoever has sent it."""
    found = IncomingFile.objects.filter(location=scope.location.pk, base=scope.base.pk, state__in=UNDER_WAY)
    return found.order_by("created_at", "pk")


@transaction.atomic
def keep_file(*, file: BinaryIO, name: str, password: str = "", is_list: bool = False, actor: Scope) -> IncomingFile:
    """Store a file for the worker. An encrypted one is stored decrypted; the password is not kept.

    Raises MissingRight, EditedAtOtherSide, QuotaUsedUp, RefusedPackage for a wrong password, or ValidationError where
    it is under way already.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    if not is_list:
        actor.demand(Right.ADD_CUSTOMERS)
        demand_edited_here(actor.base)
    is_locked = encrypting.is_encrypted(file)
    with closing(encrypting.decrypted(file, password=password)) if is_locked else nullcontext(file) as content:
        digest = chunks.Digest()
        kept = IncomingFile(
            organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
            user_name=actor.actor_name[:200], name=name[:255], is_list=is_list,
        )  # fmt: skip
        for _piece in digest.of(quota.within_quota(_pieces(content), upload=kept, actor=actor)):
            pass
        kept.size, kept.sha256 = digest.size, digest.hex
        _demand_first(kept, actor)
        with told_as_refusals(), transaction.atomic():
            kept.save(force_insert=True)
        chunks.store(IncomingChunk, file=kept, content=_pieces(content))
    lifecycle.order(INCOMING, kept, lock=f"incoming {actor.base.pk}", **for_somebody(actor))
    return kept


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    return iter(lambda: content.read(chunks.PIECE), b"")


def _demand_first(kept: IncomingFile, actor: Scope) -> None:
    """Raise ValidationError where the same file is under way; two at the same moment are kept apart by the database."""
    if (other := under_way_at(actor).filter(sha256=kept.sha256).first()) is not None:
        raise ValidationError(
            gettext_lazy("%(user)s is taking in this very file at the moment. Wait until that is done."),
            code="incoming_under_way",
            params={"user": other.user_name},
        )


@transaction.atomic
def cancel(*, file: IncomingFile, actor: Scope) -> None:
    """Stop it: at once if no worker has begun, else as soon as the worker notices. Nothing is taken in then."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    mine = incoming_of(actor).filter(pk=file.pk, state__in=UNDER_WAY)
    waiting = mine.select_for_update(of=("self",), skip_locked=True).filter(state=FileState.WAITING)
    if waiting.exists():
        lifecycle.stop(INCOMING, mine, state=FileState.CANCELLED, reason=CANCELLED())
    else:
        mine.update(is_cancelled=True)


# --- by the worker ----------------------------------------------------------------------------------------------


def take_in(pk: str, actor: Scope) -> None:
    """Take in a waiting file, or begin anew with one that a worker has left; one transaction.

    Raises NothingThere, MissingRight, ValidationError where it cannot be taken in, or Stopped where it was cancelled or
    another worker has begun it.
    """
    try:
        with row_scope.rows_of(actor):
            file = _begin(pk)
        _take_in(file, actor)
    except Stopped:
        with row_scope.rows_of(actor):
            cancelled = IncomingFile.objects.filter(pk=pk, is_cancelled=True)
            lifecycle.stop(INCOMING, cancelled, state=FileState.CANCELLED, reason=CANCELLED())
        raise


def _begin(pk: str) -> IncomingFile:
    file = lifecycle.begin(INCOMING, pk, total=0)
    if file.is_cancelled:
        raise Stopped
    return file


def _take_in(file: IncomingFile, actor: Scope) -> None:
    """One transaction: verify, take in, and say so; a package is then checked as any import is."""
    reason = _("%(name)s taken in") % {"name": file.name}
    with (
        row_scope.second_connection(actor) as second,
        row_scope.rows_of(actor),
        pghistory.context(**actor.history(reason=reason)),
        closing(chunks.opened(IncomingChunk, file=file)) as content,
    ):
        told = Told(second, file)
        taken = _list(content, actor) if file.is_list else _package(content, told, actor)
        _demand_still_mine(file)
        IncomingFile.objects.filter(pk=file.pk).update(state=FileState.DONE, state_since=timezone.now(), **taken)
        IncomingChunk.objects.filter(base=file.base_id, file=file).delete()
        access.demand_still(actor)


def _package(content: BinaryIO, told: Told, actor: Scope) -> dict[str, object]:
    arrival = receive_package(file=content, progress=told, actor=actor)
    imports.have_checked(upload=arrival.upload, actor=actor)
    return {"upload": arrival.upload.pk}


def _list(content: BinaryIO, actor: Scope) -> dict[str, object]:
    taken = take_in_list(file=content, actor=actor)
    return {"taken_in": {"known": len(taken.numbers), "unknown": taken.unknown, "added": taken.added}}


def _demand_still_mine(file: IncomingFile) -> None:
    """Lock the row to the end of the transaction. Raises Stopped where it was cancelled or begun anew."""
    running = IncomingFile.objects.select_for_update(of=("self",)).filter(state=FileState.RUNNING)
    if not running.filter(pk=file.pk, state_since=file.state_since, is_cancelled=False).exists():
        raise Stopped


class Told(ToldProgress):
    """Stores how far a file is taken in. Raises Stopped where it was cancelled or begun anew."""

    def __init__(self, second: SecondConnection, file: IncomingFile) -> None:
        super().__init__(second)
        self._file = file

    def write(self, cursor: CursorWrapper, done: int, total: int) -> None:
        cursor.execute(
            "UPDATE transitions_incomingfile SET done = %s, total = %s"
            " WHERE id = %s AND state = 'running' AND state_since = %s RETURNING is_cancelled",
            [done, total, self._file.pk, self._file.state_since],
        )
        if cursor.fetchone() != (False,):
            raise Stopped
