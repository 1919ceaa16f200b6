"""Each change of what a till sees of a customer is noted with its transaction, whoever writes.

The id of the transaction is the order in which changes are handed out (customers/feed.py). A number from a sequence
would not do: a transaction that took a lower one can be committed later, and whoever has read on misses it. A number
from a counter would do, but all who write in a base would take turns, an import of minutes included.
"""

import pgtrigger

from locations.triggers import over_written_rows


def _noted(name: str, operation: pgtrigger.Operation, table: str, customer: str) -> pgtrigger.Trigger:
    return over_written_rows(
        name=name,
        operation=operation,
        func=f"""
            INSERT INTO customers_customerchange (base_id, changed_in, customer_id)
            SELECT base_id, pg_current_xact_id(), {customer} FROM {table} ON CONFLICT DO NOTHING;
            RETURN NULL;
        """,
    )


def noted(customer: str) -> list[pgtrigger.Trigger]:
    """Triggers of a table that tills see; `customer` is its column with the id of the customer."""
    return [
        _noted("change_insert", pgtrigger.Insert, "new_values", customer),
        _noted("change_update", pgtrigger.Update, "new_values", customer),
        _noted("change_delete", pgtrigger.Delete, "old_values", customer),
    ]


ONLY_SUPERSEDED_GO = over_written_rows(
    name="only_superseded_go",
    operation=pgtrigger.Delete,
    func="""
        EXECUTE $many$
            SELECT FROM old_values AS gone WHERE NOT EXISTS (
                SELECT FROM customers_customerchange AS later
                WHERE later.base_id = gone.base_id AND later.customer_id = gone.customer_id
                  AND later.changed_in > gone.changed_in
                  AND later.changed_in < pg_snapshot_xmin(pg_current_snapshot())
            ) LIMIT 1
        $many$;
        GET DIAGNOSTICS missed = ROW_COUNT;
        IF missed > 0 THEN
            RAISE EXCEPTION 'A change of a customer stays until a later one of the same is handed out'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customerchange_only_superseded_go';
        END IF;
        RETURN NULL;
    """,
    declare=[("missed", "bigint")],
)
"""Whoever reads on gets the later one. It has to be one that is handed out already: in a restored database there may be
some from before, of transactions that this server has not come to yet."""
