"""Whoever is logged in changes his own password."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from unfold.forms import AdminOwnPasswordChangeForm

from mcp.login.passwords import change_own_password
from mcp.login.throttling import Claim, tried
from mcp.models import User

OF_WHOEVER_IS_IN = "logged in"
"""Tries of whoever is logged in already do not slow down the login."""


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Saved as oneself: the provider's people are of no business, so their rows exist at no location."""

    def clean_old_password(self) -> str:
        """Asked as a login is, so that whoever finds an open screen cannot guess on."""
        user: User = self.user
        number = user.organization.account_number if user.organization else 0
        with tried(Claim(number, user.username, None, OF_WHOEVER_IS_IN), user=user) as result:
            result.has_succeeded = user.check_password(self.cleaned_data["old_password"])
        if not result.has_succeeded:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return str(self.cleaned_data["old_password"])

    def save(self, commit: bool = True) -> User:
        self.user.password = change_own_password(user=self.user, password=self.cleaned_data["new_password1"]).password
        user: User = self.user
        return user
