"""What a customer agrees to while he is registered: typed together with him, recorded together with him."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.choices import ASKED
from customers.consents.operations import record_consent
from customers.models import ConsentPurpose, Customer
from locations.permissions import Right
from mcp.isolation.scope import Scope

_PREFIX = "says_"


def add_questions(form: forms.BaseForm, scope: Scope) -> None:
    """Add a field to the form for each purpose that the business asks for, if the rights allow recording it."""
    with scope.asked.only_looking():
        may_record = scope.allows(Right.VIEW_CUSTOMERS) and scope.allows(Right.CHANGE_CUSTOMERS)
    if not may_record:
        return
    for purpose in ConsentPurpose.objects.of_organization(scope.organization).asked_for().order_by("id"):
        form.fields[_PREFIX + purpose.code] = _Question(purpose)


class _Question(forms.ChoiceField):
    """Field: in which way a customer agrees to a purpose. Blank means that he has said nothing."""

    widget = forms.RadioSelect

    def __init__(self, purpose: ConsentPurpose) -> None:
        hows = [("", _("Not said")), *((how.value, how.label) for how in ASKED)]
        super().__init__(label=str(purpose), choices=hows, required=False)
        self.purpose = purpose


def questions(form: forms.BaseForm) -> list[forms.BoundField]:
    """The fields of the form that ask about a consent."""
    return [form[name] for name, field in form.fields.items() if isinstance(field, _Question)]


def record_answers(form: forms.BaseForm, customer: Customer, *, actor: Scope) -> int:
    """Record the consents that were given while a customer was registered, in the same transaction.

    Returns how many statements were recorded. Raises MissingRight or ValidationError.
    """
    return sum(
        record_consent(
            customers=[customer.pk],
            purpose=purpose.code,
            is_given=True,
            at=None,
            source=how,
            wording_version=purpose.wording_version,
            actor=actor,
        )
        for purpose, how in _answers(form)
    )


def _answers(form: forms.BaseForm) -> Iterator[tuple[ConsentPurpose, str]]:
    for name, field in form.fields.items():
        if isinstance(field, _Question) and (how := form.cleaned_data.get(name)):
            yield field.purpose, how
