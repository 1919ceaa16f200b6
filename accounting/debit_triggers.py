"""Rules between debits, invoices and entries of the bank that the database keeps on every path.

Debits are looked up by a key, and asked for their base then: of a business that nobody has counted yet the planner
would read all debits of the base.
"""

import pgtrigger

REVERSAL_RETURNS_DEBIT = pgtrigger.Trigger(
    name="returns_debit",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    condition=pgtrigger.Condition("NEW.kind = 'reversal'"),
    func="""
        UPDATE accounting_debititem SET state = 'returned', returned_on = NEW.business_day
        WHERE id = (
            SELECT debit.id FROM (
                SELECT id, base_id FROM accounting_debititem
                WHERE payment_id = NEW.reverses_id AND state = 'collected' OFFSET 0
            ) AS debit WHERE debit.base_id = NEW.base_id
        );
        RETURN NULL;
    """,
)
"""A debit whose payment is taken back has been returned, whoever takes it back. It runs as the owner of the table."""


INVOICE_NOT_AT_BANK = pgtrigger.Trigger(
    name="not_at_bank",
    operation=pgtrigger.UpdateOf("is_cancelled"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("NEW.is_cancelled AND NOT OLD.is_cancelled"),
    func="""
        IF EXISTS (
            SELECT FROM (
                SELECT base_id FROM accounting_debititem WHERE invoice_id = NEW.id AND state = 'pending' OFFSET 0
            ) AS debit WHERE debit.base_id = NEW.base_id
        ) THEN
            RAISE EXCEPTION 'A debit of this invoice is at the bank'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_not_at_bank';
        END IF;
        RETURN NEW;
    """,
)
"""The bank takes the money of an invoice that is cancelled meanwhile all the same, so that waits until it has said what
becomes of the debit. Whoever makes a debit holds the account of the customer, as whoever cancels does.
"""

ENTRY_NOT_HALF_COLLECTED = pgtrigger.Trigger(
    name="not_half_collected",
    operation=pgtrigger.UpdateOf("state"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("NEW.state = 'ignored' AND OLD.state = 'open'"),
    func="""
        IF EXISTS (
            SELECT FROM (
                SELECT base_id FROM accounting_debititem WHERE collected_entry_id = NEW.id OFFSET 0
            ) AS debit WHERE debit.base_id = NEW.base_id
        ) THEN
            RAISE EXCEPTION 'Some of the debits of this entry are collected'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_open';
        END IF;
        RETURN NEW;
    """,
)
"""A sum of many debits is collected in pieces. Where that has stopped in between the entry is booked to its end, and
not left out.
"""
