"""Fields in which somebody is chosen by typing: a list of 10,000 locations is no list to scroll through."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from locations.models import Location
from mcp.models import User

SHOWN = 8
_SIGN = " · "


def place_label(location: Location) -> str:
    return f"{location.client_number}{_SIGN}{location.name}"


def person_label(user: User) -> str:
    name = user.get_full_name()
    return f"{user.username}{_SIGN}{name}" if name else user.username


class TypedChoice(forms.Field):
    """Takes what was typed (or chosen from the suggestions) and gives the one row that it means, or None."""

    widget = UnfoldAdminTextInputWidget

    def __init__(
        self,
        *,
        search: Callable[[QuerySet, str], QuerySet],
        text_of: Callable[[Any], str],
        suggestions: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rows: QuerySet = Location.objects.none()
        self.search, self.text_of = search, text_of
        self.widget.attrs.update({"data-suggest": suggestions, "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Model):
            return self.text_of(value)
        if isinstance(value, int):
            row = self.rows.filter(pk=value).first()
            return self.text_of(row) if row else ""
        return value

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        found = list(self.search(self.rows, text)[: SHOWN + 1])
        if len(found) == 1:
            return found[0]
        params = {"text": text, "found": "; ".join(self.text_of(row) for row in found[:SHOWN])}
        if not found:
            raise ValidationError(_("Nothing here is called “%(text)s”."), code="not_found", params=params)
        raise ValidationError(
            _("“%(text)s” can mean several: %(found)s. Type more, or the number in front."),
            code="ambiguous",
            params=params,
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(self.prepare_value(initial) or "") != str(data or "")


def find_places(rows: Any, text: str) -> QuerySet:
    """The location of the client number that stands in front, else of that very name, else all that fit."""
    number = re.match(r"(\d{1,5})(?:\s|$)", text)
    if number:
        return rows.filter(client_number=int(number.group(1)))
    exact = rows.filter(name__iexact=text)
    return exact if exact.exists() else rows.containing(text)


def find_people(rows: Any, text: str) -> QuerySet:
    """The person of the user name that stands in front, else all that fit."""
    exact = rows.filter(username__iexact=text.split(_SIGN)[0].strip())
    return exact if exact.exists() else rows.containing(text)


def place_field(**kwargs: Any) -> TypedChoice:
    """A field for one location; the form sets `rows`."""
    kwargs.setdefault("label", gettext_lazy("Location"))
    return TypedChoice(search=find_places, text_of=place_label, suggestions="mcp_places", **kwargs)


def person_field(**kwargs: Any) -> TypedChoice:
    """A field for one person; the form sets `rows`."""
    kwargs.setdefault("label", gettext_lazy("Person"))
    return TypedChoice(search=find_people, text_of=person_label, suggestions="mcp_people", **kwargs)
