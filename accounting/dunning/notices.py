"""Reminders to be printed: a page for each invoice."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounting.amounts import shown
from accounting.choices import NoticeState
from accounting.invoicing.contents import buyer_name
from accounting.models import DunningNotice, DunningRun, Issuer
from accounting.querysets import NoticeQuerySet
from accounting.unmailed import not_mailed
from files.papers import Paper, Section

AT_ONCE = 200
"""So many reminders are in a PDF; a larger run has several."""


def to_print(run: DunningRun) -> NoticeQuerySet:
    """The reminders of the run that are printed: those that are not mailed."""
    return DunningNotice.objects.of_run(run).filter(not_mailed(), state=NoticeState.SENT)


def printed_in_part(run: DunningRun, part: int) -> Sequence[DunningNotice]:
    """The reminders of the run that are printed in this part, the first one of which is 1."""
    rows = to_print(run).select_related("invoice")
    return list(rows.order_by("invoice__number", "pk")[(part - 1) * AT_ONCE : part * AT_ONCE])


def paper_of(run: DunningRun, notices: Sequence[DunningNotice], issuer: Issuer) -> Paper:
    """The reminders as they are printed."""
    return Paper(
        title=_("Reminders"), subtitle=str(issuer), as_of=run.sent_at or run.created_at,
        sections=tuple(_reminder(one, run, issuer) for one in notices),
    )  # fmt: skip


def _reminder(one: DunningNotice, run: DunningRun, issuer: Issuer) -> Section:
    buyer, currency = one.invoice.buyer_data, one.invoice.currency
    street = buyer.get("street") or buyer.get("po_box") or ""
    place = f"{buyer.get('postal_code', '')} {buyer.get('city', '')}".strip()
    due = date_format(one.invoice.due_on, "SHORT_DATE_FORMAT") if one.invoice.due_on else ""
    facts = (
        (_("To"), "\n".join(filter(None, (buyer_name(buyer), street, place)))),
        (_("Date"), date_format(run.day, "SHORT_DATE_FORMAT")),
        (_("Invoice"), one.invoice.number),
        (_("Due"), due),
        (_("Still open"), shown(one.amount, currency)),
        *([(_("Fee"), shown(one.fee, currency))] if one.fee else []),
        (_("Please pay"), shown(one.amount + one.fee, currency)),
        (_("until"), date_format(one.pay_until, "SHORT_DATE_FORMAT")),
        (_("to the account"), issuer.iban),
        ("", one.text),
    )
    return Section(title=one.title, facts=facts, begins_page=True)
