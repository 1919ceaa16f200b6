"""Columns of text that are stored as `locations.text` cleans them, whichever form, operation or program wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from locations.text import clean_lines, clean_text


class LineField(models.CharField):
    """One line of text, without line breaks and invisible characters. For the database it is a CharField."""

    def to_python(self, value: Any) -> Any:
        """The text as `clean_text` gives it. Raises ValidationError for control characters."""
        value = super().to_python(value)
        return clean_text(value) if isinstance(value, str) else value

    def deconstruct(self) -> tuple[str, str, Sequence[object], dict[str, object]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class LinesField(models.TextField):
    """Several lines of text without invisible characters. For the database it is a TextField."""

    def to_python(self, value: Any) -> Any:
        """The text as `clean_lines` gives it. Raises ValidationError for control characters."""
        value = super().to_python(value)
        return clean_lines(value) if isinstance(value, str) else value

    def deconstruct(self) -> tuple[str, str, Sequence[object], dict[str, object]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


class TimeOrderedUuid(models.Func):
    """A UUID of version 7, made by the database for each new row.

    It begins with the time, so new keys are added at the end of an index.
    """

    function = "time_ordered_uuid"
    output_field = models.UUIDField()
    arity = 0
