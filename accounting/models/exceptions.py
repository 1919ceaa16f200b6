"""What was booked although it broke a limit or a rule, and waits for somebody to look at it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounting.choices import EXCEPTION_STEPS, Breach, ExceptionState
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.models.movements import Movement
from accounting.querysets import ExceptionQuerySet
from accounting.triggers import EXCEPTION_DECIDED_ONCE
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import steps_between


@personal(
    of="movement__debit__customer movement__credit__customer",
    erased=Erasure.STAYS,
    emptied="customer note",
    contract="breaches state",
    special="note",
    technical="created_at decided_at",
)
class LedgerException(models.Model):
    """A movement that has broken a rule and was booked all the same, because it had happened.

    Written together with the movement, by accounting_post alone; decided once by a person.
    """

    web_privileges: ClassVar[str] = "SELECT, UPDATE (state, decided_at, decided_by, decided_user, note)"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    ledger = models.ForeignKey(Ledger, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    owner_key = models.BigIntegerField(default=OF_ALL)
    movement = models.ForeignKey(
        Movement, models.PROTECT, db_constraint=False, db_index=False, related_name="exceptions"
    )
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    breaches = ArrayField(models.CharField(max_length=20, choices=Breach))
    state = models.CharField(
        _("state"), max_length=10, choices=ExceptionState, default=ExceptionState.OPEN, db_default=ExceptionState.OPEN
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.CharField(_("decided by"), max_length=200, blank=True, default="", db_default="")
    decided_user = models.BigIntegerField(null=True)
    note = LineField(_("what was decided"), max_length=200, blank=True, default="", db_default="")

    objects = ExceptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        default_permissions = ()
        indexes = [
            models.Index(fields=["base", "created_at"], condition=Q(state="open"), name="ledgerexception_open"),
        ]
        constraints = [
            RowSecurity(name="ledgerexception_rows", base="base", owner="owner_key"),
            KeyWithBase(name="ledgerexception_key"),
            models.UniqueConstraint(fields=["movement", "base"], name="ledgerexception_one_of_movement"),
            models.CheckConstraint(condition=Q(state__in=ExceptionState.values), name="ledgerexception_state_known"),
            models.CheckConstraint(condition=~Q(breaches=[]), name="ledgerexception_of_something"),
            models.CheckConstraint(
                condition=Q(state=ExceptionState.OPEN, decided_at=None, decided_by="", note="")
                | (Q(state=ExceptionState.DECIDED, decided_at__isnull=False) & ~Q(decided_by="") & ~Q(note="")),
                name="ledgerexception_decided_with_note",
                violation_error_code="ledgerexception_decided_with_note",
                violation_error_message=_("Say what was decided."),
            ),
            CompositeForeignKey(
                fields=["base", "ledger"],
                to="accounting.Ledger",
                to_fields=["base", "id"],
                name="ledgerexception_in_ledger",
            ),
            CompositeForeignKey(
                fields=["base", "movement"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="ledgerexception_movement_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="ledgerexception_customer_in_base",
            ),
        ]
        triggers = [steps_between(EXCEPTION_STEPS, begins=[ExceptionState.OPEN]), EXCEPTION_DECIDED_ONCE]

    def __str__(self) -> str:
        return str(self.movement)
