"""Forms that leave the decision to an operation and show its refusal at the right field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from mcp.scope import Scope


class OperationForm(forms.ModelForm):
    """Collects input; whether it may be saved is decided by the operation, in its transaction.

    `scope` and `refusal` are set by the page (see admin.pages.OperationAdmin).
    """

    scope: ClassVar[Scope]
    refusal: ClassVar[ValidationError | None] = None
    refused_fields: ClassVar[Mapping[str, str]] = {}
    """At which field the refusal of a code (a constraint's is its name) or of a field that is not shown belongs."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is not None and not self.errors:
            show_refusal(self, self.refusal, self.refused_fields)

    def _update_errors(self, errors: ValidationError) -> None:
        show_refusal(self, errors, self.refused_fields)

    def validate_unique(self) -> None:
        """Left to the operation, which knows the whole row."""

    def validate_constraints(self) -> None:
        """Left to the operation, which knows the whole row."""


def show_refusal(form: forms.BaseForm, refusal: ValidationError, fields: Mapping[str, str]) -> None:
    """Add each sentence of the refusal to the field it is about, or on top of the form."""
    for name, error in _single_errors(refusal):
        place = fields.get(str(error.code)) or fields.get(name) or name
        form.add_error(place if place in form.fields else None, error)


def _single_errors(refusal: ValidationError) -> Iterator[tuple[str, ValidationError]]:
    if hasattr(refusal, "error_dict"):
        for name, errors in refusal.error_dict.items():
            for error in errors:
                yield name, error
    else:
        for error in refusal.error_list:
            yield NON_FIELD_ERRORS, error
