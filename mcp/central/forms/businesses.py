"""The form with which the provider's support opens a business."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from locations.models import Organization
from locations.operations import Place
from locations.text import LazyText
from mcp.console.operation_forms import OperationForm
from mcp.models import User


def text_field(label: LazyText, max_length: int, *, required: bool = True, help_text: LazyText = "") -> forms.CharField:
    """A text field with unfold's look."""
    return forms.CharField(
        label=label,
        max_length=max_length,
        required=required,
        widget=UnfoldAdminTextInputWidget,
        help_text=help_text,
    )


class BusinessForm(OperationForm):
    """A business that exists; it is only shown."""

    class Meta:
        model = Organization
        fields = ["account_number", "name", "kind"]


class NewBusinessForm(BusinessForm):
    """A business with its first location and its first administrator."""

    refused_fields = {
        "organization_account_number_unique": "account_number",
        "organization_account_number_range": "account_number",
        "organization_has_name": "name",
        "user_name_unique_in_organization": "username",
    }

    place_name = text_field(_("Name of the first location"), 120, help_text=_("For a group: its central."))
    street = text_field(_("Street"), 120, required=False)
    postal_code = text_field(_("Postal code"), 20, required=False)
    city = text_field(_("City"), 120, required=False)
    username = text_field(_("User name"), 60)
    first_name = text_field(_("First name"), 80, required=False)
    last_name = text_field(_("Last name"), 80, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False, widget=UnfoldAdminEmailInputWidget)

    def place(self) -> Place:
        """The first location, for the operation."""
        data = self.cleaned_data
        return Place(name=data["place_name"], street=data["street"], postal_code=data["postal_code"], city=data["city"])

    def administrator(self) -> User:
        """The first administrator, not saved."""
        data = self.cleaned_data
        return User(
            username=data["username"],
            first_name=data["first_name"],
            last_name=data["last_name"],
            email=data["email"],
        )
