"""Tombstones: by what somebody who was erased for good would be named again, as keyed hashes.

marks_of(known)   the marks of a person, to be kept when he is erased
Erased.in_base    the marks of a base, to ask whether a row of a file is of one of them

He is one of them by his uid, or by his number together with an e-mail address or a phone number. By an address or a
phone number alone he may be: that is for a person to decide. The key is no part of the database, nor is it sent there.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from django.conf import settings

from customers.choices import MarkKind
from customers.models import Tombstone, TombstoneMark
from locations.models import CustomerBase

type Mark = tuple[MarkKind, bytes]
PHONES = ("phone_private", "phone_business", "mobile", "fax")
_TOGETHER = {MarkKind.EMAIL: MarkKind.NUMBER_EMAIL, MarkKind.PHONE: MarkKind.NUMBER_PHONE}
"""By what of a person alone somebody may be him, and by what together with a number he is."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a person, or said of one by a row of a file."""

    uid: UUID | None = None
    numbers: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        uid: UUID | None,
        numbers: Iterable[object],
        emails: Iterable[str | None],
        phones: Iterable[str | None],
    ) -> Self:
        """Each in the form in which two of them are compared; what is empty is left out."""
        return cls(
            uid=uid,
            numbers=frozenset(number for one in numbers if one and (number := _number(str(one)))),
            emails=frozenset(email for one in emails if one and (email := one.strip().casefold())),
            phones=frozenset(phone for one in phones if one and (phone := _phone(one))),
        )


def marks_of(known: Known, *, organization: int) -> Iterator[Mark]:
    """All marks of a person in a business."""
    if known.uid is not None:
        yield MarkKind.UID, _digest(MarkKind.UID, organization, str(known.uid))
    for kind, values in ((MarkKind.EMAIL, known.emails), (MarkKind.PHONE, known.phones)):
        for value in sorted(values):
            yield kind, _digest(kind, organization, value)
            for number in sorted(known.numbers):
                yield _TOGETHER[kind], _digest(_TOGETHER[kind], organization, number, value)


@dataclass(frozen=True)
class Erased:
    """Those who were erased from a base."""

    organization: int
    digests: frozenset[bytes] = field(repr=False)

    @classmethod
    def in_base(cls, base: CustomerBase) -> Self:
        rows = TombstoneMark.objects.filter(base=base).values_list("digest", flat=True)
        return cls(base.organization_id, frozenset(bytes(digest) for digest in rows))

    def is_one(self, known: Known) -> bool:
        """Whether it is one of them: by his uid, or by a number together with an address or a phone number."""
        if known.uid is not None and self._has(MarkKind.UID, known.uid):
            return True
        return any(
            self._has(_TOGETHER[kind], number, value)
            for kind, value in self._contacts(known)
            for number in known.numbers
        )

    def is_perhaps_one(self, known: Known) -> bool:
        """Whether an address or a phone number is that of one of them."""
        return next(self._contacts(known), None) is not None

    def _contacts(self, known: Known) -> Iterator[tuple[MarkKind, str]]:
        """His addresses and phone numbers that are those of one of them."""
        for kind, values in ((MarkKind.EMAIL, known.emails), (MarkKind.PHONE, known.phones)):
            yield from ((kind, value) for value in values if self._has(kind, value))

    def _has(self, kind: MarkKind, *values: object) -> bool:
        return _digest(kind, self.organization, *values) in self.digests


def count_in(base: int) -> int:
    """How many were erased from the base so far."""
    return Tombstone.objects.filter(base=base).count()


def _digest(kind: MarkKind, *values: object) -> bytes:
    text = "\x1f".join((kind.value, *map(str, values)))
    return hmac.digest(settings.TOMBSTONE_KEY.encode(), text.encode(), "sha256")


def _number(text: str) -> str:
    """A number as former numbers are compared: letters and digits alone."""
    return re.sub(r"[\W_]", "", text.casefold())


def _phone(text: str) -> str:
    """A phone number without its extension and without what only makes it easier to read."""
    return re.sub(r"[^0-9+]", "", text.partition(";ext=")[0])
