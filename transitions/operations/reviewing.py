"""The review: who would be carried over, the legal ground that one person names, and a second one confirms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.permissions import Right
from mcp.isolation import access
from mcp.isolation.scope import Scope
from mcp.models import User
from mcp.stored_sentences import Day, stored_sentence
from transitions import deciding
from transitions.choices import FieldGroup, LegalBasis, TransitionState
from transitions.models import Transition
from transitions.operations.stepping import demand_reviewer, locked, record_step, take_step

UNREVIEWED: dict[str, Any] = {
    "review": None, "basis": "", "ground": "", "ground_by": "", "ground_user": None, "confirmed_by": "",
    "confirmed_user": None, "field_groups": [],
}  # fmt: skip
"""What a transition holds that nobody has reviewed."""
FEWEST_WORDS = 3
"""With fewer a legal ground says nothing."""
MOST_NAMES = 5
_WORD = re.compile(r"[^\W\d_]{2,}")


ONCE_MORE = stored_sentence("transition_once_more", gettext_lazy("To be reviewed once more."))
TAKEN_BACK = stored_sentence(
    "transition_taken_back", gettext_lazy("To be reviewed once more. What was confirmed is taken back.")
)
GROUND_NAMED = stored_sentence(
    "transition_ground_named", gettext_lazy("The legal ground is named; somebody else confirms it.")
)


class NeedsSecondPerson(ValidationError):
    """The legal ground was named by the same person, or by nobody."""


@transaction.atomic
def review(*, transition: Transition, is_narrowed: bool, actor: Scope) -> Transition:
    """Find out who would be carried over now, and keep the figures. Raises MissingRight or NotThisStep."""
    demand_reviewer(actor)
    looked_at = locked(transition, before=[TransitionState.NUMBERED], after=TransitionState.REVIEWED, actor=actor)
    looked_at.is_narrowed = is_narrowed
    figures = deciding.review(transition=looked_at, at=timezone.now())
    take_step(looked_at, TransitionState.REVIEWED, actor=actor, is_narrowed=is_narrowed, review=figures)
    return looked_at


@transaction.atomic
def review_again(*, transition: Transition, actor: Scope) -> Transition:
    """Set a review or a confirmation back, to review once more. Raises MissingRight or NotThisStep.

    The legal ground does not hold any more; the history keeps that it was named or confirmed.
    """
    demand_reviewer(actor)
    back = locked(
        transition,
        before=[TransitionState.REVIEWED, TransitionState.CONFIRMED],
        after=TransitionState.EXECUTED,
        actor=actor,
    )
    was_confirmed = back.state == TransitionState.CONFIRMED
    told = TAKEN_BACK() if was_confirmed else ONCE_MORE()
    take_step(back, TransitionState.NUMBERED, actor=actor, told=told, **UNREVIEWED)
    return back


@transaction.atomic
def name_ground(
    *, transition: Transition, basis: str, ground: str, field_groups: Iterable[str] = (), actor: Scope
) -> Transition:
    """Say on which legal ground customers are carried over, for which reason, and which fields go along.

    Nothing is confirmed by it: somebody else does that. What was named before is replaced. Raises MissingRight,
    NotThisStep, or ValidationError for a reason that says nothing.
    """
    demand_reviewer(actor)
    ground = ground.strip()
    _check_ground(basis, ground)
    named = locked(transition, before=[TransitionState.REVIEWED], after=TransitionState.CONFIRMED, actor=actor)
    chosen = set(field_groups)
    named.basis, named.ground, named.ground_by = basis, ground, actor.actor_name[:200]
    named.ground_user = actor.user.pk if actor.user else None
    named.field_groups = [group.value for group in FieldGroup if group in chosen]
    named.save(update_fields=["basis", "ground", "ground_by", "ground_user", "field_groups"])
    record_step(named, actor=actor, told=GROUND_NAMED())  # not which one
    return named


@transaction.atomic
def confirm(*, transition: Transition, actor: Scope) -> Transition:
    """Answer by name for the legal ground that somebody else has named.

    Raises MissingRight, NotThisStep, or NeedsSecondPerson where the actor has named it himself or nobody has.
    """
    demand_reviewer(actor)
    confirmed = locked(transition, before=[TransitionState.REVIEWED], after=TransitionState.CONFIRMED, actor=actor)
    if reason := why_not_confirm(confirmed, actor):
        raise NeedsSecondPerson(reason, code="second_person")
    _check_day_to_come(confirmed)
    user: Any = actor.user
    take_step(
        confirmed, TransitionState.CONFIRMED, actor=actor, confirmed_by=actor.actor_name[:200], confirmed_user=user.pk
    )  # fmt: skip
    return confirmed


def why_not_confirm(transition: Transition, actor: Scope) -> str:
    """Why the actor cannot confirm the legal ground, and who can; empty where he can."""
    if not transition.ground:
        return _("Nobody has named the legal ground yet. One person names it, a second one confirms it.")
    if actor.user is not None and actor.user.pk != transition.ground_user:
        return ""
    others = [person.get_full_name() or person.username for person in _others(transition, actor)[: MOST_NAMES + 1]]
    if not others:
        return _(
            "A second person has to confirm the legal ground, and nobody else may do it here. Invite somebody: create "
            "a user, and add him to a user group that holds “%(carry_over)s” and “%(manage)s” here."
        ) % {"carry_over": Right.CARRY_OVER.label, "manage": Right.MANAGE_LOCATION.label}
    names = ", ".join(others[:MOST_NAMES]) + (" …" if len(others) > MOST_NAMES else "")
    return _("A second person has to confirm the legal ground. These can: %(names)s.") % {"names": names}


def _others(transition: Transition, actor: Scope) -> QuerySet[User]:
    """The users who can confirm it: they may carry customers over, and see the page."""
    able = access.holders_at(Right.CARRY_OVER, actor.location) & access.holders_at(
        Right.MANAGE_LOCATION, actor.location
    )
    return able.exclude(pk=transition.ground_user or 0).order_by("last_name", "first_name", "username")


def _check_day_to_come(confirmed: Transition) -> None:
    """Raise ValidationError for a day that is over: it would be executed within the hour."""
    if confirmed.planned_for < timezone.localdate():
        raise ValidationError(
            gettext_lazy("The day it was planned for, %(day)s, is over. Name another day first."),
            code="day_is_over",
            params={"day": Day.of(confirmed.planned_for)},
        )


def words_of(text: str) -> list[str]:
    """The words of two letters and more."""
    return _WORD.findall(text)


def _check_ground(basis: str, ground: str) -> None:
    wrong: dict[str, ValidationError] = {}
    if basis not in LegalBasis.values:
        wrong["basis"] = ValidationError(gettext_lazy("Choose the legal ground."), code="no_basis")
    if len(words_of(ground)) < FEWEST_WORDS:
        wrong["ground"] = ValidationError(
            gettext_lazy("Say in a sentence why the customers may be handed over on this ground."),
            code="ground_says_nothing",
        )
    if wrong:
        raise ValidationError(wrong)
