"""Where a customer who is erased for good stands in conflicts and in changes held back.

A conflict about him goes. Of a number that was given twice the other person stays, with all that he was: only what was
of the erased one is taken out.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clearing.choices import CycleState
from clearing.conflicts.versions import version_of
from clearing.models import Conflict, CyclePart, HeldBack
from clearing.naming import name_of
from clearing.protocol.decision import ConflictKind
from clearing.protocol.parts import PartFacts, UnusablePart, mentions
from customers.erasure import Place
from customers.models import Customer


def _about(customer: Customer) -> Any:
    """By each of the uids that a conflict has: three indexes."""
    of_base = Conflict.objects.filter(base=customer.base_id)
    return of_base.filter(Q(uid=customer.uid) | Q(lost_uid=customer.uid) | Q(created_uid=customer.uid))


def _other_uids(customer: Customer) -> set[UUID]:
    """Who left his number to somebody else and was created under a new one is one person, by either uid."""
    born_twice = _about(customer).filter(kind=ConflictKind.BORN_TWICE, lost_uid__isnull=False).exclude(created_uid=None)
    known = [pair for pair in born_twice.values_list("lost_uid", "created_uid") if customer.uid in pair]
    return {uid for pair in known for uid in pair} - {customer.uid}


def _forget(customer: Customer) -> None:
    """Beside somebody else's version only what is his own goes; otherwise the conflict does."""
    of_base = Conflict.objects.filter(base=customer.base_id)
    for found in _about(customer).select_for_update(of=("self",)):
        lost = version_of(found.lost)
        is_of_other = found.kind == ConflictKind.BORN_TWICE and found.uid == customer.uid and lost is not None
        if not is_of_other or lost is None or lost.uid == customer.uid:
            of_base.filter(pk=found.pk).delete()
            continue
        of_base.filter(pk=found.pk).update(
            name=name_of(lost), customer_number=lost.number, common=None, stood=None, differing=[],
            only_lost_changed=[], result={name: value for name, value in found.result.items() if name != "fields"},
        )  # fmt: skip


def _held_back(customer: Customer) -> Any:
    return HeldBack.objects.filter(base=customer.base_id, uid=customer.uid)


def _bytes_of_runs(customer: Customer) -> Any:
    """The bytes of the runs that are done, and those parts of one that is under way which hold the customer.

    Nobody asks any more for what is done. A run that is under way is collected, sent or told anew where a part of it is
    gone; its hashes stay, so the chain of receipts does.
    """
    of_base = CyclePart.objects.filter(base=customer.base_id)
    return of_base.filter(Q(cycle__state=CycleState.DONE) | Q(pk__in=_holding(customer)))


def _holding(customer: Customer) -> list[int]:
    under_way = CyclePart.objects.filter(base=customer.base_id).exclude(cycle__state=CycleState.DONE)
    return [pk for pk in under_way.values_list("pk", flat=True) if _holds(under_way.get(pk=pk), str(customer.uid))]


def _holds(part: CyclePart, uid: str) -> bool:
    """A part that cannot be read is taken for one that does."""
    content = bytes(part.content)
    try:
        return mentions(content, PartFacts(part.number, part.sha256, len(content), part.rows), uid)
    except UnusablePart:
        return True


PLACES = (
    Place(
        name="runs",
        label=_("Parts of reconciliations that lose their content"),
        count=lambda customer: _bytes_of_runs(customer).count(),
        remove=lambda customer: _bytes_of_runs(customer).delete(),
    ),
    Place(
        name="conflicts",
        label=_("Conflicts of a reconciliation about him"),
        count=lambda customer: _about(customer).count(),
        remove=_forget,
        other_uids=_other_uids,
    ),
    Place(
        name="held_back",
        label=_("Changes of him that are held back"),
        count=lambda customer: _held_back(customer).count(),
        remove=lambda customer: _held_back(customer).delete(),
    ),
)
