"""What is typed about accounts. Whether it can be booked is decided by the operations."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounting.amounts import typed
from accounting.choices import AccountKind
from accounting.operations.posting import LONGEST_DOCUMENT, LONGEST_REASON

LONGEST_AMOUNT = 30
_KEY = r"\A(?:[0-9a-z]{1,32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z"
"""Of a form: a UUID, or as long as one. So nobody takes the key of a booking that is still to come: those of debits,
reminders, invoices and entries of the bank have other signs in them.
"""


class AmountField(forms.Field):
    """An amount as people write it: 12,50 or 12.50 or 1.234,50 €. The currency stands beside its input."""

    is_amount = True
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "maxlength": LONGEST_AMOUNT})

    def to_python(self, value: Any) -> Any:
        """The Decimal; None for nothing. Raises ValidationError for what is no amount."""
        text = str(value or "").strip()
        if not text:
            return None
        amount = typed(text) if len(text) <= LONGEST_AMOUNT else None
        if amount is None:
            sentence = _("“%(value)s” is no amount. Write it as 12.50.")
            raise ValidationError(sentence, code="amount", params={"value": text[:LONGEST_AMOUNT]})
        return amount


def day_field(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class PlainForm(forms.Form):
    """Its inputs look as those of customers do."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs.setdefault("class", "customer-input")


class KeyedForm(PlainForm):
    """A form with a key of its own, so that it is booked once however often it is sent."""

    key = forms.RegexField(_KEY, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, initial={"key": str(uuid4()), "business_day": timezone.localdate()}, **options)


class BookingForm(KeyedForm):
    amount = AmountField(label=_("Amount"))
    document = forms.CharField(
        label=_("Document"),
        max_length=LONGEST_DOCUMENT,
        required=False,
        help_text=_("Such as the number of a receipt."),
    )
    business_day = day_field(_("Business day"))


class CorrectionForm(KeyedForm):
    about = forms.ChoiceField(
        label=_("What is corrected"),
        choices=[
            (f"{AccountKind.OWED}-less", _("He owes less")),
            (f"{AccountKind.OWED}-more", _("He owes more")),
            (f"{AccountKind.CREDIT}-more", _("He has more credit")),
            (f"{AccountKind.CREDIT}-less", _("He has less credit")),
        ],
    )
    amount = AmountField(label=_("Amount"))
    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, help_text=_("It stays with the booking for ever.")
    )

    def meant(self) -> tuple[AccountKind, bool]:
        """Which account, and whether in the customer's favour."""
        kind, _dash, direction = self.cleaned_data["about"].partition("-")
        return AccountKind(kind), (kind == AccountKind.OWED) == (direction == "less")


class ReversalForm(KeyedForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, help_text=_("It stays with the booking for ever.")
    )


class TermsForm(PlainForm):
    may_buy_on_account = forms.BooleanField(label=_("may buy on account"), required=False)
    hard_limit = AmountField(
        label=pgettext_lazy("account", "Credit limit"),
        help_text=_("No sale on account takes the open amount above it."),
        initial="0",
    )
    soft_limit = AmountField(
        label=_("Warn above"), required=False, help_text=_("Above this open amount each sale on account warns.")
    )
    may_hold_credit = forms.BooleanField(label=_("may hold credit"), required=False)
    is_blocked = forms.BooleanField(
        label=_("account is blocked"), required=False, help_text=_("Payments and pay-outs go on.")
    )
    blocked_reason = forms.CharField(label=_("Reason of the block"), max_length=200, required=False)


class DecisionForm(PlainForm):
    note = forms.CharField(label=_("What was decided"), max_length=200)


class PeriodForm(forms.Form):
    first = day_field(_("From"))
    last = day_field(_("Until"))
