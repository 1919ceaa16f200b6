"""The table of customers: its columns with their headings in both languages, their order, conversion both ways.

This is the one declaration, for import and export, in the browser and as a command. A resource is bound to a
scope; without one there are no rows, and it refuses to import or export.

    CustomerResource(scope=scope).run(sheet, dry_run=True)
"""

from __future__ import annotations

import time
from typing import Any

import pgbulk
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from import_export import resources
from import_export.results import Result, RowResult

from customers import formats
from customers.columns import (
    AnswerWidget,
    ByCountryWidget,
    CustomerField,
    DayWidget,
    DecimalWidget,
    FormattedWidget,
    GroupField,
    MemoField,
    MomentWidget,
    NoteField,
    NumberField,
    PaymentMethodWidget,
    PersonField,
    PlaceField,
    TagsField,
    TagsWidget,
    WholeNumberWidget,
    YesNoWidget,
)
from customers.models import Customer
from customers.querysets import CustomerQuerySet
from customers.transfer.known import Seen
from customers.transfer.outcome import Difference, Outcome, Touched, rejections
from customers.transfer.reading import Reading
from customers.transfer.rules import broken_rules
from customers.transfer.run import Run
from customers.transfer.sheet import ROW, Sheet, refuse_problems
from locations.permissions import Right
from mcp.scope import Scope
from spreadsheets import Cell

GIVEN = frozenset({"organization", "base", "home_location", "customer_group", "customer_number"})
"""What the scope gives to a customer; the database holds it together."""
_PHONE = ByCountryWidget(formats.normalize_phone, formats.display_phone)


SHOWN = 100
"""How many new and how many changed customers an outcome shows field by field; all of them are counted."""


class NoScope(PermissionDenied):
    """A resource without a scope has no rows."""


