"""The closed lists of leaving and joining, and of switches between 2.0 and 1.0."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TransitionKind(models.TextChoices):
    EXIT = "exit", _("Leaves the group")
    JOIN = "join", _("Joins a group")


class TransitionState(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    NUMBERED = "numbered", _("Account number assigned")
    REVIEWED = "reviewed", _("Customers reviewed")
    CONFIRMED = "confirmed", _("Legal ground confirmed")
    EXECUTED = "executed", _("Executed")
    CARRIED_OVER = "carried", _("Customers carried over")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


STEPS: dict[TransitionState, frozenset[TransitionState]] = {
    TransitionState.REQUESTED: frozenset({TransitionState.NUMBERED, TransitionState.CANCELLED}),
    TransitionState.NUMBERED: frozenset({TransitionState.REVIEWED, TransitionState.CANCELLED}),
    TransitionState.REVIEWED: frozenset(
        {TransitionState.CONFIRMED, TransitionState.NUMBERED, TransitionState.CANCELLED}
    ),
    TransitionState.CONFIRMED: frozenset(
        {TransitionState.EXECUTED, TransitionState.NUMBERED, TransitionState.CANCELLED}
    ),
    TransitionState.EXECUTED: frozenset({TransitionState.CARRIED_OVER, TransitionState.CLOSED}),
    TransitionState.CARRIED_OVER: frozenset({TransitionState.CLOSED}),
    TransitionState.CLOSED: frozenset(),
    TransitionState.CANCELLED: frozenset(),
}
"""From each state the states that may follow. Until it is executed one goes back to look again; then it stays so."""
JOINED_ANEW = frozenset({TransitionState.NUMBERED, TransitionState.REVIEWED, TransitionState.CONFIRMED})
"""From these a joining goes back to its request, to be given another place. An exit has opened a business for good."""
OPEN = frozenset(state for state, following in STEPS.items() if following)
BEFORE_EXECUTION = frozenset(state for state, following in STEPS.items() if TransitionState.CANCELLED in following)


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


class JoiningAnswer(models.TextChoices):
    """What a group was asked about a business that wants to join it, and has answered."""

    ASKED = "asked", _("Asked")
    AGREED = "agreed", _("Agreed")
    REFUSED = "refused", _("Refused")
    OVER = "over", _("Over")


class SwitchDirection(models.TextChoices):
    TO_OFFLINE = "offline", _("From 2.0 to 1.0")
    TO_SHARED = "shared", _("From 1.0 to 2.0")


class StartsWith(models.TextChoices):
    """With whom a location begins to work on its customer base 1.0."""

    NOTHING = "nothing", _("With no customers")
    HOME = "home", _("With the customers who are registered there")


class SwitchState(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    SIGNED = "signed", _("Signed by a developer")
    EXECUTED = "executed", _("Executed")
    UNDONE = "undone", _("Undone")
    SETTLED = "settled", _("Ended for good")
    CANCELLED = "cancelled", _("Cancelled")


SWITCH_STEPS: dict[SwitchDirection, dict[SwitchState, frozenset[SwitchState]]] = {
    SwitchDirection.TO_OFFLINE: {
        SwitchState.REQUESTED: frozenset({SwitchState.SIGNED, SwitchState.CANCELLED}),
        SwitchState.SIGNED: frozenset({SwitchState.EXECUTED, SwitchState.CANCELLED}),
    },
    SwitchDirection.TO_SHARED: {
        SwitchState.REQUESTED: frozenset({SwitchState.EXECUTED, SwitchState.CANCELLED}),
        SwitchState.EXECUTED: frozenset({SwitchState.UNDONE, SwitchState.SETTLED}),
    },
}
"""From each state the states that may follow. Nothing goes to 1.0 that no developer has signed; who goes to 2.0 can
come back until that is ended."""
