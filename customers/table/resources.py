"""The table of customers: its columns with their headings in both languages, their order, conversion both ways.

This is the one declaration, for import and export, in the browser and as a command. A resource is bound to a
scope; without one there are no rows, and it refuses to import or export. The engines are
in customers/imports and customers/exports.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from django.core.exceptions import PermissionDenied
from import_export import resources

from customers import formats
from customers.choices import TRANSFER
from customers.field_groups import SAID_WITH, unwritable, withheld
from customers.formats import quick
from customers.models import Customer
from customers.querysets import CustomerQuerySet
from customers.table.added_columns import added_fields
from customers.table.cells import (
    LINES,
    ByCountryWidget,
    DayOfYearWidget,
    DecimalWidget,
    FormattedWidget,
    MomentWidget,
    NumberListWidget,
    PaymentMethodWidget,
    PhoneWidget,
    PostalCodeWidget,
    TagsWidget,
    UidWidget,
    WholeNumberWidget,
    YesNoWidget,
)
from customers.table.columns import (
    BirthdayField,
    BranchNumberField,
    CustomerField,
    GroupField,
    HintField,
    MemoField,
    NoteField,
    PartField,
    PersonField,
    PhoneNumberField,
    PlaceField,
)
from customers.table.consent_columns import ConsentDayField, ConsentField
from customers.table.former_number_columns import FormerNumbersField
from locations.permissions import Right
from mcp.isolation.scope import Scope

BRANCH_NUMBERS = ("client_number", "branch_number")
_PHONE = PhoneWidget()
_MEMO = FormattedWidget(formats.clean_lines, quick=quick.texts, takes=LINES)


class NoScope(PermissionDenied):
    """A resource without a scope has no rows."""


class CustomerResource(resources.Resource):
    has_added_columns = True
    """Whether columns of the floors above are in it."""

    customer_number = CustomerField(
        "customer_number", "Kundennummer", "Customer number", "Kunden-Nr.", "Kundennr", "Kdnr", "Kd-Nr.",
        widget=WholeNumberWidget(),
    )  # fmt: skip
    former_numbers = FormerNumbersField(
        "former_numbers", "Frühere Kundennummern", "Former customer numbers", "Frühere Kundennummer",
        "Former customer number", "customerID", "Alte Kundennummer", "Altnummer",
    )  # fmt: skip
    more_former_numbers = PartField(
        "former_numbers", "Weitere frühere Kundennummern", "More former customer numbers", separator=", ",
        widget=NumberListWidget(),
    )  # fmt: skip
    salutation = CustomerField("salutation", "Anrede", "Salutation")
    title = CustomerField("title", "Titel", "Title", "Akademischer Titel")
    first_name = CustomerField("first_name", "Vorname", "First name", "Rufname", "Given name", "Forename", "Firstname")
    more_first_names = PartField(
        "first_name", "Weitere Vornamen", "Middle names", "Middle name", "Additional name", "Zweiter Vorname"
    )
    name_particle = PartField(
        "last_name", "Namensvorsatz", "Name particle", "Namenspräfix", "Vorsatzwort", is_before=True
    )
    last_name = CustomerField("last_name", "Nachname", "Last name", "Name", "Familienname", "Surname", "Family name")
    name_suffix = PartField("last_name", "Namenszusatz", "Name suffix", "Suffix")
    contact_name = PersonField(
        "contact_name", "Ansprechpartner", "Contact name", "Kontaktperson", "Full name", "Contact person",
        "Vollständiger Name", "Vor- und Nachname",
    )  # fmt: skip
    name_or_company = PersonField(
        "name_or_company", "Name (Person oder Firma)", "Name (person or company)", "Kundenname", "Customer name",
        "Name/Firma", "Name / Firma", "Firma/Name", "Firmenname/Name", "Display name", "Anzeigename",
        may_be_company=True,
    )  # fmt: skip
    name_kind = HintField("name_kind", "Art: Person oder Firma", "Kind: person or company")
    alias = CustomerField("alias", "Alias", "Alias", "Spitzname", "Nickname", "Rufname (Spitzname)")
    birthday = BirthdayField(
        "birthday", "Geburtsdatum", "Birthday", "Geburtstag", "Date of birth", "Birth date", "Birthdate", "Geb.-Datum",
        "Geburtsdat.", "Geboren am", "DOB",
    )  # fmt: skip
    birthday_without_year = CustomerField(
        "birthday_without_year", "Geburtstag ohne Jahr", "Birthday without year", widget=DayOfYearWidget()
    )
    company = CustomerField(
        "company", "Firma", "Company", "companyName", "Firmenname", "Unternehmen", "Organisation",
        "Organization", "Organization name", "Firma 1", "Firmenbezeichnung",
    )  # fmt: skip
    vat_id = CustomerField(
        "vat_id",
        "USt-IdNr.",
        "VAT ID",
        "USt-ID",
        "Umsatzsteuer-ID",
        "UID-Nummer",
        "USt.-Id",
        "VAT number",
        "UmSt.-ID",
        widget=ByCountryWidget(formats.normalize_vat_id),
    )
    street = CustomerField(
        "street", "Straße", "Street", "Adresse", "Address", "Anschrift", "Street address", "Straße und Hausnummer",
        "Straße/Hausnummer", "Straße, Hausnummer", "Straße + Hausnummer", "Straße/Nr.", "Straße Nr.", "Strasse Nr",
        "Straße, Nr.", "Address line 1", "Address 1", "Street 1", "Street address 1", "Adresse 1", "Adresszeile 1",
    )  # fmt: skip
    house_number = PartField(
        "street", "Hausnummer", "House number", "Hausnr.", "Haus-Nr.", "Hnr", "HNr.", "Street number", "House no.",
    )  # fmt: skip
    address_extra = CustomerField(
        "address_extra", "Adresszusatz", "Address extra", "Address 2", "Address line 2", "Street 2",
        "Street address 2", "Adresse 2", "Adresszeile 2", "Adresszusatz 1", "Anschriftzusatz", "Extended address",
        "Straße 2",
    )  # fmt: skip
    address_extra_2 = PartField(
        "address_extra", "Adresszusatz 2", "Address extra 2", "Address line 3", "Street 3", separator=", "
    )
    po_box = CustomerField("po_box", "Postfach", "PO box", "P.O. box", "Post office box")
    postal_code = CustomerField(
        "postal_code", "PLZ", "Postal code", "Postleitzahl", "Zip", "Zip code", "Postcode", "Zip/Postal code",
        "Postal/Zip code",
        widget=PostalCodeWidget(),
    )  # fmt: skip
    city = CustomerField("city", "Ort", "City", "Stadt", "Wohnort", "Town", "Ort/Stadt", "Stadt/Ort")
    country = CustomerField(
        "country", "Land", "Country", "Ländercode", "Country code", "Country/Region", "Land/Region", "Länderkürzel",
        widget=FormattedWidget(formats.normalize_country),
    )  # fmt: skip
    phone_private = CustomerField(
        "phone_private", "Telefon privat", "Private phone", "Telefon", "Phone", "Tel.", "Telefonnummer",
        "Phone number", "Telephone", "Home phone", "Tel.-Nr.", "Rufnummer", "Festnetz", "Festnetznummer", "Telefonnr.",
        widget=_PHONE,
    )  # fmt: skip
    phone_business = CustomerField(
        "phone_business", "Telefon geschäftlich", "Business phone", "Telefon Firma", "Work phone", "Office phone",
        "Company phone", "Firmentelefon", "Telefon dienstlich", "Telefon Büro", "Telefon (geschäftlich)",
        widget=_PHONE,
    )  # fmt: skip
    mobile = CustomerField(
        "mobile", "Mobil", "Mobile", "Mobiltelefon", "Handy", "Mobile phone", "Mobilnummer", "Handynummer",
        "Mobile number", "Mobile phone number", "Cell phone", "Cell", "Mobilfunk", "Mobilfunknummer",
        "Mobiltelefonnummer",
        widget=_PHONE,
    )  # fmt: skip
    phone_number = PhoneNumberField("phone_number", "Telefon, Art nach Angabe", "Phone, kind as it says")
    phone_kind = HintField("phone_kind", "Art der Telefonnummer", "Kind of phone number", "Phone type")
    fax = CustomerField("fax", "Fax", "Fax", "Telefax", "Faxnummer", "Fax number", "Business fax", widget=_PHONE)
    email = CustomerField(
        "email", "E-Mail", "E-mail", "Mail", "E-Mail-Adresse", "E-mail address", "Mailadresse", "Email-Adresse",
        "Mail address",
        widget=FormattedWidget(formats.normalize_email, quick=quick.emails),
    )  # fmt: skip
    website = CustomerField(
        "website", "Website", "Website", "Webseite", "Homepage", "Internet", "Web", "Website URL",
        "Website link", "Webadresse", "Internetadresse",
        widget=FormattedWidget(formats.normalize_website),
    )  # fmt: skip
    language = CustomerField(
        "language",
        "Sprache",
        "Language",
        "Preferred language",
        "Korrespondenzsprache",
        widget=FormattedWidget(formats.normalize_language),
    )
    customer_group = GroupField("customer_group", "Kundengruppe", "Customer group", "Gruppe", "Group")
    price_level = CustomerField("price_level", "Preisebene", "Price level", widget=WholeNumberWidget())
    discount = CustomerField(
        "discount",
        "Rabatt %",
        "Discount in %",
        "discount_percent",
        "Discount %",
        "Rabatt in %",
        "Rabatt",
        "Discount",
        "Kundenrabatt",
        widget=DecimalWidget(),
    )
    credit_limit = CustomerField("credit_limit", "Kreditlimit", "Credit limit", widget=DecimalWidget())
    payment_method = CustomerField(
        "payment_method", "Zahlungsart", "Payment method", "Zahlart", "Zahlungsweise", widget=PaymentMethodWidget()
    )
    payment_term = CustomerField(
        "payment_term", "Zahlungsziel (Tage)", "Payment term in days", "Payment term (days)", "Zahlungsziel",
        "Zahlungsziel in Tagen",
        widget=WholeNumberWidget(),
    )  # fmt: skip
    iban = CustomerField("iban", "IBAN", "IBAN", "IBAN-Nr.", widget=FormattedWidget(formats.normalize_iban))
    bic = CustomerField(
        "bic", "BIC", "BIC", "SWIFT", "SWIFT-Code", "BIC/SWIFT", widget=FormattedWidget(formats.normalize_bic)
    )
    bank = CustomerField("bank", "Bank", "Bank", "Kreditinstitut", "Bankname", "Bankbezeichnung", "Bank name")
    loss_reason = CustomerField("loss_reason", "Verlustgrund", "Reason of loss")
    tags = CustomerField(
        "tags",
        "Schlagwörter",
        "Tags",
        "Merkmale",
        "Stichwörter",
        "Labels",
        "Kategorien",
        "Categories",
        widget=TagsWidget(),
    )
    more_tags = PartField("tags", "Weitere Schlagwörter", "More tags", separator=", ", widget=TagsWidget())
    is_favourite = CustomerField("is_favourite", "Favorit", "Favourite", "Favorite", widget=YesNoWidget())
    is_blocked = CustomerField("is_blocked", "Gesperrt", "Blocked", "Sperre", widget=YesNoWidget())
    blocked_reason = CustomerField("blocked_reason", "Sperrgrund", "Reason of the block")
    memo = MemoField(
        "memo", "Notiz", "Memo", "Notizen", "Bemerkung", "Bemerkungen", "Notes", "Note", "Anmerkung",
        "Anmerkungen", "Kommentar", "Comment", "Comments", "Hinweis",
        widget=_MEMO,
    )  # fmt: skip
    memo_line = PartField(
        "memo", "Notiz, hinter ihrer Überschrift", "Memo, behind its heading", separator="\n", is_labelled=True,
        widget=_MEMO,
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
    client_number = BranchNumberField(
        "client_number", "Mandantennummer", "Client number", "Mandant", "Mandanten-Nr.", "Mandantennr", "Client no.",
    )  # fmt: skip
    branch_number = BranchNumberField(
        "branch_number", "Filialnummer", "Branch number", "Filiale", "Filial-Nr.", "Filialnr", "Branch no.",
    )  # fmt: skip
    position = NoteField("Position", "Position", "contactTitle", "Funktion", "Job title", "Job position")
    region = NoteField(
        "Region", "Region", "Bundesland", "State", "Province", "Kanton", "State/Region", "State/Province"
    )
    home_location = PlaceField(
        "home_location", "Angelegt am Standort", "Registered at", "Registriert in", readonly=True
    )
    created_at = CustomerField("created_at", "Angelegt am", "Created", widget=MomentWidget(), readonly=True)
    changed_at = CustomerField("changed_at", "Geändert am", "Changed", widget=MomentWidget(), readonly=True)
    archived_at = CustomerField("archived_at", "Archiviert am", "Archived", widget=MomentWidget(), readonly=True)
    archived_reason = CustomerField("archived_reason", "Archivierungsgrund", "Reason of archiving", readonly=True)

    class Meta:
        model = Customer

    def __init__(self, scope: Scope | None = None) -> None:
        super().__init__()
        self.scope = scope
        self._expect_branch(scope)
        if self.has_added_columns and (scope is None or not scope.base.is_discontinued):
            self.fields |= added_fields(scope)
        hidden, fixed = (withheld(scope), unwritable(scope)) if scope else (frozenset(), frozenset())
        for field in self.fields.values():
            if field.about in hidden:
                field.withhold()
            elif field.about in fixed:
                field.readonly = True

    def _expect_branch(self, scope: Scope | None) -> None:
        """A file says whose its rows are where it is for a base 1.0; elsewhere such a column has no meaning."""
        for name in BRANCH_NUMBERS:
            if scope is not None and scope.base.is_discontinued:
                self.fields[name].expected = getattr(scope.location, name)
            else:
                del self.fields[name]

    def demand(self, right: Right) -> Scope:
        """The scope, if it holds the right. Raises NoScope or MissingRight."""
        if self.scope is None:
            raise NoScope
        self.scope.demand(right)
        return self.scope

    def import_data(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        """Closed: row by row, in memory. See customers/imports."""
        raise NoScope

    # --- export ---------------------------------------------------------------------------------------------

    def get_queryset(self) -> CustomerQuerySet:
        return Customer.objects.none() if self.scope is None else Customer.objects.in_base(self.scope.base)

    def export(self, *args: object, **kwargs: object) -> NoReturn:
        """Closed: a table in memory. See customers/exports/files.py."""
        raise NoScope

    def export_columns(self, names: list[str] | None = None) -> dict[str, CustomerField]:
        """The columns that can be exported, or those of them that are named, in our order."""
        return {
            name: field for name, field in self.fields.items() if field.is_exported and (names is None or name in names)
        }

    @classmethod
    def told_by(cls, columns: Iterable[str]) -> set[str]:
        """The fields of a customer that these columns reveal."""
        known = cls().fields
        return {known[column].about for column in columns if column in known}

    @classmethod
    def filled_by(cls, targets: Iterable[str]) -> set[str]:
        """The fields of a customer that columns with these targets fill, and those that change with them."""
        names = cls.told_by(targets)
        return names | {other for name, other in SAID_WITH.items() if name in names}


class PackageResource(CustomerResource):
    """The table of customers in a package: with the uid by which the receiver finds them again.

    People do not see it, so their files have no such column, and no file of theirs gives anybody a uid. No spreadsheet
    has changed a package either, so postal codes are texts in it like any other.
    """

    has_added_columns = False

    uid = CustomerField("uid", "UID", "UID", widget=UidWidget())
    postal_code = CustomerField("postal_code", "PLZ", "Postal code")


def resource_of(*, is_of_package: bool) -> type[CustomerResource]:
    """The declaration of the columns of a file."""
    return PackageResource if is_of_package else CustomerResource
