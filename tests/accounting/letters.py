"""Customers with an e-mail, invoices of theirs, and what the worker does of their letters without a job."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Sequence
from typing import Any

from django.core.mail import EmailMessage

from accounting.letter_choices import LetterSource
from accounting.mailing import Queued, mail_documents
from accounting.mailing.sending import send_block
from accounting.models import Invoice, InvoiceRun, Letter
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.outbox import Refused
from tests.accounting.accounts import guest
from tests.accounting.invoices import issued, issuer, order

LOCMEM = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


class Mailbox(list[EmailMessage]):
    """What was sent; `answer` is called with each mail first, and may refuse it."""

    answer: Callable[[EmailMessage], None] | None = None

    def post(self, message: EmailMessage) -> None:
        if self.answer is not None:
            self.answer(message)
        self.append(message)

    @property
    def to(self) -> list[str]:
        return [one.to[0] for one in self]


def refusing(error: type[Exception], *addresses: str) -> Callable[[EmailMessage], None]:
    """An answer that raises for these addresses, or for all where none are named."""

    def answer(message: EmailMessage) -> None:
        if not addresses or message.to[0] in addresses:
            raise error(f"550 <{message.to[0]}> says no")

    return answer


def set_email(scope: Scope, whose: Customer, email: str, **values: Any) -> Customer:
    with row_scope.rows_of(scope):
        Customer.objects.filter(pk=whose.pk).update(email=email, **values)
    return whose


def billed(head: Scope, till: Scope, *emails: str) -> list[Invoice]:
    """An invoice for one customer with each of these addresses, of one run."""
    issuer(head)
    for at, email in enumerate(emails):
        whose = set_email(head, guest(till, last_name=f"Gast{at}"), email)
        order(till, whose)
    return issued(head)


def mail_run(head: Scope, invoices: Sequence[Invoice]) -> Queued:
    return mail_documents(source=LetterSource.RUN, pk=run_of(invoices).pk, actor=head)


def buyer(of: Invoice | Letter) -> int:
    """The id of the customer."""
    assert of.customer_id is not None
    return of.customer_id


def run_of(invoices: Sequence[Invoice]) -> InvoiceRun:
    run = invoices[0].run
    assert run is not None
    return run


def worked(head: Scope, mailbox: Mailbox, *, most: int = 50) -> Mailbox:
    """What the worker does of all that waits, without a job."""
    for mailing in {one.mailing for one in letters(head)}:
        while send_block(mailing, post=mailbox.post, actor=head, most=most):
            pass
    return mailbox


def letters(head: Scope) -> list[Letter]:
    with row_scope.rows_of(head):
        rows = Letter.objects.in_base(head.base).select_related("invoice", "customer")
        return list(rows.order_by("invoice__sequence", "asked_at"))


def states(head: Scope) -> list[str]:
    return [one.state for one in letters(head)]


def down(_message: EmailMessage) -> None:
    raise smtplib.SMTPServerDisconnected("gone")


__all__ = ["LOCMEM", "Mailbox", "Refused"]
