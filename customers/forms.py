"""The form of a customer: what is typed is checked and brought into one form; operations decide what is saved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from customers import formats
from customers.consents.questions import add_questions
from customers.duplicates import Candidate, Sought, candidates
from customers.edit_side import is_edited_here
from customers.fields import (
    DayOfYearField,
    FormerNumbersField,
    PastDayField,
    clean_phone_fields,
    clean_vat_id_fields,
)
from customers.models import Customer, CustomerGroup, Tag
from locations.permissions import Right
from mcp.console.operation_forms import OperationForm

PHONES = ("mobile", "phone_private", "phone_business", "fax")
REFUSED_FIELDS = {
    "number_out_of_range": "customer_number",
    "number_range_exhausted": "customer_number",
    "customer_number_unique": "customer_number",
    "customer_number_range": "customer_number",
    "customer_has_name": "last_name",
    "customer_day_of_birth_exists": "birthday_without_year",
    "customer_birthday_said_once": "birthday_without_year",
    "customer_birthday_in_the_past": "birthday",
    "customer_discount_range": "discount",
    "customer_price_level_range": "price_level",
    "customer_credit_limit_positive": "credit_limit",
    "customer_country_iso": "country",
    "customer_payment_method_known": "payment_method",
    "customer_blocked_reason_when_blocked": "blocked_reason",
    "customer_group_in_base": "customer_group",
    "no_reason": "archived_reason",
}
"""At which field an operation's refusal is shown: by its code, or by the constraint that was violated."""


def language_options() -> list[tuple[str, str]]:
    """The choices of languages in the active language, with a blank one first."""
    return [("", "---------"), *formats.language_choices(get_language() or "en")]


class LanguageField(forms.ChoiceField):
    """ISO code chosen from the names in the active language."""

    def __init__(self, **kwargs: Any) -> None:
        for text_option in ("max_length", "empty_value", "strip"):  # a model's text column hands them to any field
            kwargs.pop(text_option, None)
        super().__init__(choices=language_options, **kwargs)


class TagsField(forms.MultipleChoiceField):
    """Words from the base's list of tags, kept as a list."""

    def clean(self, value: Any) -> list[str]:
        return sorted(set(super().clean(value)))


