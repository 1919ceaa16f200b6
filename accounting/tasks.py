"""What the worker does of accounting: runs of invoices and letters to customers, block by block, bank statements, piece
by piece, and debit files, at once."""

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
from accounting.letter_choices import LetterSource
from accounting.mailing.failing import fail_letters
from accounting.mailing.queueing import SEND, enqueue_letters, queue_letters
from accounting.mailing.sending import send_block
from accounting.models import BankStatement, DebitFile, InvoiceRun, Letter
from accounting.payments.bank_files import BANK_FILES, read_kept
from accounting.payments.booking_all import book_in_pieces
from accounting.payments.deciding import undo_whole
from accounting.payments.given_to_worker import TASK, stop_booking
from files import lifecycle
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.mailing import is_configured
from mcp.worker.outbox import Outbox
from mcp.worker.queueing import AGAIN, NothingThere
from mcp.worker.somebody import WORKER, for_somebody
from mcp.worker.task_frame import Failure, Stopped, TaskFrame
from mcp.worker.upkeep import for_each

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
    _finish(run, scope)


def _finish(run: UUID, scope: Scope) -> None:
    """The run is done, and its invoices are mailed where that was chosen: both or nothing."""
    with row_scope.rows_of(scope):
        running.finish_run(run, scope)
        if is_configured() and InvoiceRun.objects.filter(pk=run, is_mailed=True).exists():
            queue_letters(LetterSource.RUN, run, scope)


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
def book_sure(statement: str, entry: str = "", undo: str = "", **somebody: int) -> None:
    """Book what is sure of a statement, or the rest of one entry, or with a reason in `undo` take that entry back.

    `somebody` is what `for_somebody` gives.
    """
    STATEMENTS.for_somebody(statement, somebody, partial(_book, statement, UUID(entry) if entry else None, undo))


def _book(pk: str, entry: UUID | None, undo: str, scope: Scope) -> None:
    with row_scope.rows_of(scope):
        statement = _found_statement(pk)
    if entry and undo:
        undo_whole(statement, entry, undo, scope)
    else:
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


@app.task(retry=AGAIN)
def read_bank_file(bank_file: str, **somebody: int) -> None:
    """Read a large file of the bank. `somebody` is what `for_somebody` gives."""
    lifecycle.frame_of(BANK_FILES).for_somebody(bank_file, somebody, partial(read_kept, bank_file))


lifecycle.tell_given_up(BANK_FILES)

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

# --- letters to customers ---------------------------------------------------------------------------------------------

LETTERS_BROKEN = stored_sentence(
    "letters_broken", gettext_lazy("Mailing broke off. What was mailed is mailed. Mail the others, or tell support.")
)
LETTERS_GIVEN_UP = stored_sentence(
    "letters_given_up",
    gettext_lazy("The worker has given mailing up. What was mailed is mailed. Tell support before you go on."),
)
MOST_MAILINGS = 200
"""So many are taken up again in one minute."""


@app.task(retry=AGAIN)
def mail_letters(mailing: str, **somebody: int) -> None:
    """Send the next letters that somebody wanted mailed. `somebody` is what `for_somebody` gives."""
    LETTERS.for_somebody(mailing, somebody, partial(_mail, UUID(mailing)))


def _mail(mailing: UUID, scope: Scope) -> None:
    with Outbox() as outbox:
        is_more = send_block(mailing, post=outbox.post, actor=scope)
    if is_more:
        with row_scope.rows_of(scope):
            enqueue_letters(mailing, for_somebody(scope))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="mail_due_letters")
def mail_due_letters(timestamp: int) -> None:
    """Take up the letters whose pause after an error is over, each for whoever has asked for it."""
    with row_scope.without_scope(reason="letters that are to be mailed", actor=WORKER):
        due = Letter.objects.under_way().filter(due_at__lte=timezone.now()).order_by()
        asked = due.values_list("mailing", "user_id", "organization__account_number", "location__client_number")
        mailings = list(asked.distinct()[:MOST_MAILINGS])
    for_each(mailings, _take_up, what="The mailing %s could not be taken up again")


def _take_up(one: tuple[UUID, int | None, int, int]) -> None:
    mailing, user, account_number, client_number = one
    somebody = {"user": user or 0, "account_number": account_number, "client_number": client_number}
    with row_scope.without_scope(reason="take up a mailing again", actor=WORKER):
        enqueue_letters(mailing, somebody)


def _tell_of_letters(pk: str, failure: Failure) -> None:
    fail_letters(UUID(pk), failure.reason)


LETTERS = TaskFrame(name="mailing", tell=_tell_of_letters, broken=LETTERS_BROKEN, given_up=LETTERS_GIVEN_UP)
LETTERS.when_given_up("mailing", SEND)
