"""How the fields of a customer are typed and, for those who may only look, shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django import forms
from unfold.widgets import (
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextInputWidget,
)

from customers.fields import (
    BICField,
    CountryField,
    DayOfYearField,
    EmailField,
    IBANField,
    PastDayField,
    PhoneField,
    VATIDField,
    WebsiteField,
)
from customers.forms import PHONES, LanguageField
from customers.readable import READABLE

FORM_CLASSES: dict[str, type[forms.Field]] = {
    **dict.fromkeys(PHONES, PhoneField),
    "email": EmailField,
    "website": WebsiteField,
    "vat_id": VATIDField,
    "iban": IBANField,
    "bic": BICField,
    "birthday": PastDayField,
    "birthday_without_year": DayOfYearField,
    "country": CountryField,
    "language": LanguageField,
}


EMPTY = "–"
"""What a readonly line shows where there is nothing; see `mcp.console.site`."""


def _unless_empty(readable: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: value if value == EMPTY else readable(value)


READONLY: Mapping[str, Callable[[str], str]] = {name: _unless_empty(readable) for name, readable in READABLE.items()}
"""How readonly lines show what is stored as a code."""


class TypedDayInput(UnfoldAdminTextInputWidget, forms.DateInput):
    """A line for a day that is typed.

    Django's widget of dates describes the field by a note about time zones, in place of its help and its errors, and
    brings a calendar that begins today: nobody is born then.
    """


def customer_widget(name: str) -> forms.Widget | None:
    """The widget of a field that has one of its own, else None."""
    match name:
        case "tags":
            return UnfoldAdminSelect2MultipleWidget()
        case "country" | "language":
            return UnfoldAdminSelect2Widget()
        case "salutation":
            return UnfoldAdminTextInputWidget(attrs={"list": "salutations", "autocomplete": "off"})
        case "birthday":
            return TypedDayInput(attrs={"autocomplete": "off"})
        case _:
            return None
