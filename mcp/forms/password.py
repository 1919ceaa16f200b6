"""Changing one's own password."""

from __future__ import annotations

from unfold.forms import AdminOwnPasswordChangeForm

from mcp import row_security
from mcp.models import User


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Saved as oneself: the provider's people are of no business, so their rows exist at no location."""

    def save(self, commit: bool = True) -> User:
        with row_security.rows_of_person(self.user.pk):
            user: User = super().save(commit)
        return user
