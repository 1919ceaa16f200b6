"""In which order customers of a base 1.0 are locked: the counter of the base first, and then the customers.

Each statement about them takes the next number of the base (see RevisionCounter), after it has locked its rows. A
reconciliation holds the counter and then wants the rows. So whoever locks or writes customers, what they say, or their
cards takes the counter before. Before that he takes his turn, where imports take turns (customers/imports/turns.py),
and the row of the base, in this order.
"""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext_lazy

from customers.edit_side import demand_edited_here, demand_open
from locations.models import CustomerBase
from mcp.isolation.limits import Busy, busy_told

_BASE = "SELECT has_node, edit_side FROM locations_customerbase WHERE id = %s FOR SHARE"
"""Whoever changes the side waits until what is being written is done, and is not overlooked by what comes later."""
_COUNTER = "SELECT sequence FROM customers_revisioncounter WHERE base_id = %s FOR UPDATE"
_RECONCILES = "SELECT pg_advisory_xact_lock(hashtextextended('stammhaus.reconciling', %s))"
_IS_FREE = "SELECT pg_try_advisory_xact_lock_shared(hashtextextended('stammhaus.reconciling', %s))"
_FIRST = "INSERT INTO customers_revisioncounter (base_id, sequence) VALUES (%s, 0) ON CONFLICT (base_id) DO NOTHING"


class Reconciling(Busy):
    """A reconciliation holds the order of changes. The form is shown again with what was typed."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "A reconciliation is under way: this customer base 1.0 is brought to the same state at the branch and "
                "at the central, and it takes longer than usual. Nothing was saved. What you have typed is still here: "
                "save again in a moment."
            )
        )


def take_order(base: CustomerBase, *, is_edit: bool = True) -> None:
    """Lock the order of changes of an offline base to the end of the transaction; nothing for a base 2.0.

    To be called before anything of it is locked. Afterwards the object knows on which side customers are edited, and
    that stays so. An edit is refused on the other side (EditedAtOtherSide); what customers say about consents is not,
    unless the base is switched to 2.0. Raises Busy where others hold the order for too long, and Reconciling where that
    is a reconciliation.
    """
    lock_order(base)
    if is_edit:
        demand_edited_here(base)
    else:
        demand_open(base)


def lock_order(base: CustomerBase) -> None:
    """The same for whoever writes in any case, as an erasure does."""
    if not base.is_discontinued:
        return
    try:
        _take_order(base)
    except Busy as busy:
        if _is_reconciled(base):
            raise Reconciling from busy
        raise


def tell_reconciling(base: CustomerBase) -> None:
    """To the end of the transaction, whoever waits too long for the order of changes is told why."""
    with connection.cursor() as cursor:
        cursor.execute(_RECONCILES, [base.pk])


def _take_order(base: CustomerBase) -> None:
    with busy_told(), connection.cursor() as cursor:
        cursor.execute(_BASE, [base.pk])
        base.has_node, base.edit_side = cursor.fetchone()
        cursor.execute(_COUNTER, [base.pk])
        if cursor.fetchone() is None:
            cursor.execute(_FIRST, [base.pk])
            cursor.execute(_COUNTER, [base.pk])


def _is_reconciled(base: CustomerBase) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_IS_FREE, [base.pk])
        return cursor.fetchone() == (False,)
