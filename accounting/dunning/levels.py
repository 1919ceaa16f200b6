"""The levels of reminders of a business, or of a location with accounts of its own: three to begin with, which may be
changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.models import DunningLevel
from accounting.models.ledgers import OF_ALL
from accounting.owners import demanded_owner, owners_of
from locations.models import Organization
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

FIELDS = ("title", "days_after_due", "days_to_pay", "fee", "is_fee_posted", "text")

LEVELS_OF_BUSINESS = 3
"""So many levels a business has; what they say and when they are due is data."""


class DunningAtCentral(ValidationError):
    """Reminders are made at the central, and so is what they say."""

    def __init__(self) -> None:
        sentence = gettext_lazy("Reminders are made at the central. Switch to it, and make them there.")
        super().__init__(sentence, code="not_central")


def first_levels(organization: Organization, owner: int = OF_ALL) -> list[DunningLevel]:
    """What a business, or a location on its own, begins with: 5, 15 and 29 days after the due day, free of charge."""
    words = (
        (5, _("Payment reminder"), _("You may have overlooked our invoice. Please pay the open amount.")),
        (15, _("First reminder"), _("We have not received your payment yet. Please pay the open amount.")),
        (29, _("Last reminder"), _("This is our last reminder. Please pay the open amount, to avoid further steps.")),
    )
    return [
        DunningLevel(
            organization=organization, owner_key=owner, level=level, title=title, days_after_due=days, text=text
        )
        for level, (days, title, text) in enumerate(words, start=1)
    ]


def levels_of(scope: Scope) -> Sequence[DunningLevel]:
    """The levels in their order; those that a business begins with where nobody has changed any.

    The caller has entered the scope, here and below.
    """
    owner = _owner(scope)
    return list(DunningLevel.objects.of_owner(scope.organization, owner)) or first_levels(scope.organization, owner)


def ensure_levels(actor: Scope) -> None:
    """Store those that a business begins with. Two who do so at once store them once."""
    owner = _owner(actor)
    if not DunningLevel.objects.of_owner(actor.organization, owner).exists():
        DunningLevel.objects.bulk_create(first_levels(actor.organization, owner), ignore_conflicts=True)


@busy_told()
def set_level(*, level: int, values: Mapping[str, Any], actor: Scope) -> DunningLevel:
    """Change a level by the names of FIELDS; reminders that were previewed or sent stay as they are.

    Raises MissingRight, DunningAtCentral, DunningLevel.DoesNotExist, ValidationError, or Busy.
    """
    actor.demand(Right.MANAGE_ACCOUNT_TERMS)
    demanded_owner(actor, DunningAtCentral)
    with row_scope.within(actor), told_as_refusals(), transaction.atomic():
        ensure_levels(actor)
        found = DunningLevel.objects.of_owner(actor.organization, _owner(actor))
        one = found.select_for_update(of=("self",)).get(level=level)
        for name in FIELDS:
            setattr(one, name, values.get(name, getattr(one, name)))
        one.clean_fields(exclude=["organization"])
        one.validate_constraints()
        one.save(update_fields=FIELDS)
        return one


def _owner(scope: Scope) -> int:
    """Whose levels hold here: those of the location where it bills on its own, else those of the business."""
    return owners_of(scope).billing or OF_ALL
