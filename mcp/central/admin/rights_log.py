"""The log of a user group: who gave or took which right, where and when. Read from the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Permission
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from locations.models import Location
from locations.permissions import Right
from mcp.central import operations
from mcp.console.pages import show
from mcp.console.site import scope_of
from mcp.isolation.scope import actor_shown
from mcp.models import User, UserGroup

NEWEST = 2_000
"""The number of events that are read of each kind. Saving a matrix can write thousands, which become a few entries."""
_NAMES_SHOWN = 12


@dataclass(frozen=True)
class Entry:
    """One line: what one person did in one request."""

    at: datetime
    who: str
    where: str
    is_gain: bool
    sentence: str


@dataclass(frozen=True)
class _Event:
    at: datetime
    context: UUID | None
    """The key of what was recorded about who acted; the same for all that was done in one request."""
    metadata: dict[str, object]
    label: str
    kind: str
    subject: int | str
    """The key of the permission or of the person; of a restriction the right itself."""
    place: int | None


def rights_log_page(request: HttpRequest, group_id: int) -> HttpResponse:
    """The log of one group. Needs the rights to manage users and to see the history."""
    actor = scope_of(request)
    actor.demand(Right.MANAGE_USERS)
    actor.demand(Right.SEE_HISTORY)
    group = operations.visible_groups(actor).filter(pk=group_id).first()
    if group is None:
        raise Http404
    context = {
        "title": _("Changes of rights of %(group)s") % {"group": group},
        "entries": entries_of(group),
        "back": reverse("admin:mcp_usergroup_change", args=[group.pk]),
    }
    return show(request, "mcp/rights_log.html", context)


def entries_of(group: UserGroup) -> list[Entry]:
    """The log, newest first. Grants of the same right in one request are one entry that names the locations."""
    events = [
        *_events("LocationGrantEvent", group, "grant", "permission_id", "content_object_id"),
        *_events("OrganizationGrantEvent", group, "grant", "permission_id", None),
        *_events("RestrictionEvent", group, "restriction", "right", "location_id"),
        *_events("MembershipEvent", group, "membership", "user_id", None),
    ]
    together: dict[tuple[object, ...], list[_Event]] = defaultdict(list)
    for event in events:
        subject = event.subject if event.kind != "membership" else None
        together[(event.context or event.at, event.kind, event.label, subject, event.place is None)].append(event)
    words = _Words(events)
    entries = [_entry(group, words) for group in together.values()]
    return sorted(entries, key=lambda entry: (entry.at, entry.sentence), reverse=True)


def _events(model: str, group: UserGroup, kind: str, subject: str, place: str | None) -> Iterable[_Event]:
    rows = apps.get_model("mcp", model)._default_manager.filter(group_id=group.pk, pgh_label__in=["insert", "delete"])
    for row in rows.select_related("pgh_context").order_by("-pgh_created_at")[:NEWEST]:
        yield _Event(
            at=row.pgh_created_at,
            context=row.pgh_context_id,
            metadata=row.pgh_context.metadata if row.pgh_context else {},
            label=row.pgh_label,
            kind=kind,
            subject=getattr(row, subject),
            place=getattr(row, place) if place else None,
        )


class _Words:
    """The names behind the keys in the events, read at once."""

    def __init__(self, events: list[_Event]) -> None:
        self.places = Location.objects.in_bulk({event.place for event in events if event.place})
        people = {event.subject for event in events if event.kind == "membership"}
        self.people = User.objects.in_bulk(people)
        permissions = Permission.objects.filter(pk__in={event.subject for event in events if event.kind == "grant"})
        self.rights = {pk: Right(code).label for pk, code in permissions.values_list("pk", "codename")}

    def right(self, event: _Event) -> Promise | None:
        return self.rights.get(int(event.subject)) if event.kind == "grant" else Right(str(event.subject)).label

    def where(self, events: list[_Event]) -> str:
        if events[0].place is None:
            return _("all locations")
        return _cut(sorted(str(self.places.get(event.place or 0, "–")) for event in events))

    def who(self, events: list[_Event]) -> str:
        return _cut(sorted(str(self.people.get(int(event.subject), _("a deleted person"))) for event in events))


def _entry(events: list[_Event], words: _Words) -> Entry:
    first = events[0]
    is_new = first.label == "insert"
    return Entry(
        at=first.at,
        who=actor_shown(first.metadata) or _("the system"),
        where=str(first.metadata.get("location_name") or ""),
        is_gain=is_new != (first.kind == "restriction"),
        sentence=_SENTENCES[first.kind](events, is_new, words),
    )


def _grant(events: list[_Event], is_new: bool, words: _Words) -> str:
    params = {"right": words.right(events[0]), "places": words.where(events)}
    return (_("gave “%(right)s” for %(places)s") if is_new else _("took away “%(right)s” for %(places)s")) % params


def _restriction(events: list[_Event], is_new: bool, words: _Words) -> str:
    params = {"right": words.right(events[0]), "places": words.where(events)}
    if is_new:
        return _("restricted “%(right)s” at %(places)s") % params
    return _("lifted the restriction of “%(right)s” at %(places)s") % params


def _membership(events: list[_Event], is_new: bool, words: _Words) -> str:
    params = {"people": words.who(events)}
    return (_("took %(people)s into the group") if is_new else _("took %(people)s out of the group")) % params


_SENTENCES: dict[str, Callable[[list[_Event], bool, _Words], str]] = {
    "grant": _grant,
    "restriction": _restriction,
    "membership": _membership,
}


def _cut(names: list[str]) -> str:
    rest = len(names) - _NAMES_SHOWN
    if rest <= 0:
        return ", ".join(names)
    more = ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": rest}
    return f"{', '.join(names[:_NAMES_SHOWN])} {more}"
