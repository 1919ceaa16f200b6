"""Taking in files of the bank: a small one at once, a large one by the worker, whole or not at all.

`take_statement` is called by the page, `read_kept` by the worker, which begins anew with the same bytes where it broke
off.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID
from zipfile import BadZipFile, ZipFile

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounting.models import BankFile, BankFileChunk
from accounting.operations.opening import demand_base
from accounting.owners import owners_of
from accounting.payments.reading import MEGABYTES, MOST_BYTES, ReadFile, read_statement
from accounting.payments.refusals import FileRefused
from accounting.querysets import BankFileQuerySet
from files import chunks, lifecycle, quota
from files.choices import FileState
from files.kinds import FileKind, declare
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import access, row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.somebody import for_somebody

DIRECT_XML, DIRECT_TABLE = 1024**2, 256 * 1024
"""Up to so many bytes, unpacked, a file is read while the browser waits: about a thousand entries."""
BANK_FILES = declare(
    FileKind(
        name="bank_file",
        model=BankFile,
        chunks=BankFileChunk,
        lifetime=timedelta(days=1),
        keeps_record=False,
        task="accounting.tasks.read_bank_file",
        broken=stored_sentence(
            "bank_file_broken",
            gettext_lazy("Reading broke off, and nothing of it was stored. Send the file again, or tell support."),
        ),
        given_up=stored_sentence(
            "bank_file_given_up",
            gettext_lazy(
                "The worker has given it up, and nothing of it was stored. Tell support before you try again."
            ),
        ),
        log=logging.getLogger("stammhaus.bank"),
    )
)
quota.count_uploads(BankFile)


def files_of(scope: Scope) -> BankFileQuerySet:
    """The files that the worker reads, or has read within a day, for the ledgers with which the location works."""
    return BankFile.objects.in_base(scope.base).filter(owner_key__in=owners_of(scope).all).order_by("-created_at", "pk")


def take_statement(*, file: BinaryIO, name: str, account: UUID | None = None, actor: Scope) -> ReadFile | BankFile:
    """Read a small file at once, as `read_statement`; a large one is kept for the worker, and the kept one returned.

    Raises as `read_statement`, QuotaUsedUp, or ValidationError where the worker is reading this very file already.
    """
    if is_small(file):
        return read_statement(file=file, name=name, account=account, actor=actor)
    return _keep(file, name, account, actor)


def is_small(file: BinaryIO) -> bool:
    """Whether a file is read at once. What is no archive although it begins as one is refused at once."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(512)
    file.seek(0)
    if head.startswith(b"PK"):
        try:
            with ZipFile(file) as archive:
                return sum(one.file_size for one in archive.infolist()) <= DIRECT_XML
        except BadZipFile:
            return True
        finally:
            file.seek(0)
    return size <= (DIRECT_XML if b"<" in head.lstrip()[:4] else DIRECT_TABLE)


@busy_told()
def _keep(file: BinaryIO, name: str, account: UUID | None, actor: Scope) -> BankFile:
    actor.demand(Right.COLLECT_PAYMENTS)
    demand_base(actor)
    if file.seek(0, 2) > MOST_BYTES:
        raise FileRefused("bank_file_too_large", most=MEGABYTES)
    with row_scope.within(actor):
        kept = BankFile(
            organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
            user_name=actor.actor_name[:200], name=name[-255:] or "–", account=account, owner_key=owners_of(actor).now,
        )  # fmt: skip
        digest = chunks.Digest()
        for _piece in digest.of(quota.within_quota(_pieces(file), upload=kept, actor=actor)):
            pass
        kept.size, kept.sha256 = digest.size, digest.hex
        with told_as_refusals(), transaction.atomic():
            kept.save(force_insert=True)
        chunks.store(BankFileChunk, file=kept, content=_pieces(file), owner_key=kept.owner_key)
        lifecycle.order(BANK_FILES, kept, lock=f"bank files {actor.base.pk}", **for_somebody(actor))
        return kept


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    return iter(lambda: content.read(chunks.PIECE), b"")


def read_kept(pk: str, actor: Scope) -> None:
    """Read a file that waits, in one transaction. For the worker.

    Raises NothingThere, Stopped where it is done or another worker has begun it, and as `read_statement`.
    """
    with row_scope.rows_of(actor):
        file = lifecycle.begin(BANK_FILES, pk)
    with row_scope.rows_of(actor), closing(chunks.opened(BankFileChunk, file=file)) as content:
        done = read_statement(file=content, name=file.name, account=file.account, actor=actor)
        lifecycle.advance(
            BANK_FILES, file, state=FileState.DONE, state_since=timezone.now(), new=done.new, known=done.known
        )
        BankFileChunk.objects.filter(base=file.base_id, file=file).delete()
        access.demand_still(actor)
