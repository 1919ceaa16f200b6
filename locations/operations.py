"""Opening, closing and reopening businesses and locations.

These operations do not ask for rights: mcp.central.operations does, and calls them. They keep the rules about what can
exist, as the constraints and triggers of the tables do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy
from psycopg.types.range import Range

from locations.choices import BaseKind, LocationKind, OrganizationKind
from locations.models import (
    CENTRAL_CLIENT_NUMBER,
    HIGHEST_CUSTOMER_NUMBER,
    LOWEST_CUSTOMER_NUMBER,
    CustomerBase,
    Location,
    Organization,
)

FIRST_BLOCK = 5_000_000
"""How many numbers the first location of a base gets; usually that is the central, which also imports customers."""
NEXT_BLOCK = 10_000
"""How many numbers each further location gets."""
WHOLE_RANGE = Range(LOWEST_CUSTOMER_NUMBER, HIGHEST_CUSTOMER_NUMBER + 1)
"""All numbers of a base, for the only location that works on it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is known of a location when it is opened. What is None is filled in (see open_location)."""

    name: str
    client_number: int | None = None
    branch_number: int | None = None
    street: str = ""
    postal_code: str = ""
    city: str = ""
    is_franchise: bool = False
    number_range: Range[int] | None = None
    numbers: int = NEXT_BLOCK
    """How many numbers a further location gets where no range is named."""


def propose_number_range(
    base: CustomerBase, *, size: int = NEXT_BLOCK, besides: Iterable[Range[int]] = ()
) -> Range[int]:
    """A free block of customer numbers of the base: FIRST_BLOCK numbers for its first location, `size` for each other.

    It is the block behind the last one that is taken, or, where too few numbers are left there, the lowest gap between
    two blocks that is wide enough. `besides` are blocks that are promised to others already. Raises ValidationError
    where there is none.
    """
    given = Location.objects.on_base(base).values_list("number_range", flat=True)
    taken = sorted([*given, *besides], key=lambda block: block.lower)
    if not taken:
        return Range(LOWEST_CUSTOMER_NUMBER, FIRST_BLOCK)
    starts = [LOWEST_CUSTOMER_NUMBER, *(block.upper for block in taken)]
    ends = [*(block.lower for block in taken), HIGHEST_CUSTOMER_NUMBER + 1]
    free = [start for start, end in zip(starts, ends, strict=True) if end - start >= size]
    if not free:
        raise ValidationError(
            gettext_lazy("No block of %(size)s customer numbers is free any more."),
            code="no_number_range",
            params={"size": size},
        )
    behind_last = starts[-1]
    start = behind_last if behind_last in free else free[0]
    return Range(start, start + size)


def next_client_number(organization: Organization) -> int:
    """The highest client number of the business plus one, and at least 2."""
    highest = organization.locations.order_by("-client_number").values_list("client_number", flat=True).first()
    return max(highest or CENTRAL_CLIENT_NUMBER, CENTRAL_CLIENT_NUMBER) + 1


@transaction.atomic
def open_organization(*, account_number: int, name: str, kind: str, place: Place) -> Organization:
    """Create a business with its shared base and its first location (the central, or the one independent).

    Raises ValidationError where a number is taken or out of range.
    """
    organization = Organization(account_number=account_number, name=name, kind=kind)
    organization.full_clean()
    organization.save(force_insert=True)
    _save_location(organization, _first_kind(kind), place, _shared_base(organization))
    return organization


@transaction.atomic
def open_location(*, organization: Organization, place: Place, offline: bool = False) -> Location:
    """Open a branch in a group.

    It works on the group's shared base or, with `offline`, on the base of its branch number.

    The offline base is made where there is none. Raises ValidationError for an independent business, and for numbers
    that are taken or out of range.
    """
    # The lock makes two openings at the same moment take different client numbers and number ranges.
    organization = Organization.objects.select_for_update().get(pk=organization.pk)
    if not organization.is_group:
        raise ValidationError(
            gettext_lazy(
                "%(name)s is an independent business and has exactly one location. Only a group can open branches."
            ),
            code="not_a_group",
            params={"name": organization.name},
        )
    number = place.client_number or next_client_number(organization)
    base = offline_base(organization, place.branch_number or number) if offline else _shared_base(organization)
    return _save_location(organization, LocationKind.BRANCH, place, base, number)


@transaction.atomic
def open_place_of_node(*, account_number: int, business: str, place: Place) -> Location:
    """Create at a branch's own installation the group and the branch itself, on the offline base of its branch number.

    `place` names all numbers. The central and other branches of the group are not known there. Raises ValidationError
    where a number is out of range.
    """
    organization = Organization(account_number=account_number, name=business, kind=OrganizationKind.CENTRAL_GROUP)
    organization.full_clean()
    organization.save(force_insert=True)
    if place.client_number is None or place.branch_number is None:
        raise ValueError("A branch's own installation is told its numbers.")
    base = offline_base(organization, place.branch_number)
    return _save_location(organization, LocationKind.BRANCH, place, base, place.client_number)


@transaction.atomic
def close_location(*, location: Location, at: datetime, has_left: bool = False) -> Location:
    """Close a location: from now on nobody works there; its numbers, customers and history stay.

    One that `has_left` the business is closed for good. Raises ValidationError for the central.
    """
    location = Location.objects.select_for_update(of=("self",)).get(pk=location.pk)
    if refusal := why_not_closed(location):
        raise refusal
    location.closed_at, location.has_left = at, has_left or location.has_left
    location.save(update_fields=["closed_at", "has_left"])
    return location


@transaction.atomic
def reopen_location(*, location: Location) -> Location:
    """Undo a closing. Raises ValidationError for a location that has left the business."""
    location = Location.objects.select_for_update(of=("self",)).get(pk=location.pk)
    if refusal := why_not_reopened(location):
        raise refusal
    location.closed_at = None
    location.save(update_fields=["closed_at"])
    return location


def why_not_closed(location: Location) -> ValidationError | None:
    """The refusal to close this location, so that a page can say it beforehand; None where it can be closed."""
    if not location.is_central:
        return None
    return ValidationError(
        gettext_lazy("The central cannot be closed: without it nobody could manage the group."), code="central_stays"
    )


def why_not_reopened(location: Location) -> ValidationError | None:
    """The refusal to reopen this location, as above."""
    if not location.has_left:
        return None
    return ValidationError(
        gettext_lazy("%(location)s has left the business and cannot be opened again."),
        code="location_has_left",
        params={"location": location},
    )


def _first_kind(kind: str) -> LocationKind:
    return LocationKind.CENTRAL if kind == OrganizationKind.CENTRAL_GROUP else LocationKind.INDEPENDENT


def _shared_base(organization: Organization) -> CustomerBase:
    return CustomerBase.objects.of_organization(organization).shared().get()


def offline_base(organization: Organization, branch_number: int) -> CustomerBase:
    """The offline base of this branch number; it is made where there is none."""
    base, _created = CustomerBase.objects.get_or_create(
        organization=organization, kind=BaseKind.OFFLINE, branch_number=branch_number
    )
    return base


def _save_location(
    organization: Organization,
    kind: LocationKind,
    place: Place,
    base: CustomerBase,
    number: int | None = None,
) -> Location:
    if number is None:
        number = CENTRAL_CLIENT_NUMBER if kind == LocationKind.CENTRAL else place.client_number or 2
    location = Location(
        organization=organization,
        kind=kind,
        client_number=number,
        branch_number=place.branch_number or number,
        name=place.name,
        street=place.street,
        postal_code=place.postal_code,
        city=place.city,
        is_franchise=place.is_franchise,
        base=base,
        number_range=place.number_range or propose_number_range(base, size=place.numbers),
    )
    location.full_clean()
    location.save(force_insert=True)
    return location
