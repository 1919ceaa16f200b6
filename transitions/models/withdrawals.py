"""Lists of withdrawals, and the keys by which they are signed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity


@personal(keys="private_key")
class TransitionKey(models.Model):
    """The key with which the sender signs lists of withdrawals. It is made with the first package and kept."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    transition = models.ForeignKey(
        "transitions.Transition", models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    private_key = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("key of a transition")
        verbose_name_plural = _("keys of transitions")
        default_permissions = ()
        constraints = [
            RowSecurity(name="transitionkey_rows", organization="organization"),
            models.UniqueConstraint(fields=["organization", "transition"], name="transitionkey_once"),
            CompositeForeignKey(
                fields=["organization", "transition"],
                to="transitions.Transition",
                to_fields=["organization", "id"],
                name="transitionkey_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return str(self.transition_id)


@personal(
    bulk="his withdrawal is a consent of his",
    erased=Erasure.STAYS,
    emptied="numbers",
    identity="numbers",
    technical="is_taken_in partner_account partner_name sha256 statements added unknown at",
    keys="transition",
)
class WithdrawalList(models.Model):
    """A list of those who have withdrawn since they were handed over: made for a receiver, or taken in from a sender.

    Only ever added to.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    transition = models.UUIDField(help_text="At the receiver the row itself is of another business.")
    is_taken_in = models.BooleanField()
    partner_account = models.PositiveIntegerField()
    partner_name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    numbers = ArrayField(models.PositiveIntegerField(), help_text="Of the customers, as they are known here.")
    statements = models.PositiveIntegerField()
    added = models.PositiveIntegerField(default=0, help_text="How many of them were new here.")
    unknown = models.PositiveIntegerField(default=0, help_text="How many customers are not here.")
    user_id = models.BigIntegerField(help_text="Of " + settings.AUTH_USER_MODEL)
    user_name = models.CharField(_("user"), max_length=200)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("list of withdrawals")
        verbose_name_plural = _("lists of withdrawals")
        ordering = ["-at", "-id"]
        default_permissions = ()
        indexes = [models.Index(fields=["base", "transition"], name="withdrawallist_of_transition")]
        constraints = [
            RowSecurity(name="withdrawallist_rows", base="base"),
            KeyWithBase(name="withdrawallist_key"),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="withdrawallist_base_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_account}: {self.sha256[:8]}"
