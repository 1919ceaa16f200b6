"""A location comes from the customer base 2.0 to one of its own, 1.0, or from 1.0 to 2.0.

BaseSwitch ─┬─< SwitchStep          who did what when
            └─< SwitchedCustomer    whom it has taken along, and under which number before and afterwards
SwitchedLocation                    a location, with the rule by which it changes its base
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.models.tombstones import TransactionField
from locations.constraints import CompositeForeignKey
from locations.fields import LineField
from locations.history import keep_history
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from transitions.choices import StartsWith, SwitchDirection, SwitchState
from transitions.models.steps import RecordedStep
from transitions.querysets import BaseSwitchQuerySet, SwitchedCustomerQuerySet
from transitions.switch_triggers import (
    ASKED_BY_SUPPORT,
    BASE_CHANGED_BY_SWITCH,
    SWITCH_STEP_ALLOWED,
    TAKES_HISTORY_ALONG,
)

UNDER_WAY = Q(state__in=[SwitchState.REQUESTED, SwitchState.SIGNED]) | Q(
    state=SwitchState.EXECUTED, direction=SwitchDirection.TO_SHARED
)
"""What is not over: it can still be carried out, or undone."""
_MOVED = [SwitchState.EXECUTED, SwitchState.UNDONE, SwitchState.SETTLED]


@personal(
    technical="direction state state_since starts_with reason signed_at edit_side places figures moved_at",
    keys="moved_in",
)
@keep_history()
class BaseSwitch(CheckedRow):
    """A switch of the customer base: asked for by the provider's support, to 1.0 signed by a developer.

    `source` and `target` are the bases. `places` says for each location that goes along which number range it had and
    has; `edit_side` where customers of the base 1.0 were edited before. `figures` are those of the execution, and of
    the undoing. None is ever deleted.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="base_switches", editable=False)
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        db_constraint=False,  # baseswitch_location_of_organization refers to the same row and says more
        related_name="base_switches",
        verbose_name=_("location"),
    )
    direction = models.CharField(_("direction"), max_length=10, choices=SwitchDirection)
    state = models.CharField(_("state"), max_length=10, choices=SwitchState, default=SwitchState.REQUESTED)
    state_since = models.DateTimeField(db_default=Now(), editable=False)
    source = models.ForeignKey(CustomerBase, models.PROTECT, db_constraint=False, related_name="+", editable=False)
    target = models.ForeignKey(CustomerBase, models.PROTECT, db_constraint=False, related_name="+", editable=False)
    starts_with = models.CharField(
        _("the customer base 1.0 begins"), max_length=10, choices=StartsWith, blank=True, default=""
    )
    reason = LineField(_("reason"), max_length=300)
    requested_by = models.CharField(_("requested by"), max_length=200, editable=False)
    requested_user = models.BigIntegerField(editable=False, help_text="Of " + settings.AUTH_USER_MODEL)
    signed_by = models.CharField(_("signed by"), max_length=200, blank=True, default="", editable=False)
    signed_user = models.BigIntegerField(null=True, editable=False, help_text="Of " + settings.AUTH_USER_MODEL)
    signed_at = models.DateTimeField(_("signed"), null=True, editable=False)
    edit_side = models.CharField(max_length=10, blank=True, default="", editable=False)
    places = models.JSONField(default=list, editable=False)
    figures = models.JSONField(default=dict, editable=False)
    moved_in: Any = TransactionField(null=True, editable=False, help_text="The transaction that has moved customers.")
    moved_at = models.DateTimeField(null=True, editable=False)

    objects = BaseSwitchQuerySet.as_manager()

    class Meta:
        verbose_name = _("switch of the customer base")
        verbose_name_plural = _("switches of customer bases")
        ordering = ["-state_since", "id"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="baseswitch_rows", organization="organization"),
            models.UniqueConstraint(fields=["organization", "id"], name="baseswitch_of_organization"),
            models.UniqueConstraint(
                fields=["location"],
                condition=UNDER_WAY,
                name="baseswitch_one_each_location",
                violation_error_code="baseswitch_one_each_location",
                violation_error_message=_(
                    "A switch of this location is under way already. Finish or cancel that first."
                ),
            ),
            models.UniqueConstraint(
                fields=["source"],
                condition=UNDER_WAY & Q(direction=SwitchDirection.TO_SHARED),
                name="baseswitch_one_each_base",
                violation_error_code="baseswitch_one_each_base",
                violation_error_message=_(
                    "A switch of this customer base 1.0 is under way already, with all its locations."
                ),
            ),
            models.CheckConstraint(
                condition=Q(direction__in=SwitchDirection.values), name="baseswitch_direction_known"
            ),
            models.CheckConstraint(condition=Q(state__in=SwitchState.values), name="baseswitch_state_known"),
            models.CheckConstraint(
                condition=Q(direction=SwitchDirection.TO_SHARED, starts_with="")
                | Q(direction=SwitchDirection.TO_OFFLINE, starts_with__in=StartsWith.values),
                name="baseswitch_starts_with",
                violation_error_code="baseswitch_starts_with",
                violation_error_message=_("Choose with whom the customer base 1.0 begins."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="baseswitch_has_reason",
                violation_error_code="baseswitch_has_reason",
                violation_error_message=_("Say why."),
            ),
            models.CheckConstraint(condition=~Q(source=F("target")), name="baseswitch_to_another_base"),
            models.CheckConstraint(
                condition=Q(signed_user=None, signed_by="", signed_at=None)
                | Q(signed_user__isnull=False, signed_at__isnull=False) & ~Q(signed_by=""),
                name="baseswitch_signed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(direction=SwitchDirection.TO_SHARED)
                | Q(state__in=[SwitchState.REQUESTED, SwitchState.CANCELLED])
                | (Q(signed_user__isnull=False) & ~Q(signed_user=F("requested_user"))),
                name="baseswitch_two_people",
                violation_error_code="baseswitch_two_people",
                violation_error_message=_("A developer signs it, and not whoever has asked for it."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=_MOVED, moved_in__isnull=False, moved_at__isnull=False)
                | (~Q(state__in=_MOVED) & Q(moved_in=None, moved_at=None)),
                name="baseswitch_is_moved",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="baseswitch_location_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "source"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="baseswitch_source_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "target"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="baseswitch_target_of_organization",
            ),
        ]
        triggers = [ASKED_BY_SUPPORT, SWITCH_STEP_ALLOWED, TAKES_HISTORY_ALONG]

    def __str__(self) -> str:
        return f"{self.location}: {self.get_direction_display()}"

    @property
    def is_to_offline(self) -> bool:
        """Whether it goes from 2.0 to 1.0."""
        return self.direction == SwitchDirection.TO_OFFLINE


