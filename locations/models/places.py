"""Businesses, their locations, and the sets of customers they own."""

from collections.abc import Collection

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import Range

from locations.choices import BaseKind, Currency, EditSide, LocationKind, OrganizationKind
from locations.constraints import CompositeForeignKey
from locations.fields import LineField
from locations.history import keep_history
from locations.permissions import PERMISSIONS
from locations.personal import personal
from locations.querysets import CustomerBaseQuerySet, LocationQuerySet, OrganizationQuerySet
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import (
    BASE_OF_ORGANIZATION,
    LOCATION_DEFAULTS,
    LOCATION_LEFT,
    LOCATION_RULES,
    LOCATION_STAYS_ON_BASE,
    immutable,
)

CENTRAL_CLIENT_NUMBER = 1
HIGHEST_CLIENT_NUMBER = 99_999
HIGHEST_ACCOUNT_NUMBER = 999_999_999
LOWEST_CUSTOMER_NUMBER, HIGHEST_CUSTOMER_NUMBER = 1, 9_999_999


@personal(technical="kind account_number name currency created_at")
@keep_history()
class Organization(CheckedRow):
    """A business known to the provider by one account number."""

    kind = models.CharField(_("kind"), max_length=20, choices=OrganizationKind)
    account_number = models.PositiveIntegerField(
        _("account number"),
        validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_ACCOUNT_NUMBER)],
        help_text=_("The number under which the provider knows this business. It stands in every address."),
    )
    name = LineField(_("name"), max_length=120)
    currency = models.CharField(
        _("currency"),
        max_length=3,
        choices=Currency,
        default=Currency.EUR,
        db_default=Currency.EUR,
        editable=False,
        help_text=_("In which all amounts of money of this business are. It never changes."),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = _("business")
        verbose_name_plural = _("businesses")
        ordering = ["account_number"]
        default_permissions = ()
        permissions = PERMISSIONS
        constraints = [
            RowSecurity(name="organization_rows", organization="id"),
            models.UniqueConstraint(
                fields=["account_number"],
                name="organization_account_number_unique",
                violation_error_code="organization_account_number_unique",
                violation_error_message=_("This account number is already in use. Choose another one."),
            ),
            models.CheckConstraint(
                condition=Q(account_number__range=(1, HIGHEST_ACCOUNT_NUMBER)),
                name="organization_account_number_range",
                violation_error_code="organization_account_number_range",
                violation_error_message=_("The account number must lie between 1 and 999999999."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OrganizationKind.values),
                name="organization_kind_known",
                violation_error_code="organization_kind_known",
                violation_error_message=_("A business is a central group or independent."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="organization_has_name",
                violation_error_code="organization_has_name",
                violation_error_message=_("Give the business a name."),
            ),
            models.CheckConstraint(
                condition=Q(currency__in=Currency.values),
                name="organization_currency_known",
                violation_error_code="organization_currency_known",
                violation_error_message=_("This currency is not known."),
            ),
        ]
        triggers = [immutable("kind", "currency"), BASE_OF_ORGANIZATION]

    def __str__(self) -> str:
        return self.name

    @property
    def is_group(self) -> bool:
        """Whether it is a central group, which can open branches."""
        return self.kind == OrganizationKind.CENTRAL_GROUP


@personal(technical="kind branch_number edit_side has_node created_at")
@keep_history()
class CustomerBase(CheckedRow):
    """A set of customers with one owner, in which each customer number exists once."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="bases", verbose_name=_("business"))
    kind = models.CharField(_("kind"), max_length=10, choices=BaseKind)
    branch_number = models.PositiveIntegerField(_("branch number"), null=True, blank=True)
    edit_side = models.CharField(
        _("edited at"),
        max_length=10,
        choices=EditSide,
        default=EditSide.BRANCH,
        db_default=EditSide.BRANCH,
        help_text=_("Where customers of an offline base are edited, once a node works with it."),
    )
    has_node = models.BooleanField(
        _("has a node"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Whether an offline installation has been paired with it."),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = CustomerBaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer base")
        verbose_name_plural = _("customer bases")
        default_permissions = ()
        constraints = [
            RowSecurity(name="base_rows", organization="organization"),
            models.UniqueConstraint(fields=["organization", "id"], name="base_of_organization"),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(kind=BaseKind.SHARED),
                name="base_one_shared_per_organization",
                violation_error_code="base_one_shared_per_organization",
                violation_error_message=_(
                    "This business already has its customer base 2.0. All its locations share that one base; "
                    "a second one is only possible as an offline base 1.0."
                ),
            ),
            models.UniqueConstraint(
                fields=["organization", "branch_number"],
                condition=Q(kind=BaseKind.OFFLINE),
                name="base_one_offline_per_branch_number",
                violation_error_code="base_one_offline_per_branch_number",
                violation_error_message=_("There is already an offline base 1.0 for this branch number."),
            ),
            models.CheckConstraint(
                condition=Q(kind=BaseKind.SHARED, branch_number=None)
                # "not null" in so many words: a condition that comes out as NULL would let the row pass
                | Q(kind=BaseKind.OFFLINE, branch_number__isnull=False, branch_number__gte=1),
                name="base_branch_number_fits_kind",
                violation_error_code="base_branch_number_fits_kind",
                violation_error_message=_("An offline base 1.0 needs a branch number; the base 2.0 has none."),
            ),
            models.CheckConstraint(condition=Q(edit_side__in=EditSide.values), name="base_edit_side_known"),
            models.CheckConstraint(
                condition=Q(kind=BaseKind.OFFLINE) | Q(has_node=False), name="base_with_node_is_offline"
            ),
        ]
        triggers = [immutable("organization_id", "kind", "branch_number")]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def is_discontinued(self) -> bool:
        """Whether it is an offline base 1.0."""
        return self.kind == BaseKind.OFFLINE


def _number_range_default() -> Range[int]:
    """All customer numbers. Where several locations share a base, an operation proposes a block of them instead."""
    return Range(LOWEST_CUSTOMER_NUMBER, HIGHEST_CUSTOMER_NUMBER + 1)


@personal(technical="kind client_number branch_number name street postal_code city number_range is_franchise "
          "has_legacy_accounts opened_at closed_at has_left")  # fmt: skip
@keep_history()
class Location(CheckedRow):
    """One business place and one tenant. Its pages are at `/<account_number>/<client_number>/`."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="locations", verbose_name=_("business"))
    kind = models.CharField(_("kind"), max_length=20, choices=LocationKind)
    client_number = models.PositiveIntegerField(
        _("client number"),
        validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_CLIENT_NUMBER)],
        help_text=_("Unique in the business. 1 is the central and only the central."),
    )
    branch_number = models.PositiveIntegerField(
        _("branch number"),
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_CLIENT_NUMBER)],
        help_text=_(
            "Chooses the offline base 1.0: the same number means one common base. Left empty, it is the client number."
        ),
    )
    name = LineField(_("name"), max_length=120)
    street = LineField(_("street"), max_length=120, blank=True)
    postal_code = LineField(_("postal code"), max_length=20, blank=True)
    city = LineField(_("city"), max_length=120, blank=True)
    base = models.ForeignKey(
        CustomerBase,
        models.PROTECT,
        db_constraint=False,  # location_base_of_organization refers to the same row and says more
        related_name="locations",
        editable=False,
        verbose_name=_("customer base"),
    )
    number_range = IntegerRangeField(
        _("number range"),
        default=_number_range_default,
        help_text=_("The block from which this location gives customer numbers, first and last number."),
    )
    is_franchise = models.BooleanField(
        _("independent franchisee"),
        default=False,
        help_text=_("An independent franchisee can restrict what the central's user groups may do here."),
    )
    has_legacy_accounts = models.BooleanField(
        _("accounting for customer base 1.0"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Whether the central keeps accounts of the customers of its base 1.0, and bills them."),
    )
    opened_at = models.DateTimeField(_("opened"), db_default=Now(), editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    has_left = models.BooleanField(
        _("has left the business"), default=False, db_default=False, editable=False, help_text="Closed for good."
    )

    objects = LocationQuerySet.as_manager()

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        ordering = ["organization", "client_number"]
        default_permissions = ()
        permissions = PERMISSIONS
        constraints = [
            RowSecurity(name="location_rows", organization="organization"),
            models.UniqueConstraint(fields=["organization", "id"], name="location_of_organization"),
            models.UniqueConstraint(
                fields=["organization", "client_number"],
                name="location_client_number_unique",
                violation_error_code="location_client_number_unique",
                violation_error_message=_(
                    "Another location of this business already has this client number. Choose a free one."
                ),
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(kind=LocationKind.INDEPENDENT),
                name="location_one_per_independent_business",
                violation_error_code="location_one_per_independent_business",
                violation_error_message=_("An independent business has exactly one location."),
            ),
            models.CheckConstraint(
                condition=Q(kind=LocationKind.CENTRAL, client_number=CENTRAL_CLIENT_NUMBER)
                | (~Q(kind=LocationKind.CENTRAL) & Q(client_number__gt=CENTRAL_CLIENT_NUMBER)),
                name="location_central_is_client_one",
                violation_error_code="location_central_is_client_one",
                violation_error_message=_("Client number 1 is the central and only the central; branches start at 2."),
            ),
            models.CheckConstraint(
                condition=Q(client_number__range=(1, HIGHEST_CLIENT_NUMBER))
                & Q(branch_number__range=(1, HIGHEST_CLIENT_NUMBER)),
                name="location_numbers_range",
                violation_error_code="location_numbers_range",
                violation_error_message=_("Client number and branch number must lie between 1 and 99999."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=LocationKind.values),
                name="location_kind_known",
                violation_error_code="location_kind_known",
                violation_error_message=_("A location is a central, a branch or independent."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="location_has_name",
                violation_error_code="location_has_name",
                violation_error_message=_("Give the location a name."),
            ),
            models.CheckConstraint(
                condition=Q(is_franchise=False) | Q(kind=LocationKind.BRANCH),
                name="location_franchise_is_branch",
                violation_error_code="location_franchise_is_branch",
                violation_error_message=_("Only a branch of a group can be a franchisee."),
            ),
            models.CheckConstraint(
                condition=Q(has_left=False) | Q(closed_at__isnull=False),
                name="location_left_is_closed",
                violation_error_code="location_left_is_closed",
                violation_error_message=_("This location has left the business and cannot be opened again."),
            ),
            models.CheckConstraint(
                condition=Q(number_range__contained_by=Range(LOWEST_CUSTOMER_NUMBER, HIGHEST_CUSTOMER_NUMBER + 1))
                & Q(number_range__isempty=False),
                name="location_number_range_valid",
                violation_error_code="location_number_range_valid",
                violation_error_message=_("The number range must lie between 1 and 9999999."),
            ),
            ExclusionConstraint(
                expressions=[(F("base"), RangeOperators.EQUAL), ("number_range", RangeOperators.OVERLAPS)],
                name="location_number_ranges_apart",
                violation_error_code="location_number_ranges_apart",
                violation_error_message=_(
                    "This number range overlaps that of another location on the same customer base. "
                    "Choose a free block."
                ),
            ),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="location_base_of_organization",
                violation_error_message=_("The customer base belongs to another business."),
            ),
        ]
        triggers = [
            immutable("organization_id"),
            LOCATION_DEFAULTS,
            LOCATION_RULES,
            LOCATION_LEFT,
            LOCATION_STAYS_ON_BASE,
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_central(self) -> bool:
        """Whether it is the central of a group."""
        return self.kind == LocationKind.CENTRAL

    @property
    def address(self) -> str:
        """Where this location's console is mounted, with a slash at both ends."""
        return f"/{self.organization.account_number}/{self.client_number}/"

    @property
    def first_number(self) -> int:
        """The first number of the range."""
        return int(self.number_range.lower)

    @property
    def last_number(self) -> int:
        """The last number of the range, which belongs to it. (The upper bound that PostgreSQL stores does not.)"""
        return int(self.number_range.upper) - 1

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Fills in an empty branch number and base as the database does: the client number, and the shared base."""
        if self.branch_number is None:
            self.branch_number = self.client_number
        if self.base_id is None:
            self.base = CustomerBase.objects.shared().filter(organization=self.organization_id).first()
        super().clean_fields(exclude=exclude)

    def clean(self) -> None:
        """Raise ValidationError, with a sentence, for what the triggers of this table would refuse."""
        organization = Organization.objects.filter(pk=self.organization_id).first()
        base = CustomerBase.objects.filter(pk=self.base_id).first()
        if organization and organization.is_group == (self.kind == LocationKind.INDEPENDENT):
            raise ValidationError(
                _("Central and branches belong to a group, and an independent location to an independent business."),
                code="location_kind_fits_organization",
            )
        if base is None or not base.is_discontinued:
            return
        if self.kind != LocationKind.BRANCH:
            raise ValidationError(
                _("Only a branch can work on an offline base 1.0."), code="location_offline_only_branch"
            )
        if base.branch_number != self.branch_number:
            raise ValidationError(
                _("The offline base 1.0 belongs to branch number %(base)s, but the location has %(own)s."),
                code="location_offline_base_of_branch_number",
                params={"base": base.branch_number, "own": self.branch_number},
            )
