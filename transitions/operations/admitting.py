"""The group that is joined is asked, and says yes or no before its branch exists.

    asked ─ agreed | refused (until it is executed either may still become the other) ─ over

Both sides have rows of their own: the group these words, the other business its transition.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.choices import LocationKind
from locations.models import CENTRAL_CLIENT_NUMBER, Organization
from locations.permissions import Right
from mcp.central.operations import demand_all_locations
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User
from transitions.choices import BEFORE_EXECUTION, JoiningAnswer
from transitions.models import JoiningWord, Transition


class NotAnswerable(ValidationError):
    """The question was withdrawn, or the joining is done."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This joining was cancelled, given another place, or is done by now."), code="not_answerable"
        )


def asked_here(actor: Scope) -> list[JoiningWord]:
    """The last word about each business that wants to join the actor's group, newest first; without what is over."""
    words = JoiningWord.objects.filter(organization=actor.organization)
    latest = words.values("transition").annotate(latest=Max("id")).values("latest")
    return list(words.filter(pk__in=latest).exclude(word=JoiningAnswer.OVER).order_by("-pk"))


def demand_admitter(actor: Scope) -> None:
    """Raise MissingRight unless the actor answers for the whole group, at its central."""
    actor.demand(Right.MANAGE_LOCATION)
    if actor.location.kind == LocationKind.BRANCH:
        central = actor.organization.locations.filter(client_number=CENTRAL_CLIENT_NUMBER).get()
        raise MissingRight(Right.MANAGE_LOCATION, central, need=_("This is decided at the central, and only there."))


@transaction.atomic
def answer(*, transition: UUID, agrees: bool, note: str = "", actor: Scope) -> JoiningWord:
    """Let the business join as planned, or not. Until it is executed the answer can be changed.

    Raises MissingRight, PermissionDenied for the provider's support, or NotAnswerable.
    """
    demand_admitter(actor)
    demand_all_locations(actor)
    if actor.user is not None and actor.user.organization_id is None:
        raise PermissionDenied
    with row_scope.without_scope(reason="answer whether a business may join the group", actor=actor.actor_name):
        asked = Transition.objects.select_for_update(of=("self",)).filter(
            pk=transition, receiver=actor.organization, state__in=BEFORE_EXECUTION
        )
        joining = asked.select_related("organization").first()
        before = last_word(transition, actor.organization) if joining is not None else None
        if joining is None or before is None or before.word == JoiningAnswer.OVER:
            raise NotAnswerable
        return _say(joining, JoiningAnswer.AGREED if agrees else JoiningAnswer.REFUSED, actor, note=note.strip())


def ask(joining: Transition, actor: Scope) -> None:
    """Ask the group that support has entered. In a transaction for which all businesses exist."""
    _say(joining, JoiningAnswer.ASKED, actor)


def is_over(joining: Transition, actor: Scope) -> None:
    """Note that the group need not answer any more, because of another place, a cancellation, or the end. As `ask`."""
    if joining.receiver_id is not None:
        _say(joining, JoiningAnswer.OVER, actor)


def demand_agreed(joining: Transition) -> None:
    """Raise ValidationError unless the group has said yes to this place. As `ask`."""
    word = last_word(joining.pk, joining.receiver)
    if word is None or word.word != JoiningAnswer.AGREED or word.client_number != joining.receiver_client_number:
        sentence = (
            gettext_lazy("%(group)s has refused. Support can enter another place, or it is cancelled.")
            if word is not None and word.word == JoiningAnswer.REFUSED
            else gettext_lazy("%(group)s has not answered yet whether the business may join.")
        )
        raise ValidationError(sentence, code="not_agreed", params={"group": joining.receiver_name})


def answer_of_group(joining: Transition, actor: Scope) -> JoiningWord | None:
    """The last word of the group to which the actor's business wants to go."""
    if joining.receiver_id is None:
        return None
    with row_scope.without_scope(reason="what has the group answered?", actor=actor.actor_name):
        return last_word(joining.pk, joining.receiver)


def last_word(transition: UUID, group: Organization | None) -> JoiningWord | None:
    """The last word between a group and the business of a transition."""
    return JoiningWord.objects.filter(organization=group, transition=transition).order_by("pk").last()


def _say(joining: Transition, word: JoiningAnswer, actor: Scope, *, note: str = "") -> JoiningWord:
    group: Any = joining.receiver_id  # neither is null once a place was entered
    number: Any = joining.receiver_client_number
    return JoiningWord.objects.create(
        organization_id=group, transition=joining.pk, word=word, note=note,
        sender_account=joining.organization.account_number, sender_name=joining.organization.name,
        client_number=number, planned_for=joining.planned_for,
        people=User.objects.active().filter(organization=joining.organization_id).count(),
        user_id=actor.user.pk if actor.user else None, user_name=actor.actor_name,
    )  # fmt: skip
