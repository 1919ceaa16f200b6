"""What the worker does of accounting: runs of invoices, block by block, bank statements, piece by piece, and debit
files, at once."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from functools import partial
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django import app

from accounting.choices import DebitFileState, RunState, StatementState
from accounting.debits.files import go_to
from accounting.debits.making import make_file
from accounting.debits.outcomes import COLLECT, collect_in_pieces
from accounting.invoicing import running
from accounting.invoicing.making import FIRST, make_documents
from accounting.models import BankStatement, DebitFile, InvoiceRun
from accounting.payments.booking_all import TASK, book_in_pieces, stop_booking
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.queueing import AGAIN, NothingThere
from mcp.worker.task_frame import Failure, Stopped, TaskFrame

# --- runs of invoices -------------------------------------------------------------------------------------------------

RUN_BROKEN = stored_sentence(
    "invoices_broken",
    gettext_lazy("The run broke off. What it has issued stays; continue it, and if it happens again, tell support."),
)
RUN_GIVEN_UP = stored_sentence(
    "invoices_given_up", gettext_lazy("The worker has given the run up. What it has issued stays; continue it.")
)


@app.task(retry=AGAIN)
def issue_run(run: str, **somebody: int) -> None:
    """Issue what was previewed, and make the documents. `somebody` is what `for_somebody` gives."""
    RUNS.for_somebody(run, somebody, partial(_issue, UUID(run)))


def _issue(run: UUID, scope: Scope) -> None:
    while running.issue_next(run, on=timezone.localdate(), actor=scope) is not None:
        pass
    last: UUID | None = FIRST
    while last is not None:
        last = make_documents(run, after=last, actor=scope)
    running.finish_run(run, scope)


def _tell_of_run(pk: str, failure: Failure) -> None:
    with suppress(Stopped):
        running.fail_run(_found_run(pk), failure.reason)


def _found_run(pk: str) -> InvoiceRun:
    """The run. Raises Stopped where it does not run any more, NothingThere where it does not exist."""
    found = InvoiceRun.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise NothingThere("run of invoices", pk)
    if found.state != RunState.RUNNING:
        raise Stopped
    return found


RUNS = TaskFrame(name="run of invoices", tell=_tell_of_run, broken=RUN_BROKEN, given_up=RUN_GIVEN_UP)
RUNS.when_given_up("run", "accounting.tasks.issue_run")

# --- bank statements --------------------------------------------------------------------------------------------------

BANK_BROKEN = stored_sentence(
    "bank_broken",
    gettext_lazy("Booking broke off. What was booked is booked, and the rest is open: begin again."),
)
BANK_GIVEN_UP = stored_sentence(
    "bank_given_up",
    gettext_lazy("The worker has given it up. What was booked is booked. Tell support before you try again."),
)


@app.task(retry=AGAIN)
def book_sure(statement: str, entry: str = "", **somebody: int) -> None:
    """Book what is sure of a statement, or the rest of one entry. `somebody` is what `for_somebody` gives."""
    STATEMENTS.for_somebody(statement, somebody, partial(_book, statement, UUID(entry) if entry else None))


def _book(pk: str, entry: UUID | None, scope: Scope) -> None:
    with row_scope.rows_of(scope):
        statement = _found_statement(pk)
    book_in_pieces(statement, scope, entry=entry)


def _found_statement(pk: str) -> BankStatement:
    """The statement. Raises Stopped where it is not being booked, NothingThere where it does not exist."""
    statement = BankStatement.objects.filter(pk=pk).select_related("ledger").first()
    if statement is None:
        raise NothingThere("bank statement", pk)
    if statement.state != StatementState.BOOKING:
        raise Stopped
    return statement


def _tell_of_statement(pk: str, failure: Failure) -> None:
    with suppress(Stopped):
        stop_booking(_found_statement(pk), failure.reason)


STATEMENTS = TaskFrame(name="bank statement", tell=_tell_of_statement, broken=BANK_BROKEN, given_up=BANK_GIVEN_UP)
STATEMENTS.when_given_up("statement", TASK)

# --- debit files ------------------------------------------------------------------------------------------------------

DEBITS_BROKEN = stored_sentence(
    "debits_broken",
    gettext_lazy("The debit file was not made, and nothing of it stays. Make it again; if it fails, tell support."),
)
DEBITS_GIVEN_UP = stored_sentence(
    "debits_given_up", gettext_lazy("The worker has given the debit file up, and nothing of it stays. Make it again.")
)


@app.task(retry=AGAIN)
def make_debit_file(file: str, **somebody: int) -> None:
    """Make a debit file. `somebody` is what `for_somebody` gives."""
    DEBITS.for_somebody(file, somebody, partial(make_file, UUID(file)))


def _tell_of_file(pk: str, failure: Failure) -> None:
    one = DebitFile.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if one is None:
        raise NothingThere("debit file", pk)
    if one.state == DebitFileState.RUNNING:
        go_to(one, DebitFileState.FAILED, failure.reason)


DEBITS = TaskFrame(name="debit file", tell=_tell_of_file, broken=DEBITS_BROKEN, given_up=DEBITS_GIVEN_UP)
DEBITS.when_given_up("file", "accounting.tasks.make_debit_file")

COLLECTING_BROKEN = stored_sentence(
    "collecting_broken",
    gettext_lazy("Collecting broke off. What was booked is booked, and the rest is at the bank: press once more."),
)
COLLECTING_GIVEN_UP = stored_sentence(
    "collecting_given_up",
    gettext_lazy("The worker has given collecting up. What was booked is booked. Tell support before you try again."),
)


@app.task(retry=AGAIN)
def collect_debit_file(file: str, on: str = "", **somebody: int) -> None:
    """Book the debits of a file as collected on a day. `somebody` is what `for_somebody` gives."""
    day = date.fromisoformat(on) if on else timezone.localdate()
    COLLECTING.for_somebody(file, somebody, partial(collect_in_pieces, UUID(file), day))


def _tell_of_collecting(pk: str, failure: Failure) -> None:
    one = DebitFile.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if one is None:
        raise NothingThere("debit file", pk)
    if one.state == DebitFileState.COLLECTING:
        go_to(one, DebitFileState.DONE, failure.reason)


COLLECTING = TaskFrame(
    name="collecting of debits", tell=_tell_of_collecting, broken=COLLECTING_BROKEN, given_up=COLLECTING_GIVEN_UP
)
COLLECTING.when_given_up("file", COLLECT)
