"""The forms of the login: account number, user name, password. The provider's people have no account number."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import INPUT_CLASSES


class ProviderLoginForm(AuthenticationForm):
    """Refuses with the same sentence whatever was wrong, so that the answer tells nothing.

    TooManyTries and TooBusy (mcp/login/throttling.py) become errors of the form.
    """

    error_messages = {
        "invalid_login": _("This user name and password do not fit. Mind capital letters in the password."),
        "inactive": _("This user name and password do not fit."),
    }

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("username") and data.get("password") and not self.errors:
            self.user_cache = authenticate(
                self.request,
                username=data["username"],
                password=data["password"],
                account_number=data.get("account_number"),
            )
            if self.user_cache is None:
                raise self.get_invalid_login_error()
        return data


class LoginForm(ProviderLoginForm):
    """The login of a business's people."""

    account_number = forms.IntegerField(
        label=_("Account number of your business"),
        min_value=1,
        max_value=999_999_999,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "organization", "class": " ".join(INPUT_CLASSES)}
        ),
    )
    error_messages = {
        "invalid_login": _(
            "The account number, the user name and the password do not fit together. Mind capital letters in the "
            "password."
        ),
        "inactive": _("The account number, the user name and the password do not fit together."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The first empty field has the focus: the account number may be known from the device or the address."""
        super().__init__(*args, **kwargs)
        self.order_fields(["account_number"])
        first = "username" if self.initial.get("account_number") else "account_number"
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields[first].widget.attrs["autofocus"] = True
