"""Who is it? User names are unique in their business, so that two businesses can both have an Anna."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import F, Q
from django.http import HttpRequest

from mcp import row_security
from mcp.models import User


class AccountBackend(BaseBackend):
    """Logs in by account number, user name and password.

    Without an account number a user name that exists only once is enough. Where it exists more often, the login
    is refused like a wrong password: an answer of its own would tell that the name exists elsewhere. The provider's
    own people have no account number, and no business locks them out by choosing the same user name.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        account_number: int | None = None,
        **credentials: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        with row_security.without_scope(reason="find out who logs in", actor="the login"):
            users = _candidates(username, account_number)
            if len(users) != 1:
                User().set_password(password)  # as slow as a check, so that the time tells nothing
                return None
            return users[0] if users[0].check_password(password) and users[0].is_active else None

    def get_user(self, user_id: int) -> User | None:
        """The user of a session; nobody once he is deactivated, which ends the session at the next click."""
        with row_security.rows_of_person(user_id):
            return User.objects.active().filter(pk=user_id).first()


def _candidates(username: str, account_number: int | None) -> list[User]:
    """At most two people who may be meant. A link to a location fills in its account number for anybody.

    One query, whether or not the name exists.
    """
    named = User.objects.named(username).order_by(F("organization").asc(nulls_first=True))
    if account_number is None:
        found = list(named[:2])
        return [user for user in found if user.organization_id is None] or found
    found = list(named.filter(Q(organization=None) | Q(organization__account_number=account_number)))
    return [user for user in found if user.organization_id is not None] or found