class CustomerForm(OperationForm):
    """A customer of the scope's base.

    `seen_at` is when the customer had last been changed as the page was opened. `known_candidates` are the ids of
    the possible duplicates that were shown and found to be somebody else.
    """

    refused_fields = REFUSED_FIELDS
    candidates: ClassVar[list[Candidate]] = []

    seen_at = forms.CharField(required=False, widget=forms.HiddenInput)
    known_candidates = forms.CharField(required=False, widget=forms.HiddenInput)

    former_numbers = FormerNumbersField(
        label=_("Former customer numbers"),
        required=False,
        help_text=_("By which the customer was known elsewhere or before. Several with commas between them."),
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = Customer
        fields: ClassVar[list[str]] = []  # those of the page; all of them would be made once more for each request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen_at"] = self.instance.changed_at.isoformat()
            self.initial["former_numbers"] = self.instance.former_numbers
        if "tags" in self.fields:
            self.fields["tags"].choices = cache(self._tags)  # type: ignore[attr-defined]
        if "customer_number" in self.fields:
            self.fields["customer_number"].required = False
        if self.instance.pk is None:
            add_questions(self, self.scope)

    def _tags(self) -> list[tuple[str, str]]:
        """The choices of tags. They are read when they are shown, or when some were chosen."""
        return [(name, name) for name in Tag.objects.in_base(self.scope.base).values_list("name", flat=True)]

    def _post_clean(self) -> None:
        """Write the former numbers to the customer, before a refusal of the operation is shown."""
        if "former_numbers" in self.changed_data and "former_numbers" in self.cleaned_data:
            self.instance.former_numbers = self.cleaned_data["former_numbers"]
        super()._post_clean()

    def clean_seen_at(self) -> datetime | None:
        """The moment that was on the page. Raises ValidationError where a known customer is posted without one."""
        text = self.cleaned_data["seen_at"]
        try:
            seen_at = parse_datetime(text)
        except ValueError:
            seen_at = None
        if seen_at is None and self.instance.pk:
            raise ValidationError(
                _("This page does not say which state it shows. Open the customer again."), code="seen_at_missing"
            )
        return seen_at

    def clean(self) -> dict[str, Any]:
        super().clean()
        clean_phone_fields(self)
        clean_vat_id_fields(self)
        self._complete_bank()
        self._check_block()
        if self.instance.pk is None and not self.errors:
            self._ask_for_duplicates()
        return self.cleaned_data

    def _complete_bank(self) -> None:
        """Fill bank and BIC from the IBAN, where nobody has typed them."""
        values = self.cleaned_data
        bank = formats.bank_of_iban(values["iban"]) if values.get("iban") else None
        if bank and not values.get("bic"):
            values["bic"] = bank.bic
        if bank and not values.get("bank"):
            values["bank"] = bank.name[:120]

    def _check_block(self) -> None:
        values = self.cleaned_data
        may_say_why = "blocked_reason" in self.fields  # who may not, blocks and unblocks nobody
        if may_say_why and values.get("is_blocked") and not (values.get("blocked_reason") or "").strip():
            self.add_error(
                "blocked_reason",
                ValidationError(_("Say why the customer is blocked: your colleagues will ask."), code="no_reason"),
            )
        is_said = values.get("blocked_reason") and "blocked_reason" in self.changed_data
        if may_say_why and is_said and not values.get("is_blocked"):
            message = _("The customer is not blocked. Tick “Blocked” as well, or leave the reason empty.")
            self.add_error("blocked_reason", ValidationError(message, code="reason_without_block"))

    def _ask_for_duplicates(self) -> None:
        if not self.scope.allows(Right.VIEW_CUSTOMERS):
            return
        found = candidates(Sought.of(self.cleaned_data), scope=self.scope)
        known = set((self.cleaned_data.get("known_candidates") or "").split(","))
        if {str(candidate.customer.pk) for candidate in found} <= known:
            return
        self.candidates = found  # type: ignore[misc]
        self.add_error(
            None,
            ValidationError(
                _("This customer may already be registered. Compare, and register anyway if it is somebody else."),
                code="possible_duplicates",
            ),
        )

    @property
    def candidate_ids(self) -> str:
        return ",".join(str(candidate.customer.pk) for candidate in self.candidates)

    def unknown_phones(self) -> Iterator[tuple[str, str]]:
        """(label, number) of the numbers that are kept as typed because they are not known to be complete."""
        for name in PHONES:
            value = self.cleaned_data.get(name)
            if value and not formats.is_known_phone(value):
                yield str(self.fields[name].label), value


class SoughtForm(forms.Form):
    """The fields of a customer that is being typed, for finding duplicates; what cannot be read yet is left out."""

    email = forms.EmailField(required=False)
    first_name = forms.CharField(required=False)
    last_name = forms.CharField(required=False)
    company = forms.CharField(required=False)
    postal_code = forms.CharField(required=False)
    birthday = PastDayField(required=False)
    birthday_without_year = DayOfYearField(required=False)
    country = forms.CharField(required=False)
    mobile = forms.CharField(required=False)
    phone_private = forms.CharField(required=False)
    phone_business = forms.CharField(required=False)

    def sought(self) -> Sought:
        self.full_clean()
        values = {
            name: formats.without_invisible(value) if isinstance(value, str) else value
            for name, value in self.cleaned_data.items()
        }
        for name in PHONES:
            values[name] = _readable_phone(values.get(name) or "", values.get("country") or "")
        return Sought.of(values)


def _readable_phone(text: str, country: str) -> str:
    try:
        return formats.normalize_phone(text, country=country or None)
    except ValidationError:
        return ""


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class CustomerGroupForm(OperationForm):
    tells_what_was_seen = True
    refused_fields = {
        "customergroup_name_unique": "name",
        "customergroup_has_name": "name",
        "customergroup_discount_range": "discount",
        "customergroup_price_level_range": "price_level",
    }

    class Meta:
        model = CustomerGroup
        fields = ["name", "price_level", "discount"]


class TagForm(OperationForm):
    refused_fields = {"tag_name_unique": "name", "tag_has_name": "name"}

    class Meta:
        model = Tag
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "name" in self.fields and not is_edited_here(self.scope.base):
            self.fields["name"].help_text = _(
                "A tag that customers bear is renamed on the side on which they are edited; that is not here."
            )
