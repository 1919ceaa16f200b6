"""The closed lists of the customer master."""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class PaymentMethod(models.TextChoices):
    CASH = "cash", _("Cash")
    CARD = "card", _("Card")
    INVOICE = "invoice", _("Invoice")
    DIRECT_DEBIT = "direct_debit", _("Direct debit")
    TRANSFER = "transfer", _("Bank transfer")
    PREPAID = "prepaid", _("Prepaid credit")


class UploadState(models.TextChoices):
    UPLOADED = "uploaded", _("Uploaded")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    APPLYING = "applying", _("Being imported")
    APPLIED = "applied", _("Imported")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


_CHOSEN = frozenset({UploadState.UPLOADED, UploadState.CHECKING, UploadState.CHECKED, UploadState.FAILED})
UPLOAD_STEPS: dict[UploadState, frozenset[UploadState]] = {
    UploadState.UPLOADED: _CHOSEN,
    UploadState.CHECKING: frozenset({UploadState.CHECKED, UploadState.CANCELLED, UploadState.FAILED}),
    UploadState.CHECKED: _CHOSEN | {UploadState.APPLYING},
    UploadState.APPLYING: frozenset(
        {UploadState.APPLIED, UploadState.CHECKED, UploadState.CANCELLED, UploadState.FAILED}
    ),
    UploadState.APPLIED: frozenset({UploadState.UNDOING}),
    UploadState.UNDOING: frozenset({UploadState.UNDONE, UploadState.APPLIED}),
    UploadState.UNDONE: frozenset(),
    UploadState.CANCELLED: _CHOSEN,
    UploadState.FAILED: _CHOSEN,
}
"""From each state of an import the states that may follow. An undoing that is stopped has done nothing."""
UPLOAD_BEGINS = frozenset({UploadState.UPLOADED, UploadState.CHECKING})
"""As a file of somebody's, or of a command, which checks it at once."""
UPLOAD_DONE = frozenset({UploadState.APPLIED, UploadState.UNDOING, UploadState.UNDONE})


class Verdict(models.TextChoices):
    """What is told about a row of an import, or about a customer when the import was undone."""

    REJECTED = "rejected", _("Rejected")
    CHANGED = "changed", _("Changed")
    SIMILAR = "similar", _("Perhaps known already")
    ARCHIVED = "archived", _("Archived")
    DIFFERS = "differs", _("Different in the file")
    UNSAID = "unsaid", _("Consents left out")
    UNREAD = "unread", _("Values left out")
    KEPT = "kept", _("Kept")
    STUCK = "stuck", _("Could not be reversed")


class OnKnown(models.TextChoices):
    """What an import does with a customer who is known already."""

    OVERWRITE = "overwrite", _("Overwrite with the columns of the file")
    FILL = "fill", _("Fill in only what is empty")
    SKIP = "skip", _("Leave as is")


class Decision(models.TextChoices):
    """What somebody has decided about a new row that looks like a customer who is known already."""

    SAME = "same", _("the same person")
    NEW = "new", _("somebody else")
    LEAVE = "leave", _("leave out")


class MatchBy(models.TextChoices):
    """By what a row without customer number finds the customer that it means."""

    NUMBER = "number", _("By number, else by former customer number")
    EMAIL = "email", _("By number, else by e-mail address")
    NOTHING = "nothing", _("By number alone")


class FormerNumberSource(models.TextChoices):
    """Where a former number of a customer comes from."""

    TYPED = "typed", _("Typed by hand")
    IMPORT = "import", _("From a file")
    JOINING = "joining", _("Number at a business that has joined")
    SWITCH = "switch", _("Number before a base switch")
    CLEARING = "clearing", _("Number before a reconciliation")


TRANSFER = "transfer"
"""The purpose that allows to hand a customer over when the location leaves at which it was given, or to a receiver."""
TRANSFER_ANY = "transfer_any"
"""The purpose that allows to hand a customer over whichever location leaves; asked for as such."""

STANDARD_PURPOSES = {
    TRANSFER: _("Transfer to another business"),
    TRANSFER_ANY: _("Transfer with any location that leaves"),
    "newsletter": _("Newsletter"),
    "birthday": _("Birthday greetings"),
    "profiling": _("Evaluation of purchases"),
}
"""The purposes that every business has from its first day, with their usual names."""


