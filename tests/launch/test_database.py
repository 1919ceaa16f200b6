"""What may be wrong with DATABASE_URL, each said in one sentence with the remedy."""

import subprocess
from collections.abc import Callable

import pytest

from launch import database
from launch.cluster import WEB_ROLE, Cluster
from launch.problem import CannotStart

Launch = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def refusal(server: Cluster) -> Callable[..., str]:
    """The sentence about an owner, or about another web role beside the plain owner."""

    def sentence(owner: str | None = None, *, web: str | None = None) -> str:
        with pytest.raises(CannotStart) as caught:
            database.check(web=web or server.url(role=WEB_ROLE), owner=server.url() if owner is None else owner)
        return caught.value.sentence

    return sentence


def test_check_plain_roles_pass(server: Cluster):
    database.check(web=server.url(role=WEB_ROLE), owner=server.url())


def test_check_without_owner_refused(refusal: Callable[..., str]):
    assert refusal("").startswith("DATABASE_OWNER_URL is not set, and with a DATABASE_URL of your own it must be")


def test_check_owner_that_serves_refused(server: Cluster, refusal: Callable[..., str]):
    assert refusal(web=server.url()).startswith(
        'DATABASE_URL and DATABASE_OWNER_URL log in as the same role "stammhaus". What serves must not own the tables.'
    )


def test_check_two_databases_refused(server: Cluster, refusal: Callable[..., str], execute: Callable[..., None]):
    execute("CREATE DATABASE elsewhere")
    assert refusal(web=server.url(role=WEB_ROLE, database="elsewhere")).startswith(
        'DATABASE_URL names the database "elsewhere", and DATABASE_OWNER_URL "stammhaus".'
    )


def test_check_superuser_refused(superuser_url: str, refusal: Callable[..., str]):
    sentence = (
        'The role "postgres" of {} is a superuser, so organizations would not be kept apart. Use a plain role: '
        "CREATE ROLE … LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…'; README.md lists the three roles."
    )
    assert refusal(superuser_url) == sentence.format("DATABASE_OWNER_URL")
    assert refusal(web=superuser_url) == sentence.format("DATABASE_URL")


def test_check_role_exempt_from_row_security_refused(
    server: Cluster, execute: Callable[..., None], refusal: Callable[..., str]
):
    execute("CREATE ROLE exempt LOGIN BYPASSRLS")
    assert 'The role "exempt" of DATABASE_URL is exempt from row security (BYPASSRLS)' in refusal(
        web=server.url(role="exempt")
    )


def test_check_role_without_create_refused(server: Cluster, execute: Callable[..., None], refusal: Callable[..., str]):
    execute("CREATE ROLE guest LOGIN")
    assert refusal(server.url(role="guest")) == (
        'The role "guest" may not create tables in the database "stammhaus", so no migration can run. '
        'Make the role its owner: ALTER DATABASE "stammhaus" OWNER TO "guest";'
    )


def test_check_remedy_of_role_without_create_works(
    server: Cluster, execute: Callable[..., None], refusal: Callable[..., str]
):
    execute("CREATE ROLE tenant LOGIN", "CREATE DATABASE rented")
    web, owner = server.url(role=WEB_ROLE, database="rented"), server.url(role="tenant", database="rented")
    assert "may not create tables" in refusal(owner, web=web)
    execute('ALTER DATABASE "rented" OWNER TO "tenant"')
    database.check(web=web, owner=owner)


def test_check_encoding_other_than_utf8_refused(
    server: Cluster, execute: Callable[..., None], refusal: Callable[..., str]
):
    execute(
        "CREATE DATABASE plain OWNER stammhaus TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc"
    )
    assert refusal(server.url(database="plain"), web=server.url(role=WEB_ROLE, database="plain")) == (
        'The database "plain" stores text as SQL_ASCII, which cannot hold every name. '
        "Create it anew: CREATE DATABASE plain ENCODING 'UTF8' TEMPLATE template0;"
    )


def test_check_old_server_refused(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "OLDEST_VERSION", 99)
    assert refusal().endswith(
        "and Stammhaus needs 99 or newer. Upgrade the server, or unset DATABASE_URL to use the embedded one."
    )


@pytest.mark.parametrize(("number", "spoken"), [(140012, "14.12"), (90624, "9.6.24")])
def test_check_version_is_named_as_people_say_it(number: int, spoken: str):
    with pytest.raises(CannotStart, match=f"is PostgreSQL {spoken}, and Stammhaus needs 15 or newer"):
        database._check_version(number)


def test_check_server_that_is_not_there_refused(refusal: Callable[..., str]):
    assert refusal(web="postgresql://anna:geheim@127.0.0.1:1/shop") == (
        "The database shop at 127.0.0.1 cannot be reached (Connection refused). "
        "Start the server or correct DATABASE_URL; without DATABASE_URL the embedded PostgreSQL is used."
    )


def test_check_database_that_is_not_there_refused(server: Cluster, refusal: Callable[..., str]):
    assert 'database "nowhere" does not exist' in refusal(web=server.url(role=WEB_ROLE, database="nowhere"))


@pytest.mark.parametrize("url", ["sqlite:///db.sqlite3", "anna:geheim@host/shop", "postgres:/geheim", "geheim"])
def test_check_no_address_of_postgresql_refused(url: str, refusal: Callable[..., str]):
    assert refusal(web=url) == (
        "DATABASE_URL is not the address of a PostgreSQL. Write it as postgresql://user:password@host:5432/name"
    )


def test_launch_with_superuser_says_one_sentence(launch: Launch, superuser_url: str):
    done = launch(DATABASE_URL=superuser_url, SECRET_KEY="x", TOMBSTONE_KEY="y", PORT="48761")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith('The role "postgres" of DATABASE_URL is a superuser')


def test_launch_with_unreachable_database_says_one_sentence(launch: Launch):
    done = launch(DATABASE_URL="postgresql://anna:geheim@127.0.0.1:1/shop", PORT="48761")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("The database shop at 127.0.0.1 cannot be reached (Connection refused).")


def test_launch_with_own_database_and_no_key_says_one_sentence(launch: Launch, server: Cluster):
    done = launch(DATABASE_URL=server.url(role=WEB_ROLE), DATABASE_OWNER_URL=server.url(), PORT="48761")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("SECRET_KEY is not set, and with a DATABASE_URL of your own it must be.")
