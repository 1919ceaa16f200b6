"""What a letter says: subject and text in the language of the customer, and the documents that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.formats import date_format
from django.utils.translation import override

from accounting.amounts import shown
from accounting.choices import DocumentFormat
from accounting.debits import notices as announcements
from accounting.debits.files import demand_creditor
from accounting.dunning import notices as reminders
from accounting.invoicing.contents import buyer_name
from accounting.invoicing.issuers import demand_issuer
from accounting.invoicing.making import document_of
from accounting.letter_choices import LetterKind
from accounting.models import DebitItem, DunningNotice, Issuer, Letter
from mcp.isolation.scope import Scope
from mcp.worker.mailing import compose

_LANGUAGES = ("de", "en")
PDF, XML = "application/pdf", "application/xml"


@dataclass(frozen=True, kw_only=True)
class Content:
    """All of a mail but to whom it goes."""

    subject: str
    body: str
    attachments: Sequence[tuple[str, bytes, str]]
    """Name, bytes and type of each document."""
    sender: str
    """The name of the business, with the address from which this installation sends."""
    reply_to: str

    def addressed(self, letter: Letter, to: str) -> EmailMessage:
        """The mail to this address. Its Message-ID is that of the letter, by which a mailbox knows a second copy."""
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
        message = EmailMessage(
            subject=self.subject, body=self.body, from_email=self.sender, to=[to], reply_to=[self.reply_to],
            headers={"Message-ID": f"<{letter.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
        )  # fmt: skip
        for name, content, kind in self.attachments:
            message.attach(name, content, kind)
        return message


def content_of(letter: Letter, actor: Scope) -> Content:
    """What the letter says now. The letter comes with its invoice and its customer.

    Raises ValidationError where the issuer is not complete any more.
    """
    issuer = demand_issuer(actor)
    with override(_language(letter)):
        attachments, facts = _documents(letter, actor, issuer)
        subject, body = compose(f"customer_{letter.kind}", {**_facts(letter, issuer), **facts})
    return Content(
        subject=_one_line(subject), body=body, attachments=attachments,
        sender=_named(str(issuer), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]),
        reply_to=_named(issuer.contact or str(issuer), issuer.email),
    )  # fmt: skip


def masked(address: str) -> str:
    """The address without most of what stands before the @: enough to see whether it was the right one."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"[:120]


def _language(letter: Letter) -> str:
    """That of the customer, or the first one, as in his invoices."""
    language = letter.customer.language[:2].lower() if letter.customer else ""
    return language if language in _LANGUAGES else _LANGUAGES[0]


def _facts(letter: Letter, issuer: Issuer) -> dict[str, object]:
    invoice = letter.invoice
    return {
        "buyer": buyer_name(invoice.buyer_data), "number": invoice.number, "business": str(issuer), "issuer": issuer,
        "issued_on": date_format(invoice.issued_on, "SHORT_DATE_FORMAT"),
        "due_on": date_format(invoice.due_on, "SHORT_DATE_FORMAT") if invoice.due_on else "",
        "amount": shown(invoice.gross, invoice.currency),
        "to_pay": shown(invoice.gross - invoice.paid_before, invoice.currency),
        "has_xml": bool(invoice.buyer_data.get("leitweg_id")),
    }  # fmt: skip


type Documents = tuple[Sequence[tuple[str, bytes, str]], dict[str, object]]


def _documents(letter: Letter, actor: Scope, issuer: Issuer) -> Documents:
    """What is attached, and what the text says besides of it."""
    match letter.kind:
        case LetterKind.DEBIT:
            return _announcement(letter, actor)
        case LetterKind.REMINDER:
            return _reminder(letter, issuer)
    invoice = letter.invoice
    found = [(f"{invoice.number}.pdf", document_of(invoice, DocumentFormat.PDF), PDF)]
    if invoice.buyer_data.get("leitweg_id"):
        found.append((f"{invoice.number}.xml", document_of(invoice, DocumentFormat.XML), XML))
    cancelled = invoice.cancels.number if invoice.cancels else ""
    return found, {"cancelled": cancelled}


def _announcement(letter: Letter, actor: Scope) -> Documents:
    item = DebitItem.objects.select_related("file", "invoice", "mandate").get(
        base=letter.base_id, pk=str(letter.debit_id)
    )
    pdf = announcements.pdf_of(item.file, [item], demand_creditor(actor))
    facts: dict[str, object] = {
        "debited": shown(item.amount, letter.invoice.currency),
        "collect_on": date_format(item.file.collect_on, "SHORT_DATE_FORMAT"),
    }
    return [(f"{letter.invoice.number}-SEPA.pdf", pdf, PDF)], facts


def _reminder(letter: Letter, issuer: Issuer) -> Documents:
    notice = DunningNotice.objects.select_related("run", "invoice").get(base=letter.base_id, pk=str(letter.notice_id))
    pdf = reminders.pdf_of(notice.run, [notice], issuer)
    facts: dict[str, object] = {
        "title": notice.title, "text": notice.text,
        "to_pay": shown(notice.amount + notice.fee, letter.invoice.currency),
        "pay_until": date_format(notice.pay_until, "SHORT_DATE_FORMAT"),
    }  # fmt: skip
    return [(f"{letter.invoice.number}-{notice.level}.pdf", pdf, PDF)], facts


def _named(name: str, address: str) -> str:
    return str(Address(display_name=_one_line(name), addr_spec=address))


def _one_line(text: str) -> str:
    """Without line feeds and other characters that cannot be in a header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
