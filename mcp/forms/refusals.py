"""Forms that leave the decision to an operation and show its refusal at the right field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model

from mcp.scope import Scope


class OperationForm(forms.ModelForm):
    """Collects input; whether it may be saved is decided by the operation, in its transaction.

    `scope` and `refusal` are set by the page (see admin.pages.OperationAdmin).
    """

    scope: ClassVar[Scope]
    refusal: ClassVar[ValidationError | None] = None
    refused_fields: ClassVar[Mapping[str, str]] = {}
    """At which field the refusal of a code, a constraint (by name) or a field that is not shown belongs."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is not None and not self.errors:
            show_refusal(self, self.refusal, self.refused_fields, self._meta.model)

    def validate_unique(self) -> None:
        """Left to the operation, which knows the whole row."""

    def validate_constraints(self) -> None:
        """Left to the operation, which knows the whole row."""


def show_refusal(form: forms.BaseForm, refusal: ValidationError, fields: Mapping[str, str], model: type[Model]) -> None:
    """Add each sentence of the refusal to the field it is about, or on top of the form."""
    places = {**_constraint_fields(model, fields), **fields}
    for name, error in _single_errors(refusal):
        place = places.get(str(error.code)) or places.get(str(error.message)) or places.get(name) or name
        form.add_error(place if place in form.fields else None, error)


def _single_errors(refusal: ValidationError) -> Iterator[tuple[str, ValidationError]]:
    if hasattr(refusal, "error_dict"):
        for name, errors in refusal.error_dict.items():
            for error in errors:
                yield name, error
    else:
        for error in refusal.error_list:
            yield NON_FIELD_ERRORS, error


def _constraint_fields(model: type[Model], fields: Mapping[str, str]) -> dict[str, str]:
    """The fields by the constraints' sentences: an error of a constraint carries its sentence, but not its name."""
    constraints: Any = model._meta.constraints
    return {str(c.violation_error_message): fields[c.name] for c in constraints if c.name in fields}
