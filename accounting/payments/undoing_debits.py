"""Taking back what an entry of the bank has done to debits."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from accounting.debits.calls import call, demand_collector, told
from accounting.models import BankEntry, DebitItem
from mcp.isolation.scope import Scope


def has_many_debits(entry: BankEntry, more_than: int) -> bool:
    """Whether the entry has done something to more debits than so many."""
    of_entry = Q(collected_entry=entry.pk) | Q(returned_entry=entry.pk)
    found = DebitItem.objects.filter(of_entry, base=entry.base_id).order_by()
    return found[: more_than + 1].count() > more_than


def undo_debits(entry: BankEntry, why: str, actor: Scope) -> None:
    """Take back what the entry has done to debits.

    Returned by it, a debit is at the bank again, or collected by a new payment where it was before; collected by it, it
    is at the bank again. What somebody had done by hand before the entry came stays. A mandate that was ended stays so.
    Raises MissingRight, DebitsAtCentral, or DebitRefused where it has done nothing (any more), or something rests on it
    since.
    """
    demand_collector(actor)
    with told():
        call(
            "accounting_undo_debits(%s, %s, %s, %s, %s)",
            [actor.base.pk, entry.pk, actor.actor_name[:200], why, timezone.localdate()],
        )
