"""What the page of a transition says: how far it is, who must do what next, and the figures in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from transitions.choices import FieldGroup, Reason, TransitionKind, TransitionState
from transitions.deciding import HomeFigures
from transitions.models import Transition, TransitionStep
from transitions.operations.stepping import reached_by

WAY = (
    TransitionState.REQUESTED,
    TransitionState.NUMBERED,
    TransitionState.REVIEWED,
    TransitionState.CONFIRMED,
    TransitionState.EXECUTED,
    TransitionState.CARRIED_OVER,
    TransitionState.CLOSED,
)
"""The states in their order, without the one of what is cancelled."""
REASONS: dict[Reason, Promise] = {
    Reason.ARCHIVED: gettext_lazy("Archived customers stay where they are."),
    Reason.BLOCKED: gettext_lazy("Blocked customers stay where they are."),
    Reason.NOT_RELATED: gettext_lazy("They are registered elsewhere and have given no consent at this location."),
    Reason.OTHER_LOCATION: gettext_lazy("They have agreed, but at another location, and only for that one."),
    Reason.WITHDRAWN: gettext_lazy("They have taken back that their data may be handed over."),
    Reason.OTHER_RECEIVER: gettext_lazy("They have agreed, but to another receiver."),
    Reason.OTHER_BUSINESS: gettext_lazy("They have agreed, but to the business from which they came."),
    Reason.NO_CONSENT: gettext_lazy("They have never agreed that their data may be handed over."),
}


@dataclass(frozen=True)
class Stage:
    """One state on the bar: who has reached it and when, if anybody has."""

    label: str
    step: TransitionStep | None
    is_current: bool


@dataclass(frozen=True)
class Line:
    """How many customers are left out for a reason."""

    reason: Reason
    count: int
    meaning: str | Promise


@dataclass(frozen=True)
class Figures:
    """What was found about the customers."""

    total: int
    carried: int
    left_out: int
    reasons: list[Line]
    homes: Sequence[HomeFigures]


def stages(transition: Transition, steps: Sequence[TransitionStep]) -> list[Stage]:
    """The states on the way, each with the last step that has reached it."""
    latest = reached_by(steps)
    reached = WAY.index(TransitionState(transition.state)) if transition.state in WAY else len(WAY)
    return [
        Stage(
            transition.state_shown if state == transition.state else str(state.label),
            latest.get(state) if at <= reached else None,
            state == transition.state,
        )
        for at, state in enumerate(WAY)
        if transition.state != TransitionState.CANCELLED or state in latest
    ]


def figures_of(transition: Transition) -> Figures | None:
    """The figures of the execution, before it those of the review; None before that."""
    found = transition.result or transition.review
    if not found:
        return None
    counted = found["reasons"]
    lines = [Line(reason, counted[reason], REASONS[reason]) for reason in Reason if counted.get(reason)]
    return Figures(found["total"], found["carried"], found["left_out"], lines, found["homes"])


_NEXT: dict[str, Promise] = {
    TransitionState.REQUESTED: gettext_lazy("The provider's support assigns the account number of the new business."),
    TransitionState.NUMBERED: gettext_lazy("The central reviews which customers are carried over."),
    TransitionState.REVIEWED: gettext_lazy(
        "One who may carry customers over names the legal ground, another one confirms it."
    ),
    TransitionState.CONFIRMED: gettext_lazy("On %(day)s it is executed by itself, or from that day on by hand."),
    TransitionState.EXECUTED: gettext_lazy(
        "Somebody fetches the package, and %(receiver)s (%(number)s) imports it. Then this can be closed."
    ),
    TransitionState.CARRIED_OVER: gettext_lazy(
        "The customers have arrived. Somebody who may carry customers over closes this."
    ),
}
_NEXT_OF_JOINING: dict[str, Promise] = {
    TransitionState.REQUESTED: gettext_lazy(
        "The provider's support enters the group that is joined and the client number."
    ),
    TransitionState.NUMBERED: gettext_lazy("Your business reviews which customers are carried over."),
}


def who_is_next(transition: Transition, *, is_under_way: bool = False) -> str:
    """Who must do what next, in a sentence; empty where nobody must. `is_under_way`: the worker is at it."""
    if is_under_way and transition.state == TransitionState.NUMBERED:
        return _("The worker finds out who would be carried over. The page shows when it is done.")
    if is_under_way:
        return _("The worker executes it now. The page shows when it is done.")
    sentences = _NEXT | (_NEXT_OF_JOINING if transition.kind == TransitionKind.JOIN else {})
    is_back = transition.state == TransitionState.CARRIED_OVER and transition.is_taken_back
    sentence: str | Promise | None = sentences.get(TransitionState.EXECUTED if is_back else transition.state)
    if transition.state == TransitionState.REVIEWED and transition.ground:
        sentence = _("The legal ground is named; somebody else confirms it.")
    return (
        ""
        if sentence is None
        else str(sentence)
        % {
            "day": date_format(transition.planned_for, "DATE_FORMAT"),
            "receiver": transition.receiver_name,
            "number": transition.receiver_account,
        }
    )


def fields_of(transition: Transition) -> str:
    """The groups of fields that go along, of those that have to be chosen, and the ones that do not, in words."""
    chosen = [str(group.label) for group in FieldGroup if group in transition.field_groups]
    without = [str(group.label) for group in FieldGroup if group not in transition.field_groups]
    parts = [", ".join(chosen) if chosen else pgettext("groups of fields", "none")]
    parts += [_("without: %(fields)s") % {"fields": ", ".join(without)}] if without else []
    return "; ".join(parts)


def further_pages(transition: Transition) -> list[tuple[str, str]]:
    """(title, address) of the pages that there are about what was handed over."""
    titles = {"transitions_package": _("The package"), "transitions_protocol": _("The protocol")}
    found = []
    for name, title in titles.items():
        try:
            found.append((title, reverse(f"admin:{name}", args=[transition.pk])))
        except NoReverseMatch:
            continue
    return found if transition.executed_at else []
