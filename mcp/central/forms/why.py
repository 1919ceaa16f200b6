"""Whom and where the page "Why?" is asked about."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from locations.models import Location
from mcp.central.forms.choosing import person_field, place_field
from mcp.models import User


class WhyForm(forms.Form):
    person = person_field()
    place = place_field(label=_("At which location?"))

    def __init__(self, *args: Any, people: QuerySet[User], places: QuerySet[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        place: Any = self.fields["place"]
        person.rows, place.rows = people, places
