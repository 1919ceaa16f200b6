"""What the buttons on the page of a transition do, each with its form and what is said afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.permissions import Right
from mcp.isolation.scope import Scope
from transitions import operations
from transitions.choices import BEFORE_EXECUTION, JOINED_ANEW, TransitionKind, TransitionState
from transitions.models import Transition
from transitions.pages import forms

type Data = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One step of a transition as a page offers it."""

    name: str
    states: frozenset[TransitionState]
    """In which it can be taken."""
    form: type[forms.StepForm]
    take: Callable[[Transition, Data, Scope], Transition]
    title: str | Promise
    button: str | Promise
    said: str | Promise
    is_dangerous: bool = False
    is_answered_for: bool = False
    """Whoever takes it answers by name for what the page shows: it must be what is so now."""
    is_aside: bool = False
    """It can be done, but is not what everybody waits for."""
    kind: TransitionKind | None = None
    """It is a step of this kind of transition alone."""
    is_due: Callable[[Transition], bool] = lambda transition: True
    """Whether there is something to do by it, in one of its states."""
    said_of_worker: str | Promise = ""
    """What is said where it is left to the worker, so that the state is still the same."""

    @property
    def closes(self) -> bool:
        return self.take is _close

    def sentence(self, taken: Transition) -> str:
        """What is said once it was taken."""
        return str(self.said_of_worker if self.said_of_worker and taken.state in self.states else self.said)


def _review(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.review_now(transition=transition, is_narrowed=data["is_narrowed"], actor=actor)


def _again(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.review_again(transition=transition, actor=actor)


def _confirm(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.confirm(transition=transition, actor=actor)


def _ground(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.name_ground(
        transition=transition, basis=data["basis"], ground=data["ground"], field_groups=data["field_groups"],
        actor=actor,
    )  # fmt: skip


def _money(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.assign_money(transition=transition, agreement=data["agreement"], actor=actor)


def _execute(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.execute_now(transition=transition, actor=actor)


def _close(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.close(transition=transition, note=data["note"], actor=actor)


def _move(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.move_day(transition=transition, planned_for=data["planned_for"], actor=actor)


def _cancel(transition: Transition, data: Data, actor: Scope) -> Transition:
    return operations.cancel(transition=transition, note=data["note"], actor=actor)


_ALL = (
    Step(
        "review", frozenset({TransitionState.NUMBERED}), forms.ReviewForm, _review, _("Review who is carried over"),
        _("Review"), _("Reviewed. Nothing has been handed over yet."),
        said_of_worker=_("It is being reviewed. With so many customers this takes up to a minute."),
    ),
    Step(
        "ground", frozenset({TransitionState.REVIEWED}), forms.GroundForm, _ground, _("Name the legal ground"),
        _("Name it"), _("The legal ground is named. Now somebody else confirms it."), is_due=lambda row: not row.ground,
    ),
    Step(
        "confirm", frozenset({TransitionState.REVIEWED}), forms.EmptyForm, _confirm, _("Confirm the legal ground"),
        _("Confirm"), _("The legal ground is confirmed."), is_answered_for=True, is_due=lambda row: bool(row.ground),
    ),
    Step(
        "ground_again", frozenset({TransitionState.REVIEWED}), forms.GroundForm, _ground,
        _("Change the legal ground or the fields"), _("Change"),
        _("The legal ground is named. Now somebody else confirms it."), is_aside=True,
        is_due=lambda row: bool(row.ground),
    ),
    Step(
        "money", JOINED_ANEW, forms.MoneyForm, _money, _("Note the written assignment of open money"), _("Note it"),
        _("The assignment is noted."), is_due=lambda row: not row.money_agreement and bool(operations.money_of(row)),
    ),
    Step(
        "money_again", JOINED_ANEW, forms.MoneyForm, _money, _("Change the written assignment of open money"),
        _("Change"), _("The assignment is noted."), is_aside=True, is_due=lambda row: bool(row.money_agreement),
    ),
    Step(
        "again", frozenset({TransitionState.REVIEWED, TransitionState.CONFIRMED}), forms.EmptyForm, _again,
        _("Review once more"), _("Review once more"), _("It is to be reviewed once more."), is_aside=True,
    ),
    Step(
        "execute", frozenset({TransitionState.CONFIRMED}), forms.ExecuteForm, _execute, _("Execute"),
        _("Execute now"), _("Executed. The package is being made."), is_dangerous=True, is_answered_for=True,
        said_of_worker=_("It is being executed. With so many customers this takes up to a minute."),
    ),
    Step(
        "close", frozenset({TransitionState.EXECUTED, TransitionState.CARRIED_OVER}), forms.NoteForm, _close,
        _("Close"), _("Close"), _("Closed."),
    ),
    Step(
        "move", BEFORE_EXECUTION, forms.DayForm, _move, _("Another day"),
        _("Move the day"), _("The day is moved."), is_aside=True,
    ),
    Step(
        "cancel", BEFORE_EXECUTION, forms.CancelForm, _cancel, _("Cancel it all"),
        _("Cancel"), _("It is cancelled. Nothing was changed at the location."), is_dangerous=True, is_aside=True,
    ),
)  # fmt: skip
STEPS = {step.name: step for step in _ALL}
MONEY = frozenset({"money", "money_again"})
"""Whoever takes these sees what is open."""


_HIDDEN: Mapping[str, frozenset[str]] = {
    "": frozenset(),
    "todo": frozenset({"execute", "review"}),  # what nobody has begun can be called off
    "doing": frozenset(STEPS),
}


def offered(transition: Transition, actor: Scope, *, under_way: str = "") -> list[Step]:
    """The steps that the actor may take here and now. `under_way` is what `under_way` says."""
    with actor.asked.only_looking():
        may_decide, may_cancel = operations.reviews_here(actor), operations.may_cancel(transition, actor)
        sees_money = actor.allows(Right.SEE_ACCOUNTS)
    return [
        step
        for step in _ALL
        if step.name not in _HIDDEN[under_way]
        and transition.state in step.states
        and step.kind in {None, transition.kind}
        and (sees_money or step.name not in MONEY)
        and step.is_due(transition)
        and (may_cancel if step.name == "cancel" else may_decide)
        and not (step.name == "execute" and timezone.localdate() < transition.planned_for)
    ]
