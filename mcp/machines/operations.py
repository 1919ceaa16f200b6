"""Writes about devices: making one, its codes, renaming, renewing its token, revoking it.

People do this at the location of the device; revoking also at the central. Whoever lets a device in, or chooses its
user group, gives away what it may do there, so he must hold all of that himself.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from locations.models import Location
from locations.one_time_codes import make_code, shown, start_hash, stored_hash
from locations.permissions import OF_DEVICES, Right
from locations.secret_hashes import SecretKind
from locations.violations import told_as_refusals
from mcp.choices import DeviceState
from mcp.isolation import access
from mcp.isolation.branch import has_customers_here
from mcp.isolation.holdings import holdings_of
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import Device, DeviceCode, UserGroup

SAME_START = "devicecode_unique"


class OnlyAtLocation(ValidationError):
    """It is done at the location of the device."""

    def __init__(self, device: Device) -> None:
        super().__init__(
            gettext_lazy("This is done at %(location)s, where the device stands. Switch to that location."),
            code="only_at_location",
            params={"location": str(device.location)},
        )


class NoDevicesOnOldBase(ValidationError):
    """The customers of a base 1.0 are at the location itself."""

    def __init__(self, location: Location) -> None:
        super().__init__(
            gettext_lazy(
                "%(location)s works with a customer base 1.0, so its customers are at the location itself. Set "
                "devices up at its own installation, or here once it works with 2.0."
            ),
            code="no_devices_on_old_base",
            params={"location": str(location)},
        )


class IsRevoked(ValidationError):
    """What was revoked stays so."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This device was revoked. Make a new one for the machine that is to work here."),
            code="device_revoked",
        )


class NoOpenCode(ValidationError):
    """There is no code that could be withdrawn."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("The code was used or withdrawn meanwhile. Look at the page again."), code="no_open_code"
        )


class NotInUse(ValidationError):
    """Only a device in use has a token that it could renew."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This device has not been set up yet, so it has no token that it could renew."),
            code="device_not_in_use",
        )


class NoReason(ValidationError):
    """A revocation says why."""

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Say why this device is revoked."), code="no_reason")


# --- reads ----------------------------------------------------------------------------------------------------------


def visible_devices(actor: Scope) -> QuerySet[Device]:
    """The devices that the actor sees: at the central those of all locations that he manages, else those here."""
    if not actor.allows(Right.MANAGE_LOCATION):
        return Device.objects.none()
    here = Device.objects.at(actor.location)
    if not actor.location.is_central:
        return here
    held = holdings_of(actor)
    if not held.holds(Right.MANAGE_LOCATION, None):
        return here
    everywhere = Device.objects.of_organization(actor.organization)
    return everywhere.exclude(location__in=held.restricted_at(Right.MANAGE_LOCATION))


def offered_groups(actor: Scope) -> QuerySet[UserGroup]:
    """The user groups that a device here can get: none gives it a right that the actor lacks. Three queries.

    They are those of the central and of the location itself. The rights that are compared here are not checked again:
    `demand_given` does that for the group that is chosen.
    """
    granted = access.granted_at(actor.location) - access.restricted_in(actor.location)
    beyond = {group for right, group in granted if right in OF_DEVICES - actor.rights}
    groups = UserGroup.objects.of_organization(actor.organization).exclude(pk__in=beyond)
    return groups.of_central() | groups.owned_by(actor.location)


# --- writes ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_device(*, kind: str, name: str, group: UserGroup | None, actor: Scope) -> tuple[Device, str]:
    """A device at the location of the actor, and its code as it is shown: now and never again.

    Raises MissingRight, or ValidationError: NoDevicesOnOldBase, and what constraints refuse.
    """
    actor.demand(Right.MANAGE_LOCATION)
    _demand_new_base(actor.location)
    device = Device(
        organization=actor.organization,
        location=actor.location,
        kind=kind,
        name=name,
        group=group,
        made_at=timezone.now(),
        made_by=actor.actor_name[:200],
    )
    device.full_clean()
    demand_given(device, actor)
    with told_as_refusals():
        device.save(force_insert=True)
    return device, _new_code(device, actor)