class ConsentSource(models.TextChoices):
    """How a customer said something."""

    FORM = "form", _("On paper")
    COUNTER = "counter", _("At the counter")
    PHONE = "phone", _("By phone")
    MAIL = "mail", _("By mail or e-mail")
    WEB = "web", _("On the web")
    TILL = "till", _("At the till")
    SPOKEN = "spoken", _("In person or by phone")
    IMPORT = "import", _("From a file")


ASKED = (ConsentSource.FORM, ConsentSource.COUNTER, ConsentSource.PHONE, ConsentSource.MAIL, ConsentSource.WEB)
"""What a person is asked to choose from; SPOKEN is what was recorded before one asked more closely."""


class ConsentState(models.TextChoices):
    """Where a customer stands with a purpose."""

    GIVEN = "given", _("given")
    WITHDRAWN = "withdrawn", _("withdrawn")
    CERTAIN = "certain", _("for a certain receiver")
    NEVER = "never", _("never said")


BIRTHDAY_VAR, REGISTERED_VAR = "birthday", "registered"
"""By which the list of customers is narrowed, as they stand in its address."""

WINDOWS: dict[str, tuple[Promise, int]] = {
    "today": (_("today"), 1),
    "7days": (_("in the next 7 days"), 7),
    "30days": (_("in the next 30 days"), 30),
}
"""Of birthdays, by what stands in the address: in words, and how many days, with today."""


class BulkKind(models.TextChoices):
    """What is done to many customers at once."""

    GROUP = "group", _("Set the customer group")
    ADD_TAG = "add_tag", _("Add a tag")
    REMOVE_TAG = "remove_tag", _("Remove a tag")
    ARCHIVE = "archive", _("Archive")
    RESTORE = "restore", _("Restore")


class BulkState(models.TextChoices):
    COUNTING = "counting", _("Being counted")
    COUNTED = "counted", _("Waits to be confirmed")
    APPLYING = "applying", _("Being changed")
    APPLIED = "applied", _("Changed")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


BULK_STEPS: dict[BulkState, frozenset[BulkState]] = {
    BulkState.COUNTING: frozenset({BulkState.COUNTED, BulkState.CANCELLED, BulkState.FAILED}),
    BulkState.COUNTED: frozenset({BulkState.APPLYING, BulkState.CANCELLED}),
    BulkState.APPLYING: frozenset({BulkState.APPLIED, BulkState.COUNTED, BulkState.CANCELLED, BulkState.FAILED}),
    BulkState.APPLIED: frozenset({BulkState.UNDOING}),
    BulkState.UNDOING: frozenset({BulkState.UNDONE, BulkState.APPLIED}),
    BulkState.UNDONE: frozenset(),
    BulkState.CANCELLED: frozenset(),
    BulkState.FAILED: frozenset(),
}
"""From each state of a bulk change the states that may follow."""
BULK_DONE = frozenset({BulkState.APPLIED, BulkState.UNDOING, BulkState.UNDONE})


class CardState(models.TextChoices):
    ACTIVE = "active", _("active")
    BLOCKED = "blocked", _("blocked")


class CardReason(models.TextChoices):
    """Why a card is blocked."""

    LOST = "lost", _("lost")
    STOLEN = "stolen", _("stolen")
    DAMAGED = "damaged", _("damaged")
    RETURNED = "returned", _("given back")
    MISUSED = "misused", _("misused")


class DisclosureKind(models.TextChoices):
    """On what occasion customers were handed over."""

    EXPORT = "export", _("Exported file")
    EXIT = "exit", _("Leaves the group")
    JOIN = "join", _("Joins a group")
    PERSON = "person", _("File of the person")


class MarkKind(models.TextChoices):
    """By what a file would name an erased customer."""

    UID = "uid", _("Identity in packages")
    NUMBER_EMAIL = "number_email", _("Number and e-mail address")
    NUMBER_PHONE = "number_phone", _("Number and phone number")
    EMAIL = "email", _("E-mail address")
    PHONE = "phone", _("Phone number")


class MembershipKind(models.TextChoices):
    """What a customer is to whom he belongs."""

    COMPANY = "company", _("Company")
    GROUP = "group", _("Group")
    FAMILY = "family", _("Family")


class InvoiceTo(models.TextChoices):
    """Who gets the invoice for what a member buys."""

    PERSON = "person", _("the person")
    MEMBER = "member", _("the person, as member")
    COMPANY = "company", _("the company, group or family")
