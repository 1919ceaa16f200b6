"""Slows down guessing of passwords: attempts are counted before the password is checked, also at the same moment.

An attempt is first written down as failed, over a connection of its own; if it succeeds, it is marked so. Failed
attempts of the last hour make the next one wait, longer each time. They are counted by name and by IP address. Nobody
can lock somebody else out: attempts of strangers under a name slow down strangers only, not a device on which the
person has logged in before (mcp/login/devices.py), and no wait is longer than a limit.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mcp.isolation import row_scope
from mcp.models import User

WINDOW = "1 hour"
"""How long a failed attempt counts."""
HASHES_AT_A_TIME = 2
"""The number of passwords that a process hashes at once: more would take the processor from all other requests."""
PATIENCE = 5.0
"""Seconds that a login waits for its turn."""
_turns = threading.BoundedSemaphore(HASHES_AT_A_TIME)


@dataclass(frozen=True)
class Pace:
    """How long the next attempt waits: not at all after fewer than `free` failures, then 1, 2, 4 … `longest` s."""

    free: int
    longest: int

    def wait(self, failures: int) -> int:
        """Seconds from the last failure until the next attempt."""
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
    """The id of a device on which this person has logged in before; empty for other devices."""
    is_counted_by_address: bool = True
    """Whether failures from the same IP address count. Not for such a device: it may be in an office with others."""

    @property
    def name(self) -> str:
        """The user name in the form in which attempts are counted. It ignores case as the login does; ı counts as i."""
        return self.username.upper().casefold()[:60]


class TooManyTries(ValidationError):
    """The next attempt has to wait for `seconds`."""

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
    """One attempt to log in as `user`, the person of the claim, if there is one.

    The block sets `Result.has_succeeded`. Raises TooManyTries before the block, or TooBusy, which does not count as an
    attempt.
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
"""Counts requests for a link apart from logins, which they do not slow down."""


def count_forgotten(*, account_number: int | None, username: str, address: str | None) -> int:
    """Write down that somebody asks for a link; returns the key of the attempt. Raises TooManyTries."""
    return _begin(Claim(account_number or 0, username, address, FORGOTTEN))


PAIRING, ENROLMENT = "pairing", "enrolment"
"""What a typed code is for: each is counted apart, by the address alone, for there is no name yet."""


def count_code(what: str, *, address: str | None) -> int:
    """Write down that somebody types a code; returns the key of the attempt. Raises TooManyTries."""
    return _begin(Claim(0, address or "", address, what))


def end_code(attempt: int) -> None:
    """The code was right."""
    _end(attempt, None, Result(has_succeeded=True))


@dataclass
class Result:
    """Whether the attempt has succeeded."""

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
    """Write the attempt down; returns its key. Raises TooManyTries, and then nothing is written."""
    named: list[str | int] = [claim.account_number, claim.name, claim.device]
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


def _refuse_too_early(cursor: CursorWrapper, pace: Pace, condition: str, values: Sequence[str | int]) -> None:
    cursor.execute(_FAILURES.format(condition=condition), [*values, WINDOW])
    failures, ago = cursor.fetchone()
    left = pace.wait(failures) - float(ago)
    if left > 0:
        raise TooManyTries(math.ceil(left))


def _end(pk: int, user: User | None, result: Result) -> None:
    """Runs the same statement whether or not there is such a person, so that the duration tells nothing."""
    with row_scope.apart(reason="note how a try to log in went", actor="the login") as cursor:
        cursor.execute(
            "UPDATE mcp_loginattempt SET has_succeeded = %s, user_id = %s, organization_id = %s WHERE id = %s",
            [result.has_succeeded, user.pk if user else None, user.organization_id if user else None, pk],
        )


def _forget(pk: int) -> None:
    with row_scope.apart(reason="forget a try to log in that was none", actor="the login") as cursor:
        cursor.execute("DELETE FROM mcp_loginattempt WHERE id = %s", [pk])
