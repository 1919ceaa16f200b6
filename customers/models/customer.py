"""The customer: a guest or a company."""

from datetime import date

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers import search, triggers
from customers.birthdays import MonthAndDay
from customers.choices import PaymentMethod
from customers.formats.phone import display_phone
from customers.models.vocabulary import HIGHEST_PRICE_LEVEL, PERCENT, CustomerGroup
from customers.models.with_former_numbers import WithFormerNumbers
from customers.querysets import CustomerQuerySet
from customers.triggers import revisions
from customers.triggers.changes import noted
from customers.triggers.open_statements import CUSTOMER_OPEN
from customers.triggers.uploads import CUSTOMER_NOT_DELETED
from locations.constraints import KeyWithBase, StatementForeignKey
from locations.fields import LineField, LinesField, TimeOrderedUuid
from locations.history import keep_history
from locations.models import (
    HIGHEST_CUSTOMER_NUMBER,
    LOWEST_CUSTOMER_NUMBER,
    CustomerBase,
    Location,
    Organization,
)
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity

DAYS_OF_A_YEAR = (
    r"^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))$"
)
"""Month and day, as in ISO 8601."""
EARLIEST_BIRTHDAY = date(1850, 1, 1)
TOMORROW = models.Func(template="(CURRENT_DATE + 1)", output_field=models.DateField())


def _text(label: object, length: int, **more: object) -> LineField:
    return LineField(label, max_length=length, blank=True, default="", **more)  # type: ignore[arg-type]


