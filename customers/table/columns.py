"""The columns of a table of customers: what they are called, and which field of the customer each one is.

A widget converts the cells (customers/table/cells.py), a `CustomerField` knows the headings. Which columns there
are, and their order, is declared once, in customers/table/resources.py, for import and export alike.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from import_export import fields
from psycopg.sql import SQL, Composable, Identifier

from customers.choices import PaymentMethod
from customers.models import Customer
from customers.readable import READABLE
from customers.table import memo_notes
from customers.table.cells import BirthdayWidget, CustomerWidget, Look, NumbersWidget

_PART = SQL("CASE WHEN right(memo, 1) = ']' AND strpos(memo, {}) > 0 THEN (customers_memo_parts(memo))[{}] END")
"""A note of the memo, which is taken apart (as in customers/table/memo_notes.py) only where it may be there.

It stands in each cell that needs it. A sub-select that does it once for all of them would keep the whole query in one
process.
"""
_READABLE = {**READABLE, "payment_method": lambda value: str(PaymentMethod(value).label)}


FORMER_HEADINGS = frozenset(
    {"Registriert in", "Discount %", "Payment term (days)", "Frühere Kundennummer", "Former customer number"}
)
"""What our files and packages once had above a column. They are still read as our own."""


class CustomerField(fields.Field):
    """A column. `names` are further headings of files that others write; all are matched tolerantly."""

    is_exported = True

    def __init__(
        self,
        attribute: str,
        german: str,
        english: str,
        *names: str,
        widget: CustomerWidget | None = None,
        readonly: bool = False,
    ) -> None:
        super().__init__(attribute=attribute, widget=widget or CustomerWidget(), readonly=readonly)
        self.german, self.english, self.names = german, english, names
        self.is_withheld = False

    @property
    def about(self) -> str:
        """The field of the customer that the column shows or fills; it decides whether the column is withheld."""
        return str(self.attribute)

    def withhold(self) -> None:
        """Exclude the column from exports and imports, for a scope that may not see the field."""
        self.is_withheld, self.is_exported, self.readonly = True, False, True

    def selected(self) -> dict[str, F | None]:
        """What the query selects for this column: expressions by the names that `sql` uses."""
        return {self.attribute: F(self.attribute)}

    def sql(self, look: Look) -> Composable:
        """SQL that writes the cell from what was selected."""
        [name] = self.selected()
        return self.widget.sql(Identifier(name), look)

    def heading(self, language: str) -> str:
        return self.german if language.startswith("de") else self.english

    def shown_heading(self) -> str:
        """The heading in the language of the reader."""
        return self.heading(get_language() or "de")

    def shown(self, value: Any) -> str:
        """A value in a preview, in the language of whoever reads it."""
        if value and (readable := _READABLE.get(self.attribute)):
            return readable(value)
        cell = self.widget.render(value)
        if isinstance(cell, bool):
            return str(_("Yes")) if cell else str(_("No"))
        if isinstance(cell, date):
            return date_format(cell, "SHORT_DATE_FORMAT")
        return number_format(cell, use_l10n=True) if isinstance(cell, Decimal) else str(cell)


class BirthdayField(CustomerField):
    """The birthday; a cell without a year fills `birthday_without_year` instead."""

    def __init__(self, attribute: str, german: str, english: str, *names: str) -> None:
        super().__init__(attribute, german, english, *names, widget=BirthdayWidget())


class GroupField(CustomerField):
    """The customer group by its name."""

    def get_value(self, instance: Customer) -> str:
        return instance.customer_group.name if instance.customer_group else ""

    def selected(self) -> dict[str, F | None]:
        return {"group_name": F("customer_group__name")}


class PlaceField(CustomerField):
    """The location where the customer was registered. Only exported: it is given and never typed."""

    def get_value(self, instance: Customer) -> str:
        return instance.home_location.name if instance.home_location else ""

    def selected(self) -> dict[str, F | None]:
        return {"home_name": F("home_location__name")}


class MemoField(CustomerField):
    """The memo without the notes at its end, which are columns of their own."""

    def get_value(self, instance: Customer) -> str:
        return memo_notes.split(instance.memo)[0]

    def sql(self, look: Look) -> Composable:
        return SQL("CASE WHEN right(memo, 1) = ']' THEN (customers_memo_parts(memo))[1] ELSE memo END")


class NoteField(CustomerField):
    """An answer that has no field yet: a labelled line at the end of the memo."""

    def __init__(self, label: str, english: str, *names: str, widget: CustomerWidget | None = None) -> None:
        super().__init__("memo", label, english, *names, widget=widget)
        self.label = label

    def get_value(self, instance: Customer) -> str:
        return memo_notes.split(instance.memo)[1].get(self.label, "")

    def sql(self, look: Look) -> Composable:
        return _PART.format(f"[{self.label}: ", 2 + memo_notes.LABELS.index(self.label))


class PersonField(CustomerField):
    """A whole name in one cell, divided at its last blank; `may_be_company` where it may be a firm. Only imported."""

    is_exported = False

    def __init__(self, attribute: str, german: str, english: str, *names: str, may_be_company: bool = False) -> None:
        super().__init__(attribute, german, english, *names)
        self.may_be_company = may_be_company

    def get_value(self, instance: Customer) -> str:
        return f"{instance.first_name} {instance.last_name}".strip()


class PartField(CustomerField):
    """A column whose text is joined to that of another field, `part_of`. Only imported."""

    is_exported = False

    def __init__(
        self,
        part_of: str,
        german: str,
        english: str,
        *names: str,
        separator: str = " ",
        is_before: bool = False,
        is_labelled: bool = False,
        widget: CustomerWidget | None = None,
    ) -> None:
        super().__init__(part_of, german, english, *names, widget=widget)
        self.part_of, self.separator, self.is_before, self.is_labelled = part_of, separator, is_before, is_labelled

    def get_value(self, instance: Customer) -> object:
        return getattr(instance, self.part_of)


class PhoneNumberField(CustomerField):
    """A phone number of which another column, or the number itself, says what kind it is. Only imported."""

    is_exported = False

    def __init__(self, attribute: str, german: str, english: str, *names: str) -> None:
        super().__init__(attribute, german, english, *names, widget=NumbersWidget())

    @property
    def about(self) -> str:
        return "mobile"

    def get_value(self, instance: Customer) -> str:
        return str(instance.display_phone)


class BranchNumberField(CustomerField):
    """The client or branch number of the branch whose customer a row is, in a file of an old base 1.0.

    It is compared with `expected`, that of the location. Only imported, and stored nowhere.
    """

    is_exported = False
    expected = 0

    def get_value(self, instance: Customer) -> str:
        return ""


class HintField(CustomerField):
    """A column that says how another one is to be read. Only imported, and stored nowhere."""

    is_exported = False

    def get_value(self, instance: Customer) -> str:
        return ""
