"""The closed lists of leaving and joining."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    EXIT = "exit", _("Leaves the group")
    JOIN = "join", _("Joins a group")


class State(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    NUMBERED = "numbered", _("Account number assigned")
    REVIEWED = "reviewed", _("Customers reviewed")
    CONFIRMED = "confirmed", _("Legal ground confirmed")
    EXECUTED = "executed", _("Executed")
    CARRIED_OVER = "carried", _("Customers carried over")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


STEPS: dict[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.NUMBERED, State.CANCELLED}),
    State.NUMBERED: frozenset({State.REVIEWED, State.CANCELLED}),
    State.REVIEWED: frozenset({State.CONFIRMED, State.NUMBERED, State.CANCELLED}),
    State.CONFIRMED: frozenset({State.EXECUTED, State.NUMBERED, State.CANCELLED}),
    State.EXECUTED: frozenset({State.CARRIED_OVER, State.CLOSED}),
    State.CARRIED_OVER: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""From each state the states that may follow. Until it is executed one goes back to look again; then it stays so."""
JOINED_ANEW = frozenset({State.NUMBERED, State.REVIEWED, State.CONFIRMED})
"""From these a joining goes back to its request, to be given another place. An exit has opened a business for good."""
OPEN = frozenset(state for state, following in STEPS.items() if following)
BEFORE_EXECUTION = frozenset(state for state, following in STEPS.items() if State.CANCELLED in following)


class LegalBasis(models.TextChoices):
    """On which ground of the GDPR customers are handed over."""

    CONSENT = "consent", _("Art. 6 (1) a GDPR: consent of the customers")
    CONTRACT = "contract", _("Art. 6 (1) b GDPR: performance of a contract with the customers")
    INTERESTS = "interests", _("Art. 6 (1) f GDPR: legitimate interests")


class FieldGroup(models.TextChoices):
    """Fields that go along only where somebody has chosen so."""

    BANK = "bank", _("Bank details (IBAN, BIC, bank)")
    MEMO = "memo", _("Memo")
    LOSS = "loss", _("Reason of loss")
    CREDIT = "credit", _("Credit limit")


class Reason(models.TextChoices):
    """Why a customer is left out; blank for one who is carried over. The first that holds counts."""

    ARCHIVED = "archived", _("Archived")
    BLOCKED = "blocked", _("Blocked")
    NOT_RELATED = "unrelated", _("Not related to this location")
    OTHER_LOCATION = "location", _("Consent at another location")
    WITHDRAWN = "withdrawn", _("Consent withdrawn")
    OTHER_RECEIVER = "receiver", _("Consent for another receiver")
    OTHER_BUSINESS = "business", _("Consent to another business")
    NO_CONSENT = "noconsent", _("No consent")


class Word(models.TextChoices):
    """What a group was asked about a business that wants to join it, and has answered."""

    ASKED = "asked", _("Asked")
    AGREED = "agreed", _("Agreed")
    REFUSED = "refused", _("Refused")
    OVER = "over", _("Over")


class PackageState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Being made")
    DONE = "done", _("Ready")
    FAILED = "failed", _("Failed")


class IncomingState(models.TextChoices):
    """How far a file is that somebody has sent to be taken in."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Is being taken in")
    DONE = "done", _("Taken in")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
