"""The cells of a table of customers: how one becomes a value of the customer, and back.

Each kind of value has a widget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from import_export import widgets
from psycopg.sql import SQL, Composable
from psycopg.sql import Literal as Constant

from customers import formats
from customers.choices import PaymentMethod
from customers.formats import quick
from customers.formats.phone_sql import displayed_phone
from customers.table.options import Reading, cell_text
from customers.table.phone_kinds import SEVERAL_VALUES
from locations.text import refused
from mcp.stored_sentences import Day
from spreadsheets import Cell, Kind, Structure

type Look = Literal["german", "plain", "typed"]
"""How the database writes values: as Germans type them, as programs do, or for a format with types of its own."""

_MOST_DIGITS = 30
_NOT_WHOLE = _("“%(value)s” is not a whole number.")

TEXTS: frozenset[type[Any]] = frozenset({str, int, Decimal, type(None)})
"""The types of cells that can be meant by a text: a number stands there with its digits."""
LINES = TEXTS | {date, datetime}
DAYS = LINES - {Decimal}
ANSWERS = TEXTS | {bool}
TRUTH = {True: _("TRUE"), False: _("FALSE")}
"""A truth value as spreadsheets show it: in German WAHR and FALSCH."""
_TRUTH_VALUE = _("The cell holds the truth value %(value)s. Enter it as text if it is meant, or delete it.")
_MADE_DATE = _("A spreadsheet has probably made the date %(value)s of something else. Enter it as text.")
_NO_DATE = _("“%(value)s” is not a date. Enter it as 31.12.1990 or 1990-12-31.")
_LIST = _("The cell holds a list, %(value)s, but the column takes one value. Keep one of them.")
_OBJECT = _("The cell holds an object, %(value)s. Give its values keys of their own.")

type Quick = Callable[[Sequence[str], str], Sequence[str] | None]


class CustomerWidget(widgets.Widget):
    """Text as people type it.

    Subclasses say how a text is read, and how a value is written by Python and by the database.
    """

    kind: Kind = "text"

    quick: Quick | None = staticmethod(quick.texts)
    """Tells of a whole column of cells that they are their own value (see customers/formats/quick.py)."""
    is_by_country: ClassVar[bool] = False
    """Whether the customer's country says how a cell is read."""
    takes: frozenset[type[Any]] = TEXTS
    """The types of cells that can be meant by the value. All others are refused, never made into a text of ours."""

    def taken(self, cell: Cell, reading: Reading) -> Cell:
        """The cell, if it is of a type that the value takes; of a list of one that one. Raises ValidationError."""
        if type(cell) in self.takes:
            return cell
        match cell:
            case Structure():
                return self.listed(cell)
            case bool():
                raise ValidationError(_TRUTH_VALUE, code="truth_value", params={"value": TRUTH[cell]})
            case date() if not reading.accept_doubts:
                day = cell.date() if isinstance(cell, datetime) else cell
                raise ValidationError(_MADE_DATE, code="mangled_date", params={"value": Day.of(day)})
            case Decimal():
                raise refused("invalid_date", _NO_DATE, str(cell))
        return cell

    def listed(self, cell: Structure) -> str:
        """The text of a list or an object. Raises ValidationError."""
        words = cell.words
        if words is not None and len(words) == 1:
            return words[0]
        raise refused("several_values", _LIST, cell.text) if cell.is_list else refused("object", _OBJECT, cell.text)

    def clean(self, value: Cell, row: Mapping[str, Cell] | None = None, **context: Any) -> Any:
        """The value of a cell. `context` holds `reading`, and `country` (alpha-2 or blank). Raises ValidationError."""
        reading: Reading = context.get("reading") or Reading()
        return self.read(cell_text(self.taken(value, reading), reading), context.get("country", ""), reading)

    def render(self, value: Any, obj: Any = None, **context: Any) -> Cell:
        return "" if value is None else self.show(value)

    def read(self, text: str, country: str, reading: Reading) -> Any:
        return formats.clean_text(text)

    def show(self, value: Any) -> Cell:
        cell: Cell = value
        return cell

    def sql(self, value: Composable, look: Look) -> Composable:
        """An expression that writes the value of another one as a cell."""
        return value


class FormattedWidget(CustomerWidget):
    """A text with one stored form."""

    def __init__(
        self,
        normalize: Callable[[str], str],
        display: Callable[[str], str] = str,
        quick: Quick | None = None,
        takes: frozenset[type[Any]] = TEXTS,
    ) -> None:
        super().__init__()
        self.takes = takes
        self._normalize, self._display, self.quick = normalize, display, quick

    def read(self, text: str, country: str, reading: Reading) -> str:
        return self._normalize(text)

    def show(self, value: str) -> str:
        return self._display(value)


