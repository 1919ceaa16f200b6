"""The provider's support lifts a rule of the customer base 1.0 for all businesses or one, or lets it hold again."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy

from locations.choices import LegacyRule
from locations.models import LegacySwitch, Organization
from mcp.choices import ProviderRole
from mcp.models import User


@transaction.atomic
def switch_legacy_rule(
    *, rule: LegacyRule, organization: Organization | None, is_lifted: bool | None, reason: str, support: User
) -> LegacySwitch:
    """Decide about a rule for one business, or (None) for all. `is_lifted=None`: the business is as all others again.

    Raises PermissionDenied for anybody but the provider's support; ValidationError for a rule that cannot be lifted
    yet, without a reason, and where nothing would change. The database takes it only outside of any business.
    """
    if support.provider_role != ProviderRole.SUPPORT or not support.is_active:
        raise PermissionDenied
    known = LegacySwitch.objects.select_for_update(of=("self",)).filter(organization=organization, rule=rule).first()
    before = known.is_lifted if known else None
    if is_lifted == (bool(before) if organization is None else before):
        raise ValidationError(gettext_lazy("This is so already. Somebody may have just switched it."), code="unchanged")
    switch = known or LegacySwitch(organization=organization, rule=rule)
    switch.is_lifted, switch.reason = is_lifted, reason
    switch.full_clean()
    if known:
        switch.save(update_fields=["is_lifted", "reason"])
    else:
        switch.save(force_insert=True)
    return switch