class CustomerResource(resources.Resource):
    customer_number = NumberField(
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
        widget=FormattedWidget(formats.normalize_email),
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
    tags = TagsField("tags", "Schlagwörter", "Tags", "Merkmale", "Stichwörter", widget=TagsWidget())
    is_favourite = CustomerField("is_favourite", "Favorit", "Favourite", "Favorite", widget=YesNoWidget())
    is_blocked = CustomerField("is_blocked", "Gesperrt", "Blocked", "Sperre", widget=YesNoWidget())
    blocked_reason = CustomerField("blocked_reason", "Sperrgrund", "Reason of the block")
    memo = MemoField(
        "memo", "Notiz", "Memo", "Notizen", "Bemerkung", "Bemerkungen", "Notes",
        widget=FormattedWidget(formats.clean_lines),
    )  # fmt: skip
    newsletter = NoteField("Newsletter", "Newsletter", widget=AnswerWidget())
    transfer_allowed = NoteField(
        "Weitergabe erlaubt", "Transfer allowed", "Weitergabe", "transfer_allowed", widget=AnswerWidget()
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
        using_db = "default"
        import_order = ("country",)  # phones and VAT ids are read knowing it
        import_id_fields = ()
        use_bulk = True
        batch_size = 2_000
        skip_diff = True
        skip_html_diff = True
        report_skipped = True

        @staticmethod
        def instance_loader_class(resource: CustomerResource, dataset: Sheet) -> Run:
            return resource.current

    def __init__(self, scope: Scope | None = None) -> None:
        super().__init__()
        self.scope = scope
        self._run: Run | None = None
        self._used: list[tuple[str, CustomerField]] | None = None

    @property
    def current(self) -> Run:
        if self._run is None:
            raise NoScope
        return self._run

    def demand(self, right: Right) -> Scope:
        """The scope, if it holds the right. Raises NoScope or MissingRight."""
        if self.scope is None:
            raise NoScope
        self.scope.demand(right)
        return self.scope

    # --- import ---------------------------------------------------------------------------------------------

    @transaction.atomic
    def run(self, sheet: Sheet, *, dry_run: bool, reading: Reading | None = None, seen: Seen | None = None) -> Outcome:
        """Import a sheet: the good rows in one transaction, the others listed with the reason.

        With `dry_run` nothing is written or locked. `seen` is what a preview showed; rows that differ from it by
        now are rejected. Raises NoScope, MissingRight, and whatever is not foreseen, after undoing everything.
        """
        started = time.monotonic()
        scope = self.demand(Right.IMPORT_CUSTOMERS)
        self._used = None
        self._run = Run(scope, sheet, is_dry=dry_run, reading=reading or Reading(), seen=seen)
        result = super().import_data(sheet, use_transactions=True, reading=self._run.reading, words=self._run.words)
        _raise_unforeseen(result)
        outcome = self._outcome(result, sheet)
        outcome.seconds = round(time.monotonic() - started, 2)
        outcome.check()
        return outcome

    def import_data(self, dataset: Any, *args: Any, **kwargs: Any) -> Result:
        """Closed: only `run` counts, locks and compares with the preview."""
        raise NoScope

    def init_instance(self, row: Any = None) -> Customer:
        return self.current.new_customer()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        self.current.row = row[ROW]
        refuse_problems(row[ROW], self.current.sheet.file_headings, self.current.reading)

    def after_init_instance(self, instance: Customer, new: bool, row: Any, **kwargs: Any) -> None:
        self.current.before = {} if new else self._values(instance, row)

    def import_instance(self, instance: Customer, row: Any, **kwargs: Any) -> None:
        errors = {}
        for name, field in self._columns(row):
            try:
                field.save(instance, row, **kwargs)
            except ValidationError as error:
                errors[name] = error
        if errors:
            raise ValidationError(errors)
        if not instance.is_blocked and "blocked_reason" not in row:
            instance.blocked_reason = ""

    def skip_row(self, instance: Customer, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return not import_validation_errors and self.current.before == self._values(instance, row)

    def validate_instance(
        self, instance: Customer, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """As full_clean, without asking the database about each row: its own rules are checked in broken_rules."""
        errors = dict(import_validation_errors or {})
        try:
            instance.clean_fields(exclude={*errors, *GIVEN})
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        errors = errors or broken_rules(instance)
        if errors:
            raise ValidationError(errors)

    def after_import_row(self, row: Any, row_result: RowResult, **kwargs: Any) -> None:
        if row_result.import_type == RowResult.IMPORT_TYPE_SKIP:
            return
        shown = self.current.shown
        shown[row_result.import_type] += 1
        if shown[row_result.import_type] <= SHOWN:
            customer = self.current.instance
            row_result.touched = Touched(
                self.current.row.number, customer.customer_number, customer.display_name, self._differences(row)
            )

    def save_instance(self, instance: Customer, is_create: bool, row: Any, **kwargs: Any) -> None:
        self.current.instance = instance
        super().save_instance(instance, is_create, row, **kwargs)

    def bulk_create(self, *args: Any, **kwargs: Any) -> None:
        self.current.create(self.create_instances)
        self.create_instances.clear()

    def bulk_update(self, *args: Any, **kwargs: Any) -> None:
        if any(customer.base_id != self.current.scope.base.pk for customer in self.update_instances):
            raise NoScope
        if self.update_instances and not self.current.is_dry:
            self.current.words.create(self.update_instances)
            pgbulk.update(Customer, self.update_instances, self._written_columns())
        self.update_instances.clear()

    def _columns(self, row: Any) -> list[tuple[str, CustomerField]]:
        """The columns of the file that are imported, the country first; the same for each row."""
        if self._used is None:
            names = [name for name in self.get_import_order() if name in row and not self.fields[name].readonly]
            self._used = [(name, self.fields[name]) for name in names]
        return self._used

    def _values(self, customer: Customer, row: Any) -> dict[str, Any]:
        return {name: field.get_value(customer) for name, field in self._columns(row)}

    def _differences(self, row: Any) -> tuple[Difference, ...]:
        before, after = self.current.before, self._values(self.current.instance, row)
        found = ((name, before.get(name), value) for name, value in after.items() if before.get(name) != value)
        differences = []
        for name, old, new in found:
            field = self.fields[name]
            shown = Difference(self.current.sheet.heading_of(name), field.shown(old), field.shown(new))
            if shown.old != shown.new or before:
                differences.append(shown)
        return tuple(differences)

    def _written_columns(self) -> list[str]:
        attributes = {field.attribute for _name, field in self._columns(self.current.sheet.headers)}
        names = {"first_name", "last_name"} if "contact_name" in attributes else set()
        blocked = {"blocked_reason"} if "is_blocked" in attributes else set()
        return sorted((attributes | names | blocked) - {"contact_name", "customer_number"})

    def _outcome(self, result: Result, sheet: Sheet) -> Outcome:
        outcome = Outcome(read=len(sheet), seen=self.current.seen_now)
        for row, row_result in zip(sheet.rows, result.rows, strict=True):
            match row_result.import_type:
                case RowResult.IMPORT_TYPE_INVALID:
                    outcome.rejected += 1
                    outcome.rejections += rejections(row_result.validation_error, row.number, row.cells, sheet)
                case RowResult.IMPORT_TYPE_SKIP:
                    outcome.unchanged += 1
                case RowResult.IMPORT_TYPE_NEW:
                    outcome.created += 1
                    outcome.new_customers += _shown(row_result)
                case RowResult.IMPORT_TYPE_UPDATE:
                    outcome.changed += 1
                    outcome.changed_customers += _shown(row_result)
        return outcome

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


def _shown(row_result: RowResult) -> list[Touched]:
    touched: Touched | None = getattr(row_result, "touched", None)
    return [touched] if touched else []


def _raise_unforeseen(result: Result) -> None:
    """import-export collects exceptions; what is no rejection must undo the whole import."""
    for base_error in result.base_errors:
        raise base_error.error
    for row_result in result.rows:
        for error in row_result.errors:
            raise error.error
