"""The version of a customer: when he was changed last, to the microsecond. His ETag is made of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest

from api.problems import VersionMissing
from customers.models import Customer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"', re.ASCII)
"""Whatever compresses an answer on its way makes a weak one of it."""


def version_of(customer: Customer) -> str:
    """The version of a customer as it is read now."""
    return str((customer.changed_at - _EPOCH) // _MICROSECOND)


def etag_of(customer: Customer) -> str:
    """His version as a header."""
    return f'"{version_of(customer)}"'


def demanded(request: HttpRequest) -> datetime:
    """The moment of change that If-Match names. Raises VersionMissing: a change of any version is none."""
    found = _ETAG.fullmatch(request.headers.get("If-Match", "").strip())
    if found is None:
        raise VersionMissing
    return _EPOCH + int(found[1]) * _MICROSECOND
