"""Who may make debits, and what the functions of the database answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounting.choices import DebitFileState
from accounting.models import DebitFile
from accounting.owners import demanded_owner, owners_of
from locations.permissions import Right
from locations.violations import refusal_of
from mcp.isolation.scope import Scope
from mcp.worker.queueing import NothingThere
from mcp.worker.task_frame import Stopped


class DebitRefused(ValidationError):
    """What was asked of a debit file or of a debit does not go (any more); `code` says which rule keeps it."""


class DebitsAtCentral(ValidationError):
    """Debit files of this location are made at the central."""

    def __init__(self) -> None:
        super().__init__(
            _("Debit files are made at the central. Switch to it, and make them there."), code="not_central"
        )


_SENTENCES = {
    "debitfile_there": _("There is no such debit file here."),
    "debitfile_in_state": _("This debit file is in another state by now. Look at it again."),
    "debitfile_day_to_come": _("The day of the debit has come. Cancel the file, and prepare one for a later day."),
    "debitfile_not_collected": _("A debit of this file was collected or returned, so it is not cancelled any more."),
    "debitfile_collected_once_made": _("The debit file was made later. Enter the day that the bank says."),
    "debititem_returned_once": _("This debit was returned or cancelled already. Look at the file again."),
    "debititem_collected_once": _("This debit was collected already by another entry of the bank."),
    "debititem_returned_since": _("A debit of this entry was returned since. Undo that first."),
    "debititem_collected_since": _("The money of this debit was booked since by another entry. Undo that one first."),
    "debititem_of_cancelled": _("The invoice of this debit was cancelled since, so it cannot be at the bank again."),
    "debititem_debited_again": _(
        "The invoice of this debit is debited again since. Cancel that debit file first, if the bank has not got it."
    ),
    "movement_of_nobody": _("The customer of this debit was erased for good."),
    "movement_accounts_of_ledger": _("The customer of this debit was erased for good."),
    "bankentry_open": _("This entry was decided meanwhile. Look at it again."),
    "bankentry_of_debits": _("This entry does not fit the debits any more. Have it proposed anew."),
}


def demand_collector(actor: Scope) -> int:
    """The owner of the ledger out of which is debited here (see accounting.owners).

    Raises MissingRight without the right to collect payments, DebitsAtCentral at a branch for which the central does.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    return demanded_owner(actor, DebitsAtCentral)


def locked_file(pk: Any, actor: Scope) -> DebitFile:
    """The file, locked, if it is of the ledger out of which is debited here. Raises DebitFile.DoesNotExist."""
    found = DebitFile.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).billed)
    return found.select_for_update(of=("self",)).get(pk=pk)


def file_in_state(pk: UUID, state: DebitFileState, actor: Scope) -> DebitFile:
    """The file, locked, for the worker. Raises Stopped where it is in another state, NothingThere without it."""
    try:
        one = locked_file(pk, actor)
    except DebitFile.DoesNotExist as error:
        raise NothingThere("debit file", str(pk)) from error
    if one.state != state:
        raise Stopped
    return one


@contextmanager
def told() -> Iterator[None]:
    """Raise DebitRefused or ValidationError where the database refuses what the block does."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None))
        if name in _SENTENCES:
            raise DebitRefused(_SENTENCES[name], code=name) from error
        raise (refusal_of(error) or error) from error


def call(function: str, params: Sequence[Any]) -> Any:
    """What a function of the database gives."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}", params)
        return cursor.fetchone()[0]
