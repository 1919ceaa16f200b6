"""How a machine becomes a device: it shows once the code that a person has typed, and gets its token.

The code alone says which device is meant: it is found by the hash of its first half, and only then is the whole
compared, so that wrong tries are counted at the code they come close to. Guessing is slowed down by the IP address as
at the login.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from locations.one_time_codes import CodeVerdict, check_code, normalized, start_hash, stored_hash
from locations.secret_hashes import SecretKind
from mcp.choices import DeviceState
from mcp.isolation import row_scope
from mcp.isolation.branch import has_customers_here
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.login import throttling
from mcp.machines.problems import CodeRefused, OnOldBase
from mcp.machines.tokens import make_token
from mcp.models import Device, DeviceCode
from mcp.models.devices import LONGEST_PROGRAM

ENROLMENT = "the enrolment of devices"


@dataclass(frozen=True)
class Enrolled:
    """What a machine is told that has become a device: its token, which is stored nowhere here."""

    device: Device
    token: str = field(repr=False)


def enrol(code: str, *, nonce: UUID, program: str = "", client: str | None = None) -> Enrolled:
    """The device that the code is for, with its token. `client` is the IP address of the machine.

    The same machine, which shows the same `nonce`, gets the same device again as long as it has not used its token: the
    answer was lost. Raises CodeRefused whatever is wrong with the code, TooManyTries, and OnOldBase; the last one
    leaves the code as it is.
    """
    attempt = throttling.count_code(throttling.ENROLMENT, address=client)
    found = _found(code)
    if found is None or not _is_right(found, code, nonce):
        raise CodeRefused
    throttling.end_code(attempt)
    scope = _scope(found)
    with row_scope.rows_of(scope), recorded_as(**scope.history()):
        device = _locked(found)
        stored = DeviceCode.objects.select_for_update().get(pk=found.pk)
        if not _holds(stored, device, code, nonce):
            raise CodeRefused
        if not has_customers_here(device.location):
            raise OnOldBase
        return _enrolled(stored, device, nonce=nonce, program=program)


def _found(typed: str) -> DeviceCode | None:
    """The code that is meant: of those that begin so the one that is the same, else the open one."""
    start = start_hash(SecretKind.DEVICE_CODE, normalized(typed))
    with row_scope.without_scope(reason="find the device of a code", actor=ENROLMENT):
        codes = DeviceCode.objects.remembered(timezone.now()).filter(start=start)
        places = codes.select_related("device__location__organization", "device__location__base")
        known = list(places.order_by(F("withdrawn_at").desc(nulls_first=True), "-made_at"))
    same = [code for code in known if code.code == stored_hash(SecretKind.DEVICE_CODE, normalized(typed))]
    return next(iter([*same, *known]), None)


def _scope(code: DeviceCode) -> Scope:
    """The device itself acts: so the history says which one was set up."""
    return Scope(user=None, device=code.device, location=code.device.location, rights=frozenset())


def _is_right(found: DeviceCode, typed: str, nonce: UUID) -> bool:
    """Whether the code holds for this machine. A wrong try is counted, and committed."""
    scope = _scope(found)
    with row_scope.rows_of(scope), recorded_as(**scope.history()):
        device = _locked(found)
        return _holds(DeviceCode.objects.select_for_update().get(pk=found.pk), device, typed, nonce)


def _locked(code: DeviceCode) -> Device:
    """The row of the device, locked: codes and enrolments of one device take turns."""
    devices = Device.objects.select_for_update(of=("self",)).select_related("location__organization", "location__base")
    return devices.get(pk=code.device_id)


def _holds(code: DeviceCode, device: Device, typed: str, nonce: UUID) -> bool:
    """Whether the code holds for this machine at this moment. A wrong try is counted."""
    if device.state == DeviceState.REVOKED or device.location.closed_at is not None:
        return False
    if _is_repeat(code, device, typed, nonce):
        return True
    verdict = check_code(
        SecretKind.DEVICE_CODE,
        typed,
        stored=code.code,
        made_at=code.made_at,
        wrong_tries=code.wrong_tries,
        is_used=code.used_at is not None or code.withdrawn_at is not None,
        now=timezone.now(),
    )
    if verdict is CodeVerdict.WRONG:
        code.wrong_tries += 1
        code.save(update_fields=["wrong_tries"])
    return verdict is CodeVerdict.ACCEPTED


def _is_repeat(code: DeviceCode, device: Device, typed: str, nonce: UUID) -> bool:
    """Whether the machine that has used the code asks again, since the answer was lost."""
    is_last = code.used_at is not None and device.enrolled_at == code.used_at
    return (
        is_last
        and device.used_at is None
        and code.nonce == nonce
        and code.code == stored_hash(SecretKind.DEVICE_CODE, normalized(typed))
    )


def _enrolled(code: DeviceCode, device: Device, *, nonce: UUID, program: str) -> Enrolled:
    """The device with a new token. To a repeated request the earlier one holds as well: either answer may arrive."""
    token = make_token(device.organization_id)
    if code.used_at is not None:
        device.next_token, device.next_token_at = token.stored, timezone.now()
        device.save(update_fields=["next_token", "next_token_at"])
        return Enrolled(device, token.secret)
    code.used_at, code.nonce = timezone.now(), nonce
    code.save(update_fields=["used_at", "nonce"])
    device.state, device.token, device.enrolled_at = DeviceState.ACTIVE, token.stored, code.used_at
    device.next_token, device.next_token_at, device.renewal_asked_at = "", None, None
    device.used_at, device.address, device.program = None, None, program[:LONGEST_PROGRAM]
    device.save(
        update_fields=[
            "state", "token", "enrolled_at", "next_token", "next_token_at", "renewal_asked_at", "used_at", "address",
            "program",
        ]
    )  # fmt: skip
    return Enrolled(device, token.secret)
