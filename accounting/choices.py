"""The closed lists of the ledger.

Which accounts a movement of a kind may join stands here once; the function of the database that posts is made of it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


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
    TRANSFER = "transfer", _("Taken over by whoever pays")
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
    MovementKind.TRANSFER: ((AccountKind.OWED, AccountKind.OWED),),
}
"""The kinds of the debited and of the credited account. A reversal has those of what it reverses, exchanged."""
WITH_REASON = (MovementKind.CORRECTION, MovementKind.REVERSAL)
"""Whoever posts these says why."""
ASKS_TERMS = (MovementKind.SALE, MovementKind.TOP_UP, MovementKind.USE)
"""What only a customer may do whom his terms allow it. Everything else sets right what has happened."""
MAY_BREAK_LIMIT = (MovementKind.OPENING, MovementKind.CORRECTION, MovementKind.TRANSFER, MovementKind.REVERSAL)
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
    OrderState.INVOICED: frozenset({OrderState.OPEN}),
    OrderState.CANCELLED: frozenset(),
}
"""A payment that is taken back opens its order again. What stands on an invoice is locked until that is cancelled."""


class BranchOrderState(models.TextChoices):
    """What has become at the central of an order that a branch with a customer base 1.0 has sold."""

    WAITING = "waiting", _("Waiting")
    POSTED = "posted", _("Booked at the central")
    LEFT_OUT = "left_out", _("Not to be booked")


BRANCH_ORDER_STEPS: dict[BranchOrderState, frozenset[BranchOrderState]] = {
    BranchOrderState.WAITING: frozenset({BranchOrderState.POSTED, BranchOrderState.LEFT_OUT}),
    BranchOrderState.POSTED: frozenset({BranchOrderState.WAITING, BranchOrderState.LEFT_OUT}),
    BranchOrderState.LEFT_OUT: frozenset({BranchOrderState.WAITING, BranchOrderState.POSTED}),
}
"""What was decided can only be otherwise at a branch whose central was restored and has decided anew."""


class InvoiceKind(models.TextChoices):
    INVOICE = "invoice", _("Invoice")
    CANCELLATION = "cancellation", _("Cancellation")


class InvoiceState(models.TextChoices):
    """How far an invoice is paid. A cancellation is nothing that anybody pays."""

    OPEN = "open", _("Open")
    PARTLY_PAID = "partly_paid", _("Partly paid")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", pgettext_lazy("invoice", "Cancelled")
    CANCELLATION = "cancellation", _("Cancellation")


class DocumentFormat(models.TextChoices):
    PDF = "pdf", "PDF"
    XML = "xml", "XML"


class Bundling(models.TextChoices):
    """What comes onto one invoice."""

    AGREED = "agreed", _("As agreed with each customer")
    COLLECTIVE = "collective", _("One for each customer")
    SINGLE = "single", _("One for each order")


class LeftOut(models.TextChoices):
    """Why an order comes onto no invoice of a run."""

    NO_ADDRESS = "no_address", _("The customer has no name or no full address")
    NO_ACCOUNT = "no_account", _("Whoever pays has no account")
    HELD = "held", _("The customer is not billed for now")
    MINIMUM = "minimum", _("Below the smallest amount")
    NOBODY = "nobody", _("The customer was erased for good")
    CHANGED = "changed", _("Paid, cancelled or billed since the preview")


class RunState(models.TextChoices):
    PREPARED = "prepared", _("Prepared")
    PREVIEWED = "previewed", _("Previewed")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


RUN_STEPS: dict[RunState, frozenset[RunState]] = {
    RunState.PREPARED: frozenset({RunState.PREVIEWED, RunState.CANCELLED}),
    RunState.PREVIEWED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.RUNNING: frozenset({RunState.DONE, RunState.FAILED}),
    RunState.FAILED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.DONE: frozenset(),
    RunState.CANCELLED: frozenset(),
}
"""A run that failed goes on where it stopped, or is cancelled: invoices that it has issued stay."""


class BalanceImportState(models.TextChoices):
    CHECKED = "checked", _("To be booked")
    BOOKED = "booked", _("Booked")
    UNDONE = "undone", _("Undone")
    DISCARDED = "discarded", _("Discarded")


BALANCE_IMPORT_STEPS: dict[BalanceImportState, frozenset[BalanceImportState]] = {
    BalanceImportState.CHECKED: frozenset({BalanceImportState.BOOKED, BalanceImportState.DISCARDED}),
    BalanceImportState.BOOKED: frozenset({BalanceImportState.UNDONE}),
    BalanceImportState.UNDONE: frozenset(),
    BalanceImportState.DISCARDED: frozenset(),
}


class AccountingMode(models.TextChoices):
    """Which ledger a location posts to: that of the central, or one of its own that exists for nobody else."""

    CENTRAL = "central", _("with the central")
    OWN = "own", _("this business only")


class SwitchState(models.TextChoices):
    """How far a change of the mode is that somebody has asked for."""

    ASKED = "asked", _("Asked for")
    CONFIRMED = "confirmed", _("Confirmed")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


SWITCH_STEPS: dict[SwitchState, frozenset[SwitchState]] = {
    SwitchState.ASKED: frozenset({SwitchState.CONFIRMED, SwitchState.REFUSED, SwitchState.WITHDRAWN}),
    SwitchState.CONFIRMED: frozenset(),
    SwitchState.REFUSED: frozenset(),
    SwitchState.WITHDRAWN: frozenset(),
}
FOLLOW_THE_MODE = (MovementKind.SALE, MovementKind.TOP_UP, MovementKind.USE, MovementKind.OPENING)
"""What is posted to the ledger of now alone. Everything else pays or sets right what stands in a ledger already."""


class EntryState(models.TextChoices):
    """What has become of an entry of a bank statement."""

    OPEN = "open", _("To be decided")
    BOOKED = "booked", _("Booked")
    IGNORED = "ignored", _("Ignored")
    RETURNED = "returned", _("Returned debit, taken back")


ENTRY_STEPS: dict[EntryState, frozenset[EntryState]] = {
    EntryState.OPEN: frozenset({EntryState.BOOKED, EntryState.IGNORED, EntryState.RETURNED}),
    EntryState.BOOKED: frozenset({EntryState.OPEN}),
    EntryState.IGNORED: frozenset({EntryState.OPEN}),
    EntryState.RETURNED: frozenset({EntryState.OPEN}),
}
"""An entry is open again when its movements are reversed, and when somebody takes it up again that was left out."""


class StatementState(models.TextChoices):
    READY = "ready", _("Read")
    BOOKING = "booking", _("Is being booked")


STATEMENT_STEPS: dict[StatementState, frozenset[StatementState]] = {
    StatementState.READY: frozenset({StatementState.BOOKING}),
    StatementState.BOOKING: frozenset({StatementState.READY}),
}


class MandateScheme(models.TextChoices):
    """The scheme of a SEPA debit: anybody's account, or that of a business, which cannot ask for its money back."""

    CORE = "CORE", _("Basic debit")
    BUSINESS = "B2B", _("Business debit")


