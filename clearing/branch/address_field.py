"""The field for the address of a central, on both pages that ask for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from clearing.branch.transport import with_scheme


class CentralField(forms.URLField):
    """The address; who types the machine alone means https://, and http:// for the very machine on which he types."""

    def __init__(self, **attributes: object) -> None:
        super().__init__(
            label=_("Address of the central"),
            help_text=_("The name of the machine is enough: https:// is put in front, for this very machine http://."),
            max_length=300,
            assume_scheme="https",
            widget=UnfoldAdminTextInputWidget(
                attrs={"placeholder": "https://stammhaus.example/", "inputmode": "url", **attributes}
            ),
        )

    def to_python(self, value: Any) -> str:
        """The address with its scheme."""
        return super().to_python(with_scheme(value) if isinstance(value, str) else value) or ""