@transaction.atomic
def change_device(*, device: Device, name: str | None = None, group: UserGroup | None = None, actor: Scope) -> Device:
    """Rename it, or let it work with the rights of another user group; what is None stays.

    Raises MissingRight, or ValidationError: OnlyAtLocation, IsRevoked, and what constraints refuse.
    """
    stored = _locked(device, actor)
    wanted = {"name": name, "group": group}
    fields = [field for field, value in wanted.items() if value is not None and value != getattr(stored, field)]
    for field in fields:
        setattr(stored, field, wanted[field])
    if "group" in fields:
        demand_given(stored, actor)
    if fields:
        stored.full_clean()
        with told_as_refusals():
            stored.save(update_fields=fields)
    return stored


@transaction.atomic
def show_code(*, device: Device, actor: Scope) -> str:
    """A new code for the device, in two groups as it is shown: now and never again. The one before it is withdrawn.

    Whoever types it replaces the machine that has been this device so far. Raises MissingRight, or ValidationError:
    OnlyAtLocation, IsRevoked, NoDevicesOnOldBase.
    """
    stored = _locked(device, actor)
    _demand_new_base(stored.location)
    demand_given(stored, actor)
    DeviceCode.objects.open().filter(device=stored).update(withdrawn_at=timezone.now())
    return _new_code(stored, actor)


@transaction.atomic
def withdraw_code(*, device: Device, actor: Scope) -> None:
    """The code that was shown holds no longer. Raises MissingRight, OnlyAtLocation, IsRevoked, NoOpenCode."""
    stored = _locked(device, actor)
    if not DeviceCode.objects.open().filter(device=stored).update(withdrawn_at=timezone.now()):
        raise NoOpenCode


@transaction.atomic
def ask_renewal(*, device: Device, actor: Scope) -> None:
    """Tell the device with its next request to renew its token. Raises MissingRight, OnlyAtLocation, NotInUse."""
    stored = _locked(device, actor)
    if stored.state != DeviceState.ACTIVE:
        raise NotInUse
    stored.renewal_asked_at = timezone.now()
    stored.save(update_fields=["renewal_asked_at"])


@transaction.atomic
def revoke_device(*, device: Device, reason: str, actor: Scope) -> None:
    """From now on the device is not let in, for good. Raises MissingRight, IsRevoked, NoReason.

    A request of it that is under way is undone at its end.
    """
    stored = _locked(device, actor, is_only_here=False)
    if not reason.strip():
        raise NoReason
    DeviceCode.objects.open().filter(device=stored).update(withdrawn_at=timezone.now())
    stored.state, stored.token, stored.next_token, stored.next_token_at = DeviceState.REVOKED, "", "", None
    stored.renewal_asked_at = None
    stored.revoked_at, stored.revoked_by, stored.revoked_reason = timezone.now(), actor.actor_name[:200], reason
    stored.full_clean()
    stored.save(
        update_fields=[
            "state", "token", "next_token", "next_token_at", "renewal_asked_at", "revoked_at", "revoked_by",
            "revoked_reason",
        ]
    )  # fmt: skip


def demand_given(device: Device, actor: Scope) -> None:
    """Raise MissingRight for a right that the device has by its user group and the actor lacks. One query."""
    if device.group_id is None:
        return
    for one in access.explain_group(device.group_id, actor.location):
        if one.is_held and not actor.allows(one.right):
            need = gettext("A device gets no right that whoever sets it up lacks.")
            raise MissingRight(one.right, actor.location, need=need)


def _locked(device: Device, actor: Scope, *, is_only_here: bool = True) -> Device:
    """The row, locked, if the actor sees it. Raises MissingRight, Device.DoesNotExist, OnlyAtLocation, IsRevoked."""
    actor.demand(Right.MANAGE_LOCATION)
    seen = visible_devices(actor).select_related("location__base", "location__organization")
    stored = seen.select_for_update(of=("self",)).get(pk=device.pk)
    if is_only_here and stored.location_id != actor.location.pk:
        raise OnlyAtLocation(stored)
    if stored.state == DeviceState.REVOKED:
        raise IsRevoked
    return stored


def _demand_new_base(place: Location) -> None:
    if not has_customers_here(place):
        raise NoDevicesOnOldBase(place)


def _new_code(device: Device, actor: Scope) -> str:
    while True:
        code = make_code()
        try:
            with transaction.atomic():
                DeviceCode.objects.create(
                    organization=device.organization,
                    device=device,
                    code=stored_hash(SecretKind.DEVICE_CODE, code),
                    start=start_hash(SecretKind.DEVICE_CODE, code),
                    made_at=timezone.now(),
                    made_by=actor.actor_name[:200],
                )
        except IntegrityError as error:  # another open code, of whatever business, begins in the same way
            if SAME_START not in str(error):
                raise
        else:
            return shown(code)
