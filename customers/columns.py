"""The columns of a table of customers: how a cell becomes a value of the customer, and back.

A widget converts, a `CustomerField` knows the headings. Which columns there are, and their order, is declared
once, in customers/resources.py, for import and export alike.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext_lazy as _
from import_export import fields, widgets

from customers import formats
from customers.choices import PaymentMethod
from customers.formats.errors import refused
from customers.models import Customer
from customers.transfer import notes
from customers.transfer.reading import Reading, cell_text
from spreadsheets import Cell


class CustomerWidget(widgets.Widget):
    """Text as people type it. Subclasses say how a text is read and how a value is shown."""

    def clean(self, value: Cell, row: Mapping[str, Cell] | None = None, **context: Any) -> Any:
        """The value of a cell. `context` holds `instance` and `reading`. Raises ValidationError."""
        reading: Reading = context.get("reading") or Reading()
        return self.read(cell_text(value, reading), context.get("instance"), reading)

    def render(self, value: Any, obj: Any = None, **context: Any) -> Cell:
        return "" if value is None else self.show(value)

    def read(self, text: str, customer: Customer | None, reading: Reading) -> Any:
        return formats.clean_text(text)

    def show(self, value: Any) -> Cell:
        cell: Cell = value
        return cell


class FormattedWidget(CustomerWidget):
    """A text with one stored form."""

    def __init__(self, normalize: Callable[[str], str], display: Callable[[str], str] = str) -> None:
        super().__init__()
        self._normalize, self._display = normalize, display

    def read(self, text: str, customer: Customer | None, reading: Reading) -> str:
        return self._normalize(text)

    def show(self, value: str) -> str:
        return self._display(value)


class ByCountryWidget(CustomerWidget):
    """A text that is read knowing the customer's country; that column is converted before."""

    def __init__(self, normalize: Callable[..., str], display: Callable[[str], str] = str) -> None:
        super().__init__()
        self._normalize, self._display = normalize, display

    def read(self, text: str, customer: Customer | None, reading: Reading) -> str:
        return self._normalize(text, country=(customer.country if customer else "") or None)

    def show(self, value: str) -> str:
        return self._display(value)


class DayWidget(CustomerWidget):
    def read(self, text: str, customer: Customer | None, reading: Reading) -> date | None:
        return formats.parse_date(text, day_first=reading.day_first)


class DecimalWidget(CustomerWidget):
    def clean(self, value: Cell, row: Mapping[str, Cell] | None = None, **context: Any) -> Any:
        """A number of a workbook or a JSON line is one already: no separator has to be guessed."""
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        return Decimal(value) if is_number else super().clean(value, row, **context)  # type: ignore[arg-type]

    def read(self, text: str, customer: Customer | None, reading: Reading) -> Decimal | None:
        return formats.parse_decimal(text, decimal_comma=reading.decimal_comma)


class WholeNumberWidget(CustomerWidget):
    def read(self, text: str, customer: Customer | None, reading: Reading) -> int | None:
        number = formats.parse_decimal(text, decimal_comma=reading.decimal_comma)
        if number is not None and number != number.to_integral_value():
            raise refused("invalid_whole_number", _("“%(value)s” is not a whole number."), text)
        return None if number is None else int(number)


class YesNoWidget(CustomerWidget):
    def read(self, text: str, customer: Customer | None, reading: Reading) -> bool:
        return bool(formats.parse_boolean(text))


class PaymentMethodWidget(CustomerWidget):
    """The stored word, or the name of the payment method in the language of the file's reader."""

    def read(self, text: str, customer: Customer | None, reading: Reading) -> str:
        typed = formats.clean_text(text)
        known = {"": ""} | {name.casefold(): method.value for method in PaymentMethod for name in _names(method)}
        if (value := known.get(typed.casefold())) is not None:
            return value
        message = _("“%(value)s” is not a known payment method. Choose one of: %(known)s.")
        raise refused("invalid_payment_method", message, typed, known=", ".join(PaymentMethod.values))


class TagsWidget(CustomerWidget):
    """Words with commas between them; one that holds a comma stands in quotation marks."""

    def read(self, text: str, customer: Customer | None, reading: Reading) -> list[str]:
        words = next(csv.reader([formats.clean_text(text)], skipinitialspace=True), [])
        return sorted({formats.clean_text(word) for word in words} - {""})

    def show(self, value: list[str]) -> str:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(sorted(value))
        return line.getvalue().replace('","', '", "') if '"' in line.getvalue() else ", ".join(sorted(value))


