"""Slows down whoever guesses passwords, before a password is looked at and however many try at the same moment.

A try is written down as failed, over a connection of its own, and counts from then on; when it went well it is marked
so. Failed tries of the last hour make the next one wait, longer each time. They are counted for each name and for each
address. Nobody can lock somebody else out: what strangers try under a name slows down strangers alone, not a device
from which the person has logged in before (see mcp/login/devices.py), and no wait grows beyond a bound.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mcp.isolation import row_scope
from mcp.models import User

WINDOW = "1 hour"
"""Failed tries count for so long."""
HASHES_AT_A_TIME = 2
"""So many passwords are hashed at once in a process: more would keep everybody else from working."""
PATIENCE = 5.0
"""So many seconds a login waits for its turn."""
_turns = threading.BoundedSemaphore(HASHES_AT_A_TIME)


@dataclass(frozen=True)
class Pace:
    """How long the next try has to wait: not at all after `free` failed ones, then doubling up to `longest` seconds."""

    free: int
    longest: int

    def wait(self, failures: int) -> int:
        """Seconds after the last failed try."""
        return 0 if failures < self.free else min(2 ** min(failures - self.free, 30), self.longest)


OF_NAME = Pace(free=5, longest=300)
OF_ADDRESS = Pace(free=50, longest=900)
"""Behind one address there may be a whole office."""


@dataclass(frozen=True)
class Claim:
    """Who somebody says he is, and from where. `account_number` is 0 for the provider's people."""

    account_number: int
    username: str
    address: str | None
    device: str = ""
    """The id of a device from which this very person has logged in before."""
    is_counted_by_address: bool = True
    """Not for such a device: what somebody else tries from the same office slows down no person of it."""

    @property
    def name(self) -> str:
        """As it is compared: in small letters, as the login does not mind capital ones. Also ı is I then, and so i."""
        return self.username.upper().casefold()[:60]


class TooManyTries(ValidationError):
    """The next try has to wait so many seconds."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            ngettext(
                "There were too many failed tries. Try again in one second.",
                "There were too many failed tries. Try again in %(seconds)s seconds.",
                seconds,
            ),
            code="too_many_tries",
            params={"seconds": seconds},
        )


class TooBusy(ValidationError):
    """Too many people log in at the same moment."""

    seconds = 5

    def __init__(self) -> None:
        super().__init__(_("Many people are logging in at this moment. Try again in a few seconds."), code="too_busy")


@contextmanager
def tried(claim: Claim, *, user: User | None) -> Iterator[Result]:
    """One try to log in as `user`, the person whom the claim names, if there is one.

    The block says by `Result.has_succeeded` whether it went well. Raises TooManyTries before the block, or TooBusy,
    which counts as no try.
    """
    pk, result = _begin(claim), Result()
    try:
        with _turn():
            yield result
    except TooBusy:
        _forget(pk)
        raise
    _end(pk, user, result)


FORGOTTEN = "forgotten"
"""Who has forgotten a password is counted apart: nobody slows down a login by asking for links."""


def count_forgotten(*, account_number: int | None, username: str, address: str | None) -> int:
    """Write down that somebody wants a link; the number of the attempt. Raises TooManyTries."""
    return _begin(Claim(account_number or 0, username, address, FORGOTTEN))


@dataclass
class Result:
    has_succeeded: bool = False


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE):
        raise TooBusy
    try:
        yield
    finally:
        _turns.release()


_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_FAILURES = """
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - max(at)), 0) FROM mcp_loginattempt
    WHERE NOT has_succeeded AND {condition} AND at > clock_timestamp() - %s::interval
"""
_OF_NAME = "account_number = %s AND username = %s AND device = %s"
_SINCE_SUCCESS = f"""{_OF_NAME} AND at > coalesce(
    (SELECT max(at) FROM mcp_loginattempt WHERE has_succeeded AND {_OF_NAME}), '-infinity')"""


def _begin(claim: Claim) -> int:
    """Write the try down; its number. Raises TooManyTries, and then nothing is written down."""
    named: list[Any] = [claim.account_number, claim.name, claim.device]
    with row_scope.apart(reason="count the tries to log in", actor="the login") as cursor:
        cursor.execute(_LOCK, [f"login {claim.account_number} {claim.name}"])
        _refuse_too_early(cursor, OF_NAME, _SINCE_SUCCESS, [*named, *named])
        if claim.address is not None and claim.is_counted_by_address:
            cursor.execute(_LOCK, [f"login from {claim.address}"])
            _refuse_too_early(cursor, OF_ADDRESS, "address = %s", [claim.address])
        cursor.execute(
            """INSERT INTO mcp_loginattempt (account_number, username, device, address, has_succeeded)
                VALUES (%s, %s, %s, %s, false) RETURNING id""",
            [*named, claim.address],
        )
        return int(cursor.fetchone()[0])


def _refuse_too_early(cursor: Any, pace: Pace, condition: str, values: list[Any]) -> None:
    cursor.execute(_FAILURES.format(condition=condition), [*values, WINDOW])
    failures, ago = cursor.fetchone()
    left = pace.wait(failures) - float(ago)
    if left > 0:
        raise TooManyTries(math.ceil(left))


def _end(pk: int, user: User | None, result: Result) -> None:
    """The same statement whether or not there is such a person, so that the time tells nothing."""
    with row_scope.apart(reason="note how a try to log in went", actor="the login") as cursor:
        cursor.execute(
            "UPDATE mcp_loginattempt SET has_succeeded = %s, user_id = %s, organization_id = %s WHERE id = %s",
            [result.has_succeeded, user.pk if user else None, user.organization_id if user else None, pk],
        )


def _forget(pk: int) -> None:
    with row_scope.apart(reason="forget a try to log in that was none", actor="the login") as cursor:
        cursor.execute("DELETE FROM mcp_loginattempt WHERE id = %s", [pk])
