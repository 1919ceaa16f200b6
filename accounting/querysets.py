"""Queries for ledgers, accounts, terms, movements and exceptions."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from accounting.banking.matching import Confidence
from accounting.choices import (
    MONTHS_UNUSED,
    OF_CUSTOMER,
    BranchOrderState,
    DebitState,
    EntryState,
    ExceptionState,
    InvoiceKind,
    InvoiceState,
    MandateState,
    OrderState,
    SwitchState,
)
from accounting.letter_choices import STANDING, UNDER_WAY, LetterState

if TYPE_CHECKING:
    from accounting.models import (
        Account,
        AccountingSwitch,
        AccountTerms,
        BalanceImport,
        BankAccount,
        BankBooking,
        BankEntry,
        BankFile,
        BankStatement,
        BranchOrder,
        DebitFile,
        DebitItem,
        DunningLevel,
        DunningNotice,
        DunningRun,
        Invoice,
        InvoiceRun,
        Issuer,
        Ledger,
        LedgerException,
        Letter,
        Mandate,
        Movement,
        PaymentOrder,
        RunOrder,
        ToldTerms,
    )
    from customers.models import Customer
    from locations.models import CustomerBase, Location, Organization


class LedgerQuerySet(models.QuerySet["Ledger"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class AccountQuerySet(models.QuerySet["Account"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_customer(self, customer: Customer) -> Self:
        """Both accounts of a customer in each ledger that exists here."""
        return self.filter(base=customer.base_id, customer=customer.pk)

    def with_money(self) -> Self:
        """Accounts of customers on which something is open: owed by them, or paid in advance."""
        return self.filter(kind__in=OF_CUSTOMER).exclude(balance=0)


class TermsQuerySet(models.QuerySet["AccountTerms"]):
    def of_customer(self, customer: Customer) -> Self:
        return self.filter(base=customer.base_id, customer=customer.pk)


class MovementQuerySet(models.QuerySet["Movement"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_accounts(self, accounts: Collection[int]) -> Self:
        """Movements of any of these accounts."""
        return self.filter(Q(debit__in=accounts) | Q(credit__in=accounts))


class ExceptionQuerySet(models.QuerySet["LedgerException"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def open(self) -> Self:
        return self.filter(state=ExceptionState.OPEN)


class OrderQuerySet(models.QuerySet["PaymentOrder"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_customer(self, customer: Customer) -> Self:
        return self.filter(base=customer.base_id, customer=customer.pk)

    def open(self) -> Self:
        """What was sold on account and is neither paid, nor on an invoice, nor cancelled."""
        return self.filter(state=OrderState.OPEN)


class IssuerQuerySet(models.QuerySet["Issuer"]):
    def of_owner(self, organization: Organization, owner: int) -> Self:
        """That of a location with accounts of its own, by its id, or with OF_ALL that of the whole business."""
        return self.filter(organization=organization, owner_key=owner)


class BalanceImportQuerySet(models.QuerySet["BalanceImport"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class RunQuerySet(models.QuerySet["InvoiceRun"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class SwitchQuerySet(models.QuerySet["AccountingSwitch"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def asked(self) -> Self:
        """Those about which nobody has decided yet."""
        return self.filter(state=SwitchState.ASKED)

    def confirmed_of(self, base: CustomerBase, location: Location) -> Self:
        """By which the location was switched in the base, the latest first: that one holds."""
        return self.filter(base=base, location=location, state=SwitchState.CONFIRMED).order_by("-decided_at")


class RunOrderQuerySet(models.QuerySet["RunOrder"]):
    def of_run(self, run: InvoiceRun) -> Self:
        return self.filter(base=run.base_id, run=run)

    def waiting(self) -> Self:
        """Chosen, and on no invoice of the run yet."""
        return self.filter(invoice=None, left_out="")

    def invoices_to_come(self) -> models.QuerySet[RunOrder, dict[str, Any]]:
        """What comes onto each invoice, in their order: `bundle`, `payer` (a key), `orders`, `sum`."""
        rows = self.waiting().values("bundle", "payer")
        return rows.annotate(orders=Count("order"), sum=Sum("amount")).order_by("bundle")


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_customers_at(self, location: Location) -> Self:
        """Those of customers who are registered at this location."""
        return self.filter(customer__home_location=location)

    def to_pay(self) -> Self:
        """Invoices that are neither paid in full nor cancelled."""
        return self.filter(kind=InvoiceKind.INVOICE, state__in=[InvoiceState.OPEN, InvoiceState.PARTLY_PAID])

    def overdue(self, today: date) -> Self:
        return self.to_pay().filter(due_on__lt=today)


class BankAccountQuerySet(models.QuerySet["BankAccount"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class BankStatementQuerySet(models.QuerySet["BankStatement"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class BankEntryQuerySet(models.QuerySet["BankEntry"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_statement(self, statement: BankStatement) -> Self:
        return self.filter(statement=statement.pk, base=statement.base_id)

    def open(self) -> Self:
        return self.filter(state=EntryState.OPEN)

    def sure(self) -> Self:
        """What may be booked without anybody looking."""
        return self.open().filter(confidence=Confidence.SURE)

    def unsure(self) -> Self:
        """What somebody decides."""
        return self.open().exclude(confidence=Confidence.SURE)

    def done(self) -> Self:
        return self.exclude(state=EntryState.OPEN)


class BankBookingQuerySet(models.QuerySet["BankBooking"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class BankFileQuerySet(models.QuerySet["BankFile"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class MandateQuerySet(models.QuerySet["Mandate"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_customer(self, customer: Customer) -> Self:
        return self.filter(base=customer.base_id, customer=customer.pk)

    def valid_on(self, day: date) -> Self:
        """Signed by that day, not revoked, not used up and used within the 36 months before it."""
        used = self.filter(state=MandateState.ACTIVE, signed_on__lte=day)
        fresh = used.annotate(used_on=Coalesce("last_used_on", "signed_on"))
        return fresh.filter(Q(is_recurrent=True) | Q(last_used_on=None), used_on__gt=mandate_unused_since(day))


class DebitFileQuerySet(models.QuerySet["DebitFile"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class DebitQuerySet(models.QuerySet["DebitItem"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_file(self, file: DebitFile) -> Self:
        return self.filter(base=file.base_id, file=file.pk)

    def of_customer(self, customer: Customer) -> Self:
        return self.filter(base=customer.base_id, customer=customer.pk)

    def pending(self) -> Self:
        """At the bank: neither collected nor returned."""
        return self.filter(state=DebitState.PENDING)


class DunningLevelQuerySet(models.QuerySet["DunningLevel"]):
    def of_owner(self, organization: Organization, owner: int) -> Self:
        """Those of a location with accounts of its own, by its id, or with OF_ALL those of the whole business."""
        return self.filter(organization=organization, owner_key=owner).order_by("level")


class DunningRunQuerySet(models.QuerySet["DunningRun"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class NoticeQuerySet(models.QuerySet["DunningNotice"]):
    def of_run(self, run: DunningRun) -> Self:
        return self.filter(base=run.base_id, run=run.pk)

    def of_customer(self, customer: Customer) -> Self:
        return self.filter(base=customer.base_id, customer=customer.pk)


class LetterQuerySet(models.QuerySet["Letter"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_invoice(self, invoice: Invoice) -> Self:
        """Of the invoice, and of reminders and debits of it, the latest first."""
        return self.filter(base=invoice.base_id, invoice=invoice.pk).order_by("-asked_at", "-pk")

    def of_mailing(self, mailing: UUID) -> Self:
        return self.filter(mailing=mailing)

    def under_way(self) -> Self:
        return self.filter(state__in=UNDER_WAY)

    def due(self, now: datetime) -> Self:
        """Those that wait to be mailed by now."""
        return self.filter(state=LetterState.WAITING, due_at__lte=now)

    def standing(self) -> Self:
        """Those that were mailed, or are about to be: what they are about is not printed, nor mailed by itself."""
        return self.filter(state__in=STANDING)


class BranchOrderQuerySet(models.QuerySet["BranchOrder"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def waiting(self) -> Self:
        """Not booked at the central yet, as far as is known here."""
        return self.filter(state=BranchOrderState.WAITING)

    def to_send(self) -> Self:
        """At a branch: those of which the central has not said that it has them."""
        return self.filter(is_sent=False)


class ToldTermsQuerySet(models.QuerySet["ToldTerms"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_customer(self, customer: Customer) -> Self:
        """By the nodes of the base, few as they are: an index leads from each of them to him."""
        nodes: Any = self.model._meta.get_field("node").related_model
        known = list(nodes.objects.filter(base=customer.base_id).values_list("pk", flat=True))
        return self.filter(base=customer.base_id, node__in=known, uid=customer.uid)


def mandate_unused_since(day: date) -> date:
    """A mandate that was last used then, or before, has expired on that day."""
    year, month = divmod(day.year * 12 + day.month - 1 - MONTHS_UNUSED, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
