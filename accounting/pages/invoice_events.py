"""What has happened to an invoice since it was issued: disputes, reminders and debits, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounting.amounts import shown
from accounting.banking.return_reasons import reason_of
from accounting.choices import DebitState, NoticeState
from accounting.models import DebitItem, Dispute, DunningNotice, Invoice


@dataclass(frozen=True)
class Event:
    at: datetime
    what: str
    more: str
    who: str
    """Empty where nobody decided it."""


def events_of(invoice: Invoice) -> list[Event]:
    """The oldest first: three queries."""
    found = [*_disputes(invoice), *_reminders(invoice), *_debits(invoice)]
    return sorted(found, key=lambda one: one.at)


def _disputes(invoice: Invoice) -> Iterator[Event]:
    for one in Dispute.objects.filter(base=invoice.base_id, invoice=invoice):
        yield Event(one.begun_at, _("Disputed"), one.reason, one.begun_by)
        if one.ended_at is not None:
            yield Event(one.ended_at, _("Dispute ended"), one.outcome, one.ended_by)


def _reminders(invoice: Invoice) -> Iterator[Event]:
    rows = DunningNotice.objects.filter(base=invoice.base_id, invoice=invoice, state=NoticeState.SENT)
    for one in rows.select_related("run"):
        words = {
            "amount": shown(one.amount + one.fee, invoice.currency),
            "day": date_format(one.pay_until, "SHORT_DATE_FORMAT"),
        }
        yield Event(
            one.run.sent_at or one.run.created_at, f"{one.level} · {one.title}",
            _("%(amount)s to be paid until %(day)s") % words, one.run.user_name,
        )  # fmt: skip


def _debits(invoice: Invoice) -> Iterator[Event]:
    # by the customer as well, whose debits are few: there is no index of the invoices of all of them
    rows = DebitItem.objects.filter(base=invoice.base_id, customer=invoice.customer_id, invoice=invoice)
    for one in rows.exclude(state__in=[DebitState.LEFT_OUT, DebitState.CANCELLED]).select_related("file"):
        words = {
            "amount": shown(one.amount, invoice.currency),
            "day": date_format(one.file.collect_on, "SHORT_DATE_FORMAT"),
        }
        state = str(one.get_state_display())
        if one.return_code:
            state = f"{state}: {one.return_code}, {reason_of(one.return_code).sentence}"
        what = _("SEPA debit of %(amount)s on %(day)s") % words
        yield Event(one.file.made_at or one.file.created_at, what, state, one.file.user_name)
