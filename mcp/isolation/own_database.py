"""What the database says about itself: on which side it stands, and which version of the program has migrated it.

Two functions of SQL say it, which each migration writes anew: `locations_side()`, which triggers ask as well, and
`locations_version()`.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from launch.version import is_older
from locations.choices import Side
from locations.row_policies import side_sql
from mcp.isolation import row_scope

UNKNOWN = ""
_IS_THERE = "SELECT to_regprocedure(%s) IS NOT NULL"
_TOLD = {"side": "locations_side", "version": "locations_version"}


def sign() -> None:
    """Let the database say the side and the version of this program. Runs as the owner, after each migration."""
    with connection.cursor() as cursor:
        cursor.execute(side_sql(settings.SIDE))
        cursor.execute(
            "CREATE OR REPLACE FUNCTION public.locations_version() RETURNS text "
            f"LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT '{settings.VERSION}' $$"
        )


def version() -> str:
    """The version of the program that has migrated the database last; empty for one from before that was told."""
    return _told("version")


def demand_side() -> None:
    """Raise ImproperlyConfigured where the database is that of the other side."""
    side = _told("side")
    if side != settings.SIDE:
        raise ImproperlyConfigured(_of_other_side(side))


def demand_migratable() -> None:
    """Raise ImproperlyConfigured where the database is that of the other side, or of a newer program.

    An empty one becomes that of the side which migrates it first.
    """
    side, before = _told("side"), version()
    if side not in {UNKNOWN, settings.SIDE} and _is_in_use():
        raise ImproperlyConfigured(_of_other_side(side))
    if before and is_older(settings.VERSION, before):
        raise ImproperlyConfigured(
            f"This database was brought up to date by Stammhaus {before}, and this is {settings.VERSION}. An older "
            f"program cannot go on with it; nothing was changed. Get version {before} or a newer one again."
        )


def _told(what: str) -> str:
    function = f"public.{_TOLD[what]}()"
    with connection.cursor() as cursor:
        cursor.execute(_IS_THERE, [function])
        if not cursor.fetchone()[0]:
            return UNKNOWN
        cursor.execute(f"SELECT {function}")
        return str(cursor.fetchone()[0])


def _is_in_use() -> bool:
    """Whether there is any business."""
    entered = row_scope.without_scope(reason="look whether the database is in use", actor="migrate")
    with entered, connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM locations_organization)")
        return bool(cursor.fetchone()[0])


def _of_other_side(side: str) -> str:
    here, there = ("branch", "central") if settings.SIDE == Side.BRANCH else ("central", "branch")
    if side == UNKNOWN:
        return "This database does not say on which side it stands. Run migrate."
    return (
        f"This database is that of a {there}, and SIDE={settings.SIDE} would serve it as a {here}. Set SIDE={there}, "
        "or name another database."
    )
