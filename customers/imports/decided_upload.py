"""Imports that a floor above makes of content that it knows, with every choice already made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import batched
from typing import NamedTuple

from django.db import connection, transaction

from customers.choices import MatchBy, OnKnown
from customers.field_groups import demand_fields
from customers.imports import lifecycle, receive, tasks
from customers.imports.consents import OF_KNOWN
from customers.imports.former_number_sql import OF_SENDER
from customers.models import ImportUpload
from customers.table.options import Reading
from customers.table.resources import PackageResource
from mcp.isolation.scope import Scope
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody

STATEMENTS_AT_ONCE = 10_000


class Statement(NamedTuple):
    """A statement of a customer of the file, who is named by his number there."""

    number: int
    purpose: str
    is_given: bool
    at: datetime
    source: str
    wording_version: str
    receiver: int | None
    evidence: str
    recorded_by: str
    given_to: int
    holds_here: bool


@transaction.atomic
def take_in(
    *,
    name: str,
    content: Iterable[bytes],
    targets: Sequence[str],
    reading: Reading,
    match: MatchBy,
    is_numbered_by_sender: bool,
    groups: Mapping[str, Mapping[str, object]],
    origin: Mapping[str, object],
    statements: Iterable[Statement],
    actor: Scope,
) -> ImportUpload:
    """An upload of the actor's, to be checked and confirmed like any other; its pages say where it is from (`origin`).

    `content` is CSV in UTF-8 with commas. `targets` says where each of its columns goes, `match` how known customers
    are found, who are skipped; `is_numbered_by_sender`: the customer numbers are former ones, which name the sender.
    `groups` is what customer groups are worth that the import creates. The `statements` are added to the customers that
    they are of; known ones get what is not recorded yet.

    Raises MissingRight, QuotaUsedUp, ValidationError for what cannot be read, or what the contents raise; nothing is
    kept then.
    """
    upload = receive.receive_upload(name=name, content=content, actor=actor)
    receive.choose_dialect(upload=upload, overrules={"encoding": "utf-8", "delimiter": ","}, actor=actor)
    demand_fields(PackageResource.filled_by(targets), actor)
    upload.choices |= {
        "targets": list(targets),
        "reading": asdict(reading),
        "known": str(OnKnown.SKIP),
        "match": str(match),
        OF_SENDER: is_numbered_by_sender,
        "is_of_package": True,
        OF_KNOWN: True,
        "groups": dict(groups),
        "origin": dict(origin),
    }
    upload.save(update_fields=["choices"])
    _stage(upload, statements)
    return upload


_STAGE = """
    INSERT INTO customers_importconsent (base_id, file_id, customer_number, purpose, is_given, at, source,
        wording_version, receiver, evidence, recorded_by, given_to, holds_here)
    SELECT %s, %s, * FROM unnest(%s::integer[], %s::text[], %s::boolean[], %s::timestamptz[], %s::text[], %s::text[],
        %s::integer[], %s::text[], %s::text[], %s::integer[], %s::boolean[])
"""


def _stage(upload: ImportUpload, statements: Iterable[Statement]) -> None:
    """Store the statements beside the rows of the file."""
    with connection.cursor() as cursor:
        for some in batched(statements, STATEMENTS_AT_ONCE):
            columns = [list(column) for column in zip(*some, strict=True)]
            cursor.execute(_STAGE, [upload.base_id, upload.pk, *columns])


@transaction.atomic
def have_checked(*, upload: ImportUpload, actor: Scope) -> None:
    """Have the worker check an upload. Raises MissingRight or ValidationError."""
    lifecycle.start_check(upload=upload, actor=actor)
    enqueue(tasks.check_upload.name, upload=str(upload.pk), **for_somebody(actor))
