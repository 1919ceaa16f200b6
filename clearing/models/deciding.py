"""All conflicts of a run, decided in one way by the worker."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clearing.choices import BULK_STEPS, BulkChoice, BulkState
from clearing.models.cycles import Cycle
from clearing.querysets import BulkDecisionQuerySet
from files.models import own_file_constraints
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Location, Organization
from locations.personal import personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, steps_between
from mcp.stored_sentences import SentencesField


@personal(technical="choice state began_at state_since total decided refused reached_at failure", keys="reached")
class BulkDecision(models.Model):
    """What somebody has ordered for all open conflicts of a run, and how far the worker is with it.

    Each conflict is decided as if it had been so by hand, and can be undone on its page. `reached_at` and `reached` are
    those of the last one that was looked at: a worker that takes over goes on behind it. `decided` were decided,
    `refused` stay open because a rule refuses it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    base = models.ForeignKey(CustomerBase, models.CASCADE, related_name="+")
    location = models.ForeignKey(Location, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        db_constraint=False,  # bulkdecision_user_of_organization refers to the same row and says more
        related_name="+",
    )
    user_name = models.CharField(_("user"), max_length=200, default="", help_text=_("As it was then."))
    cycle = models.ForeignKey(Cycle, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    choice = models.CharField(max_length=10, choices=BulkChoice)
    state = models.CharField(_("state"), max_length=10, choices=BulkState, default=BulkState.DECIDING)
    began_at = models.DateTimeField(_("began"), db_default=Now(), editable=False)
    state_since = models.DateTimeField(db_default=Now())
    total = models.PositiveIntegerField(default=0)
    decided = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    reached_at = models.DateTimeField(null=True)
    reached = models.UUIDField(null=True)
    failure = SentencesField()

    objects = BulkDecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision about a run")
        verbose_name_plural = _("decisions about runs")
        default_permissions = ()
        constraints = [
            RowSecurity(name="bulkdecision_rows", base="base"),
            KeyWithBase(name="bulkdecision_key"),
            models.CheckConstraint(condition=Q(choice__in=BulkChoice.values), name="bulkdecision_choice_known"),
            models.CheckConstraint(condition=Q(state__in=BulkState.values), name="bulkdecision_state_known"),
            models.UniqueConstraint(
                fields=["base", "cycle"],
                name="bulkdecision_one_at_a_time",
                condition=Q(state=BulkState.DECIDING),
                violation_error_code="bulkdecision_one_at_a_time",
                violation_error_message=_(
                    "The conflicts of this run are being decided already. Look at the page again."
                ),
            ),
            CompositeForeignKey(
                fields=["base", "cycle"],
                to="clearing.Cycle",
                to_fields=["base", "id"],
                name="bulkdecision_cycle_in_base",
            ),
            *own_file_constraints("bulkdecision"),
        ]
        triggers = [
            steps_between(BULK_STEPS, begins=[BulkState.DECIDING]),
            immutable(
                "id", "organization_id", "base_id", "location_id", "user_id", "user_name", "cycle_id", "choice",
                "began_at", "total",
            ),
            settled([BulkState.DONE, BulkState.CANCELLED, BulkState.FAILED], "decided", "refused", "failure"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.get_choice_display())
