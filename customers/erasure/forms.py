"""What somebody types to erase a customer for good."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.models import Customer


class ErasureForm(forms.Form):
    """The reason, and the number of the customer, so that nobody erases whom he did not mean."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
    number = forms.CharField(label=_("Customer number, to confirm"), max_length=20)

    def __init__(self, *args: Any, customer: Customer, **options: Any) -> None:
        super().__init__(*args, **options)
        self._customer = customer

    def clean_number(self) -> str:
        """Raise ValidationError unless it is his."""
        typed = str(self.cleaned_data["number"]).strip()
        if typed != str(self._customer.customer_number):
            raise ValidationError(
                _("This is not the number of this customer. Look again whom you erase."), code="other_number"
            )
        return typed
