"""Announcements of debits, to be printed: a letter for each invoice."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounting.amounts import shown
from accounting.choices import DebitState
from accounting.invoicing.letters import address_lines, invoice_facts, named, sender_of
from accounting.models import DebitFile, DebitItem, Issuer
from accounting.querysets import DebitQuerySet
from accounting.unmailed import not_mailed
from files.letters import Letter

AT_ONCE = 200
"""So many announcements are in a PDF; a larger file has several."""


def to_print(file: DebitFile) -> DebitQuerySet:
    """The debits of the file whose announcements are printed: those that are not mailed."""
    states = [DebitState.PROPOSED, DebitState.PENDING]
    return DebitItem.objects.of_file(file).filter(not_mailed(), state__in=states)


def announced_in_part(file: DebitFile, part: int) -> Sequence[DebitItem]:
    """The debits of the file that are announced in this part, the first one of which is 1."""
    rows = to_print(file).select_related("invoice", "mandate")
    return list(rows.order_by("invoice__number", "pk")[(part - 1) * AT_ONCE : part * AT_ONCE])


def pdf_of(file: DebitFile, debits: Sequence[DebitItem], creditor: Issuer) -> bytes:
    """The announcements as they are printed: a letter for each."""
    from files.letter_pdf import letters_as_pdf  # noqa: PLC0415 - its library takes as long to load as all of ours

    letters = [letter_of(one, file, creditor) for one in debits]
    return letters_as_pdf(letters, sender_of(creditor), title=_("Announcement of debits"), as_of=file.created_at)


def letter_of(one: DebitItem, file: DebitFile, creditor: Issuer) -> Letter:
    invoice, mandate = one.invoice, one.mandate
    words = {
        "day": date_format(file.collect_on, "SHORT_DATE_FORMAT"),
        "account": mandate.masked_iban if mandate else "",
        "mandate": mandate.reference if mandate else "",
        "creditor": creditor.creditor_id,
    }
    return Letter(
        to=address_lines(invoice.buyer_data),
        facts=((_("Date"), date_format(timezone.localdate(), "SHORT_DATE_FORMAT")), *invoice_facts(invoice)),
        subject=_("Announcement of a SEPA debit"),
        opening=(_("On %(day)s we debit your account %(account)s with the following amount.") % words,),
        sums=((named(invoice), shown(one.amount, invoice.currency)),),
        closing=(
            _("Reference of the mandate: %(mandate)s. Our creditor identifier: %(creditor)s.") % words,
            _("Please see that there is enough money on your account on that day."),
        ),
    )