@personal(technical="state")
class SwitchStep(RecordedStep):
    """What somebody has done with a switch. Only ever added to."""

    switch = models.ForeignKey(BaseSwitch, models.PROTECT, db_constraint=False, related_name="steps")
    state = models.CharField(max_length=10, choices=SwitchState)

    class Meta:
        verbose_name = _("step of a switch")
        verbose_name_plural = _("steps of switches")
        ordering = ["at", "id"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="switchstep_rows", organization="organization"),
            models.CheckConstraint(condition=Q(state__in=SwitchState.values), name="switchstep_state_known"),
            CompositeForeignKey(
                fields=["organization", "switch"],
                to="transitions.BaseSwitch",
                to_fields=["organization", "id"],
                name="switchstep_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.switch_id}: {self.state}"


@personal(
    of="customer_id",
    erased=Erasure.STAYS,
    emptied="number_before number_after",
    identity="number_before number_after",
    technical="is_back",
    keys="customer_id uid_before uid_after",
)
class SwitchedCustomer(models.Model):
    """A customer whom a switch takes along; `is_back`: whom its undoing takes back. Only ever added to.

    His id stays the same in both bases. Of whom was erased for good since, the row stays without his numbers.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    switch = models.ForeignKey(
        BaseSwitch, models.PROTECT, db_constraint=False, db_index=False, related_name="customers"
    )
    is_back = models.BooleanField(default=False, db_default=False)
    customer_id = models.BigIntegerField()
    uid_before = models.UUIDField()
    uid_after = models.UUIDField()
    number_before = models.PositiveIntegerField(null=True)
    number_after = models.PositiveIntegerField(null=True)

    objects = SwitchedCustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer of a switch")
        verbose_name_plural = _("customers of switches")
        default_permissions = ()
        constraints = [
            RowSecurity(name="switchedcustomer_rows", organization="organization"),
            models.UniqueConstraint(fields=["switch", "is_back", "customer_id"], name="switchedcustomer_once"),
            CompositeForeignKey(
                fields=["organization", "switch"],
                to="transitions.BaseSwitch",
                to_fields=["organization", "id"],
                name="switchedcustomer_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number_before} → {self.number_after}"


class SwitchedLocation(Location):
    """A location, here for the rule of the database that it comes to another customer base by a switch alone."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = [BASE_CHANGED_BY_SWITCH]
