"""In which order customers of a base 1.0 are locked: the counter of the base first, and then the customers.

Each statement about them takes the next number of the base (see RevisionCounter), after it has locked its rows. A
reconciliation holds the counter and then wants the rows. So whoever locks or writes customers, what they say, or their
cards takes the counter before. Before that he takes his turn, where imports take turns (customers/imports/turns.py),
and the row of the base, in this order.
"""

from __future__ import annotations

from django.db import connection

from customers.edit_side import demand_edited_here
from locations.models import CustomerBase
from mcp.isolation.limits import busy_told

_BASE = "SELECT has_node, edit_side FROM locations_customerbase WHERE id = %s FOR SHARE"
"""Whoever changes the side waits until what is being written is done, and is not overlooked by what comes later."""
_COUNTER = "SELECT sequence FROM customers_revisioncounter WHERE base_id = %s FOR UPDATE"
_FIRST = "INSERT INTO customers_revisioncounter (base_id, sequence) VALUES (%s, 0) ON CONFLICT (base_id) DO NOTHING"


def take_order(base: CustomerBase, *, is_edit: bool = True) -> None:
    """Lock the order of changes of an offline base to the end of the transaction; nothing for a base 2.0.

    To be called before anything of it is locked. Afterwards the object knows on which side customers are edited, and
    that stays so. An edit is refused on the other side (EditedAtOtherSide); what customers say about consents is not.
    Raises Busy where others hold the order for too long.
    """
    if not base.is_discontinued:
        return
    with busy_told(), connection.cursor() as cursor:
        cursor.execute(_BASE, [base.pk])
        base.has_node, base.edit_side = cursor.fetchone()
        cursor.execute(_COUNTER, [base.pk])
        if cursor.fetchone() is None:
            cursor.execute(_FIRST, [base.pk])
            cursor.execute(_COUNTER, [base.pk])
    if is_edit:
        demand_edited_here(base)
