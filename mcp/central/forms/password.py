"""Forms for choosing a password by a link, and for asking for a link."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import INPUT_CLASSES, UnfoldAdminPasswordWidget

from locations.text import LazyText

PASSWORD_REFUSALS = dict.fromkeys(["password_too_short", "password_too_similar", "password_too_easy"], "password1")


def password_field(label: LazyText, **attrs: object) -> forms.CharField:
    """A field for a new password."""
    return forms.CharField(
        label=label,
        strip=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", **attrs}),
    )


class PasswordTwice(forms.Form):
    """A new password, typed twice."""

    password1 = password_field(_("Password"), autofocus=True)
    password2 = password_field(_("Password once more"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, second = data.get("password1"), data.get("password2")
        if first and second and first != second:
            self.add_error(
                "password2",
                ValidationError(
                    _("The two passwords differ. Type the same one twice."),
                    code="passwords_differ",
                ),
            )
        return data


class ForgottenPasswordForm(forms.Form):
    """Asks for a link by mail. The provider's people leave the account number empty."""

    account_number = forms.IntegerField(
        label=_("Account number of your business"),
        required=False,
        min_value=1,
        max_value=999_999_999,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": " ".join(INPUT_CLASSES)}),
    )
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "class": " ".join(INPUT_CLASSES)}),
    )
