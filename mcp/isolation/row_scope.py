"""Sets which rows the database shows to the current transaction.

Only these functions set it, and it ends with their block. Outside of them no row of any business is visible. The
settings last for one transaction (`SET LOCAL`), so a pooler may hand the connection on afterwards.
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

from locations.row_policies import CLEARING_ROLE, DECIDED_ABOUT, PERSON_ROLE, SETTINGS, UNSCOPED_ROLE

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.backends.base.base import BaseDatabaseWrapper

    from mcp.isolation.scope import Scope
    from mcp.models import User

log = logging.getLogger("mcp.without_scope")

_SET = "SELECT set_config('role', %s, true), " + ", ".join(
    f"set_config('{name}', %s, true)" for name in (*SETTINGS.values(), "statement_timeout", "lock_timeout")
)


_DECIDED = f"SELECT set_config('{DECIDED_ABOUT}', %s, true)"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Which rows a transaction sees: those of a customer base, of a business, of a location, and of a person."""

    base: int | None = None
    organization: int | None = None
    location: int | None = None
    """By it alone no row is seen; it tells apart what belongs to one location of a base and to no other."""
    user: int | None = None
    role: str = "none"
    """The database role of the transaction; "none" is the one that has logged in."""

    def parameters(self) -> list[str]:
        """The values for `_SET`: the role, then base, organization, location and user as text ('' for none)."""
        values = (self.base, self.organization, self.location, self.user)
        return [self.role, *("" if value is None else str(value) for value in values)]


type Limits = tuple[str | None, str | None]
"""How long one statement may take, and may wait for a lock ("30s"); None leaves it to the server."""

NO_ROWS = Rows()
_limits: ContextVar[Limits] = ContextVar("limits", default=(None, None))
_entered: ContextVar[Rows] = ContextVar("entered_rows", default=NO_ROWS)


def entered() -> Rows:
    """What the current context has entered."""
    return _entered.get()


@contextmanager
def limited(*, statement: int, lock: int) -> Iterator[None]:
    """Transactions entered in the block get these limits, in seconds: for one statement, and for waiting for a lock."""
    token = _limits.set((f"{statement}s", f"{lock}s"))
    try:
        yield
    finally:
        _limits.reset(token)


@contextmanager
def no_rows() -> Iterator[None]:
    """A transaction that sees no row of any business."""
    with _enter(NO_ROWS):
        yield


@contextmanager
def rows_of_person(pk: int) -> Iterator[None]:
    """A transaction that sees the rows of this person only: to find out who he is, and to write what is his own."""
    with _enter(Rows(user=pk, role=PERSON_ROLE)):
        yield


@contextmanager
def rows_of_business(user: User) -> Iterator[None]:
    """A transaction that sees the rows of the user's business, but no customers: outside of any location."""
    with _enter(Rows(organization=user.organization_id, user=user.pk)):
        yield


@contextmanager
def rows_of_organization(pk: int) -> Iterator[None]:
    """A transaction that sees the rows of this business, but no customers: to find out which of its devices calls."""
    with _enter(Rows(organization=pk)):
        yield


@contextmanager
def rows_of(scope: Scope) -> Iterator[None]:
    """A transaction that sees the rows of the scope's business and base."""
    with _enter(_rows(scope)):
        yield


@contextmanager
def within(scope: Scope) -> Iterator[None]:
    """As `rows_of`, without asking the database again where this is entered already: for what is done often."""
    if _entered.get() == _rows(scope):
        with transaction.atomic():
            yield
        return
    with rows_of(scope):
        yield


@contextmanager
def rows_of_clearing(scope: Scope) -> Iterator[None]:
    """A transaction that sees the rows of the scope's business and base, and writes what a reconciliation has decided.

    The triggers of customers tell it by its role: it is no edit (see CLEARING_ROLE).
    """
    with _enter(_rows(scope, role=CLEARING_ROLE)):
        yield


@contextmanager
def decided_about(uid: UUID) -> Iterator[None]:
    """What is written in the block about this customer is the decision of a conflict (customers/triggers/revisions.py).

    It is let through at either side. An exception rolls the setting back together with what was written.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DECIDED, [str(uid)])
        yield
        cursor.execute(_DECIDED, [""])


@contextmanager
def without_scope(*, reason: str, actor: str) -> Iterator[None]:
    """A transaction that sees the rows of all businesses. It is logged with its reason.

    For what belongs to no business: the login, the provider's support, the worker's periodic tasks.
    """
    log.info("All businesses opened for %r: %s", actor, reason)
    with _enter(Rows(role=UNSCOPED_ROLE)):
        yield


@contextmanager
def apart(*, reason: str, actor: str) -> Iterator[CursorWrapper]:
    """A short transaction over a connection of its own that sees the rows of all businesses; it is logged.

    It is committed whatever becomes of the usual transaction.
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
    """The parts, made inside the scope. For an answer that is streamed after its request has ended."""
    with rows_of(scope):
        yield from parts


class SecondConnection:
    """A second connection: what is committed over it others see, while a long transaction goes on over the first."""

    def __init__(self, scope: Scope, own: BaseDatabaseWrapper) -> None:
        self._scope, self._own = scope, own

    @contextmanager
    def transaction(self, *, is_one_moment: bool = False) -> Iterator[CursorWrapper]:
        """A transaction over this connection that sees the scope's rows. It is rolled back if the block raises.

        With `is_one_moment` all that it reads is as it was when it began (repeatable read).
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
    """A second connection for a scope; it is closed at the end of the block."""
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        yield SecondConnection(scope, own)
    finally:
        own.close()


def _rows(scope: Scope, *, role: str = NO_ROWS.role) -> Rows:
    user = scope.user.pk if scope.user else None
    return Rows(
        base=scope.base.pk, organization=scope.organization.pk, location=scope.location.pk, user=user, role=role
    )


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
