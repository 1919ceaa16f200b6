"""What somebody should look at at a branch, and who is told of it by mail."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clearing.choices import AlarmKind
from clearing.models.nodes import Node
from clearing.querysets import AlarmQuerySet
from clearing.triggers import ALARM_GOES_FORWARD
from locations.constraints import CompositeForeignKey
from locations.models import CustomerBase, Organization
from locations.personal import personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable
from mcp.models import User


@personal(technical="kind since told_at ended_at")
class Alarm(models.Model):
    """Something about a node that somebody should look at: since when, when people were told of it, when it ended.

    There is one open alarm of each kind for a node. The worker opens and ends them (clearing/central/watching.py).
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    node = models.ForeignKey(
        Node,
        models.CASCADE,
        db_constraint=False,  # alarm_node_of_base refers to the same row and says more
        db_index=False,
        related_name="alarms",
    )
    kind = models.CharField(_("kind"), max_length=20, choices=AlarmKind)
    since = models.DateTimeField(_("since"), db_default=Now())
    told_at = models.DateTimeField(_("told by mail"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["since", "id"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["organization", "kind"], name="alarm_open", condition=Q(ended_at=None)),
            models.Index(fields=["base", "node", "-since"], name="alarm_of_node"),
            models.Index(fields=["ended_at"], name="alarm_ended", condition=Q(ended_at__isnull=False)),
        ]
        constraints = [
            RowSecurity(name="alarm_rows", organization="organization"),
            models.UniqueConstraint(fields=["node", "kind"], condition=Q(ended_at=None), name="alarm_once_open"),
            models.CheckConstraint(condition=Q(kind__in=AlarmKind.values), name="alarm_kind_known"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("since")), name="alarm_ends_after_its_beginning"
            ),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="alarm_base_of_organization",
            ),
            CompositeForeignKey(
                fields=["base", "node"], to="clearing.Node", to_fields=["base", "id"], name="alarm_node_of_base"
            ),
        ]
        triggers = [immutable("organization_id", "base_id", "node_id", "kind", "since"), ALARM_GOES_FORWARD]

    def __str__(self) -> str:
        return f"{self.node}: {self.get_kind_display()}"


@personal(is_of_staff=True, technical="chosen_at")
class AlarmRecipient(models.Model):
    """Somebody who has chosen to be told of alarms by mail. He is, as long as he may manage the central."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        User,
        models.CASCADE,
        db_constraint=False,  # alarmrecipient_user_of_organization refers to the same row and says more
        related_name="+",
    )
    chosen_at = models.DateTimeField(_("chosen"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("recipient of alarms")
        verbose_name_plural = _("recipients of alarms")
        default_permissions = ()
        constraints = [
            RowSecurity(name="alarmrecipient_rows", organization="organization"),
            models.UniqueConstraint(fields=["user"], name="alarmrecipient_once"),
            CompositeForeignKey(
                fields=["organization", "user"],
                to="mcp.User",
                to_fields=["organization", "id"],
                name="alarmrecipient_user_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)
