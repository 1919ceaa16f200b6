"""The form of the page "Why?"."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from locations.models import Location
from mcp.central.forms.choosing import offer, person_field, place_field
from mcp.models import User


class WhyForm(forms.Form):
    """The person and the location that are asked about."""

    person = person_field()
    place = place_field(label=_("At which location?"))

    def __init__(self, *args: Any, people: QuerySet[User], places: QuerySet[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "person", people)
        offer(self, "place", places)
