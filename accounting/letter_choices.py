"""What is mailed to customers, from where it comes, and how far it has come."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DeliverBy(models.TextChoices):
    """How a customer gets his invoices, reminders and announcements."""

    MAIL = "mail", _("by mail")
    PAPER = "paper", _("on paper")


class LetterKind(models.TextChoices):
    INVOICE = "invoice", _("Invoice")
    CANCELLATION = "cancellation", _("Cancellation")
    DEBIT = "debit", _("Announcement of a debit")
    REMINDER = "reminder", _("Reminder")


class LetterSource(models.TextChoices):
    """What somebody wants mailed: all of a run or of a file, or one document (accounting_unmailed knows them)."""

    RUN = "run", _("Run of invoices")
    INVOICE = "invoice", _("Invoice")
    DEBIT_FILE = "debit_file", _("Debit file")
    DEBIT = "debit", _("Debit")
    REMINDERS = "reminders", _("Run of reminders")
    REMINDER = "reminder", _("Reminder")


class LetterState(models.TextChoices):
    WAITING = "waiting", _("Waits to be mailed")
    SENDING = "sending", _("Is being mailed")
    SENT = "sent", _("Mailed")
    UNSURE = "unsure", _("Perhaps mailed")
    FAILED = "failed", _("Could not be mailed")
    PAPER = "paper", _("To be printed")
    DROPPED = "dropped", _("Not needed any more")


LETTER_STEPS: dict[LetterState, frozenset[LetterState]] = {
    LetterState.WAITING: frozenset(
        {LetterState.SENDING, LetterState.FAILED, LetterState.PAPER, LetterState.DROPPED}
    ),
    LetterState.SENDING: frozenset(
        {
            LetterState.WAITING, LetterState.SENT, LetterState.UNSURE, LetterState.FAILED, LetterState.PAPER,
            LetterState.DROPPED,
        }
    ),
    LetterState.SENT: frozenset(),
    LetterState.UNSURE: frozenset(),
    LetterState.FAILED: frozenset(),
    LetterState.PAPER: frozenset(),
    LetterState.DROPPED: frozenset(),
}  # fmt: skip
UNDER_WAY = [LetterState.WAITING, LetterState.SENDING]
STANDING = [*UNDER_WAY, LetterState.SENT, LetterState.UNSURE]
"""A document has one such letter at most, but for those that somebody has asked for once more."""
OVER = [state for state in LetterState if not LETTER_STEPS[state]]
