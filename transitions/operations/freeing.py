"""Account numbers of exits that were called off: for whom they can be assigned again.

The business of such a number is closed, empty and has never worked. A consent may name the number as its receiver;
while one does, the number can only be assigned for the same location.
"""

from __future__ import annotations

from customers.models import Consent, Customer
from locations.choices import OrganizationKind
from locations.models import Organization
from transitions.choices import TransitionKind, TransitionState
from transitions.models import Transition


def freed_business(account_number: int, leaving: Transition) -> Organization | None:
    """The unused business with this number, or None. In a transaction for which all businesses exist."""
    business = (
        Organization.objects.select_for_update(of=("self",))
        .filter(account_number=account_number, kind=OrganizationKind.INDEPENDENT)
        .first()
    )
    if business is None:
        return None
    before = list(Transition.objects.filter(receiver=business))
    was_called_off = before and all(
        one.kind == TransitionKind.EXIT
        and one.state == TransitionState.CANCELLED
        and one.organization_id == leaving.organization_id
        for one in before
    )
    has_worked = (
        business.locations.filter(closed_at=None).exists()
        or business.locations.count() != 1
        or Customer.objects.filter(organization=business).exists()
        or Transition.objects.filter(organization=business).exists()
    )
    if not was_called_off or has_worked:
        return None
    is_same_place = {one.location_id for one in before} == {leaving.location_id}
    return business if is_same_place or not _is_named(account_number) else None


def _is_named(account_number: int) -> bool:
    """Whether a statement names this receiver."""
    return Consent.objects.standing().filter(receiver=account_number).exists()
