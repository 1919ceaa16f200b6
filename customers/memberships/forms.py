"""What is typed about a membership. Whether it can be kept is decided by the operations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.choices import InvoiceTo, MembershipKind
from customers.memberships.operations import Details
from customers.models import CustomerMembership

MEMBER, COMPANY = "member", "company"
LONGEST_ROLE = 80


def _day(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class _PlainForm(forms.Form):
    """Its inputs look as those of customers do."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "customer-input")


class DetailsForm(_PlainForm):
    kind = forms.ChoiceField(label=_("What it is"), choices=MembershipKind)
    role = forms.CharField(
        label=_("Role"), required=False, max_length=LONGEST_ROLE, help_text=_("Such as: bookkeeping.")
    )
    invoice_to = forms.ChoiceField(label=_("Invoice to"), choices=InvoiceTo)
    valid_from = _day(_("Member from"))
    valid_until = _day(_("Member until"), required=False, help_text=_("The last day. Left empty: until it is ended."))

    def details(self) -> Details:
        """What was typed into a valid form."""
        names = ("kind", "role", "invoice_to", "valid_from", "valid_until")
        return Details(**{name: self.cleaned_data[name] for name in names})

    @classmethod
    def of(cls, row: CustomerMembership, typed: Any = None) -> DetailsForm:
        """The form of a membership that is there, with what it says or what was typed."""
        initial = {name: getattr(row, name) for name in cls.base_fields}
        return cls(typed, initial=initial, auto_id=f"id_change_{row.pk}_%s")


class JoinForm(DetailsForm):
    way = forms.ChoiceField(
        label=_("Who belongs to whom"),
        choices=[(MEMBER, _("this customer belongs to the other one")), (COMPANY, _("the other one is a member here"))],
        widget=forms.Select(attrs={"autofocus": True}),  # it is shown once the other one is chosen
    )
    field_order = ("way",)

    @classmethod
    def anew(cls, typed: Any = None, *, is_company: bool = False) -> JoinForm:
        """The form of a new membership, from today on; of a company the other one is proposed as its member."""
        initial = {"valid_from": timezone.localdate(), "way": COMPANY if is_company else MEMBER}
        return cls(typed, initial=initial, auto_id="id_join_%s")


class EndForm(_PlainForm):
    valid_until = _day(_("Last day"))

    @classmethod
    def of(cls, row: CustomerMembership, typed: Any = None) -> EndForm:
        """The form that ends a membership, today or on its first day."""
        initial = {"valid_until": max(timezone.localdate(), row.valid_from)}
        return cls(typed, initial=initial, auto_id=f"id_end_{row.pk}_%s")
