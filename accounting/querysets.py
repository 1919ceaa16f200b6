"""Queries for ledgers, accounts, terms, movements and exceptions."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from accounting.choices import OF_CUSTOMER, ExceptionState, OrderState

if TYPE_CHECKING:
    from accounting.models import Account, AccountTerms, Ledger, LedgerException, Movement, PaymentOrder
    from customers.models import Customer
    from locations.models import CustomerBase


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
