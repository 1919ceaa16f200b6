"""What all steps of a switch have in common: who may take them, one step at a time, and the record of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy

from locations.choices import BaseKind
from locations.models import CustomerBase
from mcp.choices import ProviderRole
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User
from mcp.stored_sentences import Sentences
from transitions.choices import SwitchState
from transitions.models import BaseSwitch, SwitchStep


class NotThisSwitchStep(ValidationError):
    """A step that is not due: somebody has done it already, or it was cancelled."""

    def __init__(self, switch: BaseSwitch) -> None:
        super().__init__(
            gettext_lazy("This cannot be done now: the state is “%(state)s”. Look at the page again."),
            code="not_this_step",
            params={"state": switch.get_state_display()},
        )


def demand_support(actor: Scope) -> User:
    """The person who acts. Raises PermissionDenied for everybody but the provider's support."""
    user = actor.user
    if user is None or not user.is_active or user.provider_role != ProviderRole.SUPPORT:
        raise PermissionDenied
    return user


@contextmanager
def both_bases(reason: str, actor: str) -> Iterator[None]:
    """A transaction that sees both bases, and the provider's people, whom the database looks up."""
    with row_scope.without_scope(reason=reason, actor=actor):
        yield


def locked_switch(switch: BaseSwitch, *, before: Collection[SwitchState], organization: int | None) -> BaseSwitch:
    """The switch as it is now, locked to the end of the transaction, with its location and bases.

    Raises PermissionDenied for one of another business than `organization` (None: whichever), and NotThisSwitchStep
    where it is in no state of `before`.
    """
    rows = BaseSwitch.objects.select_for_update(of=("self",)).select_related(
        "location__organization", "location__base", "organization", "source", "target"
    )
    found = rows.filter(pk=switch.pk).first()
    if found is None or organization not in (None, found.organization_id):
        raise PermissionDenied
    if found.state not in before:
        raise NotThisSwitchStep(found)
    return found


def take_step(
    switch: BaseSwitch, state: SwitchState, *, by: User | None, name: str, note: str = "",
    told: Sentences | None = None, **values: object,
) -> None:  # fmt: skip
    """Set the state, store `values`, and record the step."""
    for key, value in values.items():
        setattr(switch, key, value)
    switch.state, switch.state_since = state, timezone.now()
    switch.save(update_fields=["state", "state_since", *values])
    record_step(switch, by=by, name=name, note=note, told=told)


def record_step(
    switch: BaseSwitch, *, by: User | None, name: str, note: str = "", told: Sentences | None = None
) -> None:
    """Record what somebody has done in the present state."""
    SwitchStep.objects.create(
        organization_id=switch.organization_id,
        switch=switch,
        state=switch.state,
        user_id=by.pk if by else None,
        user_name=name,
        note=note,
        told=told or Sentences(),
    )


def offline_base(switch: BaseSwitch) -> CustomerBase:
    """The one of the two that is 1.0."""
    return switch.source if switch.source.kind == BaseKind.OFFLINE else switch.target
