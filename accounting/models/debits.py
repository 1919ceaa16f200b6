"""Files of SEPA debits and the debits in them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounting.amounts import MOST
from accounting.choices import (
    DEBIT_FILE_STEPS,
    DEBIT_STEPS,
    STANDING_DEBITS,
    DebitFileState,
    DebitLeftOut,
    DebitState,
)
from accounting.models.bank import BankEntry
from accounting.models.columns import INVOICES, money, refers
from accounting.models.invoices import Invoice
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.models.mandates import Mandate
from accounting.models.movements import Movement
from accounting.querysets import DebitFileQuerySet, DebitQuerySet
from accounting.triggers import only_added_to
from customers.models import Customer
from files.models import Chunk, OwnFile, own_file_constraints, piece_constraints
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import TimeOrderedUuid
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, steps_between

SETTLED = [DebitFileState.DONE, DebitFileState.COLLECTING, DebitFileState.CANCELLED]


@personal(technical="state due_until collect_on number count total made_at")
class DebitFile(OwnFile):
    """A file of debits for the bank: which invoices it collects, and on which day.

    `number` is given by the database in the ledger, and is part of what the bank knows the file and its debits by.
    `count` and `total` are those of its debits: while it is previewed of the proposed ones, and once it is made of
    those in the file, whose control sum `total` is.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE (state, state_since, failure, size, sha256)"

    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    state = models.CharField(_("state"), max_length=10, choices=DebitFileState, default=DebitFileState.PREVIEWED)
    due_until = models.DateField(_("invoices that are due until"))
    collect_on = models.DateField(_("day of the debit"))
    number = models.PositiveIntegerField(_("number"), null=True)
    count = models.PositiveIntegerField(_("debits"), default=0)
    total = money(_("sum"), default=0)
    made_at = models.DateTimeField(_("made"), null=True)

    objects = DebitFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("debit file")
        verbose_name_plural = _("debit files")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-created_at"], name="debitfile_latest")]
        constraints = [
            RowSecurity(name="debitfile_rows", base="base", owner="owner_key"),
            KeyWithBase(name="debitfile_key"),
            models.UniqueConstraint(fields=["base", "id", "owner_key"], name="debitfile_with_owner"),
            *own_file_constraints("debitfile"),
            models.UniqueConstraint(
                fields=["number", "ledger", "base"], condition=Q(number__isnull=False), name="debitfile_number_once"
            ),
            models.CheckConstraint(condition=Q(state__in=DebitFileState.values), name="debitfile_state_known"),
            models.CheckConstraint(
                condition=Q(due_until__lte=F("collect_on")),
                name="debitfile_collects_what_is_due",
                violation_error_code="debitfile_collects_what_is_due",
                violation_error_message=_("Nothing is debited before it is due. Choose a later day of the debit."),
            ),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="debitfile_in_ledger",
            ),
        ]
        triggers = [
            steps_between(DEBIT_FILE_STEPS, begins=[DebitFileState.PREVIEWED]),
            immutable(
                "id", "organization_id", "base_id", "ledger_id", "owner_key", "location_id", "user_id", "user_name",
                "name", "due_until", "collect_on",
            ),
            settled(SETTLED, "number", "count", "total", "size", "sha256", "made_at"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def message_id(self) -> str:
        """By what the bank knows the file."""
        return f"SH-{self.ledger_id}-{self.number}"


@personal(bulk="each debit of it is in the file of its customer", erased=Erasure.ROW_GOES, bank="content")
class DebitFileChunk(Chunk):
    """A piece of the bytes of a debit file."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    file = models.ForeignKey(DebitFile, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    owner_key = models.BigIntegerField(default=OF_ALL)

    class Meta:
        verbose_name = _("piece of a debit file")
        verbose_name_plural = _("pieces of debit files")
        default_permissions = ()
        constraints = piece_constraints("debitfilechunk", "accounting.DebitFile", owner="owner_key")
        triggers = only_added_to("A piece of a debit file", "debitfilechunk_stays")


@personal(
    of="customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="customer mandate_reference iban holder",
    bank="mandate_reference iban holder scheme",
    contract=(
        "amount state left_out announced_on end_to_end_id signed_on is_recurrent return_code returned_on charges"
    ),
    technical="position is_collected_by_entry is_returned_by_entry times_undone",
)
class DebitItem(models.Model):
    """The debit of an invoice in a file. Written by functions of the database alone, but for `announced_on`.

    An invoice stands in one file at a time (STANDING_DEBITS). What the bank was told of the mandate is kept as it was.
    `payment` is the movement by which it was collected; whoever reverses that returns the debit.

    `collected_entry` and `returned_entry` are the entries of the bank that say so; `is_collected_by_entry` and
    `is_returned_by_entry`, that it was booked by them, and not by hand before. Undoing such an entry takes that back,
    and counts in `times_undone`, which is part of the keys of the movements that follow.
    """

    web_privileges: ClassVar[str] = "SELECT, UPDATE (announced_on)"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    file = refers(DebitFile, related_name="items")
    invoice = refers(Invoice, related_name="debits")
    customer = refers(Customer, null=True)
    mandate = refers(Mandate, null=True)
    amount = money(_("amount"))
    state = models.CharField(_("state"), max_length=10, choices=DebitState)
    left_out = models.CharField(max_length=14, choices=DebitLeftOut, blank=True, default="")
    announced_on = models.DateField(_("announced on"), null=True)
    position = models.PositiveIntegerField(null=True)
    end_to_end_id = models.CharField(max_length=35, blank=True, default="")
    mandate_reference = models.CharField(max_length=35, blank=True, default="")
    signed_on = models.DateField(null=True)
    iban = models.CharField(max_length=34, blank=True, default="")
    holder = models.CharField(max_length=70, blank=True, default="")
    scheme = models.CharField(max_length=4, blank=True, default="")
    is_recurrent = models.BooleanField(default=True)
    payment = refers(Movement, null=True)
    return_code = models.CharField(_("return code"), max_length=4, blank=True, default="")
    returned_on = models.DateField(_("returned on"), null=True)
    charges = money(_("charges"), default=0)
    collected_entry = refers(BankEntry, null=True)
    returned_entry = refers(BankEntry, null=True)
    is_collected_by_entry = models.BooleanField(default=False, db_default=False)
    is_returned_by_entry = models.BooleanField(default=False, db_default=False)
    times_undone = models.PositiveIntegerField(default=0, db_default=0)

    objects = DebitQuerySet.as_manager()

    class Meta:
        verbose_name = _("debit")
        verbose_name_plural = _("debits")
        default_permissions = ()
        indexes = [
            models.Index(fields=["file", "base", "state"], name="debititem_of_file"),
            models.Index(fields=["customer", "base"], name="debititem_of_customer"),
            models.Index(fields=["invoice", "base"], name="debititem_of_invoice"),
            models.Index(
                fields=["collected_entry", "base"],
                condition=Q(collected_entry__isnull=False),
                name="debititem_collected_by",
            ),
        ]
        constraints = [
            RowSecurity(name="debititem_rows", base="base", owner="owner_key"),
            KeyWithBase(name="debititem_key"),
            models.UniqueConstraint(
                fields=["invoice", "base"], condition=Q(state__in=STANDING_DEBITS), name="debititem_in_one_file"
            ),
            models.UniqueConstraint(
                fields=["end_to_end_id", "base"], condition=~Q(end_to_end_id=""), name="debititem_end_to_end_once"
            ),
            models.UniqueConstraint(
                fields=["payment", "base"], condition=Q(payment__isnull=False), name="debititem_one_of_payment"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="debititem_amount_positive"),
            models.CheckConstraint(condition=Q(state__in=DebitState.values), name="debititem_state_known"),
            models.CheckConstraint(
                condition=Q(state=DebitState.LEFT_OUT, left_out__in=DebitLeftOut.values)
                | ~Q(state=DebitState.LEFT_OUT) & Q(left_out=""),
                name="debititem_left_out_with_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[DebitState.PENDING, DebitState.COLLECTED, DebitState.RETURNED])
                | Q(announced_on__isnull=False) & ~Q(end_to_end_id="") & ~Q(mandate_reference=""),
                name="debititem_announced_with_mandate",
            ),
            models.CheckConstraint(
                condition=~Q(state=DebitState.COLLECTED) | Q(payment__isnull=False),
                name="debititem_collected_by_payment",
            ),
            models.CheckConstraint(condition=Q(charges__gte=0), name="debititem_charges_positive"),
            models.CheckConstraint(condition=Q(charges__lte=MOST), name="debititem_charges_finite"),
            models.UniqueConstraint(
                fields=["returned_entry", "base"],
                condition=Q(returned_entry__isnull=False),
                name="debititem_one_of_return",
            ),
            models.CheckConstraint(
                condition=(Q(returned_entry=None) | Q(state=DebitState.RETURNED))
                & (Q(returned_entry__isnull=False) | Q(is_returned_by_entry=False))
                & (Q(collected_entry__isnull=False) | Q(is_collected_by_entry=False)),
                name="debititem_by_entry",
            ),
            *(
                CompositeForeignKey(
                    fields=["base", name], to=f"accounting.{to}", to_fields=["base", "id"],
                    name=f"debititem_{name}_in_base",
                )
                for name, to in (
                    ("file", "DebitFile"), ("invoice", "Invoice"), ("mandate", "Mandate"), ("payment", "Movement"),
                    ("collected_entry", "BankEntry"), ("returned_entry", "BankEntry"),
                )
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="debititem_customer_in_base",
            ),
        ]  # fmt: skip
        triggers = [
            steps_between(DEBIT_STEPS, begins=[DebitState.PROPOSED, DebitState.LEFT_OUT]),
            immutable("id", "base_id", "owner_key", "file_id", "invoice_id", "amount"),
            settled(
                [state for state in DebitState if state != DebitState.PROPOSED], "announced_on", "end_to_end_id",
                "position",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.end_to_end_id or str(self.invoice_id)
