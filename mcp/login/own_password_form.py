"""The form in which a user who is logged in changes his own password."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from unfold.forms import AdminOwnPasswordChangeForm

from mcp.login.passwords import change_own_password
from mcp.login.throttling import Claim, tried
from mcp.models import User

OF_WHOEVER_IS_IN = "logged in"
"""Counts attempts of somebody who is logged in apart from attempts to log in."""


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Saves in a transaction that sees the user's own row: that of the provider's people is in no scope."""

    def clean_old_password(self) -> str:
        """Checks the old password as a login does, with a limit of attempts: an open screen does not allow to guess on.

        Raises ValidationError.
        """
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