class MandateState(models.TextChoices):
    ACTIVE = "active", _("Active")
    REVOKED = "revoked", pgettext_lazy("of a mandate", "Revoked")


MANDATE_STEPS: dict[MandateState, frozenset[MandateState]] = {
    MandateState.ACTIVE: frozenset({MandateState.REVOKED}),
    MandateState.REVOKED: frozenset(),
}
"""That one has expired follows from its dates, and is no state of its own."""


MONTHS_UNUSED = 36
"""A mandate that was not used for so long must not be used again (rulebook of the SEPA schemes, 4.1)."""


class DebitFileState(models.TextChoices):
    PREVIEWED = "previewed", _("Previewed")
    RUNNING = "running", _("Being made")
    DONE = "done", _("Made")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    COLLECTING = "collecting", _("Being collected")


DEBIT_FILE_STEPS: dict[DebitFileState, frozenset[DebitFileState]] = {
    DebitFileState.PREVIEWED: frozenset({DebitFileState.RUNNING, DebitFileState.CANCELLED}),
    DebitFileState.RUNNING: frozenset({DebitFileState.DONE, DebitFileState.FAILED}),
    DebitFileState.FAILED: frozenset({DebitFileState.RUNNING, DebitFileState.CANCELLED}),
    DebitFileState.DONE: frozenset({DebitFileState.CANCELLED, DebitFileState.COLLECTING}),
    DebitFileState.COLLECTING: frozenset({DebitFileState.DONE}),
    DebitFileState.CANCELLED: frozenset(),
}
"""A file that the bank never got, or has refused as a whole, is cancelled while none of its debits is collected. The
worker collects a large file piece by piece, and leaves it as made.
"""


