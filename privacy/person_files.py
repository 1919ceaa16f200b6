"""Files of persons: ordered by whoever answers requests of persons, made by the worker, kept for a week."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from customers.choices import DisclosureKind
from customers.disclosures import numbers_of, record
from customers.models import Customer
from files import lifecycle
from files.kinds import Content, FileKind, declare
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.somebody import for_somebody
from privacy.contents import content_of
from privacy.documents import archive_of
from privacy.models import PersonFile, PersonFileChunk, PersonFileDownload

LIFETIME = timedelta(days=7)


def demand_protector(actor: Scope) -> None:
    """Raises MissingRight unless the actor answers requests of persons. All of a person is told him, bank data too."""
    actor.demand(Right.VIEW_CUSTOMERS)
    actor.demand(Right.PROTECT_DATA)


def person_files_of(customer: Customer, actor: Scope) -> QuerySet[PersonFile]:
    """The files about him that were made at this location, newest first, with `is_kept`.

    Another location may see other accounts, so its files are its own.
    """
    of_him = PersonFile.objects.filter(customer=customer.pk, base=actor.base.pk, location=actor.location.pk)
    return lifecycle.with_kept(PERSON_FILES, of_him)


@transaction.atomic
def order_person_file(*, customer: Customer, actor: Scope) -> PersonFile:
    """Have the worker make the file. Raises MissingRight."""
    demand_protector(actor)
    file = PersonFile.objects.create(
        organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
        user_name=actor.actor_name, customer=customer, language=get_language() or "de", total=1,
        name=_("person-%(day)s.zip") % {"day": timezone.localdate().isoformat()}, state_since=timezone.now(),
    )  # fmt: skip
    lifecycle.order(PERSON_FILES, file, **for_somebody(actor))
    return file


@contextmanager
def _content(file: PersonFile, actor: Scope) -> Iterator[Content]:
    demand_protector(actor)
    with row_scope.rows_of(actor), translation.override(file.language), connection.cursor() as cursor:
        him = Customer.objects.in_base(actor.base).filter(pk=file.customer_id or 0)
        archive = archive_of(content_of(him.get(), at=timezone.now(), actor=actor))
        numbers = numbers_of(cursor, him)

    def note() -> None:
        record(
            kind=DisclosureKind.PERSON, numbers=numbers, total=1, source=file.pk, receiver_name=actor.actor_name,
            actor=actor,
        )  # fmt: skip

    yield Content(parts=[archive], done=lambda: 1, when_made=note)


def _demand_fetching(_file: PersonFile, actor: Scope) -> None:
    demand_protector(actor)


PERSON_FILES = declare(
    FileKind(
        name="person_file",
        model=PersonFile,
        chunks=PersonFileChunk,
        downloads=PersonFileDownload,
        lifetime=LIFETIME,
        task="privacy.tasks.make_person_file",
        content=_content,
        demand_fetching=_demand_fetching,
        describe=lambda file: f"the file of a person made at {file.created_at.isoformat()} (base {file.base_id})",
        gone=gettext_lazy("This file is not there any more. Have it made again."),
        broken=stored_sentence(
            "person_file_broken",
            gettext_lazy("Making the file broke off. Try again; if it happens again, tell support."),
        ),
        given_up=stored_sentence(
            "person_file_given_up",
            gettext_lazy("The worker has given the file up. Tell support before you try again."),
        ),
        log=logging.getLogger("stammhaus.privacy"),
    )
)
