"""The form of a person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from locations.models import Location
from mcp.central import operations
from mcp.central.forms.choosing import offer, place_field
from mcp.console.operation_forms import OperationForm
from mcp.models import User, UserGroup


class UserForm(OperationForm):
    """A person with his location and user groups."""

    refused_fields = {
        "user_name_unique_in_organization": "username",
        "own_promotion": "user_groups",
        "not_of_business": "user_groups",
        "right_not_held": "user_groups",
    }
    tells_what_was_seen = True
    stands_for = {"place": "location"}

    place = place_field(
        label=_("Own location"),
        required=False,
        help_text=_("Where this person works: type a number or a name. Empty for people of the central."),
    )
    user_groups: forms.ModelMultipleChoiceField[UserGroup] = forms.ModelMultipleChoiceField(
        label=_("User groups"),
        required=False,
        queryset=None,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Rights come to people through user groups only."),
    )

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "language", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "place" in self.fields:
            offer(self, "place", Location.objects.of_organization(self.scope.organization))
            self.initial["place"] = self.instance.location if self.instance.location_id else None
        if "user_groups" in self.fields:
            offer(self, "user_groups", operations.manageable_groups(self.scope))
            if self.instance.pk:
                self.initial["user_groups"] = list(self.instance.memberships.values_list("group_id", flat=True))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "place" in self.fields and "place" not in self.errors:
            self.instance.location = data.get("place")
        return data
