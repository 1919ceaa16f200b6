"""What proposes debits, makes them, collects and returns them, and forgets whom somebody erases: functions of the owner.

Each locks the file first and then the accounts of the customers in the order of their ids, as whatever posts does.
Whole files are one statement for each step, but for posting, which goes by blocks of the functions of the ledger.
"""

from django.db import migrations

from customers.triggers.erasure import is_erased_now
from locations.row_policies import current

VALID = """
    one.state = 'active' AND one.signed_on <= file.collect_on
    AND (one.is_recurrent OR one.last_used_on IS NULL)
    AND coalesce(one.last_used_on, one.signed_on) > (file.collect_on - interval '36 months')::date
"""
"""SQL condition: the mandate `one` can be used on the day of the `file` (MandateQuerySet.valid_on says the same)."""

FILE = f"""
    CREATE FUNCTION accounting_lock_debit_file(of_base bigint, of_file uuid, in_state text) RETURNS accounting_debitfile
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
    AS $$
    DECLARE
        file accounting_debitfile;
    BEGIN
        SELECT * INTO file FROM accounting_debitfile
        WHERE id = of_file AND base_id = of_base AND owner_key IN (0, {current("location")}) FOR UPDATE;
        IF of_base IS DISTINCT FROM {current("base")} OR {current("location")} IS NULL OR file.id IS NULL THEN
            RAISE EXCEPTION 'There is no such debit file here'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'debitfile_there';
        END IF;
        IF file.state <> in_state THEN
            RAISE EXCEPTION 'This debit file is %', file.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfile_in_state';
        END IF;
        RETURN file;
    END $$
"""

# One who proposes holds the ledger, so that of two at once the second one sees what the first one has taken.
PROPOSE = f"""
    CREATE FUNCTION accounting_propose_debits(of_base bigint, of_file uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, 'previewed');
    BEGIN
        PERFORM FROM accounting_ledger WHERE id = file.ledger_id AND base_id = of_base FOR NO KEY UPDATE;
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        INSERT INTO accounting_debititem (
            base_id, owner_key, file_id, invoice_id, customer_id, mandate_id, amount, state, left_out, end_to_end_id,
            mandate_reference, iban, holder, scheme, is_recurrent, return_code, charges
        )
        SELECT of_base, file.owner_key, of_file, judged.invoice, judged.customer_id, judged.mandate, judged.amount,
            CASE judged.reason WHEN '' THEN 'proposed' ELSE 'left_out' END, judged.reason, '', '', '', '', '', true,
            '', 0
        FROM (
            SELECT due.id AS invoice, due.customer_id, due.gross - due.paid AS amount, mandate.id AS mandate, CASE
                WHEN standing.id IS NOT NULL THEN 'other_file'
                WHEN dispute.id IS NOT NULL THEN 'disputed'
                WHEN mandate.id IS NULL OR NOT mandate.is_recurrent AND row_number() OVER (
                    PARTITION BY mandate.id ORDER BY due.due_on, due.id
                ) > 1 THEN 'no_mandate'
                ELSE ''
            END AS reason
            FROM accounting_invoice AS due
            LEFT JOIN LATERAL (
                SELECT one.id FROM accounting_debititem AS one
                WHERE one.invoice_id = due.id AND one.base_id = of_base AND one.state IN ('proposed', 'pending')
                OFFSET 0
            ) AS standing ON true
            LEFT JOIN LATERAL (
                SELECT one.id FROM accounting_dispute AS one
                WHERE one.invoice_id = due.id AND one.base_id = of_base AND one.ended_at IS NULL OFFSET 0
            ) AS dispute ON true
            LEFT JOIN LATERAL (
                SELECT one.id, one.is_recurrent FROM accounting_mandate AS one
                WHERE one.customer_id = due.customer_id AND one.base_id = of_base
                  AND one.ledger_id = file.ledger_id AND {VALID}
                ORDER BY one.is_recurrent DESC, one.signed_on DESC, one.id DESC LIMIT 1
            ) AS mandate ON true
            WHERE due.base_id = of_base AND due.ledger_id = file.ledger_id AND due.kind = 'invoice'
              AND due.state IN ('open', 'partly_paid') AND due.due_on <= file.due_until
              AND due.customer_id IS NOT NULL
        ) AS judged;
        UPDATE accounting_debitfile SET (count, total) = (
            SELECT count(*), coalesce(sum(amount), 0) FROM accounting_debititem
            WHERE file_id = of_file AND base_id = of_base AND state = 'proposed'
        ) WHERE id = of_file AND base_id = of_base;
    END $$
"""

