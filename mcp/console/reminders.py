"""Reminders by mail of what waits for people: at most one mail a day for each person, and three about the same thing.

The mails themselves record what each person was reminded of. What waits is found with the rights that the person has
now, by the same sources as the front page (mcp/console/waiting.py).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypedDict
from urllib.parse import urljoin

from django.conf import settings
from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from locations.models import Location
from mcp.choices import MailKind, ProviderRole
from mcp.console import waiting
from mcp.console.waiting import Source
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.models import Mail, User
from mcp.worker import mailing

AFTER = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""How long after something began to wait the first, second and third reminder come; there is no fourth."""
MOST_TOLD = 30
"""The largest number of things in one mail."""
log = logging.getLogger(__name__)


class Told(TypedDict):
    """One thing that waits, as the mail keeps it in its `facts`."""

    source: str
    code: str
    values: dict[str, str | int]
    page: str
    """The name of the address at which it is done, and `arguments` of that address."""
    arguments: list[str]
    at: str
    """The location by its two numbers: "10400/1"."""
    place: str
    """The name of the location."""
    since: str
    """When it began to wait, in ISO format."""
    key: str


type Reminded = dict[str, list[datetime]]
"""For each key of a thing the times at which the person was reminded of it, the latest first."""


def remind(*, now: datetime, actor: str) -> int:
    """Queue a mail for everybody who is due for one; returns how many. None where no mail server is configured."""
    if not mailing.is_configured():
        return 0
    with row_scope.without_scope(reason="find who may have to be reminded", actor=actor):
        people = _people()
    count = 0
    for user, places in people.items():
        try:
            things = [thing for place in places for thing in _things_at(place, user)]
            count += bool(things) and _remind(user, things, now=now, actor=actor)
        except Exception:
            log.exception("User %s could not be reminded", user)
    return count


def _people() -> dict[int, list[Location]]:
    """For each person with an e-mail address, the locations at which something may wait for him."""
    people: dict[int, list[Location]] = defaultdict(list)
    for source in waiting.registered():
        for place in source.places() if source.places else ():
            for user in _who_may_act(source, place):
                if place not in people[user]:
                    people[user].append(place)
    return people


def _who_may_act(source: Source, place: Location) -> Iterable[int]:
    """The keys of those who hold one of the rights there, and of the provider's support."""
    support = Q(organization=None, provider_role=ProviderRole.SUPPORT)
    holders = Q(pk__in=[])
    for right in sorted(source.rights):
        holders |= Q(pk__in=access.holders_at(right, place).values("pk"))
    return User.objects.active().filter(support | holders).exclude(email="").values_list("pk", flat=True).order_by("pk")


def _things_at(place: Location, user: int) -> list[Told]:
    """What waits for the person at the location, in the form in which the mail keeps it."""
    number = {"account_number": place.organization.account_number, "client_number": place.client_number}
    try:
        scope = access.enter_as(user, **number)
    except Http404:
        return []
    with row_scope.rows_of(scope):
        return [told for source in waiting.registered() if source.places for told in _told(source, scope)]


def _told(source: Source, scope: Scope) -> list[Told]:
    return [
        {
            "source": source.name,
            "code": thing.code,
            "values": dict(thing.values),
            "page": thing.page,
            "arguments": [*thing.arguments],
            "at": f"{scope.organization.account_number}/{scope.location.client_number}",
            "place": str(scope.location),
            "since": thing.since.isoformat(),
            "key": f"{thing.key} {scope.location.pk}",
        }
        for thing in waiting.things_of(source, scope)
    ]


def _remind(user: int, things: list[Told], *, now: datetime, actor: str) -> bool:
    """Queue one mail about what is due; returns whether anything was.

    The lock on the person makes two workers take turns.
    """
    with row_scope.without_scope(reason="remind somebody of what waits", actor=actor):
        person = User.objects.active().select_for_update().filter(pk=user).first()
        if person is None:
            return False
        before = Mail.objects.filter(user=user, kind=MailKind.WAITING).order_by("-made_at")
        mails = list(before.values_list("made_at", "facts")[: len(AFTER) * MOST_TOLD])
        if mails and timezone.localdate(mails[0][0]) >= timezone.localdate(now):
            return False
        reminded: Reminded = defaultdict(list)
        for made_at, facts in mails:
            for thing in facts["things"]:
                reminded[thing["key"]].append(made_at)
        due = [thing for thing in things if is_due(datetime.fromisoformat(thing["since"]), reminded[thing["key"]], now)]
        return bool(due) and _queue(person, due[:MOST_TOLD])


def _queue(person: User, things: list[Told]) -> bool:
    return mailing.queue_mail(user=person, kind=MailKind.WAITING, facts={"things": things}) is not None


def is_due(since: datetime, reminded: list[datetime], now: datetime) -> bool:
    """Whether to remind of something that waits since `since`, after reminders at the times `reminded`.

    AFTER says how long after the beginning each reminder comes. Where the worker was away, the later ones keep their
    distance to the one before.
    """
    if len(reminded) >= len(AFTER):
        return False
    waited = AFTER[len(reminded)]
    if not reminded:
        return now - since >= waited
    return now - since >= waited and now - max(reminded) >= waited - AFTER[len(reminded) - 1]


def lines(things: list[Told]) -> list[tuple[str, str, str]]:
    """For the mail, in the active language: what waits, where, and the address at which it is done."""
    return [
        (
            waiting.sentence(thing["source"], thing["code"], thing["values"]),
            thing["place"],
            urljoin(
                settings.PUBLIC_URL, waiting.address_at(thing["at"], thing["page"], thing["arguments"]).lstrip("/")
            ),
        )
        for thing in things
    ]
