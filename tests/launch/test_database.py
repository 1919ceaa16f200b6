"""What may be wrong with DATABASE_URL, each said in one sentence with the remedy."""

import subprocess
from collections.abc import Callable

import pytest

from launch import database
from launch.cluster import Cluster
from launch.problem import CannotStart

Launch = Callable[..., subprocess.CompletedProcess[str]]


def refusal(url: str) -> str:
    with pytest.raises(CannotStart) as caught:
        database.check(url)
    return caught.value.sentence


def test_check_plain_owner_passes(server: Cluster):
    database.check(server.url())


def test_check_superuser_refused(superuser_url: str):
    assert refusal(superuser_url) == (
        'The role "postgres" of DATABASE_URL is a superuser, so organizations would not be kept apart. '
        "Use a plain role that owns the database: "
        "CREATE ROLE stammhaus LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…';"
    )


def test_check_role_exempt_from_row_security_refused(server: Cluster, execute: Callable[..., None]):
    execute("CREATE ROLE exempt LOGIN BYPASSRLS")
    assert 'The role "exempt" of DATABASE_URL is exempt from row security (BYPASSRLS)' in refusal(
        server.url(role="exempt")
    )


def test_check_role_without_create_refused(server: Cluster, execute: Callable[..., None]):
    execute("CREATE ROLE guest LOGIN")
    assert refusal(server.url(role="guest")) == (
        'The role "guest" may not create tables in the database "stammhaus", so no migration can run. '
        'Make the role its owner: ALTER DATABASE "stammhaus" OWNER TO "guest";'
    )


def test_check_remedy_of_role_without_create_works(server: Cluster, execute: Callable[..., None]):
    execute("CREATE ROLE tenant LOGIN", "CREATE DATABASE rented")
    assert "may not create tables" in refusal(server.url(role="tenant", database="rented"))
    execute('ALTER DATABASE "rented" OWNER TO "tenant"')
    database.check(server.url(role="tenant", database="rented"))


def test_check_encoding_other_than_utf8_refused(server: Cluster, execute: Callable[..., None]):
    execute(
        "CREATE DATABASE plain OWNER stammhaus TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc"
    )
    assert refusal(server.url(database="plain")) == (
        'The database "plain" stores text as SQL_ASCII, which cannot hold every name. '
        "Create it anew: CREATE DATABASE plain ENCODING 'UTF8' TEMPLATE template0;"
    )


def test_check_old_server_refused(server: Cluster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "OLDEST_VERSION", 99)
    assert refusal(server.url()).endswith(
        "and Stammhaus needs 99 or newer. Upgrade the server, or unset DATABASE_URL to use the embedded one."
    )


@pytest.mark.parametrize(("number", "spoken"), [(140012, "14.12"), (90624, "9.6.24")])
def test_check_version_is_named_as_people_say_it(number: int, spoken: str):
    with pytest.raises(CannotStart, match=f"is PostgreSQL {spoken}, and Stammhaus needs 15 or newer"):
        database._check_version(number)


def test_check_server_that_is_not_there_refused():
    assert refusal("postgresql://anna:geheim@127.0.0.1:1/shop") == (
        "The database shop at 127.0.0.1 cannot be reached (Connection refused). "
        "Start the server or correct DATABASE_URL; without DATABASE_URL the embedded PostgreSQL is used."
    )


def test_check_database_that_is_not_there_refused(server: Cluster):
    assert 'database "nowhere" does not exist' in refusal(server.url(database="nowhere"))


@pytest.mark.parametrize("url", ["sqlite:///db.sqlite3", "anna:geheim@host/shop", "postgres:/geheim", "geheim"])
def test_check_no_address_of_postgresql_refused(url: str):
    assert refusal(url) == (
        "DATABASE_URL is not the address of a PostgreSQL. Write it as postgresql://user:password@host:5432/name"
    )


def test_launch_with_superuser_says_one_sentence(launch: Launch, superuser_url: str):
    done = launch(DATABASE_URL=superuser_url, SECRET_KEY="x", PORT="48761")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith('The role "postgres" of DATABASE_URL is a superuser')


def test_launch_with_unreachable_database_says_one_sentence(launch: Launch):
    done = launch(DATABASE_URL="postgresql://anna:geheim@127.0.0.1:1/shop", PORT="48761")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("The database shop at 127.0.0.1 cannot be reached (Connection refused).")


def test_launch_with_own_database_and_no_key_says_one_sentence(launch: Launch, server: Cluster):
    done = launch(DATABASE_URL=server.url(), PORT="48761")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("SECRET_KEY is not set, and with a DATABASE_URL of your own it must be.")
