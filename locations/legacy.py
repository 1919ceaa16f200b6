"""The rules of the discontinued customer base 1.0: whether one holds, for all businesses and for one.

Every piece of code that keeps something from a location on 1.0 asks here, so that it can be lifted later. That such a
base is marked as discontinued wherever it is seen is no rule that could be lifted.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce

from locations.choices import LegacyRule
from locations.models import LegacySwitch, Organization


def is_in_force(rule: LegacyRule, organization: Organization) -> bool:
    """Whether the rule holds for the business. One query, or none for a rule that cannot be lifted yet."""
    if not rule.can_be_lifted:
        return True
    decided = LegacySwitch.objects.deciding(organization).filter(rule=rule)
    return not decided.values_list("is_lifted", flat=True).first()


def lifted(rule: LegacyRule, organization: Organization) -> Coalesce:
    """Whether the rule is lifted for the business, as part of another query."""
    decided = LegacySwitch.objects.deciding(organization).filter(rule=rule)
    return Coalesce(Subquery(decided.values("is_lifted")[:1]), Value(False))


@dataclass(frozen=True)
class Standing:
    """How it stands with a rule, and what that comes from."""

    rule: LegacyRule
    own: LegacySwitch | None
    """What was decided for the business; None where nothing was, or where all businesses are asked about."""
    of_all: LegacySwitch | None

    @property
    def decides(self) -> LegacySwitch | None:
        """The switch that decides; None where nobody has ever decided anything."""
        return self.own if self.is_own else self.of_all

    @property
    def is_own(self) -> bool:
        """Whether it is decided for this business, whatever is so for all."""
        return self.own is not None and self.own.is_lifted is not None

    @property
    def is_lifted(self) -> bool:
        return self.decides is not None and bool(self.decides.is_lifted)


def standings(organization: Organization | None) -> list[Standing]:
    """How it stands with each rule, for the business or (None) for all. One query."""
    switches = list(LegacySwitch.objects.about(organization))
    own = {switch.rule: switch for switch in switches if switch.organization_id is not None}
    of_all = {switch.rule: switch for switch in switches if switch.organization_id is None}
    return [Standing(rule, own.get(rule), of_all.get(rule)) for rule in LegacyRule]
