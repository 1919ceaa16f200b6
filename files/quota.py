"""Limits how much one person may upload in 24 hours, so that nobody fills the database for all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import Count, Manager, Min, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy

from files.models import OwnFile
from mcp.isolation.scope import Scope
from mcp.models import User
from mcp.stored_sentences import Moment

DAY = timedelta(hours=24)
MEGABYTE = 1024**2


class QuotaUsedUp(ValidationError):
    """The person has uploaded as much as one may in 24 hours; `since` is when the first of these uploads came."""

    def __init__(self, *, since: datetime | None) -> None:
        most = settings.UPLOADS_A_DAY
        free = Moment.of((since or timezone.now()) + DAY)
        super().__init__(
            gettext_lazy(
                "One person uploads at most %(files)s files with %(size)s MB together in 24 hours, and with this one "
                "it would be more. There is room again from %(free)s on, or for a smaller file."
            ),
            code="quota_used_up",
            params={"files": most["files"], "size": most["megabytes"], "free": free},
        )


class _Uploads(TypedDict):
    """What one person has uploaded into one table: how many files, their bytes together, and when the first."""

    files: int
    size: int
    since: datetime | None


_counted: list[type[OwnFile]] = []


def count_uploads(model: type[OwnFile]) -> None:
    """Let the uploads in this table count. Each app calls it for its own tables."""
    if model not in _counted:
        _counted.append(model)


def within_quota(content: Iterable[bytes], *, upload: OwnFile, actor: Scope) -> Iterator[bytes]:
    """The same bytes, as long as the actor may upload more within 24 hours. Raises QuotaUsedUp.

    Runs in a transaction; until it ends, other uploads of the same person wait, because uploads at the same moment
    would not count each other. What he uploaded to this base counts, also where it is no longer kept. Commands have no
    quota.
    """
    if actor.is_system:
        yield from content
        return
    if actor.user is None:
        raise PermissionDenied  # devices upload nothing
    _take_turn(actor.user)
    used = [_of_today(kind, actor.user, upload) for kind in _counted]
    since = min((one["since"] for one in used if one["since"]), default=None)
    left = settings.UPLOADS_A_DAY["megabytes"] * MEGABYTE - sum(one["size"] for one in used)
    if sum(one["files"] for one in used) >= settings.UPLOADS_A_DAY["files"]:
        raise QuotaUsedUp(since=since)
    for piece in content:
        left -= len(piece)
        if left < 0:
            raise QuotaUsedUp(since=since)
        yield piece


def _take_turn(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('uploads of a person'), %s)", [user.pk])


def _of_today(kind: type[OwnFile], user: User, upload: OwnFile) -> _Uploads:
    """What the user has uploaded within DAY, `upload` itself left out, whose row may be there already.

    Files that were taken in are left out as well: what was in them has become an upload of its own.
    """
    rows: Manager[Any] = kind._default_manager  # each kind has a state; the abstract model has none
    uploads = rows.filter(base=upload.base_id, user=user.pk, created_at__gt=timezone.now() - DAY)
    found = (
        uploads.exclude(pk=upload.pk)
        .exclude(state="done")
        .aggregate(files=Count("pk"), size=Sum("size", default=0), since=Min("created_at"))
    )
    return _Uploads(files=found["files"], size=found["size"], since=found["since"])
