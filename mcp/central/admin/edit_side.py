"""Who changed on which side customers of a base 1.0 are edited, and when: as the page of a location tells it."""

from __future__ import annotations

from itertools import pairwise

from django.apps import apps
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from locations.choices import EditSide
from locations.models import CustomerBase
from mcp.isolation.scope import actor_shown

NEWEST = 10
"""The number of changes that are shown."""
_READ = 100


def edit_side_changes(base: CustomerBase) -> SafeString | str:
    """Each change on a line of its own, newest first. One query."""
    events = apps.get_model("locations", "CustomerBaseEvent")._default_manager.filter(pgh_obj_id=base.pk)
    found = list(events.select_related("pgh_context").order_by("-pgh_id")[:_READ])
    lines = []
    for event, before in pairwise(found):
        if event.edit_side != before.edit_side:
            when = date_format(timezone.localtime(event.pgh_created_at), "SHORT_DATETIME_FORMAT")
            metadata = event.pgh_context.metadata if event.pgh_context else {}
            who = actor_shown(metadata) or _("the system")
            lines.append((when, who, EditSide(before.edit_side).label, EditSide(event.edit_side).label))
    return format_html_join("\n", "<p>{} · {}: {} → {}</p>", lines[:NEWEST]) or _("It was never changed.")
