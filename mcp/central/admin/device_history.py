"""What has happened to a device: made, changed, set up, revoked; with who did it. Read from the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _

from mcp.choices import DeviceState
from mcp.isolation.scope import actor_shown
from mcp.models import Device, UserGroup

NEWEST = 200
"""The number of events, and of codes, that are read."""


@dataclass(frozen=True)
class Entry:
    """One line."""

    at: datetime
    who: str
    sentence: str


def entries_of(device: Device) -> list[Entry]:
    """The history of the device, newest first. Three queries."""
    return sorted([*_of_row(device), *_of_codes(device)], key=lambda entry: entry.at, reverse=True)


def _of_row(device: Device) -> Iterator[Entry]:
    events = apps.get_model("mcp", "DeviceEvent")._default_manager.filter(pgh_obj_id=device.pk)
    found: list[Any] = list(events.select_related("pgh_context").order_by("-pgh_id")[:NEWEST])
    names = dict(UserGroup.objects.filter(pk__in={one.group_id for one in found}).values_list("pk", "name"))
    for event, before in pairwise([*found, None]):
        facts = event.pgh_context.metadata if event.pgh_context else {}
        who = actor_shown(facts) or _("the system")
        for sentence in _sentences(event, before, names):
            yield Entry(event.pgh_created_at, who, sentence)


def _sentences(event: Any, before: Any, names: dict[int, str]) -> Iterator[str]:
    if event.pgh_label == "insert":
        yield _("Made, with the user group “%(group)s”.") % {"group": names.get(event.group_id, "–")}
    if before is None:
        return
    if event.name != before.name:
        yield _("Renamed from “%(old)s” to “%(new)s”.") % {"old": before.name, "new": event.name}
    if event.group_id != before.group_id:
        old, new = names.get(before.group_id, "–"), names.get(event.group_id, "–")
        yield _("User group changed from “%(old)s” to “%(new)s”.") % {"old": old, "new": new}
    if event.state != before.state and event.state == DeviceState.REVOKED:
        yield _("Revoked: %(reason)s") % {"reason": event.revoked_reason}


def _of_codes(device: Device) -> Iterator[Entry]:
    """Who had a code shown, and what became of it; the machine itself has used it."""
    for code in device.codes.order_by("-made_at")[:NEWEST]:
        yield Entry(code.made_at, code.made_by, _("A code was shown."))
        if code.used_at:
            yield Entry(code.used_at, _("the device itself"), _("Set up with the code."))
