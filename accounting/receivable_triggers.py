"""Triggers that keep what is open of each item (accounting/models/receivables.py).

They run as the owner of the tables, as whatever books does, and whoever books has locked the account.
"""

import pgtrigger

from locations.triggers import over_written_rows

RECEIVABLE_COMES = over_written_rows(
    name="is_open",
    operation=pgtrigger.Insert,
    func="""
        INSERT INTO accounting_receivable (
            movement_id, base_id, owner_key, account_id, location_id, business_day, due_on, rest
        )
        SELECT made.id, made.base_id, made.owner_key, made.debit_id, made.location_id, made.business_day, NULL,
            made.amount
        FROM new_values AS made
        CROSS JOIN LATERAL (
            SELECT kind FROM accounting_account WHERE id = made.debit_id AND base_id = made.base_id OFFSET 0
        ) AS debited
        WHERE made.kind <> 'reversal' AND debited.kind = 'owed';
        FOR back IN SELECT made.reverses_id, made.base_id FROM new_values AS made WHERE made.kind = 'reversal'
        LOOP
            DELETE FROM accounting_receivable WHERE movement_id = back.reverses_id AND base_id = back.base_id;
        END LOOP;
        RETURN NULL;
    """,
    declare=[("back", "record")],
)
"""An item is open from its movement on, and never again once that is reversed. It runs as the owner of the table."""

RECEIVABLE_IS_PAID = pgtrigger.Trigger(
    name="pays_receivable",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    func="""
        IF NEW.amount > 0 THEN
            UPDATE accounting_receivable SET rest = rest - NEW.amount
            WHERE movement_id = NEW.item_id AND base_id = NEW.base_id AND rest > NEW.amount;
            IF NOT FOUND THEN
                DELETE FROM accounting_receivable
                WHERE movement_id = NEW.item_id AND base_id = NEW.base_id AND rest = NEW.amount;
            END IF;
            RETURN NULL;
        END IF;
        INSERT INTO accounting_receivable (
            movement_id, base_id, owner_key, account_id, location_id, business_day, due_on, rest
        )
        SELECT item.id, item.base_id, item.owner_key, item.debit_id, item.location_id, item.business_day,
            (
                SELECT invoice.due_on FROM accounting_invoiceitem AS asked
                CROSS JOIN LATERAL (
                    SELECT due_on FROM accounting_invoice
                    WHERE id = asked.invoice_id AND base_id = asked.base_id OFFSET 0
                ) AS invoice
                WHERE asked.movement_id = item.id AND asked.base_id = item.base_id AND asked.is_standing
            ), -NEW.amount
        FROM accounting_movement AS item
        WHERE item.id = NEW.item_id AND item.base_id = NEW.base_id AND (
            SELECT back.id FROM accounting_movement AS back
            WHERE back.reverses_id = item.id AND back.base_id = item.base_id
        ) IS NULL
        ON CONFLICT (movement_id, base_id) DO UPDATE SET rest = accounting_receivable.rest + excluded.rest;
        RETURN NULL;
    """,
)
"""What is paid of an item is open no longer, and open again when the allocation is taken back. Whoever allocates has
locked the account."""

RECEIVABLE_HAS_DUE_DAY = over_written_rows(
    name="has_due_day",
    operation=pgtrigger.Insert,
    func="""
        INSERT INTO accounting_receivable AS open (
            movement_id, base_id, owner_key, account_id, location_id, business_day, due_on, rest
        )
        SELECT there.movement_id, there.base_id, there.owner_key, there.account_id, there.location_id,
            there.business_day, invoice.due_on, there.rest
        FROM new_values AS asked
        CROSS JOIN LATERAL (
            SELECT due_on FROM accounting_invoice WHERE id = asked.invoice_id AND base_id = asked.base_id OFFSET 0
        ) AS invoice
        CROSS JOIN LATERAL (
            SELECT * FROM accounting_receivable
            WHERE movement_id = asked.movement_id AND base_id = asked.base_id OFFSET 0
        ) AS there
        WHERE asked.is_standing
        ON CONFLICT (movement_id, base_id) DO UPDATE SET due_on = excluded.due_on;
        RETURN NULL;
    """,
)
"""An item is due when its invoice is. It is there already, whatever the first word says: so each row is found by its
key, where an UPDATE of many would read all that is open of a table that nobody has counted yet."""

RECEIVABLE_IS_DUE = pgtrigger.Trigger(
    name="sets_due_day",
    operation=pgtrigger.UpdateOf("is_standing"),
    when=pgtrigger.After,
    func="""
        UPDATE accounting_receivable SET due_on = CASE WHEN NEW.is_standing THEN (
            SELECT due_on FROM accounting_invoice WHERE id = NEW.invoice_id AND base_id = NEW.base_id
        ) END
        WHERE movement_id = NEW.movement_id AND base_id = NEW.base_id;
        RETURN NULL;
    """,
)
"""An invoice that is cancelled leaves its items as if it had never been."""
