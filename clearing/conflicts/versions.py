"""Versions of a customer: from a record that was kept, from the customer as he is now, and back into a customer.

Groups and locations are called in a record as on both sides: a group by its name, a location by its client number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from clearing.models import Conflict
from clearing.protocol.consent_union import ConsentStatement, in_force, in_order
from clearing.protocol.field_kinds import ARCHIVED, FIELDS, decode_value, encode_value
from clearing.protocol.versions import Values, Version
from clearing.rows.reading import versions_of
from customers.models import Consent, Customer, CustomerGroup, FormerNumber
from locations.models import CustomerBase, Location

HOME, GROUP, FORMER, TAGS = "home_location", "customer_group", "former_numbers", "tags"
REASON = "archived_reason"
LONGEST_REASON = 200


class NoSuchGroup(ValidationError):
    """The version is in a customer group that this base does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            gettext_lazy(
                "There is no customer group “%(name)s” in this customer base any more. Create it first, or leave the "
                "group as it is."
            ),
            code="unknown_group",
            params={"name": name},
        )


class NoSuchPlace(ValidationError):
    """The version is registered at a location that this business does not have."""

    def __init__(self, client_number: int) -> None:
        super().__init__(
            gettext_lazy(
                "There is no location with the client number %(number)s here. Leave where the customer is registered "
                "as it is."
            ),
            code="unknown_location",
            params={"number": client_number},
        )


def version_of(record: Any) -> Version | None:
    """The version that a conflict keeps; None where there was nobody, or nobody knows."""
    return None if record is None else Version.from_json(record)


def lost_values(conflict: Conflict) -> Values:
    """The values that did not stand. Those of a deletion are that he is archived: customers are not deleted here."""
    lost = version_of(conflict.lost)
    if lost is not None:
        return lost.values
    return {ARCHIVED: encode_value(FIELDS[ARCHIVED], conflict.happened_at), REASON: str(WAS_DELETED)}


WAS_DELETED = gettext_lazy("Deleted at the other side of the reconciliation")


def values_now(customer: Customer) -> Values:
    """All values of a customer that travel, as he is now."""
    return versions_of(customer.base, [customer.uid])[customer.uid].values


def fields_of(values: Values, *, base: CustomerBase) -> tuple[dict[str, object], list[FormerNumber] | None]:
    """These values as a customer of the base has them, and his former numbers, if they are among them.

    Raises NoSuchGroup, or NoSuchPlace.
    """
    found: dict[str, Any] = {name: decode_value(FIELDS[name], value) for name, value in values.items()}
    numbers = found.pop(FORMER, None)
    if TAGS in found:
        found[TAGS] = list(found[TAGS])
    if found.get(GROUP) is not None:
        found[GROUP] = _group(found[GROUP], base)
    if found.get(HOME) is not None:
        found[HOME] = _home(found[HOME], base)
    if numbers is None:
        return found, None
    return found, [FormerNumber(number=one.number, source=one.source, origin=one.origin) for one in numbers]


def _group(name: str, base: CustomerBase) -> CustomerGroup:
    found: CustomerGroup | None = CustomerGroup.objects.in_base(base).filter(name=name).first()
    if found is None:
        raise NoSuchGroup(name)
    return found


def _home(client_number: int, base: CustomerBase) -> Location:
    found = place_of(base).get(client_number)
    if found is None:
        raise NoSuchPlace(client_number)
    return found


def place_of(base: CustomerBase) -> Mapping[int, Location]:
    """The locations of the business by client number."""
    return {place.client_number: place for place in Location.objects.of_organization(base.organization)}


def consents_of(version: Version, *, base: CustomerBase) -> list[Consent]:
    """What the customer has said, to be recorded of a new one. Each thing once, and what was struck out besides."""
    places = place_of(base)
    said = in_force(version.consents) | {one for one in version.consents if one.struck_out is not None}
    return [_consent(one, places) for one in in_order(said)]


def _consent(said: ConsentStatement, places: Mapping[int, Location]) -> Consent:
    struck_out = said.struck_out
    return Consent(
        purpose=said.purpose, is_given=said.is_given, at=said.at, source=said.source, recorded_at=said.recorded_at,
        recorded_by=said.recorded_by, wording_version=said.wording_version, evidence=said.evidence,
        receiver=said.receiver, location=places.get(said.location) if said.location is not None else None,
        given_to=said.given_to, holds_here=said.holds_here,
        struck_out_at=struck_out.at if struck_out else None, struck_out_by=struck_out.by if struck_out else "",
    )  # fmt: skip
