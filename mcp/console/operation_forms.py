"""Forms that leave the decision to an operation and show its refusal at the right field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from mcp.isolation.scope import Scope


class OperationForm(forms.ModelForm):
    """Collects input; whether it may be saved is decided by the operation, in its transaction.

    `scope` and `refusal` are set by the page (see admin.pages.OperationAdmin).
    """

    scope: ClassVar[Scope]
    refusal: ClassVar[ValidationError | None] = None
    refused_fields: ClassVar[Mapping[str, str]] = {}
    """At which field the refusal of a code (a constraint's is its name) or of a field that is not shown belongs."""
    tells_what_was_seen: ClassVar[bool] = False
    """What the page has shown is sent back beside what was typed, so that only what somebody has changed is saved."""

    stands_for: ClassVar[Mapping[str, str]] = {}
    """What a field of the form is called in the row, where that is another name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.tells_what_was_seen and self.instance.pk:
            for field in self.fields.values():
                field.show_hidden_initial = True

    def changed_fields(self) -> set[str]:
        """The fields of the row in which somebody has changed what he saw; all where that was not sent."""
        was_seen = any(name.startswith("initial-") for name in self.data)
        return {self.stands_for.get(name, name) for name in (self.changed_data if was_seen else self.fields)}

    def seen(self, name: str) -> Any:
        """What the page has shown in a field, or None where that was not sent."""
        if not any(sent.startswith("initial-") for sent in self.data):
            return None
        field = self.fields[name]
        value = field.hidden_widget().value_from_datadict(self.data, self.files, self[name].html_initial_name)
        return field.to_python(value)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is not None and not self.errors:
            show_refusal(self, self.refusal, self.refused_fields)

    def _get_validation_exclusions(self) -> set[str]:
        """Without asking once more for a row that was chosen among those that the field offers."""
        chosen = {name for name, field in self.fields.items() if isinstance(field, forms.ModelChoiceField)}
        return super()._get_validation_exclusions() | chosen  # type: ignore[misc]

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
