"""The login: account number (optional), user name, password."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import INPUT_CLASSES


class LoginForm(AuthenticationForm):
    """Refuses with one and the same sentence whatever was wrong, so that the answer tells nothing."""

    account_number = forms.IntegerField(
        label=_("Account number"),
        required=False,
        min_value=1,
        max_value=999_999_999,
        help_text=_("Only needed if another business also has somebody with your user name."),
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "organization", "class": " ".join(INPUT_CLASSES)}
        ),
    )
    error_messages = {
        "invalid_login": _(
            "This user name and password do not fit. Mind capital letters; if in doubt, enter the account "
            "number of your business as well."
        ),
        "inactive": _("This user name and password do not fit."),
    }

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username is not None and password:
            self.user_cache = authenticate(
                self.request,
                username=username,
                password=password,
                account_number=self.cleaned_data.get("account_number"),
            )
            if self.user_cache is None:
                raise self.get_invalid_login_error()
        return self.cleaned_data
