"""What customers are sorted into: groups with conditions, and tags."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from customers import triggers
from customers.querysets import CustomerGroupQuerySet, TagQuerySet
from customers.triggers.revisions import GROUP_RENAMED
from locations.constraints import KeyWithBase
from locations.fields import LineField
from locations.history import keep_history
from locations.models import CustomerBase
from locations.personal import personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable

HIGHEST_PRICE_LEVEL = 99
PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


@personal(technical="name price_level discount")
@keep_history()
class CustomerGroup(CheckedRow):
    """Customers with the same price level and discount. A customer's own values go before those of the group."""

    base = models.ForeignKey(CustomerBase, models.PROTECT, related_name="customer_groups", editable=False)
    name = LineField(_("name"), max_length=80)
    price_level = models.PositiveSmallIntegerField(_("price level"), null=True, blank=True)
    discount = models.DecimalField(_("discount in %"), max_digits=5, decimal_places=2, default=0, validators=PERCENT)

    objects = CustomerGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer group")
        verbose_name_plural = _("customer groups")
        ordering = ["name"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="customergroup_rows", base="base"),
            KeyWithBase(name="customergroup_key"),
            models.UniqueConstraint(
                F("base"),
                Lower("name"),
                name="customergroup_name_unique",
                violation_error_code="customergroup_name_unique",
                violation_error_message=_("There is already a customer group of this name."),
            ),
            models.CheckConstraint(
                condition=Q(discount__range=(0, 100)),
                name="customergroup_discount_range",
                violation_error_code="customergroup_discount_range",
                violation_error_message=_("The discount must lie between 0 and 100 percent."),
            ),
            models.CheckConstraint(
                condition=Q(price_level=None) | Q(price_level__range=(0, HIGHEST_PRICE_LEVEL)),
                name="customergroup_price_level_range",
                violation_error_code="customergroup_price_level_range",
                violation_error_message=_("The price level must lie between 0 and 99."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="customergroup_has_name",
                violation_error_code="customergroup_has_name",
                violation_error_message=_("Give the customer group a name."),
            ),
        ]
        triggers = [immutable("base_id"), GROUP_RENAMED]

    def __str__(self) -> str:
        return self.name


@personal(technical="name")
@keep_history()
class Tag(CheckedRow):
    """A word that may stand in the tags of the base's customers."""

    base = models.ForeignKey(CustomerBase, models.PROTECT, related_name="tags", editable=False)
    name = LineField(_("name"), max_length=40)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="tag_rows", base="base"),
            KeyWithBase(name="tag_key"),
            models.UniqueConstraint(
                fields=["base", "name"],
                name="tag_name_unique",
                violation_error_code="tag_name_unique",
                violation_error_message=_("There is already a tag of this name."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="tag_has_name",
                violation_error_code="tag_has_name",
                violation_error_message=_("Give the tag a name."),
            ),
        ]
        triggers = [immutable("base_id"), triggers.TAG_NOT_IN_USE]

    def __str__(self) -> str:
        return self.name
