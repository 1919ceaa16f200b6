"""The form fields: what they render, what they take, and that showing a value does not change it."""

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import override

from customers.fields import (
    BICField,
    CountryField,
    EmailField,
    IBANField,
    PhoneField,
    VATIDField,
    WebsiteField,
    clean_phone_fields,
    clean_vat_id_fields,
)
from customers.table.resources import CustomerResource


class CustomerForm(forms.Form):
    country = CountryField(required=False)
    mobile = PhoneField(required=False)
    fax = PhoneField(required=False)
    vat_id = VATIDField(required=False)
    iban = IBANField(required=False, max_length=34)
    bic = BICField(required=False, max_length=11)

    def clean(self):
        clean_phone_fields(self)
        clean_vat_id_fields(self)


STORED = {
    "country": "DE",
    "mobile": "+49401000001",
    "fax": "123456",
    "vat_id": "DE136695976",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
}


def codes(form: CustomerForm) -> dict[str, list[str]]:
    return {name: [error["code"] for error in errors] for name, errors in form.errors.get_json_data().items()}


def test_form_brings_every_value_into_its_stored_form():
    typed = {
        "country": "DE",
        "mobile": "040 1000001",
        "fax": " 123456 ",
        "vat_id": "de 136 695 976",
        "iban": "de89 3704 0044 0532 0130 00",
        "bic": "cobadeff xxx",
    }
    form = CustomerForm(typed)
    assert codes(form) == {}
    assert form.cleaned_data == STORED


def test_form_reads_phone_and_vat_id_by_its_country():
    form = CustomerForm({"country": "AT", "mobile": "0662 123456", "vat_id": "U13585627"})
    assert codes(form) == {}
    assert form.cleaned_data["mobile"] == "+43662123456"
    assert form.cleaned_data["vat_id"] == "ATU13585627"


def test_form_names_the_field_of_each_error():
    form = CustomerForm(
        {"country": "ZZ", "mobile": "keine", "fax": "040 123456", "vat_id": "DE1", "iban": "DE1", "bic": "X"}
    )
    assert codes(form) == {
        "country": ["invalid_choice"],
        "mobile": ["invalid_phone"],
        "vat_id": ["invalid_vat_id"],
        "iban": ["invalid_iban"],
        "bic": ["invalid_bic"],
    }
    assert form.cleaned_data == {"fax": "+4940123456"}


def test_form_shows_a_refused_value_as_typed():
    assert CustomerForm({"iban": "DE89 3704", "mobile": "keine"})["iban"].value() == "DE89 3704"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mobile", "+49 40 1000001"),
        ("fax", "123456"),
        ("vat_id", "DE136695976"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("bic", "COBADEFFXXX"),
    ],
)
def test_field_shows_the_stored_value_for_reading(name, shown):
    assert CustomerForm(initial=STORED)[name].value() == shown


def test_form_posted_as_shown_has_not_changed():
    shown = {name: CustomerForm(initial=STORED)[name].value() for name in STORED}
    assert CustomerForm(shown, initial=STORED).changed_data == []
    assert CustomerForm(STORED, initial=STORED).changed_data == []
    assert CustomerForm({**shown, "fax": "1234567"}, initial=STORED).changed_data == ["fax"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mobile", '<input type="tel" name="mobile" autocomplete="off" inputmode="tel">'),
        (
            "iban",
            '<input type="text" name="iban" autocomplete="off" autocapitalize="characters" spellcheck="false">',
        ),
    ],
)
def test_field_renders_an_input_that_suits_it(name, expected):
    assert str(CustomerForm(auto_id=False)[name]) == expected


def test_field_keeps_the_class_of_a_given_widget():
    class StyledInput(forms.TextInput):
        pass

    widget = PhoneField(widget=StyledInput(attrs={"class": "wide"})).widget
    assert type(widget) is StyledInput
    assert (widget.input_type, widget.attrs) == (
        "tel",
        {"class": "wide", "autocomplete": "off", "inputmode": "tel"},
    )
    assert StyledInput().input_type == "text"


def test_country_field_offers_sorted_names_in_the_active_language():
    widget = CountryField(max_length=2, empty_value="").widget
    with override("de"):
        assert list(widget.choices)[:3] == [("", "---------"), ("AF", "Afghanistan"), ("EG", "Ägypten")]
    with override("en"):
        assert ("EG", "Egypt") in list(widget.choices)


def test_field_keeps_the_empty_value_it_is_given():
    assert IBANField(required=False, empty_value=None).clean(" ") is None
    assert PhoneField(required=False).clean("\u200b") == ""


@pytest.mark.parametrize(
    ("field", "column", "typed"),
    [
        (EmailField, "email", "A.B@EXAMPLE.de"),
        (EmailField, "email", "straße@example.de"),
        (EmailField, "email", "a@Straße.de"),
        (EmailField, "email", "kein"),
        (EmailField, "email", ""),
        (WebsiteField, "website", "Example.com/Menu"),
        (WebsiteField, "website", "javascript:alert(1)"),
        (WebsiteField, "website", ""),
    ],
)
def test_form_and_import_say_the_same(field, column, typed):
    def said(read):
        try:
            return read(typed)
        except ValidationError as error:
            return [(one.code, one.messages) for one in error.error_list]

    assert said(field(required=False).clean) == said(CustomerResource().fields[column].widget.clean)
