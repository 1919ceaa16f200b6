"""Announcements of debits, to be printed: a page for each customer."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounting.amounts import shown
from accounting.choices import DebitState
from accounting.invoicing.contents import buyer_name
from accounting.models import DebitFile, DebitItem, Issuer
from accounting.querysets import DebitQuerySet
from accounting.unmailed import not_mailed
from files.papers import Paper, Section

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


def paper_of(file: DebitFile, debits: Sequence[DebitItem], creditor: Issuer) -> Paper:
    """The announcements as they are printed."""
    return Paper(
        title=_("Announcement of debits"),
        subtitle=str(creditor),
        as_of=file.created_at,
        sections=tuple(_announcement(one, file, creditor) for one in debits),
    )


def _announcement(one: DebitItem, file: DebitFile, creditor: Issuer) -> Section:
    buyer = one.invoice.buyer_data
    place = f"{buyer.get('postal_code', '')} {buyer.get('city', '')}".strip()
    street = buyer.get("street") or buyer.get("po_box") or ""
    facts = (
        (_("To"), "\n".join(filter(None, (buyer_name(buyer), street, place)))),
        (_("Date"), date_format(timezone.localdate(), "SHORT_DATE_FORMAT")),
        (_("We debit"), shown(one.amount, one.invoice.currency)),
        (_("on"), date_format(file.collect_on, "SHORT_DATE_FORMAT")),
        (_("from the account"), one.mandate.masked_iban if one.mandate else ""),
        (_("for the invoice"), one.invoice.number),
        (_("Reference of the mandate"), one.mandate.reference if one.mandate else ""),
        (_("Creditor identifier"), creditor.creditor_id),
    )
    return Section(title=_("Announcement of a SEPA debit"), facts=facts, begins_page=True)
