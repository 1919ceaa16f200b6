"""What a group was asked about a business that wants to join it, and what it has answered."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from locations.models import Organization
from locations.personal import personal
from locations.row_policies import RowSecurity
from transitions.choices import JoiningAnswer


@personal(technical="word sender_account sender_name client_number planned_for people note at", keys="transition")
class JoiningWord(models.Model):
    """A word between a group and a business that wants to join it. Only ever added to; the last one holds.

    It belongs to the group. The transition itself is a row of the other business.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    transition = models.UUIDField(help_text="The row itself is of the business that joins.")
    word = models.CharField(max_length=10, choices=JoiningAnswer)
    sender_account = models.PositiveIntegerField()
    sender_name = models.CharField(max_length=120)
    client_number = models.PositiveIntegerField()
    planned_for = models.DateField()
    people = models.PositiveIntegerField(help_text="How many get a login at the branch.")
    note = models.TextField(blank=True, default="")
    user_id = models.BigIntegerField(null=True, help_text="Of " + settings.AUTH_USER_MODEL)
    user_name = models.CharField(_("user"), max_length=200)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("word about a joining")
        verbose_name_plural = _("words about joinings")
        ordering = ["at", "id"]
        default_permissions = ()
        indexes = [models.Index(fields=["organization", "transition", "-id"], name="joiningword_latest")]
        constraints = [
            RowSecurity(name="joiningword_rows", organization="organization"),
            models.CheckConstraint(condition=Q(word__in=JoiningAnswer.values), name="joiningword_known"),
        ]

    def __str__(self) -> str:
        return f"{self.sender_account}: {self.word}"
