"""What one should look at before paying a received invoice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from accounting.amounts import ZERO
from accounting.documents.checks import Told, wrong_sums
from accounting.documents.contents import InvoiceContent
from accounting.documents.formats import Amount
from accounting.documents.received.invoice import ReceivedInvoice
from accounting.documents.sentences import Sentence

SLACK = Decimal("0.02")
"""By so much quantity × price may differ from the net amount, as the rules allow."""


def doubts_about(received: ReceivedInvoice) -> list[Told]:
    """One sentence for each sum that does not fit, and for what an invoice needs and this one lacks."""
    content = received.content
    besides = sum((one.amount for one in received.adjustments), ZERO)
    found = [*_of_lines(received), *_lacking(content)]
    if not content.lines:  # the profiles without lines say their sums alone
        return found
    pairs = zip(content.lines, received.figures, strict=True)
    content = replace(content, lines=tuple(line for line, figures in pairs if figures.is_counted))
    lines = sum((line.net_amount for line in content.lines), ZERO)
    if lines == received.line_total:
        return [*found, *wrong_sums(content, besides=besides, rounding=received.rounding)]
    amounts = {"found": Amount(lines, content.currency), "said": Amount(received.line_total, content.currency)}
    said = Sentence(_("The lines sum to %(found)s, but their sum says %(said)s."), amounts)
    return [*found, said, *wrong_sums(content, besides=besides, rounding=received.rounding)]


def _of_lines(received: ReceivedInvoice) -> Iterator[Told]:
    for line, figures in zip(received.content.lines, received.figures, strict=True):
        base = figures.base or Decimal(1)
        if figures.is_counted and abs(line.quantity * figures.price / base + figures.besides - line.net_amount) > SLACK:
            sentence = _("Line %(position)s: quantity and price do not make its amount.")
            yield Sentence(sentence, {"position": line.position})


def _lacking(content: InvoiceContent) -> Iterator[Told]:
    if not content.lines:
        yield _("The file has no lines, so that it is no e-invoice in the sense of the law. Ask for a complete one.")
    if not content.number:
        yield _("The invoice has no number.")
    if not (content.issuer.vat_id or content.issuer.tax_number):
        yield _("It names neither VAT ID nor tax number of the issuer. Without one, the VAT cannot be deducted.")
    if not content.delivered_until and not any(line.delivered_on for line in content.lines):
        yield _("It does not say when the goods were delivered.")