class UidWidget(CustomerWidget):
    """A uid, as programs write one."""

    quick = None

    def read(self, text: str, country: str, reading: Reading) -> UUID:
        try:
            return UUID(text)
        except ValueError as error:
            raise refused("uid_unreadable", _("“%(value)s” is no UID."), text) from error

    def show(self, value: UUID) -> str:
        return str(value)


class ByCountryWidget(CustomerWidget):
    """A text that is read knowing the customer's country; that column is converted before."""

    is_by_country = True

    def __init__(
        self, normalize: Callable[..., str], display: Callable[[str], str] = str, quick: Quick | None = None
    ) -> None:
        super().__init__()
        self._normalize, self._display, self.quick = normalize, display, quick

    def read(self, text: str, country: str, reading: Reading) -> str:
        return self._normalize(text, country=country or None)

    def show(self, value: str) -> str:
        return self._display(value)


class PhoneWidget(ByCountryWidget):
    def __init__(self) -> None:
        super().__init__(formats.normalize_phone, formats.display_phone, quick.phones)

    def sql(self, value: Composable, look: Look) -> Composable:
        return displayed_phone(value)


class PostalCodeWidget(ByCountryWidget):
    """A postal code, read with what spreadsheets do to it, and written so that each comes back as it was."""

    def __init__(self) -> None:
        super().__init__(formats.normalize_postal_code, formats.marked, quick.postal_codes)

    def read(self, text: str, country: str, reading: Reading) -> str:
        kept = formats.unmarked(formats.clean_text(text))
        return super().read(text, country, reading) if kept is None else kept

    def sql(self, value: Composable, look: Look) -> Composable:
        return SQL("CASE WHEN {0} ^@ '''' AND {0} ~ {1} THEN '''' || {0} ELSE {0} END").format(
            value, Constant(f"^(?:{formats.MARKED})$")
        )


class DayWidget(CustomerWidget):
    kind = "day"
    quick: Quick | None = None
    takes = DAYS

    def read(self, text: str, country: str, reading: Reading) -> date | None:
        return formats.parse_date(text, day_first=reading.day_first)


class BirthdayWidget(DayWidget):
    """A day, or month and day (`MM-DD`) where the cell says no year."""

    quick = staticmethod(quick.days)

    def read(self, text: str, country: str, reading: Reading) -> Any:
        return formats.parse_day(text, day_first=reading.day_first) or super().read(text, country, reading)


class DayOfYearWidget(CustomerWidget):
    """Month and day, stored as `MM-DD`."""

    quick = None
    takes = DAYS

    def read(self, text: str, country: str, reading: Reading) -> str:
        typed = formats.clean_text(text)
        day = formats.parse_day(typed, day_first=reading.day_first)
        if typed and day is None:
            raise refused("invalid_day", _("“%(value)s” is not a day of the year. Enter it as 17.05."), typed)
        return day or ""

    def show(self, value: str) -> str:
        return formats.display_day(value)

    def sql(self, value: Composable, look: Look) -> Composable:
        return SQL("CASE WHEN {0} <> '' THEN right({0}, 2) || '.' || left({0}, 2) || '.' END").format(value)


class DecimalWidget(CustomerWidget):
    kind = "decimal"
    quick = None

    def sql(self, value: Composable, look: Look) -> Composable:
        return SQL("replace({}::text, '.', ',')").format(value) if look == "german" else value

    def clean(self, value: Cell, row: Mapping[str, Cell] | None = None, **context: Any) -> Any:
        """The number. In a workbook or JSON line the cell is a number already, and no separator has to be guessed."""
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        return Decimal(value) if is_number else super().clean(value, row, **context)  # type: ignore[arg-type]

    def read(self, text: str, country: str, reading: Reading) -> Decimal | None:
        return formats.parse_decimal(text, decimal_comma=reading.decimal_comma)


class WholeNumberWidget(CustomerWidget):
    kind = "whole"
    quick = staticmethod(quick.numbers)

    def clean(self, value: Cell, row: Mapping[str, Cell] | None = None, **context: Any) -> Any:
        """The number. Where the cell is a number already no separator has to be guessed."""
        if not isinstance(value, Decimal):
            return super().clean(value, row, **context)
        if value.adjusted() > _MOST_DIGITS or value != value.to_integral_value():
            raise refused("invalid_whole_number", _NOT_WHOLE, str(value))
        return int(value)

    def read(self, text: str, country: str, reading: Reading) -> int | None:
        try:
            number = formats.parse_decimal(text, decimal_comma=reading.decimal_comma)
        except ValidationError as error:
            if error.code != "invalid_decimal":
                raise
            raise refused("invalid_whole_number", _NOT_WHOLE, text) from error
        if number is not None and number != number.to_integral_value():
            raise refused("invalid_whole_number", _NOT_WHOLE, text)
        return None if number is None else int(number)


