"""Devices: the machines of a location that speak to this program by themselves, without a person.

Location ─< Device >─ UserGroup       what it may do there
              │ └─ DevicePace         how much it has asked lately
              └─< DeviceCode          by which it shows once that it is this device
"""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from locations.constraints import CompositeForeignKey
from locations.fields import LineField
from locations.history import keep_history
from locations.models import Location, Organization
from locations.personal import personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, stays_on_record, steps_between
from mcp.choices import DEVICE_STEPS, DeviceKind, DeviceState
from mcp.models.people import UserGroup
from mcp.querysets import DeviceCodeQuerySet, DeviceQuerySet

HASH = 64
"""Characters of a SHA-256 in hex."""
OPEN_CODE = Q(used_at=None, withdrawn_at=None)
"""Whether a code may still be used, its age aside."""
LONGEST_PROGRAM = 80


def _device_of_organization(prefix: str) -> models.BaseConstraint:
    return CompositeForeignKey(
        fields=["organization", "device"],
        to="mcp.Device",
        to_fields=["organization", "id"],
        name=f"{prefix}_device_of_organization",
    )


@personal(
    technical=(
        "kind name state made_at token next_token next_token_at renewal_asked_at enrolled_at used_at program "
        "address revoked_at revoked_reason"
    ),
)
@keep_history(
    exclude=["token", "next_token", "next_token_at", "renewal_asked_at", "enrolled_at", "used_at", "program", "address"]
)
class Device(CheckedRow):
    """A machine at one location: a till, a program of somebody else's, or a tablet at the counter.

    It is waiting until it has shown a code, then active, and revoked for good. `token` is the keyed hash of the secret
    that it shows with each request; the secret itself is stored nowhere. `next_token` is that of the one which it was
    given when it renewed: it becomes `token` with its first use, and until then both hold. `renewal_asked_at` is since
    when somebody wants the device to renew. `used_at` is written once a minute at most.

    A device holds the rights of its user group at its location, as far as a device can hold them (see OF_DEVICES in
    locations/permissions.py). A revoked one outlives its group.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="devices", editable=False)
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        db_constraint=False,  # device_location_of_organization refers to the same row and says more
        related_name="devices",
        editable=False,
        verbose_name=_("location"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=DeviceKind, default=DeviceKind.TILL)
    name = LineField(_("name"), max_length=80, help_text=_("As people at the location call it: the history says it."))
    group = models.ForeignKey(
        UserGroup,
        models.SET_NULL,
        null=True,
        db_constraint=False,  # device_group_of_organization refers to the same row and says more
        related_name="devices",
        verbose_name=_("user group"),
        help_text=_("The device may do at its location what this group may do there, as far as a device can."),
    )
    state = models.CharField(_("state"), max_length=10, choices=DeviceState, default=DeviceState.WAITING)
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    made_by = models.CharField(_("made by"), max_length=200, editable=False)

    token = models.CharField(max_length=HASH, blank=True, default="", editable=False)
    next_token = models.CharField(max_length=HASH, blank=True, default="", editable=False)
    next_token_at = models.DateTimeField(null=True, editable=False)
    renewal_asked_at = models.DateTimeField(null=True, editable=False)
    enrolled_at = models.DateTimeField(_("set up"), null=True, editable=False)
    used_at = models.DateTimeField(_("last use"), null=True, editable=False)
    program = models.CharField(_("program"), max_length=LONGEST_PROGRAM, blank=True, default="", editable=False)
    address = models.GenericIPAddressField(_("address"), null=True, editable=False)

    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_by = models.CharField(_("revoked by"), max_length=200, blank=True, default="", editable=False)
    revoked_reason = LineField(_("reason"), max_length=200, blank=True, default="")

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ["organization", "location", "name", "made_at"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="device_rows", organization="organization"),
            models.UniqueConstraint(fields=["organization", "id"], name="device_of_organization"),
            models.UniqueConstraint(fields=["token"], condition=~Q(token=""), name="device_token_unique"),
            models.UniqueConstraint(fields=["next_token"], condition=~Q(next_token=""), name="device_next_unique"),
            models.UniqueConstraint(
                F("organization"),
                F("location"),
                Upper("name"),
                condition=~Q(state=DeviceState.REVOKED),
                name="device_name_unique",
                violation_error_code="device_name_unique",
                violation_error_message=_("There is already a device of this name at this location."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="device_has_name",
                violation_error_code="device_has_name",
                violation_error_message=_("Give the device a name."),
            ),
            models.CheckConstraint(condition=Q(kind__in=DeviceKind.values), name="device_kind_known"),
            models.CheckConstraint(
                condition=Q(group__isnull=False) | Q(state=DeviceState.REVOKED),
                name="device_has_group",
                violation_error_code="device_has_group",
                violation_error_message=_("Choose the user group whose rights the device gets."),
            ),
            models.CheckConstraint(
                condition=Q(state=DeviceState.ACTIVE, enrolled_at__isnull=False) & ~Q(token="")
                | Q(state__in=[DeviceState.WAITING, DeviceState.REVOKED], token="", next_token=""),
                name="device_active_has_token",
            ),
            models.CheckConstraint(
                condition=Q(state=DeviceState.REVOKED, revoked_at__isnull=False) & ~Q(revoked_by="")
                | Q(revoked_at=None, revoked_by="", revoked_reason="") & ~Q(state=DeviceState.REVOKED),
                name="device_revoked_by_somebody",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="device_location_of_organization",
                violation_error_message=_("The location belongs to another business."),
            ),
            CompositeForeignKey(
                fields=["organization", "group"],
                to="mcp.UserGroup",
                to_fields=["organization", "id"],
                name="device_group_of_organization",
                violation_error_message=_("This user group belongs to another business."),
            ),
        ]
        triggers = [
            steps_between(DEVICE_STEPS, begins=[DeviceState.WAITING]),
            immutable("id", "organization_id", "location_id", "kind", "made_at", "made_by"),
            settled(
                [DeviceState.REVOKED],
                "name", "token", "next_token", "enrolled_at", "used_at", "program", "address", "revoked_at",
                "revoked_by", "revoked_reason",
            ),
            stays_on_record(DeviceState.values),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


@personal(technical="code start made_at wrong_tries used_at withdrawn_at nonce")
class DeviceCode(models.Model):
    """A code by which a machine becomes a device: shown once, stored as a keyed hash, good for one machine.

    `start` is the hash of its first half, by which a code is found whose second half was typed wrongly. `nonce` is what
    the machine that has used it has said of itself: by it the same machine gets its answer again.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)
    device = models.ForeignKey(
        Device,
        models.PROTECT,
        db_constraint=False,  # devicecode_device_of_organization refers to the same row and says more
        related_name="codes",
        editable=False,
    )
    code = models.CharField(max_length=HASH, editable=False)
    start = models.CharField(max_length=HASH, editable=False)
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    made_by = models.CharField(_("made by"), max_length=200, editable=False)
    wrong_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    used_at = models.DateTimeField(_("used"), null=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)
    nonce = models.UUIDField(null=True, editable=False)

    objects = DeviceCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("code of a device")
        verbose_name_plural = _("codes of devices")
        default_permissions = ()
        constraints = [
            RowSecurity(name="devicecode_rows", organization="organization"),
            models.UniqueConstraint(fields=["start"], name="devicecode_unique", condition=OPEN_CODE),
            models.UniqueConstraint(
                fields=["device"],
                name="devicecode_one_open",
                condition=OPEN_CODE,
                violation_error_code="devicecode_one_open",
                violation_error_message=_(
                    "Somebody has just had a code shown for this device. Look at the page again."
                ),
            ),
            models.CheckConstraint(
                condition=Q(used_at=None, nonce=None) | Q(used_at__isnull=False, nonce__isnull=False),
                name="devicecode_used_by_one",
            ),
            _device_of_organization("devicecode"),
        ]
        triggers = [immutable("id", "organization_id", "device_id", "code", "start", "made_at", "made_by")]

    def __str__(self) -> str:
        return f"{self.device}: {self.made_at:%Y-%m-%d %H:%M}"


@personal(technical="filled_at is_refused")
class DevicePace(models.Model):
    """How much a device has asked lately (see mcp/machines/throttling.py). It is not written to disk.

    `filled_at` is when it has its whole burst again; `is_refused` says what became of the last request.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    device = models.OneToOneField(
        Device,
        models.CASCADE,
        primary_key=True,
        db_constraint=False,  # devicepace_device_of_organization refers to the same row and says more
        related_name="pace",
    )
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    filled_at = models.DateTimeField()
    is_refused = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            RowSecurity(name="devicepace_rows", organization="organization"),
            _device_of_organization("devicepace"),
        ]

    def __str__(self) -> str:
        return str(self.device)
