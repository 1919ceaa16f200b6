"""Whom somebody has erased for good, so that no file brings him back: hashes, and nothing about the person.

    Tombstone      that a customer was erased: when, by whom, why
    TombstoneMark  a keyed hash of something by which a file would name him

The key is no part of the database (setting TOMBSTONE_KEY): from the hashes alone nobody is found, nor guessed.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import MarkKind
from customers.triggers.erasure import (
    MARK_OF_THIS_ERASURE,
    MARK_STAYS,
    TOMBSTONE_OF_CUSTOMER,
    TOMBSTONE_OF_NOBODY_THERE,
    TOMBSTONE_STAMP,
    TOMBSTONE_STAYS,
)
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Organization
from locations.personal import personal
from locations.row_policies import RowSecurity


class TransactionField(models.Field):
    """The id of a transaction, which is never given again."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "xid8"


@personal(technical="at location_name reason figures", keys="customer_id written_in")
class Tombstone(models.Model):
    """A customer was erased for good. Kept for ever, and written only together with the erasure.

    The triggers see to both: no customer is deleted without the tombstone of the same transaction, and none is
    written while the customer or his history is still there.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    customer_id = models.BigIntegerField(help_text="Of the row that is gone; no other gets this id.")
    at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)
    user_id = models.BigIntegerField(null=True, help_text="Of " + settings.AUTH_USER_MODEL)
    user_name = models.CharField(_("user"), max_length=200)
    location_name = models.CharField(max_length=120)
    reason = LineField(_("reason"), max_length=200)
    figures = models.JSONField(default=dict, help_text="How much has gone, by place.")
    written_in: Any = TransactionField(
        db_default=models.Func(function="pg_current_xact_id"), editable=False, help_text="The transaction that erases."
    )

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        default_permissions = ()
        constraints = [
            RowSecurity(name="tombstone_rows", base="base"),
            KeyWithBase(name="tombstone_key"),
            models.UniqueConstraint(fields=["base", "customer_id"], name="tombstone_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="tombstone_has_reason"),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="tombstone_base_of_organization",
            ),
        ]
        triggers = [TOMBSTONE_STAMP, TOMBSTONE_STAYS, TOMBSTONE_OF_CUSTOMER, TOMBSTONE_OF_NOBODY_THERE]

    def __str__(self) -> str:
        return f"{self.user_name}: {self.at:%Y-%m-%d %H:%M}"


@personal(technical="kind", keys="digest")
class TombstoneMark(models.Model):
    """A keyed hash of something by which a file would name the erased customer."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    tombstone = models.ForeignKey(
        Tombstone,
        models.PROTECT,
        db_constraint=False,  # tombstonemark_tombstone_in_base refers to the same row and says more
        db_index=False,
        related_name="marks",
    )
    kind = models.CharField(max_length=12, choices=MarkKind)
    digest = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("mark of an erasure")
        verbose_name_plural = _("marks of erasures")
        default_permissions = ()
        constraints = [
            RowSecurity(name="tombstonemark_rows", base="base"),
            KeyWithBase(name="tombstonemark_key"),
            models.UniqueConstraint(fields=["base", "tombstone", "digest"], name="tombstonemark_once"),
            models.CheckConstraint(condition=Q(kind__in=MarkKind.values), name="tombstonemark_kind_known"),
            CompositeForeignKey(
                fields=["base", "tombstone"],
                to="customers.Tombstone",
                to_fields=["base", "id"],
                name="tombstonemark_tombstone_in_base",
            ),
        ]
        triggers = [MARK_OF_THIS_ERASURE, MARK_STAYS]

    def __str__(self) -> str:
        return f"{self.tombstone_id}: {self.kind}"
