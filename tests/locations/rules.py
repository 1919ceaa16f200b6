"""Lifting a rule of the customer base 1.0 in a test, beside all operations and pages."""

from __future__ import annotations

from locations.choices import LegacyRule
from locations.models import LegacySwitch, Organization


def lift(rule: LegacyRule, organization: Organization | None = None, *, is_lifted: bool | None = True) -> LegacySwitch:
    """For one business, or (None) for all."""
    switch, _is_new = LegacySwitch.objects.update_or_create(
        organization=organization, rule=rule, defaults={"is_lifted": is_lifted, "reason": "Probe"}
    )
    return switch
