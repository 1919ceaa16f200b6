"""Form fields that take what people type, keep the one stored form, and show the one for reading.

Phone numbers and VAT ids can only be read knowing the country, which is another field of the same form.
So their fields only tidy; the form's `clean()` then calls `clean_phone_fields` and `clean_vat_id_fields`.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from customers import formats

# Staff type the data of other people: a browser that offers the staff's own number or address does harm.
_NO_AUTOFILL = {"autocomplete": "off"}
_CODE = {**_NO_AUTOFILL, "autocapitalize": "characters", "spellcheck": "false"}


class FormattedField(forms.CharField):
    """Text field that shows `display(stored)` and stores `normalize(typed)`. Subclasses define both."""

    input_type: ClassVar[str] = "text"
    attributes: ClassVar[dict[str, str]] = _CODE

    def __init__(self, **kwargs: Any) -> None:
        # The model's length is that of the stored form; "DE89 3704 …" with its spaces is longer.
        kwargs["max_length"] = None
        super().__init__(**kwargs)
        if isinstance(self.widget, forms.TextInput):
            self.widget.input_type = self.input_type

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), **self.attributes}

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return (self.normalize(text) or self.empty_value) if text else text

    def prepare_value(self, value: Any) -> Any:
        return self.display(value) if isinstance(value, str) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """False also for a value that was posted as it was shown."""
        return super().has_changed(initial, data) and super().has_changed(self.prepare_value(initial), data)

    def normalize(self, text: str) -> str:
        return formats.clean_code(text)

    def display(self, text: str) -> str:
        return text


class PhoneField(FormattedField):
    input_type = "tel"
    attributes = {**_NO_AUTOFILL, "inputmode": "tel"}

    def display(self, text: str) -> str:
        return formats.display_phone(text)


class VATIDField(FormattedField):
    pass


class IBANField(FormattedField):
    def normalize(self, text: str) -> str:
        return formats.normalize_iban(text)

    def display(self, text: str) -> str:
        return formats.display_iban(text)


class BICField(FormattedField):
    def normalize(self, text: str) -> str:
        return formats.normalize_bic(text)


class EmailField(FormattedField):
    """Typed as text: for a field of its own kind a browser would write the domain otherwise than a file does."""

    attributes = {**_NO_AUTOFILL, "inputmode": "email", "autocapitalize": "off", "spellcheck": "false"}

    def normalize(self, text: str) -> str:
        return formats.normalize_email(text)


class WebsiteField(FormattedField):
    input_type = "url"
    attributes = _NO_AUTOFILL

    def normalize(self, text: str) -> str:
        return formats.normalize_website(text)


class FormerNumbersField(FormattedField):
    """The former numbers of a customer with commas between them; its value is a list."""

    def to_python(self, value: Any) -> Any:
        text = forms.CharField.to_python(self, value)
        return formats.split_list(text) if text else []

    def prepare_value(self, value: Any) -> Any:
        return formats.join_list(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or []))
        except ValidationError:
            return True


class PastDayField(forms.DateField):
    """A past day as people type it. A year of two digits means the nearest past one."""

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str):
            return formats.parse_typed_day(value, today=timezone.localdate())
        return super().to_python(value)


class DayOfYearField(FormattedField):
    """Day and month of a birthday without year. In a form the day comes first, also before a slash."""

    attributes = _NO_AUTOFILL

    def normalize(self, text: str) -> str:
        day = formats.parse_day(text, day_first=True)
        if day is None:
            raise ValidationError(
                _("“%(value)s” is not a day of the year. Enter it as 17.05."),
                params={"value": text},
                code="invalid_day",
            )
        return day

    def display(self, text: str) -> str:
        return formats.display_day(text) if re.fullmatch("[0-9]{2}-[0-9]{2}", text) else text


class CountryField(forms.ChoiceField):
    """Alpha-2 chosen from the names in the active language, sorted; blank only where it is not required."""

    def __init__(self, **kwargs: Any) -> None:
        # A model's text column hands its options to any field.
        for text_option in ("max_length", "empty_value", "strip"):
            kwargs.pop(text_option, None)
        kwargs.setdefault("choices", _country_options)
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), **_NO_AUTOFILL}


def _country_options() -> list[tuple[str, str]]:
    return [("", "---------"), *formats.country_choices(get_language() or "en")]


def clean_phone_fields(form: forms.BaseForm, *, country_field: str = "country") -> None:
    """Bring every `PhoneField` of `form` into its stored form. To be called in the form's `clean()`."""
    _clean_by_country(form, PhoneField, formats.normalize_phone, country_field)


def clean_vat_id_fields(form: forms.BaseForm, *, country_field: str = "country") -> None:
    """Bring every `VATIDField` of `form` into its stored form. To be called in the form's `clean()`."""
    _clean_by_country(form, VATIDField, formats.normalize_vat_id, country_field)


def _clean_by_country(
    form: forms.BaseForm, kind: type[FormattedField], normalize: Callable[..., str], country_field: str
) -> None:
    """Normalize the fields of a kind by the country of the form.

    An error goes to the field that it is about. Fields with errors are skipped.
    """
    country = form.cleaned_data.get(country_field) or None
    for name in [name for name, field in form.fields.items() if isinstance(field, kind)]:
        if typed := form.cleaned_data.get(name):
            try:
                form.cleaned_data[name] = normalize(typed, country=country)
            except ValidationError as error:
                form.add_error(name, error)
