"""The fixed cast of people and places that every test can use (see mcp/demo.py and README.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from locations.models import Location, Organization
from mcp import access
from mcp.demo import build_cast
from mcp.models import User, UserGroup
from mcp.scope import Scope

type LogIn = Callable[[str], Client]


class Browser(Client):
    """Reads whatever it asked for, as a browser does: a streamed answer keeps its file open until it is read."""

    def request(self, **request: Any) -> Any:
        response: Any = super().request(**request)
        if response.streaming:
            response.streaming_content = [b"".join(response.streaming_content)]
        return response


def build() -> None:
    """The cast, and nothing left in the transaction of who made it: a test starts as nobody."""
    build_cast()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pghistory.context_id', '', true), set_config('pghistory.context_metadata', '', true)"
        )


class Cast:
    """The demo's people and places by name."""

    def user(self, username: str) -> User:
        return User.objects.select_related("organization").get(username=username)

    def location(self, name: str, account_number: int = 10400) -> Location:
        return Location.objects.select_related("organization", "base").get(
            name=name, organization__account_number=account_number
        )

    def organization(self, account_number: int = 10400) -> Organization:
        return Organization.objects.get(account_number=account_number)

    def group(self, name: str) -> UserGroup:
        return UserGroup.objects.get(name=name)

    def scope(self, username: str, place: str, account_number: int = 10400) -> Scope:
        """The scope that a request of this person at this place has now."""
        location = self.location(place, account_number)
        return access.scope_at(
            self.user(username),
            account_number=location.organization.account_number,
            client_number=location.client_number,
        )

    def system(self, place: str, account_number: int = 10400) -> Scope:
        return Scope.of_system(self.location(place, account_number), name="test")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The cast stands in the test database from the start; each test runs in a transaction of its own."""
    with django_db_blocker.unblock():
        if not Organization.objects.exists():
            build()


@pytest.fixture
def cast(db) -> Cast:
    """The cast; made anew after a test with real transactions has emptied the database."""
    if not Organization.objects.exists():
        build()
    return Cast()


@pytest.fixture
def log_in(cast: Cast) -> LogIn:
    """`log_in("anna")` gives a client in which she is logged in."""

    def enter(username: str) -> Client:
        client = Browser()
        client.force_login(cast.user(username))
        return client

    return enter
