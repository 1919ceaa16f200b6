"""The forms of a location."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.types.range import Range
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from locations.choices import CHOSEN_SIDES, EditSide
from locations.models import HIGHEST_CUSTOMER_NUMBER, LOWEST_CUSTOMER_NUMBER, CustomerBase, Location
from locations.operations import Place, next_client_number, propose_number_range
from locations.text import LazyText
from mcp.console.operation_forms import OperationForm


def number_field(label: LazyText, help_text: LazyText = "") -> forms.IntegerField:
    """A field for a customer number."""
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=LOWEST_CUSTOMER_NUMBER,
        max_value=HIGHEST_CUSTOMER_NUMBER,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=help_text,
    )


class LocationForm(OperationForm):
    """A location; its number range is shown as first and last number, both included."""

    refused_fields = {
        "location_client_number_unique": "client_number",
        "location_central_is_client_one": "client_number",
        "location_franchise_is_branch": "is_franchise",
        "location_number_range_valid": "first_number",
        "location_number_ranges_apart": "first_number",
        "location_has_name": "name",
        "location_offline_base_of_branch_number": "branch_number",
        "no_number_range": "first_number",
        "number_range": "first_number",
        "edit_side_of_shared_base": "edit_side",
        "decided_at_central": "edit_side",
        "base_edit_side_known": "edit_side",
    }
    tells_what_was_seen = True
    stands_for = {"first_number": "number_range", "last_number": "number_range"}

    first_number = number_field(gettext_lazy("First customer number"))
    last_number = number_field(gettext_lazy("Last customer number"))
    edit_side = forms.ChoiceField(
        label=gettext_lazy("Customers are edited"),
        required=False,
        choices=CHOSEN_SIDES,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Location
        fields = ["name", "street", "postal_code", "city", "client_number", "branch_number", "is_franchise"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "first_number" in self.fields:
            self.initial["first_number"] = self.instance.first_number
            self.initial["last_number"] = self.instance.last_number
        if self.instance.pk and "edit_side" in self.fields:
            self.initial["edit_side"] = self.instance.base.edit_side
            self.fields["edit_side"].help_text = " ".join(self._about_edit_side(self.instance))

    def chosen_side(self) -> EditSide | None:
        """The side on which customers shall be edited from now on; None where nobody has changed it."""
        chosen = self.cleaned_data.get("edit_side") if "edit_side" in self.changed_fields() else ""
        return EditSide(chosen) if chosen else None

    def _about_edit_side(self, location: Location) -> Iterator[str]:
        yield _("On the other side they can be looked at, and consents are recorded.")
        if not location.base.has_node:
            yield _("No node works with this customer base yet. Until then they are edited here in any case.")
        together = Location.objects.on_base(location.base).exclude(pk=location.pk).order_by("client_number")
        if others := ", ".join(map(str, together)):
            yield _("It also holds for %(places)s, which share this customer base.") % {"places": others}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "first_number" in self.fields and not {"first_number", "last_number"} & self.errors.keys():
            self._check_numbers(data)
            if not self.errors and data.get("first_number") is not None:
                self.instance.number_range = Range(data["first_number"], data["last_number"] + 1)
        return data

    def _check_numbers(self, data: dict[str, Any]) -> None:
        first, last = data.get("first_number"), data.get("last_number")
        if (first is None) != (last is None) or (first is None and self.instance.pk):
            self.add_error(
                "last_number" if last is None else "first_number",
                ValidationError(_("Give the first and the last customer number."), code="half_a_range"),
            )
        elif first is not None and last is not None and last < first:
            self.add_error(
                "last_number",
                ValidationError(_("The last number must not lie before the first."), code="range_upside_down"),
            )


class NewLocationForm(LocationForm):
    """A branch to be opened. It does not ask for the base: that is the one of the group."""

    offline = forms.BooleanField(
        label=gettext_lazy("Customer base 1.0 (discontinued)"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=gettext_lazy("Only for a location that must work offline with a customer base of its own."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        number = next_client_number(self.scope.organization)
        self.initial.setdefault("client_number", number)
        self.fields["branch_number"].widget.attrs["placeholder"] = _("as the client number")
        self.fields["first_number"].help_text = self._proposed()

    def place(self) -> Place:
        """What was entered, for the operation."""
        names = ["name", "street", "postal_code", "city", "client_number", "branch_number", "is_franchise"]
        data: dict[str, Any] = self.cleaned_data
        has_range = data.get("first_number") is not None
        return Place(
            **{name: data[name] for name in names},
            number_range=self.instance.number_range if has_range else None,
        )

    def _proposed(self) -> str:
        base = CustomerBase.objects.of_organization(self.scope.organization).shared().first()
        try:
            free = propose_number_range(base) if base else None
        except ValidationError as refusal:
            return refusal.messages[0]
        if free is None:
            return ""
        sentence = _("Left empty, the location gets the next free block: on the base 2.0 %(first)s to %(last)s.")
        return sentence % {"first": free.lower, "last": (free.upper or 0) - 1}
