"""An erasure that the other side has told, of a customer who is here, or was; the same at both sides.

Whoever was deleted, or left his number to somebody else, is known still: by his history, by the version that a conflict
keeps, at other branches. He is erased like everybody else, and whoever still has him is told so.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from clearing.models import Conflict, HeldBack
from clearing.protocol.strict import Fields
from clearing.protocol.versions import RefusedRecord, Version
from customers.erasure import erase_absent, erase_customer
from customers.models import Customer, CustomerRevision
from customers.tombstones import PHONES
from mcp.isolation.scope import Scope

CONTACTS = ("email", *PHONES)


def erase_known(uid: UUID, *, reason: str, actor: Scope, is_remembered: bool = False) -> None:
    """Erase whoever has this uid or had it; nothing where nobody is known by it, or he is erased already.

    `is_remembered` is for a central that was restored, and may only have forgotten him: it keeps that he was erased, so
    that nobody brings him back. The caller has taken his turn and the order of changes. Raises as `erase_customer`.
    """
    base = actor.base
    customer = Customer.objects.in_base(base).filter(uid=uid).values_list("pk", flat=True).first()
    if customer is not None:
        erase_customer(customer=customer, reason=reason, actor=actor)
        return
    known = CustomerRevision.objects.in_base(base).filter(uid=uid).first()
    if known is not None and known.is_erased:
        return
    kept = Conflict.objects.in_base(base).filter(Q(uid=uid) | Q(lost_uid=uid)).order_by("happened_at").last()
    is_known = known is not None or kept is not None or HeldBack.objects.in_base(base).filter(uid=uid).exists()
    if not is_known and not is_remembered:
        return
    version = _version(kept, uid)
    number = known.customer_number if known else None
    erase_absent(
        uid=uid,
        number=version.number if version else number,
        contacts={name: str(version.values.get(name) or "") for name in CONTACTS} if version else {},
        reason=reason,
        actor=actor,
    )


def _version(kept: Conflict | None, uid: UUID) -> Version | None:
    """The customer as a conflict keeps him."""
    sides = (kept.lost, kept.stood, kept.common) if kept is not None else ()
    found = [Version.from_fields(Fields(side, refused=RefusedRecord)) for side in sides if side is not None]
    return next((version for version in found if version.uid == uid), None)