@personal(
    of="pk",
    erased=Erasure.ROW_GOES,
    identity=(
        "customer_number salutation title first_name last_name alias birthday birthday_without_year company vat_id "
        "language search_text sort_name"
    ),
    contact=(
        "street address_extra po_box postal_code city country phone_private phone_business mobile fax email website"
    ),
    bank="iban bic bank",
    behaviour="tags is_favourite loss_reason",
    contract="customer_group price_level discount credit_limit payment_method payment_term is_blocked home_location",
    special="memo blocked_reason archived_reason",
    technical="created_at changed_at archived_at",
    keys="uid",
)
@keep_history(exclude=["search_text", "sort_name"], is_searched=False)
class Customer(WithFormerNumbers, CheckedRow):
    """A guest or a company. Phone numbers are stored in E.164 if they are known to be complete, else as typed."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, db_constraint=False, db_index=False, related_name="+", editable=False
    )
    base = models.ForeignKey(
        CustomerBase,
        models.PROTECT,
        db_constraint=False,  # customer_base_of_organization refers to the same row and says more
        db_index=False,
        related_name="customers",
        editable=False,
    )
    uid = models.UUIDField(db_default=TimeOrderedUuid(), editable=False)
    customer_number = models.PositiveIntegerField(
        _("customer number"), help_text=_("Left empty, the next number of the location's number range.")
    )
    salutation = _text(_("salutation"), 30)
    title = _text(_("title"), 40)
    first_name = _text(_("first name"), 100)
    last_name = _text(_("last name"), 100)
    alias = _text(_("alias"), 100, help_text=_("How the customer is called or wants to be called."))
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    birthday_without_year = _text(
        _("birthday without year"), 5, db_default="", help_text=_("Day and month, such as 17.05.")
    )
    company = _text(_("company"), 160)
    vat_id = _text(_("VAT id"), 20)
    street = _text(_("street"), 160)
    address_extra = _text(_("address extra"), 160)
    po_box = _text(_("PO box"), 40)
    postal_code = _text(_("postal code"), 20)
    city = _text(_("city"), 120)
    country = _text(_("country"), 2)
    phone_private = _text(_("private phone"), 60)
    phone_business = _text(_("business phone"), 60)
    mobile = _text(_("mobile"), 60)
    fax = _text(_("fax"), 60)
    email = models.EmailField(_("e-mail"), blank=True, default="")
    website = models.URLField(_("website"), blank=True, default="")
    language = _text(_("language"), 8)
    customer_group = models.ForeignKey(
        CustomerGroup,
        models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,  # customer_group_in_base refers to the same row and says more
        db_index=False,
        related_name="customers",
        verbose_name=_("customer group"),
    )
    price_level = models.PositiveSmallIntegerField(_("price level"), null=True, blank=True)
    discount = models.DecimalField(
        _("discount in %"), max_digits=5, decimal_places=2, null=True, blank=True, validators=PERCENT
    )
    credit_limit = models.DecimalField(
        _("credit limit"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    payment_method = _text(_("payment method"), 20, choices=PaymentMethod)
    payment_term = models.PositiveSmallIntegerField(_("payment term in days"), null=True, blank=True)
    iban = _text(_("IBAN"), 34)
    bic = _text(_("BIC"), 11)
    bank = _text(_("bank"), 120)
    loss_reason = _text(_("reason of loss"), 200, help_text=_("Why this customer no longer comes."))
    tags = ArrayField(models.CharField(max_length=40), verbose_name=_("tags"), default=list, blank=True)
    is_favourite = models.BooleanField(_("favourite"), default=False)
    is_blocked = models.BooleanField(_("blocked"), default=False)
    blocked_reason = _text(_("reason of the block"), 200)
    memo = LinesField(_("memo"), blank=True, default="")
    home_location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,  # customer_home_of_organization refers to the same row and says more
        db_index=False,
        related_name="registered_customers",
        editable=False,
        verbose_name=_("registered at"),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    changed_at = models.DateTimeField(_("changed"), db_default=Now(), editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    archived_reason = _text(_("reason of archiving"), 200, editable=False)
    search_text = models.GeneratedField(
        expression=search.search_text(), output_field=models.TextField(), db_persist=True
    )
    sort_name = models.GeneratedField(expression=search.sort_name(), output_field=models.TextField(), db_persist=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        default_permissions = ()
        indexes = [
            GinIndex(fields=["base", "search_text"], opclasses=["int8_ops", "gin_trgm_ops"], name="customer_search"),
            models.Index(
                F("base"),
                OpClass(search.EmailDomain(F("email")), "text_pattern_ops"),
                name="customer_by_email_domain",
            ),
            GinIndex(
                fields=["base", "tags"],
                opclasses=["int8_ops", "array_ops"],
                name="customer_tags",
                condition=~Q(tags=[]),
            ),
            # With archived_at in them the ids of any page of the list are read from the index alone.
            models.Index(fields=["base", "sort_name", "id"], name="customer_by_name", include=["archived_at"]),
            models.Index(fields=["base", "created_at", "id"], name="customer_by_created", include=["archived_at"]),
            models.Index(fields=["base", "changed_at", "id"], name="customer_by_changed", include=["archived_at"]),
            models.Index(fields=["base", "city", "id"], name="customer_by_city", include=["archived_at"]),
            models.Index(
                fields=["base", "customer_group", "sort_name", "id"], name="customer_by_group", include=["archived_at"]
            ),
            models.Index(
                fields=["base", "home_location", "sort_name", "id"], name="customer_by_home", include=["archived_at"]
            ),
            models.Index(
                F("base"),
                MonthAndDay(F("birthday")),
                name="customer_by_birthday",
                condition=Q(birthday__isnull=False),
            ),
            models.Index(
                fields=["base", "birthday_without_year"],
                name="customer_by_day_of_birth",
                condition=~Q(birthday_without_year=""),
            ),
            models.Index(fields=["base", "sort_name", "id"], name="customer_blocked", condition=Q(is_blocked=True)),
            models.Index(fields=["base", "sort_name", "id"], name="customer_favourite", condition=Q(is_favourite=True)),
            models.Index(
                fields=["base", "sort_name", "id"],
                name="customer_archived",
                condition=Q(archived_at__isnull=False),
            ),
        ]
        constraints = [
            RowSecurity(name="customer_rows", base="base"),
            KeyWithBase(name="customer_key"),
            models.UniqueConstraint(
                fields=["base", "customer_number"],
                include=["id", "archived_at"],
                name="customer_number_unique",
                violation_error_code="customer_number_unique",
                violation_error_message=_("This customer number is already in use in this customer base."),
            ),
            # Led by the uid each new one is put at the very end, whatever the base, and pages of the index become full.
            models.UniqueConstraint(fields=["uid", "base"], name="customer_uid_unique"),
            models.CheckConstraint(
                condition=Q(customer_number__range=(LOWEST_CUSTOMER_NUMBER, HIGHEST_CUSTOMER_NUMBER)),
                name="customer_number_range",
                violation_error_code="customer_number_range",
                violation_error_message=_("The customer number must lie between 1 and 9999999."),
            ),
            models.CheckConstraint(
                condition=~Q(first_name="", last_name="", company="", alias=""),
                name="customer_has_name",
                violation_error_code="customer_has_name",
                violation_error_message=_("Enter a first name, a last name, an alias or a company."),
            ),
            models.CheckConstraint(
                condition=Q(birthday_without_year="") | Q(birthday_without_year__regex=DAYS_OF_A_YEAR),
                name="customer_day_of_birth_exists",
                violation_error_code="customer_day_of_birth_exists",
                violation_error_message=_("A birthday without year is a day and a month, such as 17.05."),
            ),
            models.CheckConstraint(
                condition=Q(birthday_without_year="") | Q(birthday=None),
                name="customer_birthday_said_once",
                violation_error_code="customer_birthday_said_once",
                violation_error_message=_("Enter the birthday with its year or without it, not both."),
            ),
            models.CheckConstraint(
                # By whatever clock: a child that is born today is older than tomorrow everywhere.
                condition=Q(birthday=None) | Q(birthday__range=(EARLIEST_BIRTHDAY, TOMORROW)),
                name="customer_birthday_in_the_past",
                violation_error_code="customer_birthday_in_the_past",
                violation_error_message=_("A birthday lies between 1850 and today."),
            ),
            models.CheckConstraint(
                condition=Q(discount=None) | Q(discount__range=(0, 100)),
                name="customer_discount_range",
                violation_error_code="customer_discount_range",
                violation_error_message=_("The discount must lie between 0 and 100 percent."),
            ),
            models.CheckConstraint(
                condition=Q(price_level=None) | Q(price_level__range=(0, HIGHEST_PRICE_LEVEL)),
                name="customer_price_level_range",
                violation_error_code="customer_price_level_range",
                violation_error_message=_("The price level must lie between 0 and 99."),
            ),
            models.CheckConstraint(
                condition=Q(credit_limit=None) | Q(credit_limit__gte=0),
                name="customer_credit_limit_positive",
                violation_error_code="customer_credit_limit_positive",
                violation_error_message=_("The credit limit cannot be negative."),
            ),
            models.CheckConstraint(
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
                name="customer_country_iso",
                violation_error_code="customer_country_iso",
                violation_error_message=_("The country must be an ISO code of two letters, such as DE."),
            ),
            models.CheckConstraint(
                condition=Q(payment_method="") | Q(payment_method__in=PaymentMethod.values),
                name="customer_payment_method_known",
                violation_error_code="customer_payment_method_known",
                violation_error_message=_("This payment method is not known."),
            ),
            models.CheckConstraint(
                condition=Q(archived_at__isnull=False) | Q(archived_reason=""),
                name="customer_archived_reason_when_archived",
                violation_error_code="customer_archived_reason_when_archived",
                violation_error_message=_("A reason of archiving belongs to an archived customer only."),
            ),
            models.CheckConstraint(
                condition=Q(is_blocked=True) | Q(blocked_reason=""),
                name="customer_blocked_reason_when_blocked",
                violation_error_code="customer_blocked_reason_when_blocked",
                violation_error_message=_("A reason of the block belongs to a blocked customer only."),
            ),
            StatementForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="customer_base_of_organization",
                violation_error_message=_("The customer base belongs to another business."),
            ),
            StatementForeignKey(
                fields=["base", "customer_group"],
                to="customers.CustomerGroup",
                to_fields=["base", "id"],
                name="customer_group_in_base",
                violation_error_message=_("The customer group belongs to another customer base."),
            ),
            StatementForeignKey(
                fields=["organization", "home_location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="customer_home_of_organization",
                violation_error_message=_("The location belongs to another business."),
            ),
        ]
        triggers = [
            triggers.STAMP,
            CUSTOMER_NOT_DELETED,
            triggers.tags_known("tags_known_insert", pgtrigger.Insert),
            triggers.tags_known("tags_known_update", pgtrigger.Update),
            triggers.NUMBER_IN_RANGE,
            triggers.NUMBER_IN_RANGE_OF_NEW_HOME,
            triggers.COUNT_INSERT,
            triggers.COUNT_UPDATE,
            triggers.COUNT_DELETE,
            triggers.MONTHS_INSERT,
            triggers.MONTHS_UPDATE,
            triggers.MONTHS_DELETE,
            revisions.REVISION_INSERT,
            revisions.REVISION_UPDATE,
            revisions.REVISION_DELETE,
            CUSTOMER_OPEN,
            *noted("id"),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} ({self.customer_number})"

    @property
    def display_name(self) -> str:
        """The name to show: that of the person, else of the company, else the alias."""
        person = " ".join(part for part in (self.title, self.first_name, self.last_name) if part)
        return person or self.company or self.alias

    @property
    def display_phone(self) -> str:
        """The phone number to dial first, written for reading."""
        return display_phone(self.mobile or self.phone_private or self.phone_business)

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None