class YesNoWidget(CustomerWidget):
    kind = "flag"
    quick = None
    takes = ANSWERS

    def sql(self, value: Composable, look: Look) -> Composable:
        if look == "typed":
            return value
        words = ("ja", "nein") if look == "german" else ("true", "false")
        return SQL("CASE WHEN {} THEN {} ELSE {} END").format(value, *words)

    def read(self, text: str, country: str, reading: Reading) -> bool:
        return bool(formats.parse_boolean(text))


class PaymentMethodWidget(CustomerWidget):
    """The stored word, or the name of the payment method in the language of the file's reader."""

    quick = None

    def read(self, text: str, country: str, reading: Reading) -> str:
        typed = formats.clean_text(text)
        known = {"": ""} | {name.casefold(): method.value for method in PaymentMethod for name in _names(method)}
        if (value := known.get(typed.casefold())) is not None:
            return value
        message = _("“%(value)s” is not a known payment method. Choose one of: %(known)s.")
        raise refused("invalid_payment_method", message, typed, known=", ".join(PaymentMethod.values))


class TagsWidget(CustomerWidget):
    """Words with commas between them; one that holds a comma stands in quotation marks."""

    quick: Quick | None = None

    def listed(self, cell: Structure) -> str:
        return super().listed(cell) if cell.words is None else formats.join_list(cell.words)

    def read(self, text: str, country: str, reading: Reading) -> list[str]:
        return formats.split_list(text)

    def show(self, value: list[str]) -> str:
        return formats.join_list(value)

    def sql(self, value: Composable, look: Look) -> Composable:
        return SQL("CASE WHEN {0} <> '{{}}' THEN {1} END").format(value, SQL(_TAGS).format(value))


class NumberListWidget(TagsWidget):
    """Numbers that are kept as texts, with commas between them; spreadsheets mark such a text with an apostrophe."""

    quick = staticmethod(quick.number_lists)

    def read(self, text: str, country: str, reading: Reading) -> list[str]:
        return formats.split_list(text, lambda word: formats.without_text_mark(formats.clean_text(word)))


class NumbersWidget(CustomerWidget):
    """Phone numbers, of which one cell may hold several."""

    def listed(self, cell: Structure) -> str:
        return super().listed(cell) if cell.words is None else f" {SEVERAL_VALUES} ".join(cell.words)


class MomentWidget(CustomerWidget):
    """When something happened, as the clock on the wall showed it. Only exported."""

    kind = "moment"
    quick = None

    def show(self, value: datetime) -> datetime:
        return timezone.make_naive(value).replace(microsecond=0)

    def sql(self, value: Composable, look: Look) -> Composable:
        return SQL("date_trunc('second', {}::timestamp)").format(value)


_TAGS = """
    CASE WHEN array_to_string({0}, '') ~ '[",;]'
        THEN '"' || replace(replace(array_to_string({0}, chr(31)), '"', '""'), chr(31), '", "') || '"'
        ELSE array_to_string({0}, ', ') END
"""
"""No tag holds a control character. A sub-select would say it more plainly, but keep the query in one process."""


def _names(method: PaymentMethod) -> tuple[str, ...]:
    return method.value, str(method.label), *_GERMAN_PAYMENT[method]


_GERMAN_PAYMENT: dict[PaymentMethod, tuple[str, ...]] = {
    PaymentMethod.CASH: ("bar", "Barzahlung", "Bargeld", "in bar", "Barzahler", "Cash"),
    PaymentMethod.CARD: (
        "Karte", "Kartenzahlung", "EC", "EC-Karte", "ec-cash", "Girocard", "Kreditkarte", "Debitkarte", "Card",
        "Credit card", "Debit card", "Visa", "Mastercard", "Maestro", "American Express", "Amex",
    ),
    PaymentMethod.INVOICE: (
        "Rechnung", "auf Rechnung", "per Rechnung", "Kauf auf Rechnung", "Rechnungskauf", "Invoice", "On account",
    ),
    PaymentMethod.DIRECT_DEBIT: (
        "Lastschrift", "SEPA-Lastschrift", "SEPA Lastschrift", "SEPA", "Bankeinzug", "Einzug", "Einzugsermächtigung",
        "Lastschriftverfahren", "LSV", "Abbuchung", "Direct debit", "SEPA direct debit",
    ),
    PaymentMethod.TRANSFER: (
        "Überweisung", "Ueberweisung", "Banküberweisung", "Bank transfer", "Wire transfer", "BACS", "Vorkasse",
        "Vorauskasse",
    ),
    PaymentMethod.PREPAID: ("Guthaben", "Prepaid credit", "Prepaid", "Store credit", "Kundenguthaben"),
}  # fmt: skip
