"""Who issues invoices, and how far each series of numbers has come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounting.choices import InvoiceKind
from accounting.models.ledgers import OF_ALL
from accounting.querysets import IssuerQuerySet
from locations.constraints import CompositeForeignKey
from locations.fields import LineField, LinesField
from locations.history import keep_history
from locations.models import CustomerBase, Location, Organization
from locations.personal import personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable


def _line(label: object, length: int, **options: object) -> LineField:
    return LineField(label, max_length=length, blank=True, default="", **options)  # type: ignore[arg-type]


@personal(
    technical=(
        "legal_name trading_name street postal_code city country vat_id tax_number contact email phone iban bic "
        "bank creditor_id payment_term is_small_business legal_details closing_text prefix cancellation_prefix"
    ),
)
@keep_history()
class Issuer(CheckedRow):
    """What stands on invoices about whoever issues them: the whole business, or a location with accounts of its own.

    Empty fields are allowed, so that it can be filled in step by step; no invoice is issued before
    `accounting.invoicing.issuers.missing_of` finds nothing.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        db_constraint=False,  # issuer_location_of_organization refers to the same row and says more
        related_name="+",
        editable=False,
        help_text="None where it is the whole business.",
    )
    owner_key = models.BigIntegerField(default=OF_ALL, editable=False)
    legal_name = _line(_("legal name"), 160)
    trading_name = _line(_("name over the door"), 160, help_text=_("Where it is another than the legal name."))
    street = _line(_("street"), 160)
    postal_code = _line(_("postal code"), 20)
    city = _line(_("city"), 120)
    country = LineField(_("country"), max_length=2, default="DE", help_text=_("Two letters, such as DE."))
    vat_id = _line(_("VAT id"), 20)
    tax_number = _line(_("tax number"), 30)
    contact = _line(_("contact person"), 120)
    email = models.EmailField(_("e-mail"), blank=True, default="")
    phone = _line(_("phone"), 60)
    iban = _line(_("IBAN"), 34)
    bic = _line(_("BIC"), 11)
    bank = _line(_("bank"), 120)
    creditor_id = _line(_("creditor identifier"), 35, help_text=_("Of SEPA debits."))
    payment_term = models.PositiveSmallIntegerField(_("payment term in days"), default=14)
    is_small_business = models.BooleanField(
        _("small business (§ 19 UStG)"), default=False, help_text=_("Its invoices charge no VAT and say why.")
    )
    legal_details = _line(
        _("legal details"), 400, help_text=_("Register, court, managers: at the foot of each invoice.")
    )
    closing_text = LinesField(_("closing text"), blank=True, default="", max_length=1000)
    prefix = LineField(_("numbers of invoices begin with"), max_length=6, default="RE")
    cancellation_prefix = LineField(_("numbers of cancellations begin with"), max_length=6, default="ST")

    objects = IssuerQuerySet.as_manager()

    class Meta:
        verbose_name = _("issuer of invoices")
        verbose_name_plural = _("issuers of invoices")
        default_permissions = ()
        constraints = [
            RowSecurity(name="issuer_rows", organization="organization", owner="owner_key"),
            models.UniqueConstraint(fields=["organization", "id", "owner_key"], name="issuer_with_owner"),
            models.CheckConstraint(
                condition=Q(location=None, owner_key=OF_ALL) | Q(location__isnull=False, owner_key=F("location")),
                name="issuer_owned_by_its_location",
            ),
            models.UniqueConstraint(
                fields=["organization"], condition=Q(location=None), name="issuer_one_of_organization"
            ),
            models.UniqueConstraint(
                fields=["organization", "location"],
                condition=Q(location__isnull=False),
                name="issuer_one_of_location",
            ),
            models.CheckConstraint(
                condition=Q(prefix__regex=r"^[A-Z0-9]{1,6}$", cancellation_prefix__regex=r"^[A-Z0-9]{1,6}$"),
                name="issuer_prefixes_plain",
                violation_error_code="issuer_prefixes_plain",
                violation_error_message=_("A number begins with one to six capital letters or digits."),
            ),
            models.CheckConstraint(
                condition=~Q(prefix=F("cancellation_prefix")),
                name="issuer_prefixes_differ",
                violation_error_code="issuer_prefixes_differ",
                violation_error_message=_("Invoices and cancellations need different beginnings of their numbers."),
            ),
            models.CheckConstraint(
                condition=Q(payment_term__lte=365),
                name="issuer_term_within_a_year",
                violation_error_code="issuer_term_within_a_year",
                violation_error_message=_("A payment term has 365 days at most."),
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="issuer_location_of_organization",
            ),
        ]
        triggers = [immutable("id", "organization_id", "location_id", "owner_key")]

    def __str__(self) -> str:
        return self.trading_name or self.legal_name


@personal(technical="kind year last last_on")
class NumberSeries(models.Model):
    """The last number that an issuer has given in a year to invoices or to cancellations of them.

    Written by the functions that issue and cancel alone, which lock it until they are committed: what is rolled back
    has taken no number.
    """

    web_privileges: ClassVar[str] = "SELECT"

    pk = models.CompositePrimaryKey("base_id", "issuer_id", "kind", "year")
    organization = models.ForeignKey(
        Organization, models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    owner_key = models.BigIntegerField(default=OF_ALL)
    issuer = models.ForeignKey(Issuer, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    kind = models.CharField(max_length=12, choices=InvoiceKind)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()
    last_on = models.DateField(help_text="Numbers go up with the days of the invoices.")

    class Meta:
        verbose_name = _("series of numbers")
        verbose_name_plural = _("series of numbers")
        default_permissions = ()
        constraints = [
            RowSecurity(name="numberseries_rows", base="base", owner="owner_key"),
            CompositeForeignKey(
                fields=["organization", "issuer", "owner_key"],
                to="accounting.Issuer",
                to_fields=["organization", "id", "owner_key"],
                name="numberseries_issuer_of_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issuer_id}/{self.kind}/{self.year}: {self.last}"
