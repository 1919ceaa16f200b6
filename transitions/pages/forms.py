"""The forms of the steps. Whether what is entered will do is decided by the operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from locations.models import HIGHEST_ACCOUNT_NUMBER, HIGHEST_CLIENT_NUMBER
from locations.querysets import LocationQuerySet
from mcp.central.forms.businesses import text_field
from mcp.models import User
from transitions.choices import FieldGroup, LegalBasis

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def _number(label: str | _StrPromise, highest: int, help_text: str | _StrPromise = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=1, max_value=highest, widget=UnfoldAdminIntegerFieldWidget, help_text=help_text
    )


def _words(
    label: str | _StrPromise, help_text: str | _StrPromise = "", *, required: bool = True, rows: int = 3
) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}),
        help_text=help_text,
    )


class StepForm(forms.Form):
    """The fields of one step; `refused_fields` says where a refusal is shown (mcp/console/operation_forms.py)."""

    refused_fields: ClassVar[Mapping[str, str]] = {}


class DayForm(StepForm):
    planned_for = forms.DateField(
        label=_("On"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        initial=timezone.localdate,
        help_text=_("The first day on which it holds."),
    )


class RequestForm(DayForm):
    """Who leaves, when, and what else is to be said about it."""

    location: Any = forms.ModelChoiceField(label=_("Location"), queryset=None, widget=UnfoldAdminSelectWidget)
    note = _words(_("Note"), _("Whoever works on this request reads it."), required=False)
    field_order = ("location", "planned_for", "note")

    def __init__(self, *args: Any, places: LocationQuerySet | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if places is None:
            del self.fields["location"]
        else:
            self.fields["location"].queryset = places  # type: ignore[attr-defined]


class AccountForm(StepForm):
    """The new business: its number, its name, and the first who works there."""

    refused_fields = {
        "number_is_own": "account_number",
        "number_of_group": "account_number",
        "number_in_use": "account_number",
        "user_name_unique_in_organization": "username",
    }

    account_number = _number(
        _("New account number"),
        HIGHEST_ACCOUNT_NUMBER,
        _("A number that no business has ever had, outside of every group."),
    )
    name = text_field(_("Name of the new business"), 120)
    username = text_field(_("User name"), 60, help_text=_("Of the first administrator of the new business."))
    first_name = text_field(_("First name"), 80, required=False)
    last_name = text_field(_("Last name"), 80, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False, widget=UnfoldAdminEmailInputWidget)
    field_order = ("account_number", "name", "username", "first_name", "last_name", "email")

    def administrator(self) -> User:
        data = self.cleaned_data
        return User(**{name: data[name] for name in ("username", "first_name", "last_name", "email")})


class GroupForm(StepForm):
    """The group that is joined, and the place in it."""

    refused_fields = {
        "no_group": "account_number",
        "client_number_taken": "client_number",
        "client_number_range": "client_number",
    }

    account_number = _number(_("Account number of the group"), HIGHEST_ACCOUNT_NUMBER)
    client_number = _number(_("Client number in the group"), HIGHEST_CLIENT_NUMBER, _("A free one from 2 on."))


class ReviewForm(StepForm):
    is_narrowed = forms.BooleanField(
        label=_("only customers related to this location"),
        required=False,
        help_text=_(
            "Registered there, or a consent was given there. Without it also those who have agreed to any location or "
            "to this receiver and have nothing to do with this location."
        ),
    )


class GroundForm(StepForm):
    refused_fields = {"no_basis": "basis", "ground_says_nothing": "ground"}

    basis = forms.ChoiceField(
        label=_("Legal ground"),
        choices=[("", "–"), *LegalBasis.choices],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Only customers who have consented are carried over, whichever it is."),
    )
    ground = _words(
        _("Reason"),
        _(
            "Why the customers may be handed over on this ground, such as: consent to the transfer, collected with "
            "form 3 since May 2025."
        ),
    )
    field_groups = forms.MultipleChoiceField(
        label=_("Fields that go along as well"),
        choices=FieldGroup.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Names, addresses, phones and what else is in the customers always go along, these only if chosen."
        ),
    )


class MoneyForm(StepForm):
    agreement = _words(
        _("Written assignment"),
        _(
            "Who takes over what customers owe and have paid in advance, and where that is agreed, such as: contract "
            "of 3 May, § 7: the new owner takes over all open items and all credit."
        ),
    )


class EmptyForm(StepForm):
    """The form of a step that is only a button."""


class ExecuteForm(StepForm):
    """A step that cannot be undone asks once more."""

    is_sure = forms.BooleanField(label=_("Yes, execute it: it cannot be undone"))


class NoteForm(StepForm):
    note = _words(_("Note"), required=False, rows=2)


class CancelForm(NoteForm):
    is_sure = forms.BooleanField(label=_("Yes, cancel it for good"))
