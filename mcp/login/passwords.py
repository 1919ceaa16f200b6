"""Setting a password: one's own, or by a link."""

from __future__ import annotations

from contextlib import nullcontext

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from mcp.choices import MailKind
from mcp.isolation import row_scope
from mcp.isolation.branch import demand_made_here
from mcp.login.open_links import withdraw_links
from mcp.models import User
from mcp.worker import mailing


@transaction.atomic
def change_own_password(*, user: User, password: str) -> User:
    """Set one's own password. The person is told by mail. Raises ValidationError for a weak password.

    The provider's people are of no business, so their rows are changed outside of any scope.
    """
    of_nobody = row_scope.without_scope(reason="somebody changes his own password", actor=str(user))
    with nullcontext() if user.organization_id else of_nobody:
        return set_password(user, password)


def set_password(user: User, password: str) -> User:
    """Set only the password, under a lock, so that changes of somebody else at this moment stay.

    Open links stop working, and the person is told by mail. Raises ValidationError for a weak password, and
    MadeAtCentral at a branch that is paired.
    """
    demand_made_here()
    stored = User.objects.select_for_update(of=("self",)).select_related("organization").get(pk=user.pk)
    validate_password(password, stored)
    had_one = stored.has_usable_password()
    stored.set_password(password)
    stored.save(update_fields=["password"])
    withdraw_links([stored.pk])
    if had_one:
        mailing.queue_mail(user=stored, kind=MailKind.PASSWORD_CHANGED, facts={})
    return stored
