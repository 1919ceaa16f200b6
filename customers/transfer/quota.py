"""How much one person may upload in a day, so that nobody fills the database for all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Count, Min, QuerySet, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.models import ImportUpload
from mcp.models import User
from mcp.scope import Scope

DAY = timedelta(hours=24)
MEGABYTE = 1024**2


class QuotaUsedUp(ValidationError):
    """This person has uploaded as much as one may in a day."""

    def __init__(self, *, since: datetime | None) -> None:
        most = settings.UPLOADS_A_DAY
        free = date_format(timezone.localtime((since or timezone.now()) + DAY), "SHORT_DATETIME_FORMAT")
        super().__init__(
            _(
                "One person uploads at most %(files)s files with %(size)s MB together in 24 hours, and with this one "
                "it would be more. There is room again from %(free)s on, or for a smaller file."
            ),
            code="quota_used_up",
            params={"files": most["files"], "size": most["megabytes"], "free": free},
        )


def within_quota(content: Iterable[bytes], *, upload: ImportUpload, actor: Scope) -> Iterator[bytes]:
    """The same bytes as long as this person may upload more today. Raises QuotaUsedUp, and nothing is kept then.

    In a transaction, for whose end further uploads of the same person wait: many at once would each find room. What he
    has uploaded to this base counts, still kept or not. Commands have no quota.
    """
    if actor.user is None:
        yield from content
        return
    _take_turn(actor.user)
    used = _of_today(actor.user, upload).aggregate(
        files=Count("pk"), size=Sum("size", default=0), since=Min("created_at")
    )
    left = settings.UPLOADS_A_DAY["megabytes"] * MEGABYTE - used["size"]
    if used["files"] >= settings.UPLOADS_A_DAY["files"]:
        raise QuotaUsedUp(since=used["since"])
    for piece in content:
        left -= len(piece)
        if left < 0:
            raise QuotaUsedUp(since=used["since"])
        yield piece


def _take_turn(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('uploads of a person'), %s)", [user.pk])


def _of_today(user: User, upload: ImportUpload) -> QuerySet[ImportUpload]:
    """All but the one that is being received, whose row is there already."""
    uploads = ImportUpload.objects.filter(base=upload.base_id, user=user.pk, created_at__gt=timezone.now() - DAY)
    return uploads.exclude(pk=upload.pk)
