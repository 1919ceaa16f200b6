"""A change of rights in sentences, for the preview."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from locations.models import Location
from locations.permissions import Right
from mcp.central.operations import GrantChange
from mcp.isolation.grants import Grant
from mcp.models import UserGroup

SHOWN = 30


@dataclass(frozen=True)
class Detail:
    """One right, and the locations at which it is given or taken, in one line."""

    right: Promise
    places: str


def summary(change: GrantChange) -> str:
    """The change in numbers, such as: 3 rights at 12 locations for 5 people; 1 taken away."""
    people = people_words(change.people)
    given = _given(change, people)
    if not change.removed:
        return "; ".join(given)
    count = len(change.removed)
    if given:
        taken = ngettext("%(count)s taken away", "%(count)s taken away", count) % {"count": count}
    else:
        taken = _("%(rights)s taken away for %(people)s") % {"rights": rights_words(count), "people": people}
    return "; ".join([*given, taken])


def details(grants: frozenset[Grant]) -> list[Detail]:
    """The rights in the order of the catalogue, each with its locations. Long lists are cut."""
    places: dict[Right, list[int | None]] = defaultdict(list)
    for right, place in grants:
        places[right].append(place)
    names = Location.objects.in_bulk({place for _right, place in grants if place is not None})
    return [Detail(right.label, _places(places[right], names)) for right in Right if places[right]]


def people_of(group: UserGroup) -> str:
    """The names of the members, cut where there are many."""
    members = [str(user) for user in group.members.order_by("username")[: SHOWN + 1]]
    return cut(members, group.memberships.count() if len(members) > SHOWN else len(members))


def _given(change: GrantChange, people: str) -> list[str]:
    single = {right for right, place in change.added if place is not None}
    sentences = []
    if change.added_everywhere:
        params = {"rights": rights_words(change.added_everywhere), "people": people}
        sentences.append(_("%(rights)s at all locations for %(people)s") % params)
    if single:
        params = {"rights": rights_words(len(single)), "places": _locations(change.added_places), "people": people}
        sentences.append(_("%(rights)s at %(places)s for %(people)s") % params)
    return sentences


def rights_words(count: int) -> str:
    """Such as "2 rights", in the active language."""
    return ngettext("%(count)s right", "%(count)s rights", count) % {"count": count}


def _locations(count: int) -> str:
    return ngettext("%(count)s location", "%(count)s locations", count) % {"count": count}


def people_words(count: int) -> str:
    """Such as "2 people", in the active language."""
    if not count:
        return _("nobody yet")
    return ngettext("%(count)s person", "%(count)s people", count) % {"count": count}


def _places(places: list[int | None], names: dict[int, Location]) -> str:
    if None in places:
        rest = len(places) - 1
        everywhere = _("all locations (later ones included)")
        return everywhere if not rest else f"{everywhere}; {_locations(rest)}"
    found = sorted((names[place] for place in places if place in names), key=lambda one: one.client_number)
    return cut([location.name for location in found[:SHOWN]], len(found))


def cut(names: list[str], total: int) -> str:
    """The first SHOWN names, and how many more there are. `total` counts them all."""
    shown = names[:SHOWN]
    if total <= len(shown):
        return ", ".join(shown)
    rest = total - len(shown)
    more = ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": rest}
    return f"{', '.join(shown)} {more}"
