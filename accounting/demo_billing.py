"""Invoices of the demo: a canteen whose company pays for its people, a run that is done and mailed, one that waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pghistory
from django.core.mail import EmailMessage
from django.db import transaction

from accounting.choices import SaleMethod
from accounting.debits.mandates import Signature, add_mandate
from accounting.demo import MANAGER, scope_of_demo
from accounting.invoicing import prepare_run, set_billing_terms, set_issuer, start_run
from accounting.invoicing.making import FIRST, make_documents
from accounting.invoicing.running import finish_run, issue_next
from accounting.letter_choices import DeliverBy, LetterSource
from accounting.mailing.queueing import queue_letters
from accounting.mailing.sending import send_block
from accounting.models import AccountTerms, InvoiceRun, Letter
from accounting.operations import Line, post_order, set_terms
from customers.choices import InvoiceTo, MembershipKind
from customers.memberships import Details, join_customer
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.outbox import Refused

CENTRAL = 1
UNKNOWN = "unbekannt@kunde.example"
ISSUER = {
    "legal_name": "Nordlicht Bäckereien GmbH", "street": "Speersort 1", "postal_code": "20095", "city": "Hamburg",
    "vat_id": "DE123456788", "contact": "Anna Andresen", "email": "rechnung@nordlicht.example",
    "phone": "+49 40 555 0100", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "bank": "Hausbank",
    "creditor_id": "DE98ZZZ09999999999", "payment_term": 14,
}  # fmt: skip
BREAKFAST = Line(text="Frühstück", quantity=Decimal(1), amount=Decimal("6.90"), vat_rate=Decimal(7))
LUNCH = Line(text="Mittagessen", quantity=Decimal(1), amount=Decimal("9.80"), vat_rate=Decimal(7))
COFFEE = Line(text="Kaffee", quantity=Decimal(2), amount=Decimal("5.60"), vat_rate=Decimal(19))


@transaction.atomic
def build_billing(*, today: date) -> None:
    """Orders on account at Hamburg, and what the central makes of them. The accounts of the demo must stand."""
    central, hamburg = scope_of_demo(MANAGER, CENTRAL), scope_of_demo(MANAGER)
    with pghistory.context(**central.history()):
        set_issuer(values=ISSUER, actor=central)
        company, first, second, regular, forgetful = _people(hamburg)
        for whose in (company, first, second, regular, forgetful):
            set_terms(
                customer=whose.pk,
                may_buy_on_account=True,
                may_hold_credit=False,
                hard_limit=Decimal(500),
                actor=hamburg,
            )
        _canteen(company, (first, second), today, hamburg)
        _mandate(regular, today, central)
        _addresses(company, regular, forgetful, hamburg)
        for whose in (first, second, regular, forgetful):
            _orders(whose, [today - timedelta(days=days) for days in (25, 18, 5, 2)], hamburg)
        _mailed(_billed(today - timedelta(days=10), today - timedelta(days=1), central), central)
        prepare_run(until=today, actor=central)


def _people(scope: Scope) -> Sequence[Customer]:
    """A company and four persons of Hamburg, with an address and without an account."""
    known = AccountTerms.objects.filter(base=scope.base).values("customer")
    there = Customer.objects.in_base(scope.base).filter(
        home_location=scope.location, archived_at=None, is_blocked=False
    )
    able = there.exclude(pk__in=known).exclude(street="").exclude(city="").exclude(postal_code="")
    ordered = able.order_by("customer_number")
    return [*ordered.exclude(company="")[:1], *ordered.filter(company="")[:4]]


def _canteen(company: Customer, people: Sequence[Customer], today: date, actor: Scope) -> None:
    """The company gets the invoices of its people."""
    for one in people:
        details = Details(
            kind=MembershipKind.COMPANY, role="Kantine", invoice_to=InvoiceTo.COMPANY,
            valid_from=today - timedelta(days=90), valid_until=None,
        )  # fmt: skip
        join_customer(member=one.pk, of=company.pk, details=details, actor=actor)


def _mandate(customer: Customer, today: date, actor: Scope) -> None:
    signature = Signature(
        iban="DE02120300000000202051", holder=customer.display_name, signed_on=today - timedelta(days=40),
        evidence="Auf Papier, Ordner Mandate",
    )  # fmt: skip
    add_mandate(customer=customer.pk, signature=signature, actor=actor)


def _orders(customer: Customer, days: Sequence[date], actor: Scope) -> None:
    for at, day in enumerate(days):
        lines = [BREAKFAST, COFFEE] if at % 2 else [LUNCH]
        post_order(
            customer=customer.pk, method=SaleMethod.ACCOUNT, number=f"K2-{customer.customer_number}-{at + 1}",
            total=sum((line.amount for line in lines), Decimal(0)), lines=lines,
            key=f"demo-order-{customer.pk}-{at}", business_day=day, actor=actor,
        )  # fmt: skip


def _addresses(company: Customer, regular: Customer, forgetful: Customer, actor: Scope) -> None:
    """One gets his invoices by mail, one wants them on paper, and the address of one is wrong."""
    set_billing_terms(customer=company.pk, values={"email": "buchhaltung@kantine.example"}, actor=actor)
    set_billing_terms(customer=regular.pk, values={"deliver_by": DeliverBy.PAPER}, actor=actor)
    set_billing_terms(customer=forgetful.pk, values={"payment_term": 0, "email": UNKNOWN}, actor=actor)


def _billed(until: date, on: date, actor: Scope) -> InvoiceRun:
    """A run of what was sold until a day, issued on another one, with its documents."""
    run = start_run(run=prepare_run(until=until, actor=actor).pk, actor=actor)
    while issue_next(run.pk, on=on, actor=actor) is not None:
        pass
    last = FIRST
    while (made := make_documents(run.pk, after=last, actor=actor)) is not None:
        last = made
    finish_run(run.pk, actor)
    return run


def _mailed(run: InvoiceRun, actor: Scope) -> None:
    """As the worker does it, with a mail server that knows one address not: nothing goes out."""
    with row_scope.rows_of(actor):
        queue_letters(LetterSource.RUN, run.pk, actor)
        mailings = set(Letter.objects.filter(invoice__run=run).values_list("mailing", flat=True))
    for mailing in mailings:
        send_block(mailing, post=_answer, actor=actor)


def _answer(message: EmailMessage) -> None:
    if message.to == [UNKNOWN]:
        raise Refused(f"550 5.1.1 <{UNKNOWN}> User unknown")
