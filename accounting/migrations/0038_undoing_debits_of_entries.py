"""The function that takes back what an entry of the bank has done to debits.

Undone, a debit is as it was before the entry: at the bank, or collected by a new payment. That is refused where something
else has come since that rests on it: the invoice was cancelled or is debited again, or the debit was returned.
"""

from django.db import migrations

from locations.row_policies import current

# The reversals and payments of some debits, posted together. What was charged for a return is taken back with it.
TAKE_BACK = """
    CREATE FUNCTION accounting_take_back_debits(
        of_base bigint, of_ledger bigint, of_items uuid[], is_return boolean, who text, why text, on_day date
    ) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        wanted jsonb;
        made jsonb;
    BEGIN
        SELECT jsonb_agg(one.value) INTO wanted FROM (
            SELECT jsonb_build_object(
                'debit', was.credit_id, 'credit', was.debit_id, 'amount', was.amount::text, 'kind', 'reversal',
                'business_day', on_day, 'key', was.key || '/back', 'reverses', was.id, 'document', was.document,
                'reason', why
            ) AS value
            FROM unnest(of_items) AS asked (id)
            CROSS JOIN LATERAL (
                SELECT * FROM accounting_debititem WHERE id = asked.id OFFSET 0
            ) AS item
            CROSS JOIN LATERAL (
                SELECT * FROM accounting_movement WHERE id = item.payment_id AND NOT is_return
                UNION ALL
                SELECT * FROM accounting_movement
                WHERE is_return AND base_id = of_base AND ledger_id = of_ledger AND kind = 'correction'
                  AND location_id = nullif(current_setting('stammhaus.location', true), '')::bigint
                  AND key = item.end_to_end_id || '-C' || concat_ws('/', '', nullif(item.times_undone, 0))
            ) AS was
            WHERE NOT EXISTS (
                SELECT FROM accounting_movement AS back WHERE back.reverses_id = was.id
            )
            UNION ALL
            SELECT jsonb_build_object(
                'debit', was.debit_id, 'credit', was.credit_id, 'amount', was.amount::text, 'kind', 'payment',
                'business_day', on_day, 'key', concat_ws('/', item.end_to_end_id, item.times_undone + 1),
                'document', was.document, 'reason', '', 'items', coalesce(part.items, '[]')
            )
            FROM unnest(of_items) AS asked (id)
            CROSS JOIN LATERAL (
                SELECT * FROM accounting_debititem WHERE id = asked.id OFFSET 0
            ) AS item
            CROSS JOIN LATERAL (
                SELECT * FROM accounting_movement WHERE id = item.payment_id AND is_return
            ) AS was
            CROSS JOIN LATERAL (
                SELECT jsonb_agg(jsonb_build_object('item', movement_id) ORDER BY movement_id) AS items
                FROM accounting_invoiceitem
                WHERE invoice_id = item.invoice_id AND base_id = item.base_id AND is_standing
            ) AS part
        ) AS one;
        UPDATE accounting_debititem SET
            state = 'pending', returned_entry_id = NULL, is_returned_by_entry = false, return_code = '', charges = 0,
            returned_on = NULL, times_undone = times_undone + 1, payment_id = NULL,
            collected_entry_id = CASE WHEN is_return THEN collected_entry_id END,
            is_collected_by_entry = is_return AND is_collected_by_entry
        WHERE id = ANY (of_items);
        IF wanted IS NULL THEN
            RETURN;
        END IF;
        SELECT jsonb_object_agg(asked.id, paid.id) INTO made FROM (
            SELECT id, split_part(key, '/', 1) AS reference
            FROM accounting_post(of_base, of_ledger, who, wanted) WHERE kind = 'payment' OFFSET 0
        ) AS paid CROSS JOIN LATERAL (
            SELECT one.id, one.base_id FROM accounting_debititem AS one
            WHERE one.end_to_end_id = paid.reference AND one.end_to_end_id <> '' OFFSET 0
        ) AS asked WHERE asked.base_id = of_base;
        UPDATE accounting_debititem SET state = 'collected', payment_id = (made->>id::text)::uuid
        WHERE id = ANY (of_items) AND made ? id::text;
    END $$
"""

