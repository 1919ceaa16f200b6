"""The fields of a customer that travel, of which kind each is, and how its values are written.

Groups and locations travel by what they are called on both sides: a group by its name, a location by its client number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from clearing.protocol.canonical import Json
from clearing.protocol.strict import is_storable, read_moment, write_moment

LONGEST_TEXT = 100_000
"""Of one value; the rules of the table are narrower, and hold back what breaks them."""
MOST_OF_A_LIST = 1_000
LEAST_NUMBER, MOST_NUMBER = -(2**31), 2**31 - 1
"""As the columns can hold it."""
CENT = Decimal("0.01")
MOST_DECIMAL = Decimal(10) ** 18


class FieldKind(StrEnum):
    """How the values of a field are written as JSON. Each but texts, flags and lists may be None."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    DECIMAL = "decimal"
    DAY = "day"
    MOMENT = "moment"
    TAGS = "tags"
    NAME_OR_NONE = "name or none"
    FORMER_NUMBERS = "former numbers"


@dataclass(frozen=True, order=True)
class FormerNumber:
    """A number by which the customer was known elsewhere or before, as `customers.models.FormerNumber` has it."""

    number: str
    source: str
    origin: str = ""


type FieldValue = str | int | bool | Decimal | date | datetime | tuple[str, ...] | tuple[FormerNumber, ...] | None

FIELDS: Mapping[str, FieldKind] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "salutation", "title", "first_name", "last_name", "alias", "birthday_without_year", "company", "vat_id",
                "street", "address_extra", "po_box", "postal_code", "city", "country", "phone_private",
                "phone_business", "mobile", "fax", "email", "website", "language", "payment_method", "iban", "bic",
                "bank", "loss_reason", "blocked_reason", "memo", "archived_reason",
            ),
            FieldKind.TEXT,
        ),
        **dict.fromkeys(("price_level", "payment_term", "home_location"), FieldKind.NUMBER),
        **dict.fromkeys(("discount", "credit_limit"), FieldKind.DECIMAL),
        **dict.fromkeys(("is_favourite", "is_blocked"), FieldKind.FLAG),
        "birthday": FieldKind.DAY,
        "archived_at": FieldKind.MOMENT,
        "customer_group": FieldKind.NAME_OR_NONE,
        "tags": FieldKind.TAGS,
        "former_numbers": FieldKind.FORMER_NUMBERS,
    }
)  # fmt: skip
"""What stands in the values of a record, by the name of the field."""
ARCHIVED = "archived_at"
"""The field that says whether a customer is archived."""
BESIDE_VALUES = frozenset({"uid", "customer_number", "created_at"})
"""Fields that a record has beside its values: they never change."""
NOT_SENT = frozenset({"id", "organization", "base", "changed_at", "search_text", "sort_name"})
"""Fields that each side makes by itself."""


class UnfitValue(ValueError):
    """A value is not of the kind of its field. What the other side has sent is refused by whoever reads it."""


def encode_value(kind: FieldKind, value: object) -> Json:
    """The value as JSON, in the one spelling that equal values have. Raises UnfitValue."""
    try:
        return _WRITING[kind](value)
    except (ArithmeticError, TypeError, ValueError):
        raise UnfitValue(kind) from None


def decode_value(kind: FieldKind, value: Json) -> FieldValue:
    """The value that was encoded. Raises UnfitValue, also for another spelling than that of `encode_value`."""
    try:
        found = None if value is None else _READING[kind](value)
    except (ArithmeticError, TypeError, ValueError):
        raise UnfitValue(kind) from None
    if encode_value(kind, found) != value:
        raise UnfitValue(kind)
    return found


def _fitting(kind: FieldKind) -> Callable[[Json], bool]:
    """Asks whether `decode_value` would take a value. Texts and what is empty, so most values, are not decoded."""
    is_list, can_be_none = kind in _LISTS, kind not in _NEVER_NONE

    def is_fit(value: Json) -> bool:
        if value is None:
            return can_be_none
        if is_list and value == []:
            return True
        try:
            decode_value(kind, value)
        except UnfitValue:
            return False
        return True

    return _is_text if kind is FieldKind.TEXT else is_fit


_LISTS = frozenset({FieldKind.TAGS, FieldKind.FORMER_NUMBERS})
_NEVER_NONE = _LISTS | {FieldKind.TEXT, FieldKind.FLAG}


def _is_text(value: object) -> bool:
    return value == "" or (isinstance(value, str) and len(value) <= LONGEST_TEXT and is_storable(value))


def _text(value: object) -> Json:
    if not isinstance(value, str) or not _is_text(value):
        raise UnfitValue(value)
    return value


def _number(value: object) -> Json:
    if not isinstance(value, int) or isinstance(value, bool) or not LEAST_NUMBER <= value <= MOST_NUMBER:
        raise UnfitValue(value)
    return value


def _flag(value: object) -> Json:
    if not isinstance(value, bool):
        raise UnfitValue(value)
    return value


def _decimal(value: object) -> Json:
    """With two decimals, as the columns have them; what that would round is refused."""
    if not isinstance(value, Decimal) or not abs(value) < MOST_DECIMAL or value != value.quantize(CENT):
        raise UnfitValue(value)
    return f"{value or abs(value):.2f}"


def _day(value: object) -> Json:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise UnfitValue(value)
    return value.isoformat()


def _moment(value: object) -> Json:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UnfitValue(value)
    return write_moment(value)


def _tags(value: object) -> Json:
    """Each once, in order: they are a set."""
    if not isinstance(value, tuple) or len(value) > MOST_OF_A_LIST or list(value) != sorted(set(value)):
        raise UnfitValue(value)
    return [_text(one) for one in value]


def _former_numbers(value: object) -> Json:
    """As `_tags`."""
    if not isinstance(value, tuple) or len(value) > MOST_OF_A_LIST or list(value) != sorted(set(value)):
        raise UnfitValue(value)
    return [[_text(one.number), _text(one.source), _text(one.origin)] for one in value]


def _or_none(write: Callable[[object], Json]) -> Callable[[object], Json]:
    return lambda value: None if value is None else write(value)


def _as_it_is(value: Any) -> FieldValue:
    found: FieldValue = value
    return found


def _read_former_numbers(value: Any) -> tuple[FormerNumber, ...]:
    return tuple(FormerNumber(*one) for one in value)


_WRITING: dict[FieldKind, Callable[[object], Json]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _or_none(_number),
    FieldKind.FLAG: _flag,
    FieldKind.DECIMAL: _or_none(_decimal),
    FieldKind.DAY: _or_none(_day),
    FieldKind.MOMENT: _or_none(_moment),
    FieldKind.NAME_OR_NONE: _or_none(_text),
    FieldKind.TAGS: _tags,
    FieldKind.FORMER_NUMBERS: _former_numbers,
}
_READING: dict[FieldKind, Callable[[Any], FieldValue]] = {
    **dict.fromkeys((FieldKind.TEXT, FieldKind.NUMBER, FieldKind.FLAG, FieldKind.NAME_OR_NONE), _as_it_is),
    FieldKind.DECIMAL: Decimal,
    FieldKind.DAY: date.fromisoformat,
    FieldKind.MOMENT: read_moment,
    FieldKind.TAGS: tuple,
    FieldKind.FORMER_NUMBERS: _read_former_numbers,
}

FITTING: Mapping[str, Callable[[Json], bool]] = {name: _fitting(kind) for name, kind in FIELDS.items()}
"""By the name of the field, whether a value that was sent is one that `encode_value` writes."""
