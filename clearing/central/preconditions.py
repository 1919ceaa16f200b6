"""What the central knows before a location reconciles for the first time (see clearing.preconditions)."""

from __future__ import annotations

import ipaddress
import shutil
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from clearing.limits import MEGABYTE, room_needed
from clearing.models import Node
from clearing.preconditions import Precondition, Standing, Subject, clock, disk, versions
from clearing.program import program_version
from locations.models import Location

LOCATION, NODE = "admin:locations_location_change", "admin:clearing_node"


def preconditions_of(location: Location, node: Node | None = None) -> list[Precondition]:
    """What is known of the location, and of its node once there is one. Runs in the scope of its business."""
    return [
        _branch_number(location),
        _client_number(location, node),
        Precondition(
            Subject.VOCABULARY,
            Standing.UNKNOWN,
            _("The branch compares its groups, tags and purposes when it calls. Its page names what is missing."),
        ),
        versions(
            branch=node.program if node else "", central=program_version(), protocol=node.protocol if node else None
        ),
        clock(node.clock_ahead if node else None),
        *_disks(node),
    ]


def _branch_number(location: Location) -> Precondition:
    said = {"number": location.branch_number, "base": location.base.branch_number}
    if location.branch_number != location.base.branch_number:
        text = _("The location has the branch number %(number)s, but works with the base 1.0 of %(base)s. Correct it.")
        return Precondition(Subject.BRANCH_NUMBER, Standing.MISSING, text, said, LOCATION, (str(location.pk),))
    text = _("The branch number %(number)s chooses the customer base 1.0.")
    return Precondition(Subject.BRANCH_NUMBER, Standing.MET, text, said)


def _client_number(location: Location, node: Node | None) -> Precondition:
    """Unique by the database; a second installation under it is to be meant so."""
    others = Node.objects.in_use().filter(location=location)
    other = (others.exclude(pk=node.pk) if node else others).first()
    said = {"number": location.client_number, "device": other.name if other else ""}
    if other is not None:
        text = _(
            "“%(device)s” is paired under the client number %(number)s already. Where it is replaced, end its pairing."
        )
        return Precondition(Subject.CLIENT_NUMBER, Standing.WARNING, text, said, NODE, (str(other.pk),))
    text = _("The client number %(number)s is that of this location alone.")
    return Precondition(Subject.CLIENT_NUMBER, Standing.MET, text, said)


def _disks(node: Node | None) -> Iterator[Precondition]:
    yield disk(node.free_bytes if node else None, node.waiting if node else None)
    free = own_free_bytes()
    if free is not None and free < (needed := room_needed((node.waiting or 0) if node else 0)):
        text = _("The disk of the central has %(free)s MB free, and the first run may need %(needed)s MB. Make room.")
        said = {"free": free // MEGABYTE, "needed": needed // MEGABYTE}
        yield Precondition(Subject.DISK, Standing.MISSING, text, said)


def has_room(customers: int) -> bool:
    """Whether the disk here has room for a run with so many customers, as far as is known."""
    free = own_free_bytes()
    return free is None or free >= room_needed(customers)


def own_free_bytes() -> int | None:
    """What is free on the disk of the database; None where it is on another machine, whose disk is not seen here."""
    host = str(connection.settings_dict.get("HOST") or "")
    try:
        is_here = host in {"", "localhost"} or host.startswith("/") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    return shutil.disk_usage(settings.ROOT).free if is_here else None
