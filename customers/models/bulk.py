"""Changes of many customers at once: whom they are of, what they did, and by what they are undone."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.choices import BULK_DONE, BulkKind, BulkState
from customers.models.narrowing import NarrowingField
from customers.querysets import BulkChangeQuerySet
from customers.triggers.bulk import BULK_TRIGGERS
from files.models import own_file_constraints
from locations.constraints import KeyWithBase
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from mcp.stored_sentences import SentencesField


@personal(
    bulk="what it has changed stands in the history of each",
    erased=Erasure.STAYS,
    emptied="customers word query narrowed_by",
    identity="customers word query narrowed_by",
    technical="created_at kind target shown figures result undoing state state_since failure total done",
    keys="context undo_context",
)
class BulkChange(models.Model):
    """One change of many customers: previewed, applied, and perhaps undone.

    The preview fixes the customers, so that nobody is changed who was not counted there. The history has what was done
    to each under `context`, and what undoing did under `undo_context`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    base = models.ForeignKey(CustomerBase, models.CASCADE, related_name="+")
    location = models.ForeignKey(Location, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        db_constraint=False,  # bulkchange_user_of_organization refers to the same row and says more
        related_name="+",
    )
    user_name = models.CharField(_("user"), max_length=200, default="", help_text=_("As it was then."))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    kind = models.CharField(max_length=10, choices=BulkKind)
    target = models.BigIntegerField(null=True, help_text="The id of the customer group; without one for none.")
    word = models.CharField(
        max_length=200, blank=True, default="", help_text="The name of the group, the tag, or the reason of archiving."
    )
    query = models.TextField(blank=True, default="", help_text="What stood behind the question mark of the list.")
    narrowed_by = NarrowingField()
    shown = models.PositiveIntegerField(null=True, help_text="How many the page said that there are.")
    customers = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="The ids of those found; once applied, of those changed. Read by the database alone.",
    )
    figures = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    undoing = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.COUNTING)
    state_since = models.DateTimeField(db_default=Now())
    failure = SentencesField()
    context = models.UUIDField(null=True)
    undo_context = models.UUIDField(null=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)

    objects = BulkChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-created_at"], name="bulkchange_by_created")]
        constraints = [
            RowSecurity(name="bulkchange_rows", base="base"),
            KeyWithBase(name="bulkchange_key"),
            models.CheckConstraint(condition=Q(kind__in=BulkKind.values), name="bulkchange_kind_known"),
            models.CheckConstraint(condition=Q(state__in=BulkState.values), name="bulkchange_state_known"),
            models.CheckConstraint(
                condition=Q(context=None) | Q(state__in=sorted(BULK_DONE)), name="bulkchange_context_of_applied"
            ),
            *own_file_constraints("bulkchange"),
        ]
        triggers = BULK_TRIGGERS

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.word}" if self.word else str(self.get_kind_display())