class DebitState(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    LEFT_OUT = "left_out", _("Left out")
    PENDING = "pending", _("At the bank")
    COLLECTED = "collected", _("Collected")
    RETURNED = "returned", _("Returned")
    CANCELLED = "cancelled", _("Cancelled")


DEBIT_STEPS: dict[DebitState, frozenset[DebitState]] = {
    DebitState.PROPOSED: frozenset({DebitState.PENDING, DebitState.LEFT_OUT, DebitState.CANCELLED}),
    DebitState.PENDING: frozenset({DebitState.COLLECTED, DebitState.RETURNED, DebitState.CANCELLED}),
    DebitState.COLLECTED: frozenset({DebitState.RETURNED, DebitState.PENDING}),
    DebitState.LEFT_OUT: frozenset(),
    DebitState.RETURNED: frozenset({DebitState.PENDING, DebitState.COLLECTED}),
    DebitState.CANCELLED: frozenset(),
}
"""It goes back to an earlier state where the entry of the bank by which it was booked is undone, and not otherwise."""


STANDING_DEBITS = [DebitState.PROPOSED, DebitState.PENDING]
"""An invoice has one such debit at most."""


class DebitLeftOut(models.TextChoices):
    """Why an invoice is not debited."""

    NO_MANDATE = "no_mandate", _("No mandate that is valid on that day")
    DISPUTED = "disputed", _("The customer disputes the invoice")
    OTHER_FILE = "other_file", _("In another file that is not settled yet")
    NOT_ANNOUNCED = "not_announced", _("Not announced, or too late")
    CHANGED = "changed", _("Paid or cancelled since the preview")


class DunningRunState(models.TextChoices):
    PREVIEWED = "previewed", _("Previewed")
    SENT = "sent", _("Sent")
    CANCELLED = "cancelled", _("Cancelled")


DUNNING_RUN_STEPS: dict[DunningRunState, frozenset[DunningRunState]] = {
    DunningRunState.PREVIEWED: frozenset({DunningRunState.SENT, DunningRunState.CANCELLED}),
    DunningRunState.SENT: frozenset(),
    DunningRunState.CANCELLED: frozenset(),
}


class NoticeState(models.TextChoices):
    PREVIEWED = "previewed", _("Previewed")
    SENT = "sent", _("Sent")
    LEFT_OUT = "left_out", _("Left out")
    CANCELLED = "cancelled", _("Cancelled")


NOTICE_STEPS: dict[NoticeState, frozenset[NoticeState]] = {
    NoticeState.PREVIEWED: frozenset({NoticeState.SENT, NoticeState.LEFT_OUT, NoticeState.CANCELLED}),
    NoticeState.SENT: frozenset(),
    NoticeState.LEFT_OUT: frozenset(),
    NoticeState.CANCELLED: frozenset(),
}


class DunningLeftOut(models.TextChoices):
    """Why somebody is not reminded of an overdue invoice."""

    DISPUTED = "disputed", _("The customer disputes the invoice")
    DEBITED = "debited", _("It is being debited")
    OTHER_RUN = "other_run", _("In another run that is not sent yet")
    CHANGED = "changed", _("Paid or cancelled since the preview")


class AgeClass(models.TextChoices):
    """How long something has been overdue on a day."""

    NOT_DUE = "not_due", _("Not due")
    TO_15 = "to_15", _("1–15 days")
    TO_30 = "to_30", _("16–30 days")
    TO_60 = "to_60", _("31–60 days")
    OVER_60 = "over_60", _("Over 60 days")


OVERDUE_FROM: dict[AgeClass, int] = {
    AgeClass.TO_15: 1,
    AgeClass.TO_30: 16,
    AgeClass.TO_60: 31,
    AgeClass.OVER_60: 61,
}
"""From how many days after the due day on each class holds; before the first one nothing is overdue."""
