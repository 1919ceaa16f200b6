"""Forms whose input is checked by an operation; its refusal is shown at the right field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from mcp.isolation.scope import Scope


class OperationForm(forms.ModelForm):
    """A form that collects input. Whether it may be saved is decided by the operation, in its transaction.

    The page sets `scope` and `refusal` (see mcp.central.admin.pages.OperationAdmin).
    """

    scope: ClassVar[Scope]
    refusal: ClassVar[ValidationError | None] = None
    refused_fields: ClassVar[Mapping[str, str]] = {}
    """The field at which an error is shown, by its code (a constraint's is its name) or by the field it is about."""
    tells_what_was_seen: ClassVar[bool] = False
    """Whether the form also sends the values that it has shown, so that only what the user has changed is saved."""

    stands_for: ClassVar[Mapping[str, str]] = {}
    """For each field of the form with another name than the field of the row: that name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.tells_what_was_seen and self.instance.pk:
            for field in self.fields.values():
                field.show_hidden_initial = True

    def changed_fields(self) -> set[str]:
        """The fields of the row that the user has changed; all where the form did not send the old values."""
        was_seen = any(name.startswith("initial-") for name in self.data)
        return {self.stands_for.get(name, name) for name in (self.changed_data if was_seen else self.fields)}

    def seen(self, name: str) -> Any:
        """The value that the page has shown in a field; None where the form did not send the old values."""
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
        """Without fields that choose a row: it was found among those that the field offers."""
        chosen = {name for name, field in self.fields.items() if isinstance(field, forms.ModelChoiceField)}
        return super()._get_validation_exclusions() | chosen  # type: ignore[misc]

    def _update_errors(self, errors: ValidationError) -> None:
        show_refusal(self, errors, self.refused_fields)

    def validate_unique(self) -> None:
        """Does nothing: the operation checks it with the whole row."""

    def validate_constraints(self) -> None:
        """Does nothing: the operation checks them with the whole row."""


def show_refusal(form: forms.BaseForm, refusal: ValidationError, fields: Mapping[str, str]) -> None:
    """Add each error to the field it is about, or to the top of the form. `fields` maps codes and names to fields."""
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
