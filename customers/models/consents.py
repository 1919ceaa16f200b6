"""What customers have agreed to, and when they took it back.

    ConsentPurpose   what a business asks for: transfer, newsletter, … with the wording that it shows
    Consent          one statement of one customer, given or withdrawn; only ever added to
    ConsentRelease   that statements of a base have gone out in a file; what went out is not struck out any more

Whether a consent holds is the latest statement up to a moment; of two at the same moment the withdrawal counts. A
consent is given to a business and, for the transfer, at a location: see ConsentQuerySet.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers import triggers
from customers.choices import STANDARD_PURPOSES, TRANSFER, ConsentSource
from customers.models.customer import Customer
from customers.models.uploads import ImportUpload
from customers.querysets import ConsentPurposeQuerySet, ConsentQuerySet
from customers.triggers import revisions
from customers.triggers.open_statements import CONSENT_GOING, CONSENT_OPEN
from customers.triggers.slips import CONSENT_STAYS
from customers.triggers.uploads import CONSENT_GOES_WITH_ITS_IMPORT
from locations.constraints import CompositeForeignKey, KeyWithBase, StatementForeignKey
from locations.fields import LineField, LinesField
from locations.history import keep_history
from locations.models import HIGHEST_ACCOUNT_NUMBER, CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable

CODE = r"^[a-z][a-z0-9_]{0,39}$"


@personal(technical="code name wording wording_version is_active holds_for_receiver")
@keep_history()
class ConsentPurpose(CheckedRow):
    """Something for which a business asks its customers. The standard ones are made with the business."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="consent_purposes", editable=False, verbose_name=_("business")
    )
    code = models.CharField(
        _("code"),
        max_length=40,
        validators=[RegexValidator(CODE, _("Small letters, digits and underscores; a letter first."))],
        help_text=_("The name of the purpose in files, such as newsletter. It stays as it is."),
    )
    name = LineField(
        _("name"), max_length=80, blank=True, help_text=_("Left empty, a standard purpose has its usual name.")
    )
    wording = LinesField(_("wording"), blank=True, help_text=_("What the customer is shown and agrees to."))
    wording_version = LineField(
        _("version of the wording"), max_length=40, blank=True, help_text=_("Give a new one whenever the text changes.")
    )
    is_active = models.BooleanField(_("is asked for"), default=True)
    holds_for_receiver = models.BooleanField(
        _("holds also for the receiver"),
        default=False,
        db_default=False,
        help_text=_(
            "Only where the wording says so: a business that gets the customer may rely on what he has agreed to by "
            "this version. Otherwise it gets it as evidence, and asks him itself."
        ),
    )

    objects = ConsentPurposeQuerySet.as_manager()

    class Meta:
        verbose_name = _("purpose of consents")
        verbose_name_plural = _("purposes of consents")
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="consentpurpose_rows", organization="organization"),
            models.UniqueConstraint(
                fields=["organization", "code"],
                name="consentpurpose_code_unique",
                violation_error_code="consentpurpose_code_unique",
                violation_error_message=_("There is already a purpose with this code."),
            ),
            models.CheckConstraint(
                condition=Q(code__regex=CODE),
                name="consentpurpose_code_plain",
                violation_error_code="consentpurpose_code_plain",
                violation_error_message=_("Small letters, digits and underscores; a letter first."),
            ),
            models.CheckConstraint(
                condition=~Q(name="") | Q(code__in=list(STANDARD_PURPOSES)),
                name="consentpurpose_has_name",
                violation_error_code="consentpurpose_has_name",
                violation_error_message=_("Give the purpose a name."),
            ),
            models.CheckConstraint(
                condition=Q(holds_for_receiver=False) | (~Q(wording="") & ~Q(wording_version="")),
                name="consentpurpose_receiver_by_wording",
                violation_error_code="consentpurpose_receiver_by_wording",
                violation_error_message=_("Only a wording with a version can say that it holds for the receiver."),
            ),
        ]
        triggers = [immutable("organization_id", "code")]

    def __str__(self) -> str:
        return str(self.title)

    @property
    def title(self) -> str | Promise:
        """The name that the business has given it, else the usual one."""
        return self.name or STANDARD_PURPOSES.get(self.code, self.code)


