"""Where a customer who is erased for good stands in conflicts and in changes held back.

A conflict about him goes. Of a number that was given twice the other person stays, with all that he was: only what was
of the erased one is taken out.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clearing.choices import CycleState
from clearing.conflicts.versions import version_of
from clearing.models import Conflict, CyclePart, HeldBack
from clearing.naming import name_of
from clearing.protocol.decision import ConflictKind
from customers.erasure import Place
from customers.models import Customer


def _about(customer: Customer) -> Any:
    """By each of the uids that a conflict has: three indexes."""
    of_base = Conflict.objects.filter(base=customer.base_id)
    return of_base.filter(Q(uid=customer.uid) | Q(lost_uid=customer.uid) | Q(created_uid=customer.uid))


def _forget(customer: Customer) -> None:
    """Beside somebody else's version only what is his own goes; otherwise the conflict does."""
    for found in _about(customer).select_for_update(of=("self",)):
        lost = version_of(found.lost)
        is_of_other = found.kind == ConflictKind.BORN_TWICE and found.uid == customer.uid and lost is not None
        if not is_of_other or lost is None or lost.uid == customer.uid:
            found.delete()
            continue
        found.name, found.customer_number = name_of(lost), lost.number
        found.common = found.stood = None
        found.differing = found.only_lost_changed = []
        found.result = {name: value for name, value in found.result.items() if name != "fields"}
        found.save(
            update_fields=[
                "name", "customer_number", "common", "stood", "differing", "only_lost_changed", "result",
            ]
        )  # fmt: skip


def _held_back(customer: Customer) -> Any:
    return HeldBack.objects.filter(base=customer.base_id, uid=customer.uid)


def _bytes_of_runs(customer: Customer) -> Any:
    """The bytes of the runs that are done. Nobody asks for them any more, and no manifest says whom they hold."""
    return CyclePart.objects.filter(base=customer.base_id, cycle__state=CycleState.DONE)


PLACES = (
    Place(
        name="runs",
        label=_("Parts of past reconciliations that lose their content"),
        count=lambda customer: _bytes_of_runs(customer).count(),
        remove=lambda customer: _bytes_of_runs(customer).delete(),
    ),
    Place(
        name="conflicts",
        label=_("Conflicts of a reconciliation about him"),
        count=lambda customer: _about(customer).count(),
        remove=_forget,
    ),
    Place(
        name="held_back",
        label=_("Changes of him that are held back"),
        count=lambda customer: _held_back(customer).count(),
        remove=lambda customer: _held_back(customer).delete(),
    ),
)
