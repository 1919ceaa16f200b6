"""The fixed cast of people and places that every test can use (see mcp/demo.py and README.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import settings

from locations.models import Location, Organization
from locations.row_policies import UNSCOPED_ROLE
from mcp.demo import build_cast
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.models import User, UserGroup
from mcp.project import environment
from tests import cast_database

pytest_plugins = [
    "tests.proofs.sampling", "tests.proofs.ordering", "tests.proofs.closing", "tests.feed_of_one_database",
]  # fmt: skip

settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("untimed")

type LogIn = Callable[[str], Client]


class Browser(Client):
    """Reads whatever it asked for, as a browser does: a streamed answer keeps its file open until it is read.

    Each request begins where one begins in the product: with a database in which no row exists.
    """

    def request(self, **request: Any) -> Any:
        with row_scope.no_rows():
            response: Any = super().request(**request)
            if response.streaming:
                response.streaming_content = [b"".join(response.streaming_content)]
        return response


def build() -> None:
    """The cast, and nothing left in the transaction of who made it: a test starts as nobody."""
    build_cast()
    forget_author()


def forget_author() -> None:
    """What pghistory.context has set stays to the end of the transaction, which for a test is that of the test."""
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


def log_in_to_database(connection: Any, variable: str) -> None:
    """Let the connection, and all that are made from its settings, be those of another role."""
    connection.close()
    address = environment.database(variable)
    connection.settings_dict.update(USER=address["USER"], PASSWORD=address["PASSWORD"])


@contextmanager
def as_web_role() -> Iterator[None]:
    """For a test that looks on as the owner: what it does here it does as the role that the product has."""
    log_in_to_database(connection, "DATABASE_URL")
    try:
        yield
    finally:
        log_in_to_database(connection, "DATABASE_OWNER_URL")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_blocker):
    """The database of each process is a copy of the one that holds the cast."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = cast_database.ensure(build)
    yield
    cast_database.let_go()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The owner has made the test database with the cast, and from here on the web role is logged in."""
    with django_db_blocker.unblock():
        log_in_to_database(connection, "DATABASE_URL")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _test: cast_database.copy_again())
        yield
    log_in_to_database(connection, "DATABASE_OWNER_URL")
    with django_db_blocker.unblock():
        cast_database.demand_alone()


@pytest.fixture
def _owner_for_real_transactions(request, django_db_setup, django_db_blocker):
    """A test with transactions of its own looks on as the owner, for whom all rows exist, and leaves a new copy of
    the database.

    Beside a live server only the test itself does: the server's threads are the web role.
    """
    marker = request.node.get_closest_marker("django_db")
    is_served = "live_server" in request.fixturenames
    is_real = bool(marker and marker.kwargs.get("transaction"))
    if not is_served and not is_real and "as_owner" not in request.fixturenames:
        yield
        return
    shared = connection.settings_dict
    if is_served:
        connection.settings_dict = dict(shared)
    with django_db_blocker.unblock():
        log_in_to_database(connection, "DATABASE_OWNER_URL")
        yield
        log_in_to_database(connection, "DATABASE_URL")
    connection.settings_dict = shared


@pytest.fixture
def as_owner():
    """The test changes tables, which only their owner may."""


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    """A transaction around all tests of a module: what a fixture of the module makes in it stands for each of them.

    Whatever a test does to it is undone with the test, and all of it after the last.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        with row_scope._enter(row_scope.Rows(role=UNSCOPED_ROLE)):
            yield
        transaction.set_rollback(True)


@pytest.fixture
def _django_db_helper(request, _owner_for_real_transactions, _django_db_helper):
    """What a test itself asks of the database it asks of all rows; requests and tasks enter what is theirs."""
    if not connection.in_atomic_block or "as_owner" in request.fixturenames:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_scope, "apart", not_apart)
        with row_scope._enter(row_scope.Rows(role=UNSCOPED_ROLE)):
            yield


@contextmanager
def not_apart(*, reason: str, actor: str) -> Iterator[Any]:
    """What is kept over a connection of its own would outlive a test that is rolled back."""
    with row_scope.without_scope(reason=reason, actor=actor), connection.cursor() as cursor:
        yield cursor


def questions(captured: CaptureQueriesContext) -> list[str]:
    """What was asked, without the marks of transactions and what is entered in them."""
    marks = ("SAVEPOINT", "RELEASE SAVEPOINT", "SELECT set_config('role'")
    return [query["sql"] for query in captured.captured_queries if not query["sql"].startswith(marks)]


@pytest.fixture
def django_assert_num_queries():
    """As pytest-django has it, but only questions count."""

    @contextmanager
    def counted(number: int) -> Iterator[None]:
        with CaptureQueriesContext(connection) as captured:
            yield
        assert len(questions(captured)) == number, "\n".join(questions(captured))

    return counted


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """The language of a request stays active in its thread: a test shall not meet that of the one before."""
    translation.deactivate()


@pytest.fixture
def cast(db) -> Cast:
    """The cast, which stands in the database of the tests from the start (see cast_database.py)."""
    return Cast()


@pytest.fixture
def log_in(cast: Cast) -> LogIn:
    """`log_in("anna")` gives a client in which she is logged in."""
    return logged_in


def logged_in(username: str) -> Client:
    """A browser in which this person is logged in."""
    client = Browser()
    client.force_login(Cast().user(username))
    return client