class MomentWidget(CustomerWidget):
    """When something happened, as the clock on the wall showed it. Only exported."""

    def show(self, value: datetime) -> datetime:
        return timezone.make_naive(value).replace(microsecond=0)


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

    def save(self, instance: Any, row: Any, is_m2m: bool = False, **context: Any) -> None:
        if not self.readonly:
            self.put(instance, self.widget.clean(row[self.column_name], row, instance=instance, **context))

    def put(self, customer: Customer, value: Any) -> None:
        setattr(customer, self.attribute, value)

    def heading(self, language: str) -> str:
        return self.german if language.startswith("de") else self.english

    def shown(self, value: Any) -> str:
        """A value in a preview, in the language of whoever reads it."""
        cell = self.widget.render(value)
        if isinstance(cell, bool):
            return str(_("Yes")) if cell else str(_("No"))
        if isinstance(cell, date):
            return date_format(cell, "SHORT_DATE_FORMAT")
        return number_format(cell, use_l10n=True) if isinstance(cell, Decimal) else str(cell)


class NumberField(CustomerField):
    """The customer number. An empty cell takes nothing away: a known customer keeps his number."""

    def put(self, customer: Customer, value: int | None) -> None:
        if value is not None:
            customer.customer_number = value


class GroupField(CustomerField):
    """The customer group by its name."""

    def get_value(self, instance: Any) -> str:
        return instance.customer_group.name if instance.customer_group else ""

    def save(self, instance: Any, row: Any, is_m2m: bool = False, **context: Any) -> None:
        name = self.widget.clean(row[self.column_name], row, instance=instance, **context)
        instance.customer_group = context["words"].group(name) if name else None


class TagsField(CustomerField):
    """The customer's tags, each of which must stand in the base's list or may be added to it."""

    def save(self, instance: Any, row: Any, is_m2m: bool = False, **context: Any) -> None:
        words = self.widget.clean(row[self.column_name], row, instance=instance, **context)
        context["words"].demand_tags(words)
        instance.tags = words


class PlaceField(CustomerField):
    """The location where the customer was registered. Only exported: it is given and never typed."""

    def get_value(self, instance: Any) -> str:
        return instance.home_location.name if instance.home_location else ""


class MemoField(CustomerField):
    """The memo without the notes at its end, which are columns of their own."""

    def get_value(self, instance: Any) -> str:
        return notes.split(instance.memo)[0]

    def put(self, customer: Customer, value: str) -> None:
        body, found = notes.split(value)
        customer.memo = notes.join(body, notes.split(customer.memo)[1] | found)


class NoteField(CustomerField):
    """An answer that has no field yet: a labelled line at the end of the memo."""

    def __init__(self, label: str, english: str, *names: str, widget: CustomerWidget | None = None) -> None:
        super().__init__("memo", label, english, *names, widget=widget)
        self.label = label

    def get_value(self, instance: Any) -> str:
        return notes.split(instance.memo)[1].get(self.label, "")

    def put(self, customer: Customer, value: str) -> None:
        body, found = notes.split(customer.memo)
        customer.memo = notes.join(body, found | {self.label: value})


class AnswerWidget(CustomerWidget):
    """ja or nein, or blank where nothing was said."""

    def read(self, text: str, customer: Customer | None, reading: Reading) -> str:
        answer = formats.parse_boolean(text)
        return "" if answer is None else "ja" if answer else "nein"


class PersonField(CustomerField):
    """A whole name in one cell, divided at its last blank. Only imported."""

    is_exported = False

    def get_value(self, instance: Any) -> str:
        return f"{instance.first_name} {instance.last_name}".strip()

    def put(self, customer: Customer, value: str) -> None:
        customer.first_name, _blank, customer.last_name = value.rpartition(" ")


def _names(method: PaymentMethod) -> tuple[str, ...]:
    return method.value, str(method.label), *_GERMAN_PAYMENT[method]


_GERMAN_PAYMENT: dict[PaymentMethod, tuple[str, ...]] = {
    PaymentMethod.CASH: ("bar", "Barzahlung", "Cash"),
    PaymentMethod.CARD: ("Karte", "Kartenzahlung", "Card"),
    PaymentMethod.INVOICE: ("Rechnung", "Invoice"),
    PaymentMethod.DIRECT_DEBIT: ("Lastschrift", "SEPA-Lastschrift", "Direct debit"),
    PaymentMethod.TRANSFER: ("Überweisung", "Bank transfer"),
    PaymentMethod.PREPAID: ("Guthaben", "Prepaid credit"),
}
