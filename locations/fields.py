"""Columns of text that are stored as `locations.text` cleans them, whichever form, operation or program wrote them."""

from __future__ import annotations

from typing import Any

from django.db import models

from locations.text import clean_lines, clean_text


class LineField(models.CharField):
    """One line of text: no line breaks, nothing that nobody sees. For the database it is a CharField."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return clean_text(value) if isinstance(value, str) else value

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class LinesField(models.TextField):
    """Several lines of text, none of whose characters is invisible. For the database it is a TextField."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return clean_lines(value) if isinstance(value, str) else value

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


class TimeOrderedUuid(models.Func):
    """A UUID of version 7, given by the database to each new row: a key that is put at the end of its index."""

    function = "time_ordered_uuid"
    output_field = models.UUIDField()
    arity = 0
