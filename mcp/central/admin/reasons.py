"""The answers of mcp.isolation.access in sentences: why somebody has a right or not."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from locations.models import Location
from mcp.isolation.facts import Answer, Fact, Source
from mcp.models import Device, User


@dataclass(frozen=True)
class Explained:
    """One right as the page "Why?" shows it."""

    label: Promise
    is_held: bool
    reasons: list[str]


def explained(answer: Answer, *, user: User, location: Location) -> Explained:
    """The answer with its reasons as sentences."""
    if answer.obstacle:
        reasons = [obstacle_sentence(answer.obstacle, user=user, location=location)]
    elif answer.granted:
        silenced = {fact.group_id for fact in answer.restricted}
        reasons = [_grant_sentence(fact, location, is_silenced=fact.group_id in silenced) for fact in answer.granted]
    else:
        reasons = [_nobody_grants(user, location)]
    return Explained(answer.right.label, answer.is_held, reasons)


def explained_of_device(answer: Answer, device: Device) -> Explained:
    """The same of a device, at its location."""
    place = device.location
    if answer.obstacle:
        reasons = [_obstacle_of_device(answer.obstacle, place)]
    elif answer.granted:
        silenced = {fact.group_id for fact in answer.restricted}
        reasons = [_grant_sentence(fact, place, is_silenced=fact.group_id in silenced) for fact in answer.granted]
    else:
        group = device.group.name if device.group else "–"
        reasons = [
            _("The user group “%(group)s” does not have it at %(location)s.") % {"group": group, "location": place}
        ]
    return Explained(answer.right.label, answer.is_held, reasons)


def _obstacle_of_device(obstacle: str, place: Location) -> str:
    if obstacle == "closed":
        return _("%(location)s is closed; nobody works there.") % {"location": place}
    return _("Only people can have this right, whatever the user group of a device has.")


def obstacle_sentence(obstacle: str, *, user: User, location: Location) -> str:
    """The sentence for an obstacle: why no grant counts."""
    sentences = {
        "inactive": _("%(user)s is deactivated and cannot log in."),
        "stranger": _("%(user)s does not belong to %(business)s."),
        "closed": _("%(location)s is closed; nobody works there."),
    }
    return sentences[obstacle] % {"user": user, "location": location, "business": location.organization}


def _grant_sentence(fact: Fact, location: Location, *, is_silenced: bool) -> str:
    params = {"group": fact.group_name, "location": location}
    if fact.source is Source.PROVIDER:
        return _("Everybody with the role “%(group)s” may do this at all businesses.") % params
    if fact.source is Source.ORGANIZATION:
        if is_silenced:
            return (
                _("The user group “%(group)s” has it at all locations, but %(location)s restricts this group.") % params
            )
        return _("Through the user group “%(group)s”, which has it at all locations.") % params
    if is_silenced:
        return _("The user group “%(group)s” has it here, but %(location)s restricts this group.") % params
    return _("Through the user group “%(group)s”, which has it at %(location)s.") % params


def _nobody_grants(user: User, location: Location) -> str:
    params = {"user": user, "location": location}
    if user.organization_id is None:
        return _("People of the provider do not have this right anywhere.")
    return _("No user group of %(user)s has it at %(location)s.") % params