@personal(
    of="customer",
    erased=Erasure.ROW_GOES,
    contract="purpose is_given at source wording_version receiver location given_to holds_here",
    special="evidence",
    technical="recorded_at struck_out_at",
    staff="recorder_id",
)
@keep_history(
    is_searched=False,
    indexes=[models.Index(fields=["base", "customer"], name="consentevent_removed", condition=Q(pgh_label="delete"))],
)
class Consent(CheckedRow):
    """A customer has given or withdrawn a consent. Never changed; it goes only with the import that brought it.

    Whoever has recorded it by mistake can strike it out for a few minutes: it stays, and counts nowhere.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, DELETE, UPDATE (struck_out_at, struck_out_by)"

    id: Any = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+", editable=False)
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+", editable=False)
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        db_constraint=False,  # consent_customer_in_base refers to the same row and says more
        db_index=False,
        related_name="consents",
        editable=False,
        verbose_name=_("customer"),
    )
    purpose = models.CharField(_("purpose"), max_length=40)
    is_given = models.BooleanField(_("given"))
    at = models.DateTimeField(_("when"), help_text=_("When the customer said so, which may be before it is recorded."))
    source = models.CharField(_("how"), max_length=10, choices=ConsentSource)
    wording_version = LineField(_("version of the wording"), max_length=40, blank=True, default="")
    receiver = models.PositiveIntegerField(
        _("receiver"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_ACCOUNT_NUMBER)],
        help_text=_(
            "Only for the transfer: the account number of the business that may have the data. Left empty: the one "
            "that takes over the location where it was given."
        ),
    )
    evidence = LineField(
        _("evidence"), max_length=255, blank=True, default="", help_text=_("Where the statement can be found again.")
    )
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        editable=False,
        verbose_name=_("location"),
        help_text=_("Where it was said."),
    )
    given_to = models.PositiveIntegerField(
        _("said to"), null=True, editable=False, help_text=_("The account number of another business; empty: to this.")
    )
    holds_here = models.BooleanField(
        _("holds here"),
        default=True,
        db_default=True,
        editable=False,
        help_text=_("No: it was said to another business, and is here as evidence of the transfer only."),
    )
    recorded_by = models.CharField(_("recorded by"), max_length=200, editable=False)
    recorder_id = models.BigIntegerField(
        null=True, editable=False, help_text="Of " + settings.AUTH_USER_MODEL + "; empty: no person has recorded it."
    )
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now(), editable=False)
    struck_out_at = models.DateTimeField(_("struck out"), null=True, editable=False)
    struck_out_by = models.CharField(
        _("struck out by"), max_length=200, blank=True, default="", db_default="", editable=False
    )
    upload = models.ForeignKey(
        ImportUpload,
        models.PROTECT,
        null=True,
        db_constraint=False,  # consent_upload_in_base refers to the same row and says more
        db_index=False,
        related_name="+",
        editable=False,
    )

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        default_permissions = ()
        indexes = [
            models.Index(fields=["base", "customer", "purpose", "-at"], name="consent_of_customer"),
            models.Index(fields=["base", "upload"], name="consent_of_upload", condition=Q(upload__isnull=False)),
            models.Index(fields=["base", "customer"], name="consent_for_receiver", condition=Q(receiver__isnull=False)),
            models.Index(fields=["base", "recorded_at"], name="consent_withdrawn", condition=Q(is_given=False)),
        ]
        constraints = [
            RowSecurity(name="consent_rows", base="base"),
            KeyWithBase(name="consent_key"),
            models.UniqueConstraint(
                fields=["base", "purpose", "customer", "at", "is_given", "receiver", "location", "given_to"],
                nulls_distinct=False,
                condition=Q(struck_out_at=None),
                name="consent_said_once",
                violation_error_code="consent_said_once",
                violation_error_message=_("This statement is recorded already."),
            ),
            models.CheckConstraint(
                condition=Q(receiver=None) | Q(purpose=TRANSFER, receiver__range=(1, HIGHEST_ACCOUNT_NUMBER)),
                name="consent_receiver_of_transfer",
                violation_error_code="consent_receiver_of_transfer",
                violation_error_message=_("Only a consent to the transfer names a receiver."),
            ),
            models.CheckConstraint(
                condition=Q(holds_here=True) | Q(given_to__isnull=False), name="consent_of_others_is_evidence"
            ),
            models.CheckConstraint(
                condition=Q(source__in=ConsentSource.values),
                name="consent_source_known",
                violation_error_code="consent_source_known",
                violation_error_message=_("Choose how the customer said so."),
            ),
            models.CheckConstraint(
                condition=Q(recorder_id=None) | ~Q(source=ConsentSource.IMPORT),
                name="consent_of_person_says_how",
                violation_error_code="consent_of_person_says_how",
                violation_error_message=_("Choose how the customer said so."),
            ),
            models.CheckConstraint(
                condition=Q(struck_out_at=None, struck_out_by="")
                | (Q(struck_out_at__isnull=False) & ~Q(struck_out_by="")),
                name="consent_struck_out_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(at__lte=F("recorded_at")),
                name="consent_not_ahead_of_time",
                violation_error_code="consent_not_ahead_of_time",
                violation_error_message=_("A statement cannot lie in the future."),
            ),
            StatementForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="consent_base_of_organization",
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="consent_customer_in_base",
                violation_error_message=_("The customer belongs to another customer base."),
            ),
            StatementForeignKey(
                fields=["organization", "purpose"],
                to="customers.ConsentPurpose",
                to_fields=["organization", "code"],
                name="consent_purpose_of_organization",
                violation_error_message=_("This purpose is not in the list of the business."),
            ),
            StatementForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="consent_location_of_organization",
            ),
            StatementForeignKey(
                fields=["base", "upload"],
                to="customers.ImportUpload",
                to_fields=["base", "id"],
                name="consent_upload_in_base",
            ),
        ]
        triggers = [
            CONSENT_STAYS,
            CONSENT_GOES_WITH_ITS_IMPORT,
            triggers.CONSENT_MONTHS_INSERT,
            triggers.CONSENT_MONTHS_UPDATE,
            triggers.CONSENT_MONTHS_DELETE,
            CONSENT_OPEN,
            CONSENT_GOING,
            revisions.CONSENT_REVISION_INSERT,
            revisions.CONSENT_REVISION_UPDATE,
            revisions.CONSENT_REVISION_DELETE,
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {'+' if self.is_given else '-'} {self.at:%Y-%m-%d}"


@personal(technical="at")
class ConsentRelease(models.Model):
    """Statements of this base have gone out in a file, or have decided who is handed over; only added to."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    at = models.DateTimeField(editable=False, help_text="By the clock of the database, after they were read.")

    class Meta:
        verbose_name = _("release of consents")
        verbose_name_plural = _("releases of consents")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-at"], name="consentrelease_latest")]
        constraints = [
            RowSecurity(name="consentrelease_rows", base="base"),
            KeyWithBase(name="consentrelease_key"),
        ]

    def __str__(self) -> str:
        return f"{self.base_id}: {self.at:%Y-%m-%d %H:%M}"