MAKE = f"""
    CREATE FUNCTION accounting_make_debits(of_base bigint, of_file uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, 'running');
        wanted uuid[];
        next integer;
        many integer;
    BEGIN
        IF file.collect_on <= current_date THEN
            RAISE EXCEPTION 'The day of the debit has come'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfile_day_to_come';
        END IF;
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        PERFORM FROM accounting_ledger WHERE id = file.ledger_id AND base_id = of_base FOR NO KEY UPDATE;
        wanted := ARRAY(
            SELECT id FROM accounting_debititem WHERE file_id = of_file AND base_id = of_base AND state = 'proposed'
        );
        PERFORM FROM (
            SELECT DISTINCT accounting_owed_of(of_base, file.ledger_id, customer_id) AS id
            FROM accounting_debititem WHERE id = ANY (wanted) ORDER BY id OFFSET 0
        ) AS asked CROSS JOIN LATERAL (
            SELECT FROM accounting_account AS one WHERE one.id = asked.id AND one.base_id = of_base FOR NO KEY UPDATE
        ) AS locked;
        PERFORM FROM (
            SELECT DISTINCT mandate_id AS id FROM accounting_debititem WHERE id = ANY (wanted) ORDER BY id OFFSET 0
        ) AS asked CROSS JOIN LATERAL (
            SELECT FROM accounting_mandate AS one WHERE one.id = asked.id AND one.base_id = of_base FOR NO KEY UPDATE
        ) AS locked;

        UPDATE accounting_debititem AS item SET state = 'left_out', left_out = judged.reason
        FROM (
            SELECT item.id, CASE
                WHEN due.state NOT IN ('open', 'partly_paid') OR due.gross - due.paid <> item.amount
                    OR due.customer_id IS DISTINCT FROM item.customer_id THEN 'changed'
                WHEN dispute.id IS NOT NULL THEN 'disputed'
                WHEN mandate.id IS NULL THEN 'no_mandate'
                WHEN item.announced_on IS NULL OR item.announced_on + mandate.notice_days > file.collect_on
                    THEN 'not_announced'
            END AS reason
            FROM accounting_debititem AS item
            CROSS JOIN LATERAL (
                SELECT state, gross, paid, customer_id FROM accounting_invoice
                WHERE id = item.invoice_id AND base_id = of_base OFFSET 0
            ) AS due
            LEFT JOIN LATERAL (
                SELECT one.id FROM accounting_dispute AS one
                WHERE one.invoice_id = item.invoice_id AND one.base_id = of_base AND one.ended_at IS NULL OFFSET 0
            ) AS dispute ON true
            LEFT JOIN LATERAL (
                SELECT one.id, one.notice_days FROM accounting_mandate AS one
                WHERE one.id = item.mandate_id AND one.base_id = of_base AND {VALID} OFFSET 0
            ) AS mandate ON true
            WHERE item.id = ANY (wanted)
        ) AS judged WHERE item.id = judged.id AND judged.reason IS NOT NULL;

        SELECT coalesce(max(number), 0) + 1 INTO next FROM accounting_debitfile
        WHERE base_id = of_base AND ledger_id = file.ledger_id;
        UPDATE accounting_debititem AS item SET
            state = 'pending', position = numbered.position,
            end_to_end_id = concat_ws('-', 'SH', file.ledger_id, next, numbered.position),
            mandate_reference = numbered.reference, signed_on = numbered.signed_on, iban = numbered.iban,
            holder = numbered.holder, scheme = numbered.scheme, is_recurrent = numbered.is_recurrent
        FROM (
            SELECT item.id, mandate.*, row_number() OVER (ORDER BY item.id) AS position
            FROM accounting_debititem AS item CROSS JOIN LATERAL (
                SELECT reference, signed_on, iban, holder, scheme, is_recurrent FROM accounting_mandate
                WHERE id = item.mandate_id AND base_id = of_base OFFSET 0
            ) AS mandate
            WHERE item.id = ANY (wanted) AND item.state = 'proposed'
        ) AS numbered WHERE item.id = numbered.id;
        GET DIAGNOSTICS many = ROW_COUNT;
        UPDATE accounting_mandate AS mandate SET last_used_on = greatest(mandate.last_used_on, file.collect_on)
        WHERE mandate.base_id = of_base AND mandate.id IN (
            SELECT mandate_id FROM accounting_debititem WHERE id = ANY (wanted) AND state = 'pending'
        );
        UPDATE accounting_debitfile SET number = next, made_at = clock_timestamp(), count = many, total = (
            SELECT coalesce(sum(amount), 0) FROM accounting_debititem WHERE id = ANY (wanted) AND state = 'pending'
        ) WHERE id = of_file AND base_id = of_base;
        RETURN many;
    END $$
"""

