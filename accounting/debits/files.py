"""Debit files: prepared as a preview, announced, made by the worker, and cancelled."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.choices import DebitFileState, DebitState
from accounting.debits.calls import DebitRefused, call, demand_collector, locked_file, told
from accounting.invoicing.issuers import issuer_of
from accounting.models import DebitFile, DebitItem, Issuer
from accounting.operations.opening import demand_base
from accounting.owners import ledger_of_owner
from accounting.unmailed import on_its_way
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody

MAKE = "accounting.tasks.make_debit_file"


@busy_told()
def prepare_debits(*, due_until: date, collect_on: date, actor: Scope) -> DebitFile:
    """Propose a debit for each invoice that is due until a day and whose customer has a mandate valid on the other day.

    What is left out is kept with its reason. Raises MissingRight, DebitsAtCentral, NotOnThisBase, DebitRefused where
    nothing is due, the day has passed, or the creditor is not known, ValidationError, or Busy.
    """
    owner = demand_collector(actor)
    demand_base(actor)
    if collect_on <= timezone.localdate():
        sentence = _("Choose a day of the debit that is still to come.")
        raise ValidationError({"collect_on": ValidationError(sentence, code="debitfile_day_to_come")})
    with row_scope.within(actor):
        demand_creditor(actor)
        ledger = ledger_of_owner(owner, actor)
        if ledger is None:
            raise _nothing_due()
        file = DebitFile(
            organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
            user_name=actor.actor_name[:200], name=f"{collect_on:%Y-%m-%d}", ledger=ledger, owner_key=ledger.owner_key,
            due_until=due_until, collect_on=collect_on,
        )  # fmt: skip
        with told():
            file.save(force_insert=True)
            call("accounting_propose_debits(%s, %s)", [actor.base.pk, file.pk])
            if not DebitItem.objects.of_file(file).exists():
                raise _nothing_due()
        file.refresh_from_db()
        return file


@busy_told()
def announce_debits(*, file: UUID, on: date, actor: Scope) -> int:
    """Note that the proposed debits were announced to their customers on a day; returns how many.

    One that was announced before stays so, and one of which a mail is on its way waits for that. Raises MissingRight,
    DebitsAtCentral, DebitFile.DoesNotExist, DebitRefused where the file is made or cancelled, ValidationError for a day
    to come or before the file was prepared, or Busy.
    """
    demand_collector(actor)
    if on > timezone.localdate():
        sentence = _("Note it once the announcements are sent: this day is still to come.")
        raise ValidationError({"on": ValidationError(sentence, code="day_to_come")})
    with row_scope.within(actor):
        one = locked_file(file, actor)
        _demand_state(one, DebitFileState.PREVIEWED, DebitFileState.FAILED)
        if on < timezone.localdate(one.created_at):
            sentence = _("The file was prepared later. Note the day on which these announcements were sent.")
            raise ValidationError({"on": ValidationError(sentence, code="announced_before_prepared")})
        waiting = DebitItem.objects.of_file(one).filter(state=DebitState.PROPOSED, announced_on=None)
        return int(waiting.exclude(on_its_way()).update(announced_on=on))


@busy_told()
def start_file(*, file: UUID, actor: Scope) -> DebitFile:
    """Have the worker make the file; one that has failed is made anew.

    Raises MissingRight, DebitsAtCentral, DebitFile.DoesNotExist, DebitRefused where it is made or cancelled, has no
    debit that was announced, or the creditor is not known, or Busy.
    """
    demand_collector(actor)
    with row_scope.within(actor):
        one = locked_file(file, actor)
        _demand_state(one, DebitFileState.PREVIEWED, DebitFileState.FAILED)
        demand_creditor(actor)
        proposed = DebitItem.objects.of_file(one).filter(state=DebitState.PROPOSED)
        if not proposed.exclude(announced_on=None).exists():
            sentence = _("No debit of this file is announced. Announce them first.")
            raise DebitRefused(sentence, code="not_announced")
        go_to(one, DebitFileState.RUNNING)
        enqueue(MAKE, file=str(one.pk), lock=f"debits {one.ledger_id}", **for_somebody(actor))
        return one


@busy_told()
def cancel_file(*, file: UUID, actor: Scope) -> DebitFile:
    """Give a file up: its invoices are free for another one. Not once a debit of it was collected or returned.

    Raises MissingRight, DebitsAtCentral, DebitFile.DoesNotExist, DebitRefused, or Busy.
    """
    demand_collector(actor)
    with row_scope.within(actor):
        one = locked_file(file, actor)
        _demand_state(one, DebitFileState.PREVIEWED, DebitFileState.FAILED, DebitFileState.DONE)
        with told():
            call("accounting_cancel_debits(%s, %s, %s)", [actor.base.pk, one.pk, one.state])
        one.refresh_from_db()
        return one


def demand_creditor(scope: Scope) -> Issuer:
    """Who debits. Raises DebitRefused that names what is missing, or where the business does not reckon in euros."""
    if scope.organization.currency != "EUR":
        raise DebitRefused(_("SEPA debits are in euros alone."), code="not_in_euros")
    one = issuer_of(scope)
    if one is None or not (one.legal_name and one.iban and one.creditor_id):
        raise DebitRefused(
            _(
                "Nothing can be debited yet. Enter at “Issuer of invoices” the legal name, the IBAN and the creditor "
                "identifier."
            ),
            code="creditor_incomplete",
        )
    return one


def go_to(file: DebitFile, state: DebitFileState, reason: Sentences | None = None) -> None:
    """Bring a file to a state, with the reason of a failure. The caller has locked it."""
    file.state, file.failure = state, reason or Sentences()
    DebitFile.objects.filter(base=file.base_id, pk=file.pk).update(state=state, state_since=Now(), failure=file.failure)


def _demand_state(file: DebitFile, *states: DebitFileState) -> None:
    if file.state not in states:
        raise DebitRefused(
            _("This debit file is in the state “%(state)s” by now. Look at it again."),
            code="debitfile_in_state",
            params={"state": file.get_state_display()},
        )


def _nothing_due() -> DebitRefused:
    return DebitRefused(_("No invoice is due until that day. Choose a later one."), code="nothing_due")
