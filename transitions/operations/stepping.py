"""What all steps of a transition have in common: who sees it, one step at a time, and the record of each."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.choices import LocationKind
from locations.models import CENTRAL_CLIENT_NUMBER
from locations.permissions import Right
from mcp.choices import ProviderRole
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import Moment, Sentences
from transitions import deciding
from transitions.choices import TransitionState
from transitions.models import Transition, TransitionStep
from transitions.querysets import TransitionQuerySet


class NotThisStep(ValidationError):
    """A step that is not due: somebody has done it already, or another one comes first."""

    def __init__(self, transition: Transition, state: TransitionState) -> None:
        done = reached_by(transition.steps.all()).get(state)
        if transition.state == TransitionState.CANCELLED or done is None:
            sentence = gettext_lazy("This cannot be done now: the state is “%(state)s”. Look at the page again.")
            params: dict[str, object] = {"state": transition.get_state_display()}
        else:
            sentence = gettext_lazy("This step was done already by %(user)s on %(when)s.")
            params = {
                "user": done.who,
                "when": Moment.of(done.at),
            }
        super().__init__(sentence, code="not_this_step", params=params)


def reached_by(steps: Iterable[TransitionStep]) -> dict[str, TransitionStep]:
    """The step by which each state was reached for the last time. Notes within a state do not count.

    The request is the first step of all: a return to that state is no new request.
    """
    reached: dict[str, TransitionStep] = {}
    state = ""
    for step in steps:
        if step.state != state and (step.state != TransitionState.REQUESTED or not reached):
            reached[step.state] = step
        state = step.state
    return reached


def visible_transitions(actor: Scope) -> TransitionQuerySet:
    """What the actor may see here: at the central the transitions of all locations, elsewhere those of this one."""
    if not actor.allows(Right.MANAGE_LOCATION):
        return Transition.objects.none()
    found = Transition.objects.of_organization(actor.organization).select_related("location__base")
    return found if actor.location.is_central else found.filter(location=actor.location)


def reviews_here(actor: Scope) -> bool:
    """Whether the actor decides here who is carried over: at the head of the business that hands over."""
    return actor.location.kind != LocationKind.BRANCH and actor.allows(Right.CARRY_OVER)


def demand_reviewer(actor: Scope) -> None:
    """Raise MissingRight unless the actor may decide here who is carried over."""
    actor.demand(Right.CARRY_OVER)
    if actor.location.kind == LocationKind.BRANCH:
        central = actor.organization.locations.filter(client_number=CENTRAL_CLIENT_NUMBER).get()
        raise MissingRight(Right.CARRY_OVER, central, need=_("This is decided at the central, and only there."))


def is_support(actor: Scope) -> bool:
    """Whether the provider's support acts."""
    return actor.user is not None and actor.user.is_active and actor.user.provider_role == ProviderRole.SUPPORT


def requested_it(transition: Transition, actor: Scope) -> bool:
    """Whether the actor has asked for this transition himself."""
    first = transition.steps.first()
    return first is not None and actor.user is not None and first.user_id == actor.user.pk


def locked(
    transition: Transition, *, before: Iterable[TransitionState], after: TransitionState, actor: Scope
) -> Transition:
    """The transition as it is now, locked to the end of the transaction.

    Raises PermissionDenied for one of another business and NotThisStep where it is in no state of `before`.
    """
    found = (
        Transition.objects.of_organization(actor.organization)
        .select_for_update(of=("self",))
        .select_related("organization", "location__organization", "location__base")
        .filter(pk=transition.pk)
        .first()
    )
    if found is None:
        raise PermissionDenied
    if found.state not in set(before):
        raise NotThisStep(found, after)
    return found


def demand_as_shown(transition: Transition, *, seen: str, actor: Scope) -> None:
    """Raise ValidationError unless `seen`, the last step shown on the page, is still the last one.

    So whoever answers for something by name has seen it as it is. The transition is locked to the end of the
    transaction.
    """
    found = locked(transition, before=list(TransitionState), after=TransitionState(transition.state), actor=actor)
    last = found.steps.last()
    if last is not None and str(last.pk) != seen:
        raise ValidationError(
            gettext_lazy(
                "%(user)s has changed something since you have opened this page. Look at it again: it is shown as it "
                "is now."
            ),
            code="changed_since",
            params={"user": last.who},
        )


def take_step(
    transition: Transition,
    state: TransitionState,
    *,
    actor: Scope,
    note: str = "",
    told: Sentences | None = None,
    **values: object,
) -> None:
    """Set the state, store `values`, and record the step of the actor."""
    for name, value in values.items():
        setattr(transition, name, value)
    transition.state, transition.state_since = state, timezone.now()
    transition.save(update_fields=["state", "state_since", *values])
    if state not in {TransitionState.REVIEWED, TransitionState.CONFIRMED}:
        deciding.forget_review(transition)
    record_step(transition, actor=actor, note=note, told=told)


def record_step(transition: Transition, *, actor: Scope, note: str = "", told: Sentences | None = None) -> None:
    """Record a step of the actor with the present state. `told` is a note of the program, `note` one of a person."""
    TransitionStep.objects.create(
        organization_id=transition.organization_id,
        transition=transition,
        state=transition.state,
        user_id=actor.user.pk if actor.user else None,
        user_name=actor.actor_name,
        location_name=str(actor.location),
        note=note,
        told=told or Sentences(),
    )
