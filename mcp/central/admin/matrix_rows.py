"""The cells of the matrix: what a group holds at each location, and what the user may change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from locations.models import CustomerBase, Location
from locations.permissions import Right
from locations.querysets import LocationQuerySet
from mcp.central import operations
from mcp.central.forms.matrix import EVERYWHERE, bits
from mcp.isolation import access
from mcp.isolation.branch import MadeAtCentral, is_paired
from mcp.isolation.grants import Grant
from mcp.isolation.scope import Scope
from mcp.models import UserGroup


@dataclass(frozen=True, slots=True)
class Cell:
    """One right at one place."""

    name: str
    right: str
    is_ticked: bool
    is_locked: bool
    is_general: bool
    """Held here because the group holds it at all locations."""
    is_restricted: bool
    hint: str

    @property
    def css(self) -> str:
        """The CSS classes of the cell."""
        marks = {"locked": self.is_locked, "general": self.is_general, "restricted": self.is_restricted}
        return " ".join(name for name, is_set in marks.items() if is_set)


@dataclass(frozen=True, slots=True)
class Row:
    """One location, or all of them, with a cell for each right."""

    place: str
    state: int
    """The rights that the group holds there, as one number."""
    number: int | None
    name: str
    detail: str
    base: CustomerBase | None
    """The location's customer base, so that a base 1.0 is marked; None in the row of all locations."""
    search: str
    cells: list[Cell]


class Matrix:
    """The rights of a group as rows; six queries, however many locations there are."""

    def __init__(self, group: UserGroup, actor: Scope) -> None:
        self.group, self.actor = group, actor
        self.grants = access.grants_of(group)
        self.restricted = access.restrictions_of(group)
        self.held = operations.holdings_of(actor)
        user = actor.user
        self.is_outside = user is not None and user.organization_id is None
        self.is_made_at_central = is_paired()
        self.is_own = user is not None and group.memberships.filter(user=user).exists()

    def general_row(self, ticked: frozenset[Grant] | None = None) -> Row:
        """The row of all locations. `ticked` shows a refused form again as it was sent."""
        name = _("All locations (later ones included)")
        return Row(EVERYWHERE, self._state(None), None, name, "", None, "", self._cells(None, name, ticked))

    def rows(self, locations: Iterable[Location], ticked: frozenset[Grant] | None = None) -> Iterator[Row]:
        """The rows of these locations; `ticked` shows a refused form again as it was sent."""
        for location in locations:
            city = "" if location.city in location.name else location.city
            detail = _("closed") if location.closed_at else city
            search = f"{location.client_number} {location.name} {location.city}".lower()
            cells = self._cells(location.pk, location.name, ticked)
            yield Row(
                str(location.pk),
                self._state(location.pk),
                location.client_number,
                location.name,
                detail,
                location.base,
                search,
                cells,
            )

    def _state(self, place: int | None) -> int:
        return bits(right for right in Right if (right, place) in self.grants)

    def _cells(self, place: int | None, name: str, ticked: frozenset[Grant] | None) -> list[Cell]:
        return [self._cell(right, place, name, ticked) for right in Right]

    def _cell(self, right: Right, place: int | None, name: str, ticked: frozenset[Grant] | None) -> Cell:
        is_granted = (right, place) in self.grants
        is_general = place is not None and (right, None) in self.grants
        is_restricted = place is not None and (right, place) in self.restricted
        reason = self._reason(right, place)
        return Cell(
            name=f"{right.value}@{EVERYWHERE if place is None else place}",
            right=right.value,
            is_ticked=is_granted if ticked is None else (right, place) in ticked,
            is_locked=self.is_made_at_central or (bool(reason) and not is_granted),
            is_general=is_general,
            is_restricted=is_restricted,
            hint=self._hint(right, name, reason, is_granted, is_general, is_restricted),
        )

    def _reason(self, right: Right, place: int | None) -> str:
        """Why the right cannot be handed out here; empty if it can."""
        if self.is_made_at_central:
            return str(MadeAtCentral.sentence)
        if self.is_outside:
            return _("The provider's people cannot hand out rights of a business.")
        if self.is_own:
            return _("You belong to this user group: let another person give it more rights.")
        if not self.held.holds(right, place):
            return _("You do not hold this right here yourself, so you cannot hand it out.")
        return ""

    def _hint(
        self, right: Right, name: str, reason: str, is_granted: bool, is_general: bool, is_restricted: bool
    ) -> str:
        hints = []
        if is_restricted:
            hints.append(_("The franchisee %(location)s does not let this user group do this.") % {"location": name})
        if is_general:
            hints.append(_("Held here through the row “All locations”."))
        if reason and is_granted and not self.is_made_at_central:
            hints.append(_("You can take this right away, but not give it back."))
        elif reason:
            hints.append(reason)
        return " ".join(hints)


def places_of(group: UserGroup, actor: Scope) -> LocationQuerySet:
    """The locations at which the group can hold a right: the one that owns it, else all of the business."""
    locations = Location.objects.of_organization(actor.organization).order_by("client_number")
    return locations.filter(pk=group.owner_id) if group.owner_id is not None else locations
