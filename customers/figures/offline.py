"""At the central: the locations with an offline base 1.0, and whether figures made here count their customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby

from locations import legacy
from locations.choices import LegacyRule
from locations.models import Location
from locations.permissions import Right
from locations.querysets import LocationQuerySet
from mcp.isolation import row_scope
from mcp.isolation.holdings import holdings_of
from mcp.isolation.scope import Scope

NAMED = 8
"""So many locations that are left out are named; more are "others"."""


@dataclass(frozen=True)
class OfflineBase:
    """A base 1.0 whose customers are counted, with its locations."""

    scope: Scope
    locations: tuple[Location, ...]

    def read[Read](self, reading: Callable[[Scope], Read]) -> Read:
        """What the function reads with the rows of this base, none of which exists at the central."""
        with row_scope.rows_of(self.scope):
            return reading(self.scope)


@dataclass(frozen=True)
class OfflineBases:
    """Those at the central; elsewhere, and in a group without any, nothing."""

    counted: tuple[OfflineBase, ...] = ()
    left_out: tuple[Location, ...] = ()
    """By the rule that figures at the central leave them out; NAMED and one of them where there are more."""
    not_allowed: tuple[Location, ...] = ()
    """Because the user may see figures here and not there."""


def offline_bases(scope: Scope) -> OfflineBases:
    """Which bases 1.0 are counted in a figure that is made here, and which are not, and why.

    One query at the central, none elsewhere; where the rule is lifted four more, and reading takes what it takes for
    each base.
    """
    if not scope.location.is_central:
        return OfflineBases()
    places = _elsewhere(scope).annotate(is_counted=legacy.lifted(LegacyRule.CENTRAL_FIGURES, scope.organization))
    some = tuple(places[: NAMED + 1])
    if not some or not some[0].is_counted:
        return OfflineBases(left_out=some)
    held = holdings_of(scope)
    allowed: list[Location] = []
    not_allowed: list[Location] = []
    for place in places:
        (allowed if held.holds(Right.RUN_REPORTS, place.pk) else not_allowed).append(place)
    return OfflineBases(counted=_by_base(scope, allowed), not_allowed=tuple(not_allowed))


def left_out_of_lists(scope: Scope) -> tuple[Location, ...]:
    """At the central: the locations whose customers stand in no list that is made here, because they have a base 1.0.

    They are seen only after switching there, whether or not figures count them. NAMED and one of them where there are
    more. One query at the central, none elsewhere.
    """
    if not scope.location.is_central or not legacy.is_in_force(LegacyRule.CENTRAL_EDITING, scope.organization):
        return ()
    return tuple(_elsewhere(scope)[: NAMED + 1])


def names_left_out(scope: Scope) -> tuple[str, ...]:
    """The names of NAMED of them, to be stored with a file; an ellipsis stands for more."""
    some = left_out_of_lists(scope)
    return (*map(str, some[:NAMED]), *(["…"] if len(some) > NAMED else []))


def _elsewhere(scope: Scope) -> LocationQuerySet:
    """The open locations of the business that do not work with the base of the scope, in their order."""
    places = Location.objects.of_organization(scope.organization).open().exclude(base=scope.base)
    return places.select_related("organization", "base").order_by("client_number")


def _by_base(scope: Scope, places: list[Location]) -> tuple[OfflineBase, ...]:
    """Locations of one branch number share a base, which is counted once."""
    together = groupby(sorted(places, key=lambda place: place.base_id), key=lambda place: place.base_id)
    bases = [tuple(of_base) for _base, of_base in together]
    bases.sort(key=lambda of_base: of_base[0].client_number)
    return tuple(OfflineBase(replace(scope, location=of_base[0]), of_base) for of_base in bases)