# By blocks, so that what is posted at once stays small.
COLLECT = f"""
    CREATE FUNCTION accounting_collect_debits(
        of_base bigint, of_file uuid, of_money bigint, chosen uuid[], on_day date, who text
    ) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, 'done');
        block uuid[];
        wanted jsonb;
        pending uuid[];
        many integer := 0;
    BEGIN
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        pending := ARRAY(
            SELECT id FROM accounting_debititem
            WHERE file_id = of_file AND base_id = of_base AND state = 'pending'
              AND (chosen IS NULL OR id = ANY (chosen)) ORDER BY position FOR UPDATE
        );
        PERFORM FROM (
            SELECT DISTINCT accounting_owed_of(of_base, file.ledger_id, customer_id) AS id
            FROM accounting_debititem WHERE id = ANY (pending) ORDER BY id OFFSET 0
        ) AS asked CROSS JOIN LATERAL (
            SELECT FROM accounting_account AS one WHERE one.id = asked.id AND one.base_id = of_base FOR NO KEY UPDATE
        ) AS locked;
        WHILE many < cardinality(pending) LOOP
            block := pending[many + 1 : many + 500];
            SELECT jsonb_agg(jsonb_build_object(
                'debit', of_money, 'credit', accounting_owed_of(of_base, file.ledger_id, item.customer_id),
                'amount', item.amount::text, 'kind', 'payment', 'business_day', on_day, 'key', item.end_to_end_id,
                'document', due.number, 'reason', '', 'items', coalesce(part.items, '[]')
            )) INTO wanted
            FROM accounting_debititem AS item
            CROSS JOIN LATERAL (
                SELECT number FROM accounting_invoice WHERE id = item.invoice_id AND base_id = of_base OFFSET 0
            ) AS due
            CROSS JOIN LATERAL (
                SELECT jsonb_agg(jsonb_build_object('item', movement_id) ORDER BY movement_id) AS items
                FROM accounting_invoiceitem
                WHERE invoice_id = item.invoice_id AND base_id = of_base AND is_standing
            ) AS part
            WHERE item.id = ANY (block);
            UPDATE accounting_debititem AS item SET state = 'collected', payment_id = paid.id
            FROM accounting_post(of_base, file.ledger_id, who, wanted) AS paid
            WHERE item.id = ANY (block) AND item.end_to_end_id = paid.key;
            many := many + cardinality(block);
        END LOOP;
        RETURN many;
    END $$
"""

