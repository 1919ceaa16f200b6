"""Money that is open when a location leaves: settled, or taken over by a written assignment (R43).

The accounts stay with the business that hands over, and so does what is open on them, until people have settled it
between them. So that nobody leaves without having thought of it, nothing is executed before.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy

from accounting.leaving import OpenMoney, nobody_books, open_money
from locations.permissions import Right
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from transitions.choices import JOINED_ANEW, TransitionKind, TransitionState
from transitions.models import Transition
from transitions.operations.reviewing import FEWEST_WORDS, words_of
from transitions.operations.stepping import demand_reviewer, locked, record_step

MONEY_ASSIGNED = stored_sentence(
    "transition_money_assigned", gettext_lazy("The written assignment of open money is noted.")
)


@transaction.atomic
def assign_money(*, transition: Transition, agreement: str, actor: Scope) -> Transition:
    """Note who takes over what is open on accounts of customers, and where that is agreed in writing.

    What was noted before is replaced. Raises MissingRight, NotThisStep, or ValidationError for words that say nothing.
    """
    demand_reviewer(actor)
    actor.demand(Right.SEE_ACCOUNTS)
    agreement = agreement.strip()
    if len(words_of(agreement)) < FEWEST_WORDS:
        sentence = gettext_lazy("Say in a sentence who takes over what is open, and where that is agreed in writing.")
        raise ValidationError({"agreement": ValidationError(sentence, code="assignment_says_nothing")})
    noted = locked(transition, before=JOINED_ANEW, after=TransitionState.CONFIRMED, actor=actor)
    noted.money_agreement, noted.money_by = agreement, actor.actor_name[:200]
    noted.save(update_fields=["money_agreement", "money_by"])
    record_step(noted, actor=actor, told=MONEY_ASSIGNED())
    return noted


def money_of(transition: Transition) -> OpenMoney | None:
    """What is open now: of the customers who are registered at the location, or of the whole base of a business that
    joins a group, since there it can only be read afterwards. None where nothing is.
    """
    return open_money(transition.location, whole_base=transition.kind == TransitionKind.JOIN)


def settled_money(moving: Transition) -> OpenMoney | None:
    """What is open as the location leaves; nothing more is booked there before the transaction ends.

    Raises ValidationError where money is open and no written assignment of it was noted.
    """
    nobody_books(moving.location)
    found = money_of(moving)
    if found is not None and not moving.money_agreement:
        raise ValidationError(
            gettext_lazy(
                "Money is open on accounts of customers of this location (%(count)s). Settle it, or note the written "
                "assignment that says who takes it over."
            ),
            code="money_open",
            params={"count": found.customers},
        )
    return found
