"""Whether a location keeps accounts with the central or on its own, as two people have decided."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounting.choices import SWITCH_STEPS, AccountingMode, SwitchState
from accounting.querysets import SwitchQuerySet
from accounting.triggers import SWITCH_BY_TWO
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.history import keep_history
from locations.models import CustomerBase, Location, Organization
from locations.personal import personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, stays_on_record, steps_between

DECIDED = (SwitchState.CONFIRMED, SwitchState.REFUSED, SwitchState.WITHDRAWN)
_DECISION = ("state", "decided_by", "decided_user", "decided_place", "decided_at", "note")


@personal(technical="mode state reason asked_at decided_at note", keys="asked_place decided_place")
@keep_history(is_searched=False)
class AccountingSwitch(CheckedRow):
    """Somebody has asked that a location keeps its accounts otherwise, and what became of it. None is ever deleted.

    The latest one that was confirmed holds; where there is none, the location keeps them with the central. It is no
    secret of either side that there are accounts of its own; what stands in them is.
    """

    web_privileges: ClassVar[str] = f"SELECT, INSERT, UPDATE ({', '.join(_DECISION)})"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = models.ForeignKey(
        Organization, models.PROTECT, db_constraint=False, db_index=False, related_name="+", editable=False
    )
    base = models.ForeignKey(
        CustomerBase, models.PROTECT, db_constraint=False, db_index=False, related_name="+", editable=False
    )
    location = models.ForeignKey(
        Location, models.PROTECT, db_constraint=False, db_index=False, related_name="+", verbose_name=_("location")
    )
    mode = models.CharField(_("accounts"), max_length=10, choices=AccountingMode)
    state = models.CharField(
        _("state"), max_length=10, choices=SwitchState, default=SwitchState.ASKED, db_default=SwitchState.ASKED
    )
    reason = LineField(_("reason"), max_length=200)
    asked_by = models.CharField(_("asked by"), max_length=200, editable=False)
    asked_user = models.BigIntegerField(editable=False, help_text="Of " + settings.AUTH_USER_MODEL)
    asked_place = models.BigIntegerField(editable=False, help_text="The location at which it was asked.")
    asked_at = models.DateTimeField(_("asked"), editable=False)
    decided_by = models.CharField(_("decided by"), max_length=200, blank=True, default="", db_default="")
    decided_user = models.BigIntegerField(null=True, editable=False, help_text="Of " + settings.AUTH_USER_MODEL)
    decided_place = models.BigIntegerField(null=True, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    note = LineField(_("why it was refused"), max_length=200, blank=True, default="", db_default="")

    objects = SwitchQuerySet.as_manager()

    class Meta:
        verbose_name = _("switch of the accounts")
        verbose_name_plural = _("switches of the accounts")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["base", "location", "-decided_at"],
                include=["mode"],
                condition=Q(state=SwitchState.CONFIRMED),
                name="accountingswitch_latest",
            ),
        ]
        constraints = [
            RowSecurity(name="accountingswitch_rows", base="base"),
            KeyWithBase(name="accountingswitch_key"),
            models.UniqueConstraint(
                fields=["base", "location"],
                condition=Q(state=SwitchState.ASKED),
                name="accountingswitch_asked_once",
                violation_error_code="accountingswitch_asked_once",
                violation_error_message=_("A change is asked for already. Confirm, refuse or withdraw that one first."),
            ),
            models.CheckConstraint(condition=Q(mode__in=AccountingMode.values), name="accountingswitch_mode_known"),
            models.CheckConstraint(condition=Q(state__in=SwitchState.values), name="accountingswitch_state_known"),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="accountingswitch_has_reason",
                violation_error_code="accountingswitch_has_reason",
                violation_error_message=_("Say why."),
            ),
            models.CheckConstraint(
                condition=Q(state=SwitchState.ASKED, decided_user=None, decided_at=None, decided_by="", note="")
                | (Q(state__in=DECIDED, decided_user__isnull=False, decided_at__isnull=False) & ~Q(decided_by="")),
                name="accountingswitch_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state=SwitchState.CONFIRMED) | ~Q(decided_user=F("asked_user")),
                name="accountingswitch_two_people",
                violation_error_code="accountingswitch_two_people",
                violation_error_message=_("Another person confirms it than the one who has asked for it."),
            ),
            models.CheckConstraint(
                condition=Q(state=SwitchState.REFUSED) & ~Q(note="") | ~Q(state=SwitchState.REFUSED) & Q(note=""),
                name="accountingswitch_refused_with_note",
                violation_error_code="accountingswitch_refused_with_note",
                violation_error_message=_("Say why it is refused."),
            ),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="accountingswitch_base_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="accountingswitch_location_of_organization",
            ),
        ]
        triggers = [
            immutable(
                "id",
                "organization_id",
                "base_id",
                "location_id",
                "mode",
                "reason",
                "asked_by",
                "asked_user",
                "asked_place",
                "asked_at",
            ),
            steps_between(SWITCH_STEPS, begins=[SwitchState.ASKED]),
            settled(DECIDED, "decided_by", "decided_user", "decided_place", "decided_at", "note"),
            stays_on_record(SwitchState.values),
            SWITCH_BY_TWO,
        ]

    def __str__(self) -> str:
        return f"{self.location}: {self.get_mode_display()}"
