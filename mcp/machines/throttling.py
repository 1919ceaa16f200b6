"""How often a device may ask: so many requests a second in the long run, and more of them at once after a pause.

What each has asked is one row, which all processes share. It holds when the device will have its whole burst again; a
request moves that on by its share of a second, unless it would be too far ahead. That is decided while the row is
locked, so two requests at the same moment count both.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from mcp.isolation import row_scope
from mcp.machines.problems import TooFast
from mcp.models import Device

_ASK = """
    INSERT INTO mcp_devicepace AS pace (device_id, organization_id, filled_at, is_refused)
    VALUES (%(device)s, %(organization)s, statement_timestamp() + %(share)s, false)
    ON CONFLICT (device_id) DO UPDATE SET
        is_refused = pace.filled_at > statement_timestamp() + %(ahead)s,
        filled_at = CASE WHEN pace.filled_at > statement_timestamp() + %(ahead)s THEN pace.filled_at
            ELSE greatest(pace.filled_at, statement_timestamp()) + %(share)s END
    RETURNING is_refused, extract(epoch FROM filled_at - %(ahead)s - statement_timestamp())
"""


def throttle(device: Device) -> None:
    """Count a request of the device. Raises TooFast, and then it is not counted.

    It is a short transaction of its own, before that of the request, so that nobody waits for the row.
    """
    limits = settings.DEVICE_REQUESTS
    share = timedelta(seconds=1 / limits["a_second"])
    asked: dict[str, Any] = {
        "device": device.pk,
        "organization": device.organization_id,
        "share": share,
        "ahead": share * (limits["burst"] - 1),
    }
    with row_scope.rows_of_organization(device.organization_id), connection.cursor() as cursor:
        cursor.execute(_ASK, asked)
        is_refused, seconds = cursor.fetchone()
    if is_refused:
        raise TooFast(seconds=max(1, math.ceil(seconds)))