UNDO = f"""
    CREATE FUNCTION accounting_undo_debits(of_base bigint, of_entry uuid, who text, why text, on_day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        entry accounting_bankentry;
        debits uuid[];
        done uuid[];
        at_once integer := 0;
        wrong text;
    BEGIN
        SELECT * INTO entry FROM accounting_bankentry
        WHERE id = of_entry AND base_id = of_base AND owner_key IN (0, {current("location")}) FOR NO KEY UPDATE;
        IF of_base IS DISTINCT FROM {current("base")} OR {current("location")} IS NULL
            OR entry.state IS NULL OR entry.state NOT IN ('booked', 'returned') THEN
            RAISE EXCEPTION 'This entry is not booked'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_open';
        END IF;
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        debits := ARRAY(
            SELECT id FROM accounting_debititem WHERE returned_entry_id = of_entry
            UNION ALL
            SELECT id FROM accounting_debititem WHERE collected_entry_id = of_entry
        );
        IF cardinality(debits) = 0 THEN
            RAISE EXCEPTION 'This entry has done nothing to debits'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_open';
        END IF;
        PERFORM accounting_lock_debit_file(of_base, asked.file_id, 'done') FROM (
            SELECT DISTINCT item.file_id FROM unnest(debits) AS one (id) CROSS JOIN LATERAL (
                SELECT file_id FROM accounting_debititem WHERE id = one.id OFFSET 0
            ) AS item ORDER BY 1 OFFSET 0
        ) AS asked;
        PERFORM accounting_lock_debtors(of_base, entry.ledger_id, debits);
        SELECT array_agg(item.id ORDER BY item.position), max(CASE
            WHEN entry.state = 'booked' AND item.state = 'returned' THEN 'debititem_returned_since'
            WHEN entry.state = 'returned' AND item.payment_id IS NULL AND item.collected_entry_id IS NOT NULL
                THEN 'debititem_collected_since'
            WHEN item.customer_id IS NULL THEN 'movement_of_nobody'
            WHEN due.is_cancelled THEN 'debititem_of_cancelled'
            WHEN other.id IS NOT NULL THEN 'debititem_debited_again' END) INTO done, wrong
        FROM unnest(debits) AS asked (id)
        CROSS JOIN LATERAL (
            SELECT * FROM accounting_debititem WHERE id = asked.id OFFSET 0
        ) AS item
        CROSS JOIN LATERAL (
            SELECT is_cancelled FROM accounting_invoice WHERE id = item.invoice_id OFFSET 0
        ) AS due
        LEFT JOIN LATERAL (
            SELECT one.id FROM accounting_debititem AS one
            WHERE one.invoice_id = item.invoice_id AND one.id <> item.id
              AND one.state IN ('proposed', 'pending', 'collected') LIMIT 1
        ) AS other ON true
        WHERE CASE entry.state WHEN 'returned' THEN item.is_returned_by_entry ELSE item.is_collected_by_entry END;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'What this entry has done cannot be taken back: %', wrong
                USING ERRCODE = 'check_violation', CONSTRAINT = wrong;
        END IF;
        WHILE at_once < coalesce(cardinality(done), 0) LOOP
            PERFORM accounting_take_back_debits(
                of_base, entry.ledger_id, done[at_once + 1 : at_once + 500], entry.state = 'returned', who, why, on_day
            );
            at_once := at_once + 500;
        END LOOP;
        UPDATE accounting_debititem SET
            returned_entry_id = CASE WHEN entry.state = 'booked' THEN returned_entry_id END,
            collected_entry_id = CASE WHEN entry.state = 'returned' THEN collected_entry_id END
        WHERE id = ANY (debits);
        UPDATE accounting_bankentry SET
            state = 'open', times_opened = times_opened + 1, decided_at = NULL, decided_by = '', decided_user = NULL
        WHERE id = of_entry AND base_id = of_base;
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0037_booking_debits_of_entries")]
    operations = [
        migrations.RunSQL(
            TAKE_BACK,
            "DROP FUNCTION accounting_take_back_debits(bigint, bigint, uuid[], boolean, text, text, date)",
        ),
        migrations.RunSQL(UNDO, "DROP FUNCTION accounting_undo_debits(bigint, uuid, text, text, date)"),
    ]
