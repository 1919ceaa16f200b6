"""What the provider's support has decided about the rules of the customer base 1.0."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from locations.choices import LIFTABLE, LegacyRule
from locations.fields import LineField
from locations.history import keep_history
from locations.models.places import Organization
from locations.personal import personal
from locations.querysets import LegacySwitchQuerySet
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable


@personal(technical="rule is_lifted reason")
@keep_history()
class LegacySwitch(CheckedRow):
    """Whether a rule is lifted: for all businesses (where none is named), or for one, which then goes before that.

    A rule holds where no row says anything else (see locations/legacy.py). The row stays; its history tells who has
    switched when and why. It is written outside of any business alone: the database refuses it within one.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="legacy_switches",
        verbose_name=_("business"),
        help_text=_("Empty for all businesses."),
    )
    rule = models.CharField(_("rule of 1.0"), max_length=20, choices=LegacyRule)
    is_lifted = models.BooleanField(
        _("lifted"), null=True, blank=True, help_text=_("Empty where the business is again as all others.")
    )
    reason = LineField(_("reason"), max_length=300)

    objects = LegacySwitchQuerySet.as_manager()

    class Meta:
        verbose_name = _("switch of 1.0")
        verbose_name_plural = _("switches of 1.0")
        default_permissions = ()
        constraints = [
            RowSecurity(name="legacyswitch_rows", organization="organization", is_of_provider=True),
            models.UniqueConstraint(
                fields=["organization", "rule"],
                nulls_distinct=False,
                name="legacyswitch_one_of_each_rule",
                violation_error_code="legacyswitch_one_of_each_rule",
                violation_error_message=_("Somebody has switched this rule at the same moment. Look at it once more."),
            ),
            models.CheckConstraint(
                condition=Q(rule__in=LegacyRule.values),
                name="legacyswitch_rule_known",
                violation_error_code="legacyswitch_rule_known",
                violation_error_message=_("The customer base 1.0 has no such rule."),
            ),
            models.CheckConstraint(
                condition=Q(is_lifted__isnull=True) | Q(is_lifted=False) | Q(rule__in=LIFTABLE),
                name="legacyswitch_can_be_lifted",
                violation_error_code="legacyswitch_can_be_lifted",
                violation_error_message=_("This rule cannot be lifted yet."),
            ),
            models.CheckConstraint(
                condition=Q(organization__isnull=False) | Q(is_lifted__isnull=False),
                name="legacyswitch_of_all_says_something",
                violation_error_code="legacyswitch_of_all_says_something",
                violation_error_message=_("For all businesses a rule holds, or it is lifted."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="legacyswitch_has_reason",
                violation_error_code="legacyswitch_has_reason",
                violation_error_message=_("Say why."),
            ),
        ]
        triggers = [immutable("organization_id", "rule")]

    def __str__(self) -> str:
        return str(self.get_rule_display())
