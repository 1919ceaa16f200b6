"""The authentication backend. User names are unique in their business, so that two businesses can each have an Anna."""

from __future__ import annotations

import pghistory
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import verify_password
from django.http import HttpRequest

from mcp.isolation import row_scope
from mcp.isolation.http import client_address
from mcp.isolation.scope import facts_of
from mcp.login.devices import known_device
from mcp.login.throttling import Claim, tried
from mcp.models import User

RENEWED = "renewed"
"""The reason that the history records where the same password was only hashed anew."""


class AccountBackend(BaseBackend):
    """Logs in by account number, user name and password; the provider's own people have no account number.

    The account number is always needed. So a login does not tell whether a name exists elsewhere, and does not change
    because another business has somebody of the same name.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        account_number: int | None = None,
        **credentials: object,
    ) -> User | None:
        """The person, or None. Raises TooManyTries or TooBusy, before the password is checked."""
        if not username or password is None:
            return None
        user = _person(username, account_number)
        device = known_device(request, user)
        claim = Claim(account_number or 0, username, client_address(request), device, is_counted_by_address=not device)
        with tried(claim, user=user) as result:
            if user is None:
                User().set_password(password)  # as slow as a check, so that the time tells nothing
            else:
                result.has_succeeded = _is_right(user, password) and user.is_active
        return user if result.has_succeeded else None

    def get_user(self, user_id: int) -> User | None:
        """The user of a session; None once he is deactivated, which ends the session at the next click."""
        with row_scope.rows_of_person(user_id):
            return User.objects.active().filter(pk=user_id).first()


def _is_right(user: User, password: str) -> bool:
    """Whether it is the password.

    If it is stored by an older method, it is stored anew, which the history records with the reason RENEWED.
    """
    is_right, must_renew = verify_password(password, user.password)
    if is_right and must_renew:
        user.set_password(password)
        with (
            row_scope.without_scope(reason="store a password in today's way", actor="the login"),
            pghistory.context(**facts_of(user), reason=RENEWED),
        ):
            User.objects.filter(pk=user.pk).update(password=user.password)
    return is_right


def _person(username: str, account_number: int | None) -> User | None:
    """The person of this name, active or not; one query, whether or not there is one."""
    named = User.objects.named(username).select_related("organization")
    with row_scope.without_scope(reason="find out who logs in", actor="the login"):
        if account_number is None:
            return named.of_provider().first()
        return named.filter(organization__account_number=account_number).first()
