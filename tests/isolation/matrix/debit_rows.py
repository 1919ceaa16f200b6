"""Of the rows that addresses name, those of mandates and debits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from accounting.debits.mandates import add_mandate
from accounting.dunning import send_run
from accounting.letter_choices import LetterSource
from accounting.mailing.queueing import queue_letters
from accounting.models import DebitFile, DunningRun, Invoice, Letter
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.debits import billed, creditor, debits, made, previewed
from tests.accounting.invoices import order
from tests.accounting.mandates import signature
from tests.accounting.reminders import later_run
from tests.isolation.matrix.invoice_rows import OfInvoices
from tests.isolation.matrix.world import Place

OF_DEBITS = (
    "debit file", "made debit file", "debit", "reminders", "sent reminders", "issued run", "letter", "mailed reminder",
)  # fmt: skip
"""The kinds whose ids are UUIDs."""


class OfDebits(OfInvoices):
    """Makes them at a place."""

    def makers_of_debits(self) -> dict[str, Callable[[Place], Any]]:
        """By the kind of a row what makes it."""
        return {
            "mandate": self._mandate,
            "debit file": lambda at: self._debit_file(at).pk,
            "made debit file": lambda at: made(self._creditor(at), self._debit_file(at)).pk,
            "debit": self._debit,
            "reminders": lambda at: self._reminders(at).pk,
            "sent reminders": self._sent_reminders,
            "issued run": lambda at: self._invoice_of(at).run_id,
            "letter": lambda at: self._letter(at, LetterSource.INVOICE, self._invoice(at)),
            "mailed reminder": lambda at: self._letter(at, LetterSource.REMINDERS, self._sent_reminders(at)),
        }

    def _mandate(self, place: Place) -> int:
        system = self.world.system[place]
        return add_mandate(customer=guest(system, last_name="Zieht ein").pk, signature=signature(), actor=system).pk

    def _debit_file(self, place: Place) -> DebitFile:
        """One that is previewed, by whoever makes the debits of the business."""
        system, head = self.world.system[place], self._creditor(place)
        payer = guest(system, last_name="Lastschrift")
        add_mandate(customer=payer.pk, signature=signature(), actor=system)
        order(system, payer)
        billed(head)
        return previewed(head)

    def _debit(self, place: Place) -> UUID:
        """One that is at the bank."""
        head = self._creditor(place)
        file = made(head, self._debit_file(place))
        return UUID(str(next(one.pk for one in debits(head, file) if one.state == "pending")))

    def _reminders(self, place: Place) -> DunningRun:
        """A run of a later day, which is previewed."""
        self._invoice(place)
        return later_run(self._biller(place))

    def _sent_reminders(self, place: Place) -> UUID:
        run = self._reminders(place)
        send_run(run=run.pk, actor=self._biller(place))
        return run.pk

    def _invoice_of(self, place: Place) -> Invoice:
        pk = self._invoice(place)
        with row_scope.rows_of(self._biller(place)):
            return Invoice.objects.get(pk=pk)

    def _letter(self, place: Place, source: LetterSource, pk: UUID) -> UUID:
        """The first of those that are queued: nobody has an address, so they are to be printed."""
        head = self._biller(place)
        with row_scope.rows_of(head):
            known = set(Letter.objects.values_list("pk", flat=True))
            queue_letters(source, pk, head)
            return next(UUID(str(one.pk)) for one in Letter.objects.order_by("pk") if one.pk not in known)

    def _creditor(self, place: Place) -> Scope:
        head = self._biller(place)
        creditor(head)
        return head
