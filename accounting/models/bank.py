"""What the bank says: accounts at banks, statements that were read, their entries, and what was booked of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.amounts import MOST
from accounting.banking.matching import Confidence
from accounting.banking.statements import Direction
from accounting.choices import ENTRY_STEPS, STATEMENT_STEPS, EntryState, StatementState
from accounting.debit_triggers import ENTRY_NOT_HALF_COLLECTED
from accounting.documents.formats import in_fours
from accounting.models.columns import INVOICES, money, refers
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.models.movements import Movement
from accounting.querysets import BankAccountQuerySet, BankBookingQuerySet, BankEntryQuerySet, BankStatementQuerySet
from accounting.triggers import BANK_ENTRY_DECIDED, only_added_to
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import steps_between
from mcp.stored_sentences import SentencesField

LONGEST_PURPOSE = 2000
LONGEST_NOTE = 200
DIRECTIONS = [one.value for one in Direction]
CONFIDENCES = [one.value for one in Confidence]


def _text(most: int, label: Any = None) -> LineField:
    return LineField(label, max_length=most, blank=True, default="")


def _same(codes: list[str]) -> list[tuple[str, str]]:
    """Choices of a closed list of codes, which pages say in words of their own."""
    return [(code, code) for code in codes]


def _in_ledger(table: str) -> CompositeForeignKey:
    """It is of a ledger of the business, and says to whom the ledger belongs."""
    return CompositeForeignKey(
        fields=["organization", "base", "ledger", "owner_key"],
        to="accounting.Ledger",
        to_fields=["organization", "base", "id", "owner_key"],
        name=f"{table}_in_ledger",
    )


class OfLedger(models.Model):
    """A row of a ledger, with a key that begins with the time."""

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)

    class Meta:
        abstract = True
        default_permissions = ()


@personal(technical="iban name added_at")
class BankAccount(OfLedger):
    """An account of the business at a bank. Files of other accounts are not read."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    iban = LineField(_("IBAN"), max_length=34)
    name = LineField(_("name"), max_length=100)
    added_by = models.CharField(_("added by"), max_length=200)
    added_at = models.DateTimeField(_("added"), db_default=ClockTimestamp(), editable=False)

    objects = BankAccountQuerySet.as_manager()

    class Meta(OfLedger.Meta):
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        constraints = [
            RowSecurity(name="bankaccount_rows", base="base", owner="owner_key"),
            KeyWithBase(name="bankaccount_key"),
            models.UniqueConstraint(
                fields=["iban", "ledger", "base"],
                name="bankaccount_once",
                violation_error_code="bankaccount_once",
                violation_error_message=_("This account is known already."),
            ),
            models.CheckConstraint(condition=~Q(iban="") & ~Q(name=""), name="bankaccount_named"),
            _in_ledger("bankaccount"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({in_fours(self.iban)})"


@personal(
    technical=(
        "file_name file_sha256 number opening closing first_on last_on total known pending state failure read_at"
    ),
)
class BankStatement(OfLedger):
    """A statement in a file that somebody has read. It is stored where it has brought an entry that was not known."""

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE (state, failure)"

    account = refers(BankAccount, verbose_name=_("bank account"))
    file_name = LineField(_("file"), max_length=200)
    file_sha256 = models.CharField(max_length=64)
    number = _text(40, _("number"))
    opening = money(_("opening balance"), null=True)
    closing = money(_("closing balance"), null=True)
    first_on = models.DateField(_("from"))
    last_on = models.DateField(_("until"))
    total = models.PositiveIntegerField(help_text="Entries in the statement.")
    known = models.PositiveIntegerField(help_text="Of these, those that an earlier file had brought.")
    pending = models.PositiveIntegerField(default=0, help_text="Left out, because the bank had not booked them yet.")
    state = models.CharField(
        _("state"), max_length=10, choices=StatementState, default=StatementState.READY,
        db_default=StatementState.READY,
    )  # fmt: skip
    failure = SentencesField(help_text="Why the worker has stopped booking; empty where it has not.")
    read_by = models.CharField(_("read by"), max_length=200)
    read_user = models.BigIntegerField(null=True)
    read_at = models.DateTimeField(_("read"), db_default=ClockTimestamp(), editable=False)

    objects = BankStatementQuerySet.as_manager()

    class Meta(OfLedger.Meta):
        verbose_name = _("bank statement")
        verbose_name_plural = _("bank statements")
        indexes = [models.Index(fields=["ledger", "base", "read_at"], name="bankstatement_by_moment")]
        constraints = [
            RowSecurity(name="bankstatement_rows", base="base", owner="owner_key"),
            KeyWithBase(name="bankstatement_key"),
            models.UniqueConstraint(fields=["id", "ledger", "base"], name="bankstatement_of_ledger"),
            models.CheckConstraint(
                condition=Q(state__in=StatementState.values) & Q(known__lt=models.F("total")),
                name="bankstatement_brings_something",
            ),
            _in_ledger("bankstatement"),
            CompositeForeignKey(
                fields=["base", "account"],
                to="accounting.BankAccount",
                to_fields=["base", "id"],
                name="bankstatement_account_in_base",
            ),
        ]
        triggers = [steps_between(STATEMENT_STEPS, begins=[StatementState.READY])]

    def __str__(self) -> str:
        return f"{self.file_name} {self.number}".strip()


@personal(
    of="bookings__movement__credit__customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="counterparty_name counterparty_iban ultimate_name purpose end_to_end_id mandate_id batch_id",
    identity="counterparty_name ultimate_name",
    bank="counterparty_iban mandate_id",
    contract="booked_on valued_on amount direction purpose end_to_end_id batch_id",
    technical=(
        "position is_return is_reversal return_reason original_amount charges state confidence note times_opened "
        "decided_at"
    ),
    keys="fingerprint proposal",
)
class BankEntry(OfLedger):
    """One entry of a statement. Read once, whichever files it is in: the fingerprint tells it.

    What is proposed for it is JSON: `reason`, `parts` of [{item, amount}] and `rest`, with amounts as text; items are
    movements, so that it names nobody. It is booked by accounting_book_entries alone, and opened again when its
    movements are reversed. `times_opened` makes the keys of its movements, so that one booking is one.
    """

    web_privileges: ClassVar[str] = (
        "SELECT, INSERT, UPDATE (state, note, confidence, proposal, decided_by, decided_at, decided_user)"
    )

    statement = refers(BankStatement, related_name="entries")
    position = models.PositiveIntegerField(help_text="In the statement, from 0.")
    fingerprint = models.CharField(max_length=64)
    booked_on = models.DateField(_("booked on"))
    valued_on = models.DateField(_("valued on"))
    amount = money(_("amount"))
    direction = models.CharField(max_length=6, choices=_same(DIRECTIONS))
    is_return = models.BooleanField(default=False, help_text="A payment has come back.")
    is_reversal = models.BooleanField(default=False, help_text="The bank has taken back a booking.")
    return_reason = _text(35, _("reason of the return"))
    original_amount = money(_("amount of the debit"), null=True)
    charges = money(_("charges"), null=True)
    counterparty_name = _text(200, _("name"))
    counterparty_iban = _text(40, _("IBAN"))
    ultimate_name = _text(200)
    purpose = _text(LONGEST_PURPOSE, _("remittance information"))
    end_to_end_id = _text(80)
    mandate_id = _text(80)
    batch_id = _text(80)
    state = models.CharField(
        _("state"), max_length=10, choices=EntryState, default=EntryState.OPEN, db_default=EntryState.OPEN
    )
    confidence = models.CharField(
        max_length=10, choices=_same(CONFIDENCES), default=Confidence.NONE.value, db_default=Confidence.NONE.value
    )  # fmt: skip
    proposal = models.JSONField(default=dict, db_default={}, blank=True)
    note = _text(LONGEST_NOTE, _("why it is left out"))
    times_opened = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.CharField(_("decided by"), max_length=200, blank=True, default="", db_default="")
    decided_user = models.BigIntegerField(null=True)

    objects = BankEntryQuerySet.as_manager()

    class Meta(OfLedger.Meta):
        verbose_name = _("entry of a bank statement")
        verbose_name_plural = _("entries of bank statements")
        indexes = [
            models.Index(fields=["statement", "base", "state", "position"], name="bankentry_of_statement"),
            models.Index(fields=["base", "owner_key"], condition=Q(state=EntryState.OPEN), name="bankentry_open"),
        ]
        constraints = [
            RowSecurity(name="bankentry_rows", base="base", owner="owner_key"),
            KeyWithBase(name="bankentry_key"),
            models.UniqueConstraint(fields=["fingerprint", "ledger", "base"], name="bankentry_read_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & Q(direction__in=DIRECTIONS), name="bankentry_amount_positive"
            ),
            models.CheckConstraint(condition=Q(amount__lte=MOST), name="bankentry_amount_finite"),
            models.CheckConstraint(
                condition=Q(state__in=EntryState.values) & Q(confidence__in=CONFIDENCES),
                name="bankentry_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state=EntryState.OPEN, decided_at=None, decided_by="", note="")
                | (Q(state=EntryState.IGNORED, decided_at__isnull=False) & ~Q(decided_by="") & ~Q(note=""))
                | (
                    Q(state__in=[EntryState.BOOKED, EntryState.RETURNED], decided_at__isnull=False, note="")
                    & ~Q(decided_by="")
                ),
                name="bankentry_left_out_with_note",
                violation_error_code="bankentry_left_out_with_note",
                violation_error_message=_("Say why it is left out."),
            ),
            models.CheckConstraint(
                condition=~Q(state=EntryState.BOOKED)
                | Q(direction=Direction.CREDIT.value, is_return=False, is_reversal=False),
                name="bankentry_booked_where_paid",
            ),
            models.CheckConstraint(
                condition=~Q(state=EntryState.RETURNED) | Q(direction=Direction.DEBIT.value),
                name="bankentry_returned_where_back",
            ),
            _in_ledger("bankentry"),
            CompositeForeignKey(
                fields=["base", "statement", "ledger"],
                to="accounting.BankStatement",
                to_fields=["base", "id", "ledger"],
                name="bankentry_statement_of_ledger",
            ),
        ]
        triggers = [
            steps_between(ENTRY_STEPS, begins=[EntryState.OPEN]), BANK_ENTRY_DECIDED, ENTRY_NOT_HALF_COLLECTED,
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount}"

    @property
    def is_payment(self) -> bool:
        """Whether somebody has paid by it: money has come in, and none has come back."""
        return self.direction == Direction.CREDIT and not self.is_return and not self.is_reversal


@personal()
class BankBooking(OfLedger):
    """A movement by which an entry was booked; several where it was paid for several customers.

    Added by accounting_book_entries alone, and for ever: one whose movement was reversed stays beside the next one.
    """

    web_privileges: ClassVar[str] = "SELECT"

    entry = refers(BankEntry, related_name="bookings")
    movement = refers(Movement)

    objects = BankBookingQuerySet.as_manager()

    class Meta(OfLedger.Meta):
        verbose_name = _("booking of a bank entry")
        verbose_name_plural = _("bookings of bank entries")
        indexes = [models.Index(fields=["entry", "base"], name="bankbooking_of_entry")]
        constraints = [
            RowSecurity(name="bankbooking_rows", base="base", owner="owner_key"),
            KeyWithBase(name="bankbooking_key"),
            models.UniqueConstraint(fields=["movement", "base"], name="bankbooking_one_of_movement"),
            _in_ledger("bankbooking"),
            CompositeForeignKey(
                fields=["base", "entry"],
                to="accounting.BankEntry",
                to_fields=["base", "id"],
                name="bankbooking_entry_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "movement"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="bankbooking_movement_in_base",
            ),
        ]
        triggers = only_added_to("A booking of a bank entry", "bankbooking_stays")

    def __str__(self) -> str:
        return f"{self.entry_id} {self.movement_id}"
