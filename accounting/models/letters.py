"""Letters: documents that are mailed to customers, or are to be printed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from accounting.letter_choices import LETTER_STEPS, OVER, STANDING, UNDER_WAY, LetterKind, LetterState
from accounting.letter_triggers import ADDRESS_STAYS
from accounting.models.columns import refers
from accounting.models.debits import DebitItem
from accounting.models.dunning import DunningNotice
from accounting.models.invoices import Invoice
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.querysets import LetterQuerySet
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, steps_between
from mcp.stored_sentences import SentencesField


@personal(
    of="customer",
    erased=Erasure.STAYS,
    emptied="customer sent_to failure",
    contact="sent_to failure",
    contract="kind sent_at asked_at",
    technical="is_again state tries due_at",
    keys="document mailing",
)
class Letter(models.Model):
    """One mailing of one document. Added by accounting_queue_letters alone, and taken further by the worker.

    Of each document one letter at most stands, and further ones only where somebody wants it once more (`is_again`).
    `mailing` is shared by the letters that somebody has asked for at once. Neither text nor address is stored: both
    are made when it is sent. `sent_to` is the address with most of its letters left out, `due_at` when it is tried
    (again), and `failure` why it was not sent.
    """

    web_privileges: ClassVar[str] = "SELECT, UPDATE (state, tries, due_at, failure, sent_to, sent_at)"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    location = refers(Location, help_text="Where somebody has asked for it.")
    kind = models.CharField(_("kind"), max_length=12, choices=LetterKind)
    invoice = refers(Invoice, related_name="letters")
    debit = refers(DebitItem, null=True)
    notice = refers(DunningNotice, null=True)
    document = models.GeneratedField(
        expression=Coalesce("debit", "notice", "invoice"), output_field=models.UUIDField(), db_persist=True
    )
    customer = refers(Customer, null=True)
    mailing = models.UUIDField()
    is_again = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=10, choices=LetterState, default=LetterState.WAITING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0, db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    failure = SentencesField()
    sent_to = models.CharField(_("to"), max_length=120, blank=True, default="", db_default="")
    sent_at = models.DateTimeField(_("mailed"), null=True)
    asked_at = models.DateTimeField(_("asked for"), db_default=ClockTimestamp(), editable=False)
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(_("user"), max_length=200)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailed document")
        verbose_name_plural = _("mailed documents")
        default_permissions = ()
        indexes = [
            models.Index(fields=["document", "base"], name="letter_of_document"),
            models.Index(fields=["invoice", "base"], name="letter_of_invoice"),
            models.Index(fields=["customer", "base"], name="letter_of_customer"),
            models.Index(fields=["mailing", "base"], name="letter_of_mailing"),
            models.Index(fields=["due_at"], condition=Q(state__in=UNDER_WAY), name="letter_under_way"),
        ]
        constraints = [
            RowSecurity(name="letter_rows", base="base", owner="owner_key"),
            KeyWithBase(name="letter_key"),
            models.UniqueConstraint(
                fields=["document", "base"], condition=Q(state__in=STANDING, is_again=False), name="letter_once"
            ),
            models.UniqueConstraint(
                fields=["document", "base"], condition=Q(state__in=UNDER_WAY), name="letter_one_under_way"
            ),
            models.CheckConstraint(condition=Q(state__in=LetterState.values), name="letter_state_known"),
            models.CheckConstraint(
                condition=Q(kind__in=[LetterKind.INVOICE, LetterKind.CANCELLATION], debit=None, notice=None)
                | Q(kind=LetterKind.DEBIT, debit__isnull=False, notice=None)
                | Q(kind=LetterKind.REMINDER, debit=None, notice__isnull=False),
                name="letter_of_one_document",
            ),
            models.CheckConstraint(
                condition=Q(state=LetterState.SENT, sent_at__isnull=False)
                | ~Q(state=LetterState.SENT) & Q(sent_at=None),
                name="letter_sent_at_a_moment",
            ),
            models.CheckConstraint(condition=~Q(user_name=""), name="letter_of_somebody"),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="letter_in_ledger",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="letter_location_of_organization",
            ),
            *(
                CompositeForeignKey(
                    fields=["base", name], to=to, to_fields=["base", "id"], name=f"letter_{name}_in_base"
                )
                for name, to in (
                    ("invoice", "accounting.Invoice"), ("debit", "accounting.DebitItem"),
                    ("notice", "accounting.DunningNotice"), ("customer", "customers.Customer"),
                )
            ),
        ]  # fmt: skip
        triggers = [
            steps_between(LETTER_STEPS, begins=[LetterState.WAITING, LetterState.PAPER]),
            immutable(
                "id", "organization_id", "base_id", "ledger_id", "owner_key", "location_id", "kind", "invoice_id",
                "debit_id", "notice_id", "mailing", "is_again", "asked_at", "user_id", "user_name",
            ),
            settled(OVER, "tries", "due_at", "sent_at"),
            ADDRESS_STAYS,
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.invoice}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.state in OVER
