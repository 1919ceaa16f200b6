"""One value of a row: for a program (`plain`), and for a reader (`shown`)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mcp.isolation.scope import name_shown
from mcp.stored_sentences import Sentences


def title_of(model: Any) -> str:
    """What the table is called; of a history, whose it is."""
    tracked = getattr(model, "pgh_tracked_model", None)
    title = capfirst(str((tracked or model)._meta.verbose_name_plural))
    return _("History: %(what)s") % {"what": title} if tracked else title


def value_of(row: Any, name: str) -> Any:
    """The value of the column; of a reference what it refers to."""
    return getattr(row, name)


def plain(value: Any) -> Any:
    """The value as JSON has it: amounts, days and moments as text (ISO 8601)."""
    match value:
        case Sentences():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Decimal() | UUID() | models.Model():
            return str(value)
        case list() | tuple():
            return [plain(one) for one in value]
        case dict():
            return {str(name): plain(one) for name, one in value.items()}
    return value if value is None or isinstance(value, str | int) else str(value)


def shown(row: Any, name: str, value: Any) -> str:
    """The value in the language of the reader; empty where there is none."""
    if value in (None, "", [], {}):
        return ""
    field = row._meta.get_field(name)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if name in {"user_name", "user"} or name.endswith("_by"):
        return name_shown(str(value))
    return _words(value)


def _words(value: Any) -> str:
    match value:
        case bool():
            return _("yes") if value else _("no")
        case Sentences():
            return str(value)
        case datetime():
            return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
        case date():
            return date_format(value, "SHORT_DATE_FORMAT")
        case Decimal():
            return number_format(value)
        case dict():
            return "; ".join(f"{name}: {_words(one)}" for name, one in value.items() if one not in (None, ""))
        case list() | tuple():
            return ", ".join(_words(one) for one in value)
    return str(value)
