"""The table of customers: its columns with their headings in both languages, their order, conversion both ways.

This is the one declaration, for import and export, in the browser and as a command. A resource is bound to a
scope; without one there are no rows, and it refuses to import or export. The engine below it is in customers/transfer.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from import_export import resources

from customers import formats
from customers.choices import TRANSFER
from customers.columns import (
    ByCountryWidget,
    CustomerField,
    DayWidget,
    DecimalWidget,
    FormattedWidget,
    GroupField,
    MemoField,
    MomentWidget,
    NoteField,
    PaymentMethodWidget,
    PersonField,
    PhoneWidget,
    PlaceField,
    TagsWidget,
    WholeNumberWidget,
    YesNoWidget,
)
from customers.consent_columns import ConsentDayField, ConsentField
from customers.formats import quick
from customers.models import Customer
from customers.querysets import CustomerQuerySet
from locations.permissions import Right
from mcp.scope import Scope
from spreadsheets import Cell

_PHONE = PhoneWidget()


class NoScope(PermissionDenied):
    """A resource without a scope has no rows."""


class CustomerResource(resources.Resource):
    customer_number = CustomerField(
        "customer_number", "Kundennummer", "Customer number", "Kunden-Nr.", "Kundennr", "Kdnr", "Nummer", "Number",
        widget=WholeNumberWidget(),
    )  # fmt: skip
    legacy_number = CustomerField(
        "legacy_number", "Frühere Kundennummer", "Former customer number", "customerID", "Alte Kundennummer",
        "Altnummer",
    )  # fmt: skip
    salutation = CustomerField("salutation", "Anrede", "Salutation")
    title = CustomerField("title", "Titel", "Title", "Akademischer Titel")
    first_name = CustomerField("first_name", "Vorname", "First name", "Rufname", "Given name")
    last_name = CustomerField("last_name", "Nachname", "Last name", "Name", "Familienname", "Surname")
    contact_name = PersonField("contact_name", "Ansprechpartner", "Contact name", "Kontaktperson", "Full name")
    alias = CustomerField("alias", "Alias", "Alias", "Spitzname")
    birthday = CustomerField(
        "birthday", "Geburtsdatum", "Birthday", "Geburtstag", "Date of birth", "Birth date", widget=DayWidget()
    )
    company = CustomerField("company", "Firma", "Company", "companyName", "Firmenname", "Unternehmen")
    vat_id = CustomerField(
        "vat_id", "USt-IdNr.", "VAT ID", "USt-ID", "Umsatzsteuer-ID", widget=ByCountryWidget(formats.normalize_vat_id)
    )
    street = CustomerField("street", "Straße", "Street", "Adresse", "Address", "Anschrift")
    address_extra = CustomerField("address_extra", "Adresszusatz", "Address extra", "Address 2", "Address line 2")
    po_box = CustomerField("po_box", "Postfach", "PO box")
    postal_code = CustomerField("postal_code", "PLZ", "Postal code", "Postleitzahl", "Zip", "Zip code", "Postcode")
    city = CustomerField("city", "Ort", "City", "Stadt", "Wohnort", "Town")
    country = CustomerField(
        "country", "Land", "Country", "Ländercode", "Country code", widget=FormattedWidget(formats.normalize_country)
    )
    phone_private = CustomerField(
        "phone_private", "Telefon privat", "Private phone", "Telefon", "Phone", "Tel.", widget=_PHONE
    )
    phone_business = CustomerField(
        "phone_business", "Telefon geschäftlich", "Business phone", "Telefon Firma", widget=_PHONE
    )
    mobile = CustomerField("mobile", "Mobil", "Mobile", "Mobiltelefon", "Handy", "Mobile phone", widget=_PHONE)
    fax = CustomerField("fax", "Fax", "Fax", "Telefax", widget=_PHONE)
    email = CustomerField(
        "email", "E-Mail", "E-mail", "Mail", "E-Mail-Adresse", "E-mail address",
        widget=FormattedWidget(formats.normalize_email, quick=quick.emails),
    )  # fmt: skip
    website = CustomerField(
        "website", "Website", "Website", "Webseite", "Homepage", "Internet",
        widget=FormattedWidget(formats.normalize_website),
    )  # fmt: skip
    language = CustomerField("language", "Sprache", "Language", widget=FormattedWidget(formats.normalize_language))
    customer_group = GroupField("customer_group", "Kundengruppe", "Customer group", "Gruppe", "Group")
    price_level = CustomerField("price_level", "Preisebene", "Price level", widget=WholeNumberWidget())
    discount = CustomerField(
        "discount", "Rabatt %", "Discount %", "discount_percent", "Rabatt in %", widget=DecimalWidget()
    )
    credit_limit = CustomerField("credit_limit", "Kreditlimit", "Credit limit", widget=DecimalWidget())
    payment_method = CustomerField(
        "payment_method", "Zahlungsart", "Payment method", "Zahlart", "Zahlungsweise", widget=PaymentMethodWidget()
    )
    payment_term = CustomerField(
        "payment_term", "Zahlungsziel (Tage)", "Payment term (days)", "Zahlungsziel", "Zahlungsziel in Tagen",
        widget=WholeNumberWidget(),
    )  # fmt: skip
    iban = CustomerField("iban", "IBAN", "IBAN", widget=FormattedWidget(formats.normalize_iban))
    bic = CustomerField("bic", "BIC", "BIC", "SWIFT", widget=FormattedWidget(formats.normalize_bic))
    bank = CustomerField("bank", "Bank", "Bank", "Kreditinstitut", "Bankname")
    loss_reason = CustomerField("loss_reason", "Verlustgrund", "Reason of loss")
    tags = CustomerField("tags", "Schlagwörter", "Tags", "Merkmale", "Stichwörter", widget=TagsWidget())
    is_favourite = CustomerField("is_favourite", "Favorit", "Favourite", "Favorite", widget=YesNoWidget())
    is_blocked = CustomerField("is_blocked", "Gesperrt", "Blocked", "Sperre", widget=YesNoWidget())
    blocked_reason = CustomerField("blocked_reason", "Sperrgrund", "Reason of the block")
    memo = MemoField(
        "memo", "Notiz", "Memo", "Notizen", "Bemerkung", "Bemerkungen", "Notes",
        widget=FormattedWidget(formats.clean_lines, quick=quick.texts),
    )  # fmt: skip
    newsletter = ConsentField("newsletter", "Newsletter", "Newsletter")
    newsletter_on = ConsentDayField(
        "newsletter", "Newsletter am", "Newsletter since", "Newsletter seit", "Newsletter-Datum", "Newsletter date"
    )
    transfer_allowed = ConsentField(
        TRANSFER, "Weitergabe erlaubt", "Transfer allowed", "Weitergabe", "transfer_allowed"
    )
    transfer_allowed_on = ConsentDayField(
        TRANSFER, "Weitergabe erlaubt am", "Transfer allowed since", "Weitergabe erlaubt seit", "Weitergabe am"
    )
    position = NoteField("Position", "Position", "contactTitle", "Funktion", "Job title")
    region = NoteField("Region", "Region", "Bundesland", "State", "Province", "Kanton")
    home_location = PlaceField("home_location", "Registriert in", "Registered at", readonly=True)
    created_at = CustomerField("created_at", "Angelegt am", "Created", widget=MomentWidget(), readonly=True)
    changed_at = CustomerField("changed_at", "Geändert am", "Changed", widget=MomentWidget(), readonly=True)
    archived_at = CustomerField("archived_at", "Archiviert am", "Archived", widget=MomentWidget(), readonly=True)
    archived_reason = CustomerField("archived_reason", "Archivierungsgrund", "Reason of archiving", readonly=True)

    class Meta:
        model = Customer

    def __init__(self, scope: Scope | None = None) -> None:
        super().__init__()
        self.scope = scope

    def demand(self, right: Right) -> Scope:
        """The scope, if it holds the right. Raises NoScope or MissingRight."""
        if self.scope is None:
            raise NoScope
        self.scope.demand(right)
        return self.scope

    def import_data(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        """Closed: row by row, in memory. See customers/transfer."""
        raise NoScope

    # --- export ---------------------------------------------------------------------------------------------

    def get_queryset(self) -> CustomerQuerySet:
        return Customer.objects.none() if self.scope is None else Customer.objects.in_base(self.scope.base)

    def export(self, *args: Any, **kwargs: Any) -> Any:
        """Closed: a table in memory. See customers/transfer/exporting.py."""
        raise NoScope

    def export_columns(self, names: list[str] | None = None) -> dict[str, CustomerField]:
        """The columns that can be exported, or those of them that are named, in our order."""
        return {
            name: field for name, field in self.fields.items() if field.is_exported and (names is None or name in names)
        }

    def export_row(self, customer: Customer, columns: dict[str, CustomerField]) -> list[Cell]:
        return [field.export(customer) for field in columns.values()]
