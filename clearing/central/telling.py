"""Mails new alarms to those of a business who have chosen it, as long as they may manage its central.

    tell(now=…, actor=…)                 called by the worker each minute, after `watch`
    choose_mail(is_wanted=…, actor=…)    on the page of the branches

Each alarm is told once, and again only where it has ended and come back. A business gets at most one mail an hour,
with all that is new. It names branches and devices, and no customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy

from clearing.choices import ALARM_SENTENCES, AlarmKind
from clearing.models import Alarm, AlarmRecipient
from locations.choices import LocationKind
from locations.models import Location
from locations.permissions import Right
from mcp.choices import MailKind
from mcp.console import waiting
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.models import User
from mcp.worker import mailing
from mcp.worker.upkeep import for_each

BETWEEN_MAILS = timedelta(hours=1)
MOST_TOLD = 30
"""The largest number of alarms in one mail; it counts the others."""
NODES, NODE = "admin:clearing_nodes", "admin:clearing_node"


class NotToldHere(ValidationError):
    """The alarms of a business are told to its own people, who choose that at the central."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("Mail about alarms is chosen at the central, by its own people."), code="not_told_here"
        )


class NoAddress(ValidationError):
    """There is nowhere to send a mail."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("Your login has no e-mail address. Have one entered, then choose the mails."),
            code="no_address",
        )


@transaction.atomic
def choose_mail(*, is_wanted: bool, actor: Scope) -> None:
    """From now on the actor is told of alarms by mail, or no more. Raises MissingRight, NotToldHere, NoAddress."""
    actor.demand(Right.MANAGE_LOCATION)
    user = actor.user
    if user is None or not actor.location.is_central or user.organization_id != actor.organization.pk:
        raise NotToldHere
    if not is_wanted:
        AlarmRecipient.objects.filter(organization=actor.organization, user=user).delete()
        return
    if not user.email:
        raise NoAddress
    AlarmRecipient.objects.get_or_create(user=user, defaults={"organization": actor.organization})


def recipients_at(central: Location) -> list[User]:
    """Who is told: who has chosen it and may still manage the central."""
    chosen = AlarmRecipient.objects.filter(organization=central.organization_id).values("user")
    return list(access.holders_at(Right.MANAGE_LOCATION, central).filter(pk__in=chosen).exclude(email=""))


def tell(*, now: datetime, actor: str) -> None:
    """Queue the mails about alarms that are new. None where no mail server is configured."""
    if not mailing.is_configured():
        return
    with row_scope.without_scope(reason="which businesses have new alarms?", actor=actor):
        chosen = AlarmRecipient.objects.values("organization")
        new = Alarm.objects.open().filter(told_at=None, organization__in=chosen)
        businesses = list(new.order_by().values_list("organization", flat=True).distinct())
    for_each(businesses, lambda business: _tell(business, now, actor), what="Alarms of business %s were not told")


def _tell(business: int, now: datetime, actor: str) -> None:
    """The lock on its recipients makes two workers take turns: what the first has told, the second finds told."""
    with row_scope.without_scope(reason="tell the alarms of a business", actor=actor):
        list(AlarmRecipient.objects.select_for_update().filter(organization=business).order_by("pk"))
        of_business = Alarm.objects.filter(organization=business)
        last = of_business.aggregate(last=Max("told_at"))["last"]
        if last is not None and now - last < BETWEEN_MAILS:
            return
        central = Location.objects.select_related("organization").filter(
            organization=business, kind=LocationKind.CENTRAL
        )
        people = [user for place in central for user in recipients_at(place)]
        new = list(of_business.open().filter(told_at=None).select_related("node__location__organization"))
        if not people or not new:
            return
        facts = _facts(new, central[0])
        for person in people:
            mailing.queue_mail(user=person, kind=MailKind.ALARMS, facts=facts)
        Alarm.objects.filter(pk__in=[alarm.pk for alarm in new]).update(told_at=now)


def _facts(alarms: Sequence[Alarm], central: Location) -> dict[str, Any]:
    told = [
        {
            "kind": alarm.kind,
            "number": alarm.node.location.client_number,
            "place": alarm.node.location.name,
            "device": alarm.node.name,
            "address": _address(central, NODE, str(alarm.node_id)),
        }
        for alarm in alarms[:MOST_TOLD]
    ]
    return {"alarms": told, "count": len(alarms), "more": len(alarms) - len(told), "list": _address(central, NODES)}


def _words(facts: Mapping[str, Any]) -> dict[str, object]:
    """The alarms of a mail with their sentences, in the active language."""
    return {
        "lines": [
            {**told, "title": AlarmKind(told["kind"]).label, "sentence": ALARM_SENTENCES[told["kind"]]}
            for told in facts["alarms"]
        ]
    }


mailing.register(MailKind.ALARMS, _words)


def _address(place: Location, page: str, *arguments: str) -> str:
    at = f"{place.organization.account_number}/{place.client_number}"
    return urljoin(settings.PUBLIC_URL, waiting.address_at(at, page, arguments).lstrip("/"))
