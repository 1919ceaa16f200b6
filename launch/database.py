"""Checks a database of one's own before Django uses it. What is wrong is one sentence with the remedy."""

from dataclasses import dataclass

import psycopg

from launch.problem import CannotStart

OLDEST_VERSION = 15
REACH_SECONDS = 5
_NO_OWNER = (
    "DATABASE_OWNER_URL is not set, and with a DATABASE_URL of your own it must be: the address of the same database "
    "with the role that owns it and migrates. README.md lists the three roles."
)
ADDRESS_FORM = "postgresql://user:password@host:5432/name"

_FACTS = """
SELECT current_user, current_database(), rolsuper, rolbypassrls, current_setting('server_encoding'),
       has_database_privilege(current_database(), 'CREATE')
       AND current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE')
FROM pg_roles WHERE rolname = current_user
"""


def check(*, web: str, owner: str | None) -> None:
    """Raise CannotStart unless the two addresses name a PostgreSQL that Stammhaus can use safely, by different roles.

    `web` is DATABASE_URL, by which web and worker log in; `owner` is DATABASE_OWNER_URL, which migrates. The processes
    check more about the web role when the tables exist (mcp/isolation/database_roles.py).
    """
    serving = _facts(web, "DATABASE_URL")
    _check_role(serving)
    if not owner:
        raise CannotStart(_NO_OWNER)
    owning = _facts(owner, "DATABASE_OWNER_URL")
    _check_role(owning)
    _check_apart(serving, owning)
    _check_encoding(owning.database, owning.encoding)
    _check_rights(owning.role, owning.database, may_create=owning.may_create)


@dataclass(frozen=True)
class _Facts:
    """What the server says about the role of one of the two variables."""

    variable: str
    role: str
    database: str
    superuser: bool
    bypasses_rows: bool
    encoding: str
    may_create: bool


def _facts(url: str, variable: str) -> _Facts:
    with _connect(url, variable) as connection:
        _check_version(connection.info.server_version, variable)
        row = connection.execute(_FACTS).fetchone()
    assert row is not None  # noqa: S101  # the role that asks is always in pg_roles
    return _Facts(variable, *row)


def _connect(url: str, variable: str) -> psycopg.Connection:
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The driver's own message may repeat the password, so it is not passed on.
        raise CannotStart(f"{variable} is not the address of a PostgreSQL. Write it as {ADDRESS_FORM}") from None
    try:
        return psycopg.connect(url, connect_timeout=REACH_SECONDS, client_encoding="UTF8")
    except psycopg.OperationalError as error:
        place = f"{parts.get('dbname') or ''} at {parts.get('host') or 'the local socket'}".strip()
        raise CannotStart(
            f"The database {place} cannot be reached ({_reason(error)}). "
            f"Start the server or correct {variable}; without DATABASE_URL the embedded PostgreSQL is used."
        ) from None


def _reason(error: psycopg.Error) -> str:
    """The last clause of the driver's message: what the server or the network said."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = next((line for line in lines if "failed:" in line), lines[0] if lines else "no answer")
    return first.rpartition("failed: ")[2].removeprefix("FATAL:").strip(" .")


def _check_version(number: int, variable: str = "DATABASE_URL") -> None:
    if number < OLDEST_VERSION * 10000:
        raise CannotStart(
            f"The server of {variable} is PostgreSQL {_spoken(number)}, "
            f"and Stammhaus needs {OLDEST_VERSION} or newer. "
            "Upgrade the server, or unset DATABASE_URL to use the embedded one."
        )


def _spoken(number: int) -> str:
    """100023 is 10.23, 90624 is 9.6.24."""
    if number >= 100000:
        return f"{number // 10000}.{number % 10000}"
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _check_role(found: _Facts) -> None:
    if found.superuser or found.bypasses_rows:
        what = "a superuser" if found.superuser else "exempt from row security (BYPASSRLS)"
        raise CannotStart(
            f'The role "{found.role}" of {found.variable} is {what}, so organizations would not be kept apart. '
            "Use a plain role: CREATE ROLE … LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…'; README.md lists the three "
            "roles."
        )


def _check_apart(serving: _Facts, owning: _Facts) -> None:
    if serving.role == owning.role:
        raise CannotStart(
            f'DATABASE_URL and DATABASE_OWNER_URL log in as the same role "{owning.role}". What serves must not own '
            "the tables. Make a second role: README.md lists the three."
        )
    if serving.database != owning.database:
        raise CannotStart(
            f'DATABASE_URL names the database "{serving.database}", and DATABASE_OWNER_URL "{owning.database}". '
            "Let both name the same one."
        )


def _check_encoding(database: str, encoding: str) -> None:
    if encoding != "UTF8":
        raise CannotStart(
            f'The database "{database}" stores text as {encoding}, which cannot hold every name. '
            f"Create it anew: CREATE DATABASE {database} ENCODING 'UTF8' TEMPLATE template0;"
        )


def _check_rights(role: str, database: str, *, may_create: bool) -> None:
    if not may_create:
        raise CannotStart(
            f'The role "{role}" may not create tables in the database "{database}", so no migration can run. '
            f'Make the role its owner: ALTER DATABASE "{database}" OWNER TO "{role}";'
        )