@personal(
    bulk="gone after a day",
    erased=Erasure.ROW_GOES,
    identity="customer_number",
    contract="purpose is_given at source wording_version receiver given_to holds_here",
    special="evidence",
)
class ImportConsent(models.Model):
    """A statement that a file brings along besides its rows, for the customer that a row of the file means.

    `customer_number` is the number that stands in the file.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, DELETE"

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    file = models.ForeignKey(ImportUpload, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    customer_number = models.PositiveIntegerField()
    purpose = models.CharField(max_length=40)
    is_given = models.BooleanField()
    at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=ConsentSource)
    wording_version = models.CharField(max_length=40, blank=True, default="")
    receiver = models.PositiveIntegerField(null=True)
    evidence = models.CharField(max_length=255, blank=True, default="")
    recorded_by = models.CharField(max_length=200)
    given_to = models.PositiveIntegerField(null=True)
    holds_here = models.BooleanField(default=True, db_default=True)

    class Meta:
        verbose_name = _("consent of an import")
        verbose_name_plural = _("consents of imports")
        default_permissions = ()
        indexes = [models.Index(F("file"), F("customer_number"), name="importconsent_by_number")]
        constraints = [
            RowSecurity(name="importconsent_rows", base="base"),
            KeyWithBase(name="importconsent_key"),
            CompositeForeignKey(
                fields=["base", "file"],
                to="customers.ImportUpload",
                to_fields=["base", "id"],
                name="importconsent_file_in_base",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}: {self.customer_number} {self.purpose}"
