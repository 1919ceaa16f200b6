"""Check the database before Django meets it: what is wrong is one sentence with the remedy."""

import psycopg

from launch.problem import CannotStart

OLDEST_VERSION = 15
REACH_SECONDS = 5
ADDRESS_FORM = "postgresql://user:password@host:5432/name"

_FACTS = """
SELECT current_user, current_database(), rolsuper, rolbypassrls, current_setting('server_encoding'),
       has_database_privilege(current_database(), 'CREATE'),
       current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE')
FROM pg_roles WHERE rolname = current_user
"""


def check(url: str) -> None:
    """Raise CannotStart unless `url` names a PostgreSQL that Stammhaus can work on safely."""
    with _connect(url) as connection:
        _check_version(connection.info.server_version)
        row = connection.execute(_FACTS).fetchone()
    assert row is not None  # noqa: S101  # the role that asks is always in pg_roles
    role, name, superuser, bypasses_rows, encoding, may_create, may_create_tables = row
    _check_role(role, superuser=superuser, bypasses_rows=bypasses_rows)
    _check_encoding(name, encoding)
    _check_rights(role, name, may_create=may_create and may_create_tables)


def _connect(url: str) -> psycopg.Connection:
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The driver's own message may repeat the password, so it is not passed on.
        raise CannotStart(f"DATABASE_URL is not the address of a PostgreSQL. Write it as {ADDRESS_FORM}") from None
    try:
        return psycopg.connect(url, connect_timeout=REACH_SECONDS, client_encoding="UTF8")
    except psycopg.OperationalError as error:
        place = f"{parts.get('dbname') or ''} at {parts.get('host') or 'the local socket'}".strip()
        raise CannotStart(
            f"The database {place} cannot be reached ({_reason(error)}). "
            "Start the server or correct DATABASE_URL; without DATABASE_URL the embedded PostgreSQL is used."
        ) from None


def _reason(error: psycopg.Error) -> str:
    """The last clause of the driver's message: what the server or the network said."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = next((line for line in lines if "failed:" in line), lines[0] if lines else "no answer")
    return first.rpartition("failed: ")[2].removeprefix("FATAL:").strip(" .")


def _check_version(number: int) -> None:
    if number < OLDEST_VERSION * 10000:
        raise CannotStart(
            f"The server of DATABASE_URL is PostgreSQL {_spoken(number)}, "
            f"and Stammhaus needs {OLDEST_VERSION} or newer. "
            "Upgrade the server, or unset DATABASE_URL to use the embedded one."
        )


def _spoken(number: int) -> str:
    """100023 is 10.23, 90624 is 9.6.24."""
    if number >= 100000:
        return f"{number // 10000}.{number % 10000}"
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _check_role(role: str, *, superuser: bool, bypasses_rows: bool) -> None:
    if superuser or bypasses_rows:
        what = "a superuser" if superuser else "exempt from row security (BYPASSRLS)"
        raise CannotStart(
            f'The role "{role}" of DATABASE_URL is {what}, so organizations would not be kept apart. '
            "Use a plain role that owns the database: "
            "CREATE ROLE stammhaus LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…';"
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
