"""Fields in which a location or a person is chosen by typing: a select list of 10,000 locations would be too long."""

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
from locations.querysets import LocationQuerySet
from mcp.models import User
from mcp.querysets import UserQuerySet

SHOWN = 8
_SIGN = " · "


def place_label(location: Location) -> str:
    """The text that stands for a location: "2 · Hamburg"."""
    return f"{location.client_number}{_SIGN}{location.name}"


def person_label(user: User) -> str:
    """The text that stands for a person: "anna · Anna Andresen"."""
    name = user.get_full_name()
    return f"{user.username}{_SIGN}{name}" if name else user.username


class TypedChoice(forms.Field):
    """A field for the text of a row, typed or chosen from the suggestions; its value is the row or None."""

    widget = UnfoldAdminTextInputWidget

    def __init__(
        self,
        *,
        search: Callable[[Any, str], QuerySet],
        text_of: Callable[[Any], str],
        suggestions: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rows: QuerySet = Location.objects.none()
        self.search, self.text_of = search, text_of
        self.widget.attrs.update({"data-suggest": suggestions, "autocomplete": "off"})

    def prepare_value(self, value: object) -> object:
        """The text of a row, which is given itself or by its key."""
        if isinstance(value, Model):
            return self.text_of(value)
        if isinstance(value, int):
            row = self.rows.filter(pk=value).first()
            return self.text_of(row) if row else ""
        return value

    def to_python(self, value: object) -> Model | None:
        """The row that the text means; None for no text. Raises ValidationError where it means none, or several."""
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

    def has_changed(self, initial: object, data: object) -> bool:
        """Whether another text was sent than the one of the row."""
        return str(self.prepare_value(initial) or "") != str(data or "")


def find_places(rows: LocationQuerySet, text: str) -> LocationQuerySet:
    """The location with the client number at the beginning, else with this name, else all that contain the text."""
    number = re.match(r"(\d{1,5})(?:\s|$)", text)
    if number:
        return rows.filter(client_number=int(number.group(1)))
    exact = rows.filter(name__iexact=text)
    return exact if exact.exists() else rows.containing(text)


def find_people(rows: UserQuerySet, text: str) -> UserQuerySet:
    """The person with the user name at the beginning of the text, else all whose names contain it."""
    exact = rows.filter(username__iexact=text.split(_SIGN)[0].strip())
    return exact if exact.exists() else rows.containing(text)


def offer(form: forms.BaseForm, name: str, rows: QuerySet) -> None:
    """Let a field of the form choose among these rows. Raises TypeError for one that chooses no row."""
    field = form.fields[name]
    if isinstance(field, TypedChoice):
        field.rows = rows
    elif isinstance(field, forms.ModelChoiceField):
        field.queryset = rows
    else:
        raise TypeError(f"The field {name} chooses no row")


def place_field(**kwargs: Any) -> TypedChoice:
    """A field for one location; the form says by `offer` among which rows."""
    kwargs.setdefault("label", gettext_lazy("Location"))
    return TypedChoice(search=find_places, text_of=place_label, suggestions="mcp_places", **kwargs)


def person_field(**kwargs: Any) -> TypedChoice:
    """A field for one person; the form says by `offer` among which rows."""
    kwargs.setdefault("label", gettext_lazy("Person"))
    return TypedChoice(search=find_people, text_of=person_label, suggestions="mcp_people", **kwargs)
