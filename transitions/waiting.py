"""What waits for those who let locations leave and join: steps, answers, packages, withdrawals.

Found by the registry in mcp/console/waiting.py.

Who may take a step is said by the functions by which its page offers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Min
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from files import lifecycle
from files.choices import FileState
from locations.choices import LocationKind
from locations.models import CENTRAL_CLIENT_NUMBER, Location
from locations.permissions import Right
from mcp.central.operations import holdings_of
from mcp.console.waiting import Source, Thing, register
from mcp.isolation.scope import Scope
from transitions import operations
from transitions.choices import OPEN, JoiningAnswer, TransitionState
from transitions.models import JoiningWord, Package, Transition
from transitions.operations import admitting
from transitions.package import lifecycle as packages
from transitions.pages.steps import STEPS, offered
from transitions.withdrawals.making import HANDED_OVER, lists_of, withdrawals_since

TRANSITION, PACKAGE = "admin:transitions_transition", "admin:transitions_package"
LATELY = timedelta(days=365)
"""Lists of withdrawals are asked for as long after the execution; later the page of the package still makes them."""
HIS = ("review", "ground", "confirm", "close")
"""The steps that wait for somebody. The worker executes by itself, and says so where it cannot."""
SENTENCES = {name: format_lazy("{}: %(location)s", STEPS[name].title) for name in HIS} | {
    "execute": _("%(location)s: the day is over, and it could not be executed. Look why"),
    "account": _("%(location)s wants to leave or to join: assign the number"),
    "joining": _("%(business)s wants to join the group: say yes or no"),
    "package_ready": _("Fetch the package for %(receiver)s"),
    "package_expired": _("The package for %(receiver)s was not fetched and is gone: have it made anew"),
    "package_failed": _("The package for %(receiver)s could not be made: have it made anew"),
    "withdrawals": _("Have the list of withdrawals for %(receiver)s made. New customers on it: %(count)s"),
}


def things(scope: Scope) -> Iterator[Thing]:
    """Some queries for each location that is under way at the moment; mostly there is none."""
    for transition in operations.visible_transitions(scope).open().select_related("organization", "location__base"):
        yield from _steps(transition, scope)
    yield from _joinings(scope)
    if operations.reviews_here(scope):
        handed_over = packages.transitions_for(scope).filter(
            state__in=HANDED_OVER, executed_at__gt=timezone.now() - LATELY
        )
        for transition in handed_over:
            yield from _packages(transition)
            yield from _withdrawals(transition)


def _steps(transition: Transition, scope: Scope) -> Iterator[Thing]:
    last: Any = transition.steps.last()
    values = {"location": transition.location.name}
    since, key = last.at, f"{transition.pk} {last.pk}"
    if operations.is_support(scope) and transition.state == TransitionState.REQUESTED:
        yield Thing(
            code="account", values=values, page="admin:transitions_account", arguments=[str(transition.pk)],
            since=since, key=f"account {key}",
        )  # fmt: skip
    under_way = operations.under_way(transition)
    for step in offered(transition, scope, under_way=under_way):
        if step.name in SENTENCES and _is_his(step.name, transition, scope):
            yield Thing(
                code=step.name, values=values, page=TRANSITION, arguments=[str(transition.pk)], since=since,
                key=f"{step.name} {key}",
            )  # fmt: skip


def _is_his(step: str, transition: Transition, scope: Scope) -> bool:
    """Whether the step waits for this person: neither the worker nor another side is to take it."""
    match step:
        case "confirm":
            return not operations.why_not_confirm(transition, scope)
        case "execute":  # the worker does it, on the day
            return transition.planned_for < timezone.localdate()
        case "close":  # as long as nothing has arrived it is the receiver who is awaited
            return transition.state == TransitionState.CARRIED_OVER and not transition.is_taken_back
    return True


def _joinings(scope: Scope) -> Iterator[Thing]:
    """Who wants to join the group, for those who may say yes or no."""
    if scope.location.kind == LocationKind.BRANCH or operations.is_support(scope):
        return
    asked = [word for word in admitting.asked_here(scope) if word.word == JoiningAnswer.ASKED]
    if asked and holdings_of(scope).holds(Right.MANAGE_LOCATION, None):
        for word in asked:
            yield Thing(
                code="joining", values={"business": word.sender_name}, page="admin:transitions_joinings",
                since=word.at, key=f"joining {word.pk}",
            )  # fmt: skip


def _packages(transition: Transition) -> Iterator[Thing]:
    """The newest package, until somebody has fetched it."""
    package = packages.packages_of(transition).filter(transition__state__in=packages.MAKING).first()
    if package is None or lifecycle.is_under_way(packages.PACKAGES, package) or package.downloads.exists():
        return
    yield Thing(
        code=_state_of(package), values={"receiver": transition.receiver_name}, page=PACKAGE,
        arguments=[str(transition.pk)], since=package.state_since, key=f"{_state_of(package)} {package.pk}",
    )  # fmt: skip


def _state_of(package: Package) -> str:
    if lifecycle.is_ready(packages.PACKAGES, package, now=timezone.now()):
        return "package_ready"
    return "package_expired" if package.state == FileState.DONE else "package_failed"


def _withdrawals(transition: Transition) -> Iterator[Thing]:
    """The withdrawals since the last list for the receiver was made."""
    last = lists_of(transition).values_list("at", flat=True).first()
    since = withdrawals_since(transition).filter(recorded_at__gt=last or transition.executed_at)
    customers, first = since.order_by().values("customer").distinct().count(), None
    if customers:
        first = since.aggregate(first=Min("recorded_at"))["first"]
        yield Thing(
            code="withdrawals", values={"count": customers, "receiver": transition.receiver_name}, page=PACKAGE,
            arguments=[str(transition.pk)], since=first, key=f"withdrawals {transition.pk} {last or ''}",
        )  # fmt: skip


def places() -> Iterable[Location]:
    """The locations where somebody may have to be reminded: the heads of businesses that hand over, or are asked."""
    lately = Transition.objects.filter(state__in=HANDED_OVER, executed_at__gt=timezone.now() - LATELY)
    under_way = Transition.objects.filter(state__in=OPEN)
    asked = JoiningWord.objects.filter(word=JoiningAnswer.ASKED, at__gt=timezone.now() - LATELY)
    businesses = {
        pk
        for rows in (lately, under_way, asked)
        for pk in rows.order_by().values_list("organization", flat=True).distinct()
    }
    heads = Location.objects.open().filter(organization__in=businesses).select_related("organization", "base")
    independent = heads.filter(kind=LocationKind.INDEPENDENT)
    return [*heads.filter(client_number=CENTRAL_CLIENT_NUMBER), *independent]


register(
    Source(
        name="transitions",
        rights=frozenset({Right.MANAGE_LOCATION, Right.CARRY_OVER}),
        things=things,
        sentences=SENTENCES,
        list_page="admin:transitions",
        places=places,
    )
)
