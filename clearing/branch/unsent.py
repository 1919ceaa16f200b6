"""Customers of whom there is more than can be sent: they wait at the branch, held back, and everybody else is sent.

with Unsent(own, number) as unsent: …          while a run is cut
unsent_of(base)                                who waits, while an answer is applied
"""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from django.utils.translation import gettext_lazy

from clearing.models import HeldBack, OwnNode
from clearing.naming import name_of
from clearing.protocol.lengths import can_travel
from clearing.protocol.records import CustomerRecord
from locations.models import CustomerBase
from mcp.stored_sentences import stored_sentence

TOO_LONG_TO_SEND = stored_sentence(
    "clearing_too_long_to_send",
    gettext_lazy(
        "There is more of this customer than can be sent to the central: a text of more than 100,000 characters, or "
        "more than 1,000 statements, tags or former numbers. Shorten it here."
    ),
)


def unsent_of(base: CustomerBase) -> set[UUID]:
    """Who was not sent. What was changed of him here is newer than anything that the central tells."""
    return set(_rows(base).values_list("uid", flat=True))


def _rows(base: CustomerBase) -> Any:
    return HeldBack.objects.in_base(base).waiting().filter(reasons__contains=[{"code": TOO_LONG_TO_SEND.code}])


class Unsent:
    """Who cannot be sent with the run of this number; who can again is not held back any more."""

    def __init__(self, own: OwnNode, number: int) -> None:
        self._own, self._number = own, number
        self._found: set[UUID] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_error: object) -> None:
        if kind is None:
            _rows(self._own.base).exclude(uid__in=self._found).delete()

    def holds(self, record: object) -> bool:
        """Whether it is a customer who cannot be sent; he is held back then."""
        if not isinstance(record, CustomerRecord) or can_travel(record):
            return False
        version = record.version
        self._found.add(version.uid)
        values = {
            "customer_number": version.number, "node_id": self._own.node_id, "cycle_number": self._number,
            "reasons": TOO_LONG_TO_SEND(), "name": name_of(version),
        }  # fmt: skip
        HeldBack.objects.update_or_create(base=self._own.base, uid=version.uid, dismissed_at=None, defaults=values)
        return True
