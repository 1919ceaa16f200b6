"""What an invoice lacks to be issued, and which of its sums do not fit: sentences for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounting.amounts import CENT, ZERO
from accounting.documents.contents import DocumentKind, InvoiceContent, PaymentKind, VatCategory, VatGroup
from accounting.documents.formats import Amount, plain
from accounting.documents.sentences import Sentence

type Told = Promise | Sentence
type Need = tuple[Callable[[InvoiceContent], object], Promise]
"""What must be there, and the sentence where it is not."""

_ALWAYS: tuple[Need, ...] = (
    (lambda it: it.number, _("The invoice has no number.")),
    (lambda it: it.lines, _("The invoice has no line.")),
    (lambda it: it.issuer.name, _("The name of the issuer is missing.")),
    (lambda it: it.issuer.vat_id or it.issuer.tax_number, _("The issuer needs a VAT ID or a tax number.")),
    (lambda it: it.issuer.address.postcode and it.issuer.address.city, _("The address of the issuer is incomplete.")),
    (lambda it: it.buyer.name, _("The name of the buyer is missing.")),
    (lambda it: it.buyer.address.postcode and it.buyer.address.city, _("The address of the buyer is incomplete.")),
    (lambda it: it.totals.to_pay <= 0 or it.due_on or _is_cancellation(it), _("The day by which to pay is missing.")),
    (
        lambda it: it.delivered_from or it.delivered_until or all(line.delivered_on for line in it.lines),
        _("The day of delivery is missing."),
    ),
    (lambda it: it.cancels or not _is_cancellation(it), _("The invoice that is cancelled is not named.")),
    (lambda it: all(line.quantity for line in it.lines), _("A line has no quantity.")),
    (lambda it: all(line.text for line in it.lines), _("A line has no text.")),
    (
        lambda it: all((line.vat_rate > 0) == (line.vat_category == VatCategory.STANDARD) for line in it.lines),
        _("A rate of VAT does not fit its category."),
    ),
    (
        lambda it: all(group.reason for group in it.vat_groups if group.category is VatCategory.EXEMPT),
        _("It is not said why no VAT is charged."),
    ),
)
_OF_A_TRANSFER: tuple[Need, ...] = ((lambda it: it.issuer.iban, _("The IBAN of the issuer is missing.")),)
_OF_A_DEBIT: tuple[Need, ...] = (
    (lambda it: it.issuer.creditor_id, _("The creditor identifier of the issuer is missing.")),
    (lambda it: it.payment.mandate_reference, _("The reference of the mandate is missing.")),
    (lambda it: it.payment.debtor_iban, _("The IBAN of the account that is debited is missing.")),
)
_OF_AN_AUTHORITY: tuple[Need, ...] = (
    (lambda it: it.issuer.contact, _("A public authority asks for a contact person of the issuer.")),
    (lambda it: it.issuer.phone, _("A public authority asks for a phone number of the issuer.")),
    (lambda it: it.issuer.email, _("A public authority asks for an e-mail address of the issuer.")),
)


def _is_cancellation(content: InvoiceContent) -> bool:
    return content.kind is DocumentKind.CANCELLATION


def missing(content: InvoiceContent) -> list[Told]:
    """What has to be there and is not, so that EN 16931 and, for an authority, XRechnung accept the invoice."""
    needs = [*_ALWAYS]
    needs += _OF_A_TRANSFER if content.payment.kind is PaymentKind.TRANSFER else ()
    needs += _OF_A_DEBIT if content.payment.kind is PaymentKind.DEBIT else ()
    needs += _OF_AN_AUTHORITY if content.is_xrechnung else ()
    return [sentence for holds, sentence in needs if not holds(content)]


def wrong_sums(content: InvoiceContent, *, besides: Decimal = ZERO, rounding: Decimal = ZERO) -> list[Told]:
    """Which sums do not fit. `besides` are charges less allowances of the whole invoice, `rounding` is BT-114."""
    return [*_of_lines(content, besides), *_of_groups(content), *_of_totals(content, rounding)]


def _of_lines(content: InvoiceContent, besides: Decimal) -> Iterator[Told]:
    lines = sum((line.net_amount for line in content.lines), ZERO) + besides
    if lines != content.totals.net:
        yield _differ(
            _("The lines sum to %(found)s, but the net sum says %(said)s."), content, lines, content.totals.net
        )


def _of_groups(content: InvoiceContent) -> Iterator[Told]:
    groups, totals = content.vat_groups, content.totals
    net, tax = sum((group.net for group in groups), ZERO), sum((group.tax for group in groups), ZERO)
    if net != totals.net:
        sentence = _("The net amounts of the rates sum to %(found)s, but the net sum says %(said)s.")
        yield _differ(sentence, content, net, totals.net)
    if tax != totals.tax:
        yield _differ(_("The VAT of the rates sums to %(found)s, but the sum says %(said)s."), content, tax, totals.tax)
    for group in groups:
        slack = CENT if content.currency == "EUR" else 1  # others round to whole ones, which the rules let pass
        if abs(group.tax - group.net * group.rate / 100) > slack:
            yield Sentence(_("%(tax)s is not %(rate)s %% of %(net)s."), _named(group, content.currency))
    pairs = [(group.category, group.rate) for group in groups]
    for category, rate in dict.fromkeys(pair for pair in pairs if pairs.count(pair) > 1):
        sentence = _("VAT of %(rate)s %% (%(category)s) stands there more than once.")
        yield Sentence(sentence, {"rate": plain(rate), "category": category})


def _named(group: VatGroup, currency: str) -> dict[str, object]:
    return {
        "tax": Amount(group.tax, currency),
        "net": Amount(group.net, currency),
        "rate": plain(group.rate),
    }


def _of_totals(content: InvoiceContent, rounding: Decimal) -> Iterator[Told]:
    totals = content.totals
    if totals.net + totals.tax != totals.gross:
        sentence = _("Net sum and VAT make %(found)s, but the gross sum says %(said)s.")
        yield _differ(sentence, content, totals.net + totals.tax, totals.gross)
    if (due := totals.gross - totals.paid + rounding) != totals.to_pay:
        sentence = _("What is left to pay is %(found)s, but the invoice asks for %(said)s.")
        yield _differ(sentence, content, due, totals.to_pay)


def _differ(sentence: Promise, content: InvoiceContent, found: Decimal, said: Decimal) -> Sentence:
    amounts = {"found": Amount(found, content.currency), "said": Amount(said, content.currency)}
    return Sentence(sentence, amounts)
