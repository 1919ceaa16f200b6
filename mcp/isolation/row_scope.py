"""Entering: what the database lets the current transaction see.

Nothing is set outside of these functions, and what they set ends with their block. Outside of all of them no row of
any business exists. They hold inside one transaction (`SET LOCAL`), so that a pooler may hand the connection on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.utils import CursorWrapper

from locations.row_policies import PERSON_ROLE, SETTINGS, UNSCOPED_ROLE

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from mcp.isolation.scope import Scope
    from mcp.models import User

log = logging.getLogger("mcp.without_scope")

_SET = "SELECT set_config('role', %s, true), " + ", ".join(
    f"set_config('{name}', %s, true)" for name in (*SETTINGS.values(), "statement_timeout", "lock_timeout")
)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Which rows exist for a transaction: those of a base, of a business, and of a person himself."""

    base: int | None = None
    organization: int | None = None
    user: int | None = None
    role: str = "none"
    """The database role that asks; "none" is the one that has logged in."""

    def parameters(self) -> list[str]:
        values = (self.base, self.organization, self.user)
        return [self.role, *("" if value is None else str(value) for value in values)]


type Limits = tuple[str | None, str | None]
"""How long one statement may take, and wait for others; None is what the server says."""

NO_ROWS = Rows()
_limits: ContextVar[Limits] = ContextVar("limits", default=(None, None))
_entered: ContextVar[Rows] = ContextVar("entered_rows", default=NO_ROWS)


def entered() -> Rows:
    """What this context has entered."""
    return _entered.get()


@contextmanager
def limited(*, statement: int, lock: int) -> Iterator[None]:
    """In what is entered inside, no statement takes longer than so many seconds or waits longer for somebody else."""
    token = _limits.set((f"{statement}s", f"{lock}s"))
    try:
        yield
    finally:
        _limits.reset(token)


@contextmanager
def no_rows() -> Iterator[None]:
    """A transaction for which nothing of any business exists."""
    with _enter(NO_ROWS):
        yield


@contextmanager
def rows_of_person(pk: int) -> Iterator[None]:
    """A transaction for which only this person exists: to find out who he is, and to note what is his own."""
    with _enter(Rows(user=pk, role=PERSON_ROLE)):
        yield


@contextmanager
def rows_of_business(user: User) -> Iterator[None]:
    """A transaction for which the user's business exists, but no customer: outside of any location."""
    with _enter(Rows(organization=user.organization_id, user=user.pk)):
        yield


@contextmanager
def rows_of(scope: Scope) -> Iterator[None]:
    """A transaction for which the scope's business and base exist."""
    with _enter(_rows(scope)):
        yield


@contextmanager
def without_scope(*, reason: str, actor: str) -> Iterator[None]:
    """A transaction for which the rows of all businesses exist: the one way past row security, and it is logged.

    For what belongs to no business: the login, the provider's support, upkeep by the worker.
    """
    log.info("All businesses opened for %r: %s", actor, reason)
    with _enter(Rows(role=UNSCOPED_ROLE)):
        yield


@contextmanager
def apart(*, reason: str, actor: str) -> Iterator[CursorWrapper]:
    """A short transaction of its own for which the rows of all businesses exist, kept whatever becomes of the usual
    one. Logged as `without_scope` is.
    """
    log.info("All businesses opened apart for %r: %s", actor, reason)
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        with own.cursor() as cursor:
            own.set_autocommit(False)
            cursor.execute(_SET, _values(Rows(role=UNSCOPED_ROLE)))
            yield cursor
        own.commit()
    finally:
        own.close()


def streamed[Part](scope: Scope, parts: Iterable[Part]) -> Iterator[Part]:
    """The parts, made inside the scope: an answer is streamed after its request has ended."""
    with rows_of(scope):
        yield from parts


class SecondConnection:
    """A connection beside the usual one: what is written over it others see, while a long transaction goes on."""

    def __init__(self, scope: Scope, own: BaseDatabaseWrapper) -> None:
        self._scope, self._own = scope, own

    @contextmanager
    def transaction(self, *, is_one_moment: bool = False) -> Iterator[CursorWrapper]:
        """A transaction of its own for which the scope's rows exist; kept unless an exception leaves it.

        With `is_one_moment` all that it reads is of the moment at which it begins.
        """
        self._own.set_autocommit(False)
        try:
            with self._own.cursor() as cursor:
                if is_one_moment:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(_SET, _values(_rows(self._scope)))
                yield cursor
            self._own.commit()
        except BaseException:
            self._own.rollback()
            raise
        finally:
            self._own.set_autocommit(True)


@contextmanager
def second_connection(scope: Scope) -> Iterator[SecondConnection]:
    """A second connection for a scope, closed at the end of the block."""
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        yield SecondConnection(scope, own)
    finally:
        own.close()


def _rows(scope: Scope) -> Rows:
    user = scope.user.pk if scope.user else None
    return Rows(base=scope.base.pk, organization=scope.organization.pk, user=user)


@contextmanager
def _enter(rows: Rows) -> Iterator[None]:
    is_inner = connection.in_atomic_block
    before = _entered.get()
    with transaction.atomic():
        _set(rows)
        _entered.set(rows)
        try:
            yield
        finally:
            _entered.set(before)
        # An exception rolls back to where the block began, and the settings with it; the end of a transaction
        # forgets them as well.
        if is_inner and not connection.needs_rollback:
            _set(before)


def _set(rows: Rows) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET, _values(rows))


def _values(rows: Rows) -> list[str | None]:
    return [*rows.parameters(), *_limits.get()]
