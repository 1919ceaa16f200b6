"""Whoever may carry customers over looks at who would be, and somebody confirms the legal ground by name."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mcp.scope import Scope
from transitions import deciding
from transitions.choices import State
from transitions.models import Transition
from transitions.operations.stepping import demand_reviewer, locked, take_step

UNREVIEWED: dict[str, Any] = {"review": None, "ground": "", "confirmed_by": ""}
"""What a transition holds that nobody has reviewed."""
FEWEST_WORDS = 3
"""With fewer a legal ground says nothing."""
_WORD, _NAME = re.compile(r"[^\W\d_]{2,}"), re.compile(r"[^\W\d_]+\.?")


@transaction.atomic
def review(*, transition: Transition, is_narrowed: bool, actor: Scope) -> Transition:
    """Find out who would be carried over now, and keep the figures. Raises MissingRight or NotThisStep."""
    demand_reviewer(actor)
    looked_at = locked(transition, before=[State.NUMBERED], after=State.REVIEWED, actor=actor)
    looked_at.is_narrowed = is_narrowed
    figures = deciding.figures(transition=looked_at, at=timezone.now())
    take_step(looked_at, State.REVIEWED, actor=actor, is_narrowed=is_narrowed, review=figures)
    return looked_at


@transaction.atomic
def review_again(*, transition: Transition, actor: Scope) -> Transition:
    """Back from the review, or from what was confirmed, to look once more. Raises MissingRight or NotThisStep.

    A legal ground that was confirmed does not hold any more; that it was stays in the history.
    """
    demand_reviewer(actor)
    back = locked(transition, before=[State.REVIEWED, State.CONFIRMED], after=State.EXECUTED, actor=actor)
    was_confirmed = back.state == State.CONFIRMED
    note = (
        _("To be reviewed once more. What was confirmed is taken back.")
        if was_confirmed
        else _("To be reviewed once more.")
    )
    take_step(back, State.NUMBERED, actor=actor, note=note, **UNREVIEWED)
    return back


@transaction.atomic
def confirm(*, transition: Transition, ground: str, confirmed_by: str, actor: Scope) -> Transition:
    """Record on which legal ground customers are carried over, in words, and the full name of who answers for it.

    Raises MissingRight, NotThisStep, or ValidationError for words that say nothing.
    """
    demand_reviewer(actor)
    ground, confirmed_by = ground.strip(), " ".join(confirmed_by.split())
    _check_words(ground, confirmed_by)
    confirmed = locked(transition, before=[State.REVIEWED], after=State.CONFIRMED, actor=actor)
    _check_day_to_come(confirmed)
    take_step(confirmed, State.CONFIRMED, actor=actor, ground=ground, confirmed_by=confirmed_by)
    return confirmed


def _check_day_to_come(confirmed: Transition) -> None:
    """What was planned for a day that is over would be executed within the hour, which nobody expects by then."""
    if confirmed.planned_for < timezone.localdate():
        raise ValidationError(
            _("The day it was planned for, %(day)s, is over. Name another day first."),
            code="day_is_over",
            params={"day": date_format(confirmed.planned_for, "SHORT_DATE_FORMAT")},
        )


def _check_words(ground: str, confirmed_by: str) -> None:
    wrong: dict[str, ValidationError] = {}
    if len(_WORD.findall(ground)) < FEWEST_WORDS:
        wrong["ground"] = ValidationError(
            _("Say in a sentence on which ground the customers may be handed over."), code="ground_says_nothing"
        )
    if len(_NAME.findall(confirmed_by)) < 2:
        wrong["confirmed_by"] = ValidationError(_("Give first and last name."), code="half_a_name")
    if wrong:
        raise ValidationError(wrong)
