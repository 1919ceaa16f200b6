"""Reminders to be printed: a letter for each invoice."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounting.amounts import shown
from accounting.choices import NoticeState
from accounting.documents.formats import in_fours
from accounting.invoicing.letters import address_lines, invoice_facts, named, sender_of
from accounting.models import DunningNotice, DunningRun, Issuer
from accounting.querysets import NoticeQuerySet
from accounting.unmailed import not_mailed
from files.letters import Letter

AT_ONCE = 200
"""So many reminders are in a PDF; a larger run has several."""


def to_print(run: DunningRun) -> NoticeQuerySet:
    """The reminders of the run that are printed: those that are not mailed."""
    return DunningNotice.objects.of_run(run).filter(not_mailed(), state=NoticeState.SENT)


def printed_in_part(run: DunningRun, part: int) -> Sequence[DunningNotice]:
    """The reminders of the run that are printed in this part, the first one of which is 1."""
    rows = to_print(run).select_related("invoice")
    return list(rows.order_by("invoice__number", "pk")[(part - 1) * AT_ONCE : part * AT_ONCE])


def pdf_of(run: DunningRun, notices: Sequence[DunningNotice], issuer: Issuer) -> bytes:
    """The reminders as they are printed: a letter for each."""
    from files.letter_pdf import letters_as_pdf  # noqa: PLC0415 - its library takes as long to load as all of ours

    letters = [letter_of(one, run, issuer) for one in notices]
    return letters_as_pdf(letters, sender_of(issuer), title=_("Reminders"), as_of=run.sent_at or run.created_at)


def letter_of(one: DunningNotice, run: DunningRun, issuer: Issuer) -> Letter:
    invoice, currency = one.invoice, one.invoice.currency
    until = _("Please pay until %(day)s") % {"day": date_format(one.pay_until, "SHORT_DATE_FORMAT")}
    words = {"iban": in_fours(issuer.iban), "number": invoice.number}
    return Letter(
        to=address_lines(invoice.buyer_data),
        facts=((_("Date"), date_format(run.day, "SHORT_DATE_FORMAT")), *invoice_facts(invoice)),
        subject=one.title,
        opening=tuple(one.text.splitlines()),
        sums=(
            (named(invoice), shown(one.amount, currency)),
            *([(_("Fee of the reminder"), shown(one.fee, currency))] if one.fee else []),
            (until, shown(one.amount + one.fee, currency)),
        ),
        closing=(
            _("Please pay to the account %(iban)s and name the number %(number)s.") % words,
            _("If you have paid meanwhile, please take this letter as settled."),
        ),
    )
