"""Values as they travel: texts, whole numbers, days, moments and amounts; each in one form and no other."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.utils.dateparse import parse_datetime
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from locations.text import clean_text

LAST_YEAR = 9999
"""A moment of this year may be one of the next in another time zone, which no clock of ours can show."""
_DAY = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?", re.ASCII)
_SIGNED = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,2})?", re.ASCII)
_QUANTITY = re.compile(r"-?[0-9]{1,8}(?:\.[0-9]{1,3})?", re.ASCII)


class Strict(BaseModel):
    """What is sent or answered: nothing is turned into another type, and nothing is in it that is not described."""

    model_config = ConfigDict(strict=True, extra="forbid")

    def given(self) -> dict[str, Any]:
        """What was sent, by name; without what was left out."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def _day(value: Any) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("day", "a day")


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            found = parse_datetime(value)
        except ValueError:
            found = None
        if found is not None and found.year < LAST_YEAR:
            return found
    raise PydanticCustomError("moment", "a moment")


def _amount(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return Decimal(value)
    raise PydanticCustomError("amount", "an amount")


def _signed(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _SIGNED.fullmatch(value):
        return Decimal(value)
    raise PydanticCustomError("signed_amount", "an amount that may be negative")


def _quantity(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return Decimal(value)
    raise PydanticCustomError("quantity", "a quantity")


def said(value: str) -> str:
    """One line of text that says something: what cannot be seen is no letter of it."""
    cleaned = clean_text(value)
    if not cleaned:
        raise PydanticCustomError("string_too_short", "too short", {"min_length": 1})
    return cleaned


def whole(value: Any) -> int:
    """A whole number of a query, where everything is text."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    raise PydanticCustomError("int_parsing", "a whole number")


def truth(value: Any) -> bool:
    """Yes or no in a query, where everything is text."""
    if value in ("true", "false"):
        return bool(value == "true")
    raise PydanticCustomError("bool_parsing", "true or false")


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Day = Annotated[
    date,
    BeforeValidator(_day),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["1990-12-31"]}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(_in_utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-30T14:05:00+01:00"]}),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$", "examples": ["12.50"]}),
]
SignedAmount = Annotated[
    Decimal,
    BeforeValidator(_signed),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$", "examples": ["-1.50"]}),
]
"""An amount that may be negative, such as a balance or what is taken off in a line."""
Quantity = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    PlainSerializer(lambda quantity: f"{quantity:.3f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,8}(\.[0-9]{1,3})?$", "examples": ["2", "0.350"]}),
]
