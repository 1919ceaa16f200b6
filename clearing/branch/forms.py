"""The forms of the page on which a branch is set up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import Range
from unfold.widgets import INPUT_CLASSES, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from clearing.branch.address_field import CentralField
from clearing.branch.transport import REASONS
from clearing.protocol.pairing_codes import LONGEST_TYPED
from locations.models import (
    HIGHEST_ACCOUNT_NUMBER,
    HIGHEST_CLIENT_NUMBER,
    HIGHEST_CUSTOMER_NUMBER,
    LOWEST_CUSTOMER_NUMBER,
)
from locations.operations import Place
from locations.text import LazyText
from mcp.central.forms.businesses import text_field
from mcp.central.forms.password import PASSWORD_REFUSALS, PasswordTwice, password_field
from mcp.models import User

REFUSED_FIELDS = {
    **PASSWORD_REFUSALS,
    "location_central_is_client_one": "client_number",
    "location_number_range_valid": "first_number",
    "user_name_unique_in_organization": "username",
}
"""The field at which a refusal of the operation is shown."""
REFUSED_PAIRING = {
    "other_branch_number": "branch_number",
    **dict.fromkeys(("central_url_unusable", "strange_answer", *REASONS), "central"),
}
"""The same of a pairing."""
LOWEST_BRANCH = 2
"""Client number 1 is the central."""


def whole_number(label: LazyText, lowest: int, highest: int, help_text: LazyText = "") -> forms.IntegerField:
    """A field for a number that is typed without arrows."""
    return forms.IntegerField(
        label=label,
        min_value=lowest,
        max_value=highest,
        help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": " ".join(INPUT_CLASSES)}),
    )


def _confirmed() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("This branch number is right. I know that it can never be changed."),
        widget=UnfoldBooleanWidget,
        error_messages={"required": _("Confirm that the branch number is right.")},
    )


class PlaceForm(forms.Form):
    """The first step: which branch this is, and from which numbers it gives."""

    account_number = whole_number(
        _("Account number of your business"),
        1,
        HIGHEST_ACCOUNT_NUMBER,
        _("The number under which the provider knows the business. The central knows it."),
    )
    client_number = whole_number(
        _("Client number"),
        LOWEST_BRANCH,
        HIGHEST_CLIENT_NUMBER,
        _("The number of this location in the business. 1 is the central; branches start at 2."),
    )
    business = text_field(_("Name of the business"), 120)
    name = text_field(_("Name of the location"), 120)
    city = text_field(_("City"), 120, required=False)
    first_number = whole_number(_("First customer number"), LOWEST_CUSTOMER_NUMBER, HIGHEST_CUSTOMER_NUMBER)
    last_number = whole_number(
        _("Last customer number"),
        LOWEST_CUSTOMER_NUMBER,
        HIGHEST_CUSTOMER_NUMBER,
        _("New customers get their numbers from this block. Take one that no other location gives numbers from."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last = data.get("first_number"), data.get("last_number")
        if first is not None and last is not None and last < first:
            self.add_error(
                "last_number",
                ValidationError(_("The last number must not lie before the first."), code="range_upside_down"),
            )
        return data

    def place(self, branch_number: int) -> Place:
        """What was entered, for the operation."""
        data: dict[str, Any] = self.cleaned_data
        return Place(
            name=data["name"],
            city=data["city"],
            client_number=data["client_number"],
            branch_number=branch_number,
            number_range=Range(data["first_number"], data["last_number"] + 1),
        )


class AdministratorForm(PasswordTwice):
    """The second step: the branch number, confirmed once, and who may do everything at this branch."""

    branch_number = whole_number(
        _("Branch number"),
        1,
        HIGHEST_CLIENT_NUMBER,
        _("It chooses the customer base 1.0: branches with the same number share one. Mostly it is the client number."),
    )
    is_confirmed = _confirmed()
    username = text_field(_("User name"), 60)
    first_name = text_field(_("First name"), 80, required=False)
    last_name = text_field(_("Last name"), 80, required=False)
    password1 = password_field(_("Password"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["branch_number", "is_confirmed", "username", "first_name", "last_name"])
        self.fields["branch_number"].widget.attrs["autofocus"] = True

    def administrator(self) -> User:
        """The local administrator, not saved."""
        data = self.cleaned_data
        return User(username=data["username"], first_name=data["first_name"], last_name=data["last_name"])


class PairingForm(forms.Form):
    """The other way: the central says which branch this is; its branch number is confirmed once."""

    central = CentralField()
    code = forms.CharField(
        label=_("Code"),
        max_length=LONGEST_TYPED,
        help_text=_("The central shows it at the location, for one branch and 24 hours."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    branch_number = whole_number(
        _("Branch number"),
        1,
        HIGHEST_CLIENT_NUMBER,
        _("The central proposes it. It is confirmed once and can never be changed."),
    )
    is_confirmed = _confirmed()
    place = forms.CharField(max_length=300, required=False, widget=forms.HiddenInput)
    """Which branch the central has named for the code; it is shown again while the number is not confirmed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The branch number is asked for once the central has proposed one."""
        super().__init__(*args, **kwargs)
        if "branch_number" in self.data or "branch_number" in self.initial:
            self.fields["branch_number"].widget.attrs["autofocus"] = True
        else:
            del self.fields["branch_number"], self.fields["is_confirmed"], self.fields["place"]
