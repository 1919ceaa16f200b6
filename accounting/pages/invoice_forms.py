"""What is typed about invoices: issuer, terms of billing, a run, a search, a cancellation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.choices import Bundling, InvoiceState
from accounting.invoicing.billing import FIELDS as BILLING_FIELDS
from accounting.invoicing.issuers import FIELDS as ISSUER_FIELDS
from accounting.models import BillingTerms, Issuer
from accounting.operations.posting import LONGEST_REASON
from accounting.owners import owners_shown
from accounting.pages.forms import AmountField, PlainForm, day_field
from customers.models import CustomerGroup
from locations.models import Location
from mcp.isolation.scope import Scope

OVERDUE = "overdue"


class _RowForm(forms.ModelForm):
    """Collects input; whether it can be is decided by the operation."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs.setdefault("class", "customer-input")

    def validate_constraints(self) -> None:
        """Does nothing: the operation checks them with the whole row."""

    def validate_unique(self) -> None:
        """Does nothing, as above."""


class IssuerForm(_RowForm):
    class Meta:
        model = Issuer
        fields = ISSUER_FIELDS


class BillingForm(_RowForm):
    class Meta:
        model = BillingTerms
        fields = BILLING_FIELDS

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["deliver_by"].required = False

    def clean_deliver_by(self) -> str:
        """As it was, where a form does not say it."""
        return self.cleaned_data["deliver_by"] or self.instance.deliver_by


class RunForm(PlainForm):
    until = day_field(_("Orders until"))
    locations = forms.ModelMultipleChoiceField(
        label=_("Locations"), queryset=Location.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "account-checks"}), help_text=_("None chosen means all."),
    )  # fmt: skip
    groups = forms.ModelMultipleChoiceField(
        label=_("Customer groups"), queryset=CustomerGroup.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "account-checks"}), help_text=_("None chosen means all."),
    )  # fmt: skip
    bundling = forms.ChoiceField(label=_("Invoices"), choices=Bundling)
    minimum = AmountField(
        label=_("Smallest amount"), required=False, help_text=_("Whoever owes less is billed another time.")
    )

    def __init__(self, *args: Any, scope: Scope, **options: Any) -> None:
        super().__init__(*args, initial={"until": timezone.localdate()}, **options)
        places: Any = self.fields["locations"]
        places.queryset = Location.objects.filter(organization=scope.organization, base=scope.base)
        if owners_shown(scope).bills_on_its_own:  # all that it bills was sold there
            del self.fields["locations"]
        groups: Any = self.fields["groups"]
        groups.queryset = CustomerGroup.objects.filter(base=scope.base)


class SearchForm(PlainForm):
    """What the list of invoices is narrowed to. What cannot be is as if it were not there."""

    q = forms.CharField(label=_("Number or customer number"), required=False, max_length=40)
    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=[("", _("All")), (OVERDUE, _("Overdue")), *InvoiceState.choices],
    )  # fmt: skip
    run = forms.UUIDField(required=False, widget=forms.HiddenInput)


class CancelForm(PlainForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, help_text=_("It stands on the cancellation and stays for ever.")
    )