# What is posted (the payment taken back, and charges) comes from whoever returns it; what becomes of the mandate too.
RETURN = f"""
    CREATE FUNCTION accounting_return_debit(
        of_base bigint, of_item uuid, code text, costs numeric, on_day date, ends_mandate boolean, who text, wanted jsonb
    ) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        item accounting_debititem;
        file accounting_debitfile;
    BEGIN
        SELECT * INTO item FROM accounting_debititem WHERE id = of_item AND base_id = of_base;
        file := accounting_lock_debit_file(of_base, item.file_id, 'done');
        PERFORM FROM accounting_account
        WHERE id = accounting_owed_of(of_base, file.ledger_id, item.customer_id) AND base_id = of_base
        FOR NO KEY UPDATE;
        SELECT * INTO item FROM accounting_debititem WHERE id = of_item AND base_id = of_base FOR UPDATE;
        IF item.state NOT IN ('pending', 'collected') OR item.payment_id IS DISTINCT FROM (
            SELECT (one->>'reverses')::uuid FROM jsonb_array_elements(wanted) AS one WHERE one->>'kind' = 'reversal'
        ) THEN
            RAISE EXCEPTION 'This debit is not at the bank any more, and was not collected'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debititem_returned_once';
        END IF;
        UPDATE accounting_debititem SET state = 'returned', return_code = code, charges = costs, returned_on = on_day
        WHERE id = of_item AND base_id = of_base;
        IF jsonb_array_length(wanted) > 0 THEN
            PERFORM FROM accounting_post(of_base, file.ledger_id, who, wanted);
        END IF;
        IF ends_mandate THEN
            UPDATE accounting_mandate SET
                state = 'revoked', revoked_at = clock_timestamp(), revoked_by = who, return_code = code
            WHERE id = item.mandate_id AND base_id = of_base AND state = 'active';
        END IF;
    END $$
"""

CANCEL = """
    CREATE FUNCTION accounting_cancel_debits(of_base bigint, of_file uuid, in_state text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, in_state);
    BEGIN
        IF EXISTS (
            SELECT FROM accounting_debititem
            WHERE file_id = of_file AND base_id = of_base AND state IN ('collected', 'returned')
        ) THEN
            RAISE EXCEPTION 'A debit of this file was collected or returned'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfile_not_collected';
        END IF;
        UPDATE accounting_mandate SET last_used_on = NULL
        WHERE base_id = of_base AND NOT is_recurrent AND id IN (
            SELECT mandate_id FROM accounting_debititem
            WHERE file_id = of_file AND base_id = of_base AND state = 'pending'
        );
        UPDATE accounting_debititem SET state = 'cancelled'
        WHERE file_id = of_file AND base_id = of_base AND state IN ('proposed', 'pending');
        UPDATE accounting_debitfile SET state = 'cancelled', state_since = now()
        WHERE id = of_file AND base_id = of_base;
    END $$
"""

FORGET = f"""
    CREATE FUNCTION accounting_forget_mandates(of_base bigint, of_customer bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    BEGIN
        IF of_base IS DISTINCT FROM {current("base")} OR NOT {is_erased_now("of_base", "of_customer")} THEN
            RAISE EXCEPTION 'Customer % is not being erased', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
        END IF;
        DELETE FROM accounting_debitfilechunk WHERE base_id = of_base AND file_id IN (
            SELECT file_id FROM accounting_debititem WHERE customer_id = of_customer AND base_id = of_base
        );
        UPDATE accounting_debititem SET
            customer_id = NULL, mandate_id = NULL, iban = '', holder = '',
            mandate_reference = CASE mandate_reference WHEN '' THEN '' ELSE '–' END
        WHERE customer_id = of_customer AND base_id = of_base;
        DELETE FROM accounting_dispute WHERE base_id = of_base AND invoice_id IN (
            SELECT id FROM accounting_invoice WHERE customer_id = of_customer AND base_id = of_base
        );
        DELETE FROM accounting_mandate WHERE customer_id = of_customer AND base_id = of_base;
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0017_debits")]
    operations = [
        migrations.RunSQL(FILE, "DROP FUNCTION accounting_lock_debit_file(bigint, uuid, text)"),
        migrations.RunSQL(PROPOSE, "DROP FUNCTION accounting_propose_debits(bigint, uuid)"),
        migrations.RunSQL(MAKE, "DROP FUNCTION accounting_make_debits(bigint, uuid)"),
        migrations.RunSQL(
            COLLECT, "DROP FUNCTION accounting_collect_debits(bigint, uuid, bigint, uuid[], date, text)"
        ),
        migrations.RunSQL(
            RETURN,
            "DROP FUNCTION accounting_return_debit(bigint, uuid, text, numeric, date, boolean, text, jsonb)",
        ),
        migrations.RunSQL(CANCEL, "DROP FUNCTION accounting_cancel_debits(bigint, uuid, text)"),
        migrations.RunSQL(FORGET, "DROP FUNCTION accounting_forget_mandates(bigint, bigint)"),
    ]
