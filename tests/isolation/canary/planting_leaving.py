"""Locations of a business that leave or join, in states that show something, with canaries in all their words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.utils import timezone

from files.choices import FileState
from locations.choices import BaseKind
from locations.models import CustomerBase, Location, Organization
from mcp.models import User
from tests.isolation.canary.canaries import Canary
from transitions.choices import JoiningAnswer, StartsWith, SwitchDirection, SwitchState, TransitionKind, TransitionState
from transitions.models import (
    Arrival,
    BaseSwitch,
    IncomingChunk,
    IncomingFile,
    JoiningWord,
    Package,
    PackageChunk,
    PackageDownload,
    ReviewPage,
    SwitchedCustomer,
    SwitchStep,
    Transition,
    TransitionCustomer,
    TransitionKey,
    TransitionStep,
    WithdrawalList,
)

if TYPE_CHECKING:
    from tests.isolation.canary.planting import Business

DAY = date(2026, 1, 1)


def plant_transitions(business: Business) -> None:
    """At each location one; those of the last two are reviewed."""
    owner = {"organization": business.organization}
    for place in business.locations:
        asked = business.row(
            Transition, **owner, location=place, kind=TransitionKind.JOIN, planned_for=DAY,
            review=_figures(business, place, "review"), result=_figures(business, place, "result"),
        )  # fmt: skip
        business.row(TransitionStep, **owner, transition=asked, user_id=business.people[0].pk)
        customer = next(one for one in business.rows["customers.Customer"] if one.base_id == place.base_id)
        business.row(
            TransitionCustomer, **owner, base=customer.base, transition=asked, customer_id=customer.pk,
            customer_number=customer.customer_number,
        )  # fmt: skip
        business.row(
            ReviewPage, **owner, base=customer.base, transition=asked, page=1, customers=[customer.pk],
            numbers=[customer.customer_number],
        )  # fmt: skip
        _package(business, place, asked)
        _arrival(business, place)
        _withdrawals(business, place, asked)
        _joining(business, asked)
    _review(business.locations[-2:], business.organization)
    _switches(business)


def _switches(business: Business) -> None:
    """At each location one to 1.0 was asked for and called off, and has taken somebody along."""
    owner = {"organization": business.organization}
    support = User.objects.get(username="rita")
    for number, place in enumerate(business.locations, start=801):
        base = CustomerBase.objects.create(**owner, kind=BaseKind.OFFLINE, branch_number=number)
        asked = business.row(
            BaseSwitch, **owner, location=place, direction=SwitchDirection.TO_OFFLINE, starts_with=StartsWith.HOME,
            source=place.base, target=base, requested_user=support.pk, signed_by="", signed_user=None, signed_at=None,
            edit_side="", moved_in=None, moved_at=None, places=[], figures={},
        )  # fmt: skip
        BaseSwitch.objects.filter(pk=asked.pk).update(state=SwitchState.CANCELLED)
        business.row(SwitchStep, **owner, switch=asked, user_id=support.pk)
        business.row(SwitchedCustomer, **owner, switch=asked, customer_id=1, number_before=1, number_after=2)


def _package(business: Business, place: Location, asked: Transition) -> None:
    """One that can be fetched."""
    package = business.row(
        Package, organization=business.organization, base=place.base, location=place, transition=asked,
        user=business.people[0], state=FileState.DONE, manifest=_manifest(business, "transitions.Package"),
        state_since=timezone.now(),
    )  # fmt: skip
    content = business.canaries.word(Canary(business.account, "transitions.PackageChunk", "content")).encode()
    business.row(PackageChunk, base=place.base, file=package, position=0, content=content)
    business.row(PackageDownload, base=place.base, file=package, user_id=business.people[0].pk)


def _arrival(business: Business, place: Location) -> None:
    upload = next(one for one in business.rows["customers.ImportUpload"] if one.location_id == place.pk)
    business.row(
        Arrival, organization=business.organization, base=place.base, upload=upload,
        manifest=_manifest(business, "transitions.Arrival"), transition=uuid4(),
    )  # fmt: skip

    incoming = business.row(
        IncomingFile, organization=business.organization, base=place.base, location=place, user=business.people[0],
        taken_in=None,
    )  # fmt: skip
    content = business.canaries.word(Canary(business.account, "transitions.IncomingChunk", "content")).encode()
    business.row(IncomingChunk, base=place.base, file=incoming, position=0, content=content)


def _joining(business: Business, asked: Transition) -> None:
    """Somebody wants to join this business, and it has not answered."""
    business.row(
        JoiningWord, organization=business.organization, transition=asked.pk, word=JoiningAnswer.ASKED,
        client_number=77, planned_for=DAY, user_id=business.people[0].pk,
    )  # fmt: skip


def _withdrawals(business: Business, place: Location, asked: Transition) -> None:
    """Lists that were made and taken in, and the key by which they are signed."""
    business.row(TransitionKey, organization=business.organization, transition=asked)
    for is_taken_in in (False, True):
        business.row(
            WithdrawalList, organization=business.organization, base=place.base, transition=asked.pk,
            is_taken_in=is_taken_in, numbers=[1], user_id=business.people[0].pk,
        )  # fmt: skip


def _manifest(business: Business, table: str) -> dict[str, Any]:
    """As a package has it; its words are those of the business."""
    word = business.canaries.word(Canary(business.account, table, "manifest"))
    return {
        "executed_at": f"{DAY}T00:00:00+00:00",
        "made_at": f"{DAY}T00:00:00+00:00",
        "from": {"account_number": 1, "name": word},
        "to": {"account_number": 2, "client_number": 2, "name": word},
        "ground": word,
        "confirmed_by": word,
        "counts": {"customers": 1, "consents": 1, "groups": 0, "tags": 0},
        "basis": "consent",
        "field_groups": [],
        "files": {"customers.csv": {"size": 1, "sha256": word}},
        "purposes": [],
    }


def _review(places: list[Location], organization: Organization) -> None:
    groups = Organization.objects.filter(kind="central_group").exclude(pk=organization.pk)
    receiver = groups.order_by("pk")[0]
    found = Transition.objects.filter(location__in=places)
    found.update(
        state=TransitionState.NUMBERED,
        receiver=receiver,
        receiver_account=receiver.account_number,
        receiver_client_number=77,
    )
    found.update(state=TransitionState.REVIEWED)


def _figures(business: Business, place: Location, column: str) -> dict[str, Any]:
    sums = {"total": 3, "carried": 1, "left_out": 2, "reasons": {"noconsent": 1, "archived": 1}}
    name = business.canaries.word(Canary(business.account, "transitions.Transition", column))
    home = {"location": place.pk, "number": 2, "name": name, **sums}
    return {"at": f"{DAY}T00:00:00+00:00", **sums, "homes": [home, home]}
