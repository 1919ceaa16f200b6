"""How the fields of a customer are typed and, for those who may only look, shown."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextInputWidget,
)

from customers.fields import BICField, CountryField, DayOfYearField, IBANField, PastDayField, PhoneField, VATIDField
from customers.forms import PHONES, LanguageField

FORM_CLASSES: dict[str, type[forms.Field]] = {
    **dict.fromkeys(PHONES, PhoneField),
    "vat_id": VATIDField,
    "iban": IBANField,
    "bic": BICField,
    "birthday": PastDayField,
    "birthday_without_year": DayOfYearField,
    "country": CountryField,
    "language": LanguageField,
}


def customer_widget(name: str) -> Any:
    """The widget of a field that has one of its own, else None."""
    match name:
        case "tags":
            return UnfoldAdminSelect2MultipleWidget()
        case "country" | "language":
            return UnfoldAdminSelect2Widget()
        case "salutation":
            return UnfoldAdminTextInputWidget(attrs={"list": "salutations", "autocomplete": "off"})
        case _:
            return None
