"""The closed lists of the ledger.

Which accounts a movement of a kind may join stands here once; the function of the database that posts is made of it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountKind(models.TextChoices):
    """What an account is about. Credits less debits are its balance: what a customer owes is negative."""

    OWED = "owed", _("Open amount")
    CREDIT = "credit", _("Credit")
    SALES = "sales", _("Sales")
    MONEY = "money", _("Money received and paid out")
    OPENING = "opening", _("Opening balances")
    CORRECTIONS = "corrections", _("Corrections")


OF_CUSTOMER = (AccountKind.OWED, AccountKind.CREDIT)
"""Each customer with terms has both. They alone have limits, so their balances are kept."""
OF_LOCATION = (AccountKind.SALES, AccountKind.MONEY)
OF_LEDGER = (AccountKind.OPENING, AccountKind.CORRECTIONS)


class MovementKind(models.TextChoices):
    SALE = "sale", _("Sale on account")
    PAYMENT = "payment", _("Payment received")
    TOP_UP = "top_up", _("Credit topped up")
    USE = "use", _("Credit used")
    PAY_OUT = "pay_out", _("Credit paid out")
    OPENING = "opening", _("Opening balance")
    CORRECTION = "correction", _("Correction")
    REVERSAL = "reversal", _("Reversal")


SIDES: dict[MovementKind, tuple[tuple[AccountKind, AccountKind], ...]] = {
    MovementKind.SALE: ((AccountKind.OWED, AccountKind.SALES),),
    MovementKind.PAYMENT: ((AccountKind.MONEY, AccountKind.OWED),),
    MovementKind.TOP_UP: ((AccountKind.MONEY, AccountKind.CREDIT),),
    MovementKind.USE: ((AccountKind.CREDIT, AccountKind.SALES),),
    MovementKind.PAY_OUT: ((AccountKind.CREDIT, AccountKind.MONEY),),
    MovementKind.OPENING: (
        (AccountKind.OWED, AccountKind.OPENING),
        (AccountKind.OPENING, AccountKind.OWED),
        (AccountKind.OPENING, AccountKind.CREDIT),
    ),
    MovementKind.CORRECTION: (
        (AccountKind.OWED, AccountKind.CORRECTIONS),
        (AccountKind.CORRECTIONS, AccountKind.OWED),
        (AccountKind.CREDIT, AccountKind.CORRECTIONS),
        (AccountKind.CORRECTIONS, AccountKind.CREDIT),
        (AccountKind.CREDIT, AccountKind.CREDIT),
        (AccountKind.OWED, AccountKind.OWED),
    ),
}
"""The kinds of the debited and of the credited account. A reversal has those of what it reverses, exchanged."""
WITH_REASON = (MovementKind.CORRECTION, MovementKind.REVERSAL)
"""Whoever posts these says why."""
ASKS_TERMS = (MovementKind.SALE, MovementKind.TOP_UP, MovementKind.USE)
"""What only a customer may do whom his terms allow it. Everything else sets right what has happened."""
MAY_BREAK_LIMIT = (MovementKind.OPENING, MovementKind.CORRECTION, MovementKind.REVERSAL)
"""What may take an open amount above the hard limit: it is a fact that somebody owes it. It becomes an exception.

Credit falls below zero by none of them.
"""


class Breach(models.TextChoices):
    """What a movement has broken that was booked all the same; also the name of the rule that refuses others."""

    LIMIT = "limit", _("Above the credit limit")
    BELOW_ZERO = "below_zero", _("Credit below zero")
    BLOCKED = "blocked", _("Customer is blocked")
    NO_ADDRESS = "no_address", _("Customer has no address")
    NOT_ON_ACCOUNT = "not_on_account", _("Customer may not buy on account")
    NO_CREDIT = "no_credit", _("Customer may not hold credit")
    ARCHIVED = "archived", _("Customer is archived")


class ExceptionState(models.TextChoices):
    OPEN = "open", _("To be decided")
    DECIDED = "decided", _("Decided")


EXCEPTION_STEPS: dict[ExceptionState, frozenset[ExceptionState]] = {
    ExceptionState.OPEN: frozenset({ExceptionState.DECIDED}),
    ExceptionState.DECIDED: frozenset(),
}


class SaleMethod(models.TextChoices):
    """How an order of a till is paid: it becomes an open item, or credit is used for it."""

    ACCOUNT = "account", _("On account")
    CREDIT = "credit", _("With credit")


class OrderState(models.TextChoices):
    OPEN = "open", _("To be paid")
    PAID = "paid", _("Paid")
    INVOICED = "invoiced", _("On an invoice")
    CANCELLED = "cancelled", _("Cancelled")


ORDER_STEPS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.OPEN: frozenset({OrderState.PAID, OrderState.INVOICED, OrderState.CANCELLED}),
    OrderState.PAID: frozenset({OrderState.OPEN, OrderState.CANCELLED}),
    OrderState.INVOICED: frozenset(),
    OrderState.CANCELLED: frozenset(),
}
"""A payment that is taken back opens its order again. What stands on an invoice is locked."""
