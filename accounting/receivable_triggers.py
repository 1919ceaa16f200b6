"""Triggers that keep what is open of each item (accounting/models/receivables.py).

They run as the owner of the tables, as whatever books does, and whoever books has locked the account.
"""

import pgtrigger

RECEIVABLE_COMES = pgtrigger.Trigger(
    name="is_open",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    func="""
        IF NEW.kind = 'reversal' THEN
            DELETE FROM accounting_receivable WHERE movement_id = NEW.reverses_id AND base_id = NEW.base_id;
        ELSIF (SELECT kind FROM accounting_account WHERE id = NEW.debit_id AND base_id = NEW.base_id) = 'owed' THEN
            INSERT INTO accounting_receivable (
                movement_id, base_id, owner_key, account_id, location_id, business_day, due_on, rest
            ) VALUES (
                NEW.id, NEW.base_id, NEW.owner_key, NEW.debit_id, NEW.location_id, NEW.business_day,
                NULL, NEW.amount
            );
        END IF;
        RETURN NULL;
    """,
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

RECEIVABLE_IS_DUE = pgtrigger.Trigger(
    name="sets_due_day",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("is_standing"),
    when=pgtrigger.After,
    func="""
        UPDATE accounting_receivable SET due_on = CASE WHEN NEW.is_standing THEN (
            SELECT due_on FROM accounting_invoice WHERE id = NEW.invoice_id AND base_id = NEW.base_id
        ) END
        WHERE movement_id = NEW.movement_id AND base_id = NEW.base_id;
        RETURN NULL;
    """,
)
"""An item is due when its invoice is. An invoice that is cancelled leaves its items as if it had never been."""
