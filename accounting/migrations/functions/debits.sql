CREATE FUNCTION accounting_lock_debit_file(of_base bigint, of_file uuid, in_state text)
RETURNS accounting_debitfile LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    file accounting_debitfile;
BEGIN
    SELECT * INTO file FROM accounting_debitfile
    WHERE id = of_file AND base_id = of_base
        AND owner_key IN (0, nullif(current_setting('stammhaus.location', true), '')::bigint) FOR UPDATE;
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR nullif(current_setting('stammhaus.location', true), '')::bigint IS NULL OR file.id IS NULL THEN
        RAISE EXCEPTION 'There is no such debit file here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'debitfile_there';
    END IF;
    IF file.state <> in_state AND NOT (in_state = 'done' AND file.state = 'collecting') THEN
        RAISE EXCEPTION 'This debit file is %', file.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfile_in_state';
    END IF;
    RETURN file;
END $$;

-- One who proposes holds the ledger, so that of two at once the second one sees what the first one has taken.
CREATE FUNCTION accounting_propose_debits(of_base bigint, of_file uuid)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, 'previewed');
BEGIN
    PERFORM FROM accounting_ledger WHERE id = file.ledger_id AND base_id = of_base FOR NO KEY UPDATE;
    DISCARD PLANS;
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
            WHERE one.invoice_id = due.id AND one.state IN ('proposed', 'pending')
            OFFSET 0
        ) AS standing ON true
        LEFT JOIN LATERAL (
            SELECT one.id FROM accounting_dispute AS one
            WHERE one.invoice_id = due.id AND one.ended_at IS NULL OFFSET 0
        ) AS dispute ON true
        LEFT JOIN LATERAL (
            SELECT one.id, one.is_recurrent FROM accounting_mandate AS one
            WHERE one.customer_id = due.customer_id
              AND one.ledger_id = file.ledger_id AND 
one.state = 'active' AND one.signed_on <= file.collect_on
AND (one.is_recurrent OR one.last_used_on IS NULL)
AND coalesce(one.last_used_on, one.signed_on) > (file.collect_on - interval '36 months')::date

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
END $$;

CREATE FUNCTION accounting_make_debits(of_base bigint, of_file uuid)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
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
    DISCARD PLANS;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    PERFORM FROM accounting_ledger WHERE id = file.ledger_id AND base_id = of_base FOR NO KEY UPDATE;
    wanted := ARRAY(
        SELECT id FROM accounting_debititem WHERE file_id = of_file AND base_id = of_base AND state = 'proposed'
    );
    PERFORM FROM (
        SELECT DISTINCT accounting_owed_of(of_base, file.ledger_id, customer_id) AS id
        FROM accounting_debititem WHERE id = ANY (wanted) ORDER BY id OFFSET 0
    ) AS asked CROSS JOIN LATERAL (
        SELECT FROM accounting_account AS one WHERE one.id = asked.id FOR NO KEY UPDATE
    ) AS locked;
    PERFORM FROM (
        SELECT DISTINCT mandate_id AS id FROM accounting_debititem WHERE id = ANY (wanted) ORDER BY id OFFSET 0
    ) AS asked CROSS JOIN LATERAL (
        SELECT FROM accounting_mandate AS one WHERE one.id = asked.id FOR NO KEY UPDATE
    ) AS locked;

    UPDATE accounting_debititem AS item SET state = 'left_out', left_out = judged.reason
    FROM (
        SELECT item.id, CASE
            WHEN due.state NOT IN ('open', 'partly_paid') OR due.gross - due.paid <> item.amount
                OR due.customer_id IS DISTINCT FROM item.customer_id THEN 'changed'
            WHEN dispute.id IS NOT NULL THEN 'disputed'
            WHEN mandate.id IS NULL THEN 'no_mandate'
            WHEN item.announced_on IS NULL OR item.announced_on < file.created_at::date - 1
                OR item.announced_on + mandate.notice_days > file.collect_on
                THEN 'not_announced'
        END AS reason
        FROM accounting_debititem AS item
        CROSS JOIN LATERAL (
            SELECT state, gross, paid, customer_id FROM accounting_invoice
            WHERE id = item.invoice_id OFFSET 0
        ) AS due
        LEFT JOIN LATERAL (
            SELECT one.id FROM accounting_dispute AS one
            WHERE one.invoice_id = item.invoice_id AND one.ended_at IS NULL OFFSET 0
        ) AS dispute ON true
        LEFT JOIN LATERAL (
            SELECT one.id, one.notice_days FROM accounting_mandate AS one
            WHERE one.id = item.mandate_id AND 
one.state = 'active' AND one.signed_on <= file.collect_on
AND (one.is_recurrent OR one.last_used_on IS NULL)
AND coalesce(one.last_used_on, one.signed_on) > (file.collect_on - interval '36 months')::date
OFFSET 0
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
            WHERE id = item.mandate_id OFFSET 0
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
END $$;

-- By blocks, so that what is posted at once stays small.
CREATE FUNCTION accounting_collect_debits(
    of_base bigint, of_file uuid, of_money bigint, chosen uuid[], on_day date, who text, most integer DEFAULT
    NULL::integer
)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, 'done');
    block uuid[];
    pending uuid[];
    many integer := 0;
BEGIN
    IF on_day < file.made_at::date - 1 THEN
        RAISE EXCEPTION 'This file was not made yet on that day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfile_collected_once_made';
    END IF;
    DISCARD PLANS;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    pending := ARRAY(
        SELECT id FROM accounting_debititem
        WHERE file_id = of_file AND base_id = of_base AND state = 'pending'
          AND (chosen IS NULL OR id = ANY (chosen)) ORDER BY position LIMIT most
    );
    PERFORM accounting_lock_debtors(of_base, file.ledger_id, pending);
    WHILE many < cardinality(pending) LOOP
        block := pending[many + 1 : many + 500];
        PERFORM accounting_collect_block(
            of_base, file.ledger_id, of_money, block, array_fill(on_day, ARRAY[cardinality(block)]), who
        );
        many := many + cardinality(block);
    END LOOP;
    RETURN many;
END $$;

-- What is posted (the payment taken back, and charges) comes from whoever returns it; what becomes of the mandate too.
CREATE FUNCTION accounting_return_debit(
    of_base bigint, of_item uuid, code text, costs numeric, on_day date, ends_mandate boolean, who text, wanted
    jsonb, of_entry uuid DEFAULT NULL::uuid
)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    item accounting_debititem;
    file accounting_debitfile;
    entry accounting_bankentry;
BEGIN
    IF of_entry IS NOT NULL THEN
        entry := accounting_lock_open_entry(of_base, of_entry, 'debit');
    END IF;
    SELECT * INTO item FROM accounting_debititem WHERE id = of_item AND base_id = of_base;
    file := accounting_lock_debit_file(of_base, item.file_id, 'done');
    PERFORM FROM accounting_account
    WHERE id = accounting_owed_of(of_base, file.ledger_id, item.customer_id) AND base_id = of_base
    FOR NO KEY UPDATE;
    SELECT * INTO item FROM accounting_debititem WHERE id = of_item AND base_id = of_base FOR UPDATE;
    IF entry.ledger_id <> file.ledger_id THEN
        RAISE EXCEPTION 'This entry is of another ledger'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_of_debits';
    END IF;
    IF of_entry IS NOT NULL AND item.state = 'returned' AND item.returned_entry_id IS NULL THEN
        UPDATE accounting_debititem SET
            returned_entry_id = of_entry, return_code = coalesce(nullif(return_code, ''), code),
            charges = CASE charges WHEN 0 THEN costs ELSE charges END
        WHERE id = of_item AND base_id = of_base;
        PERFORM accounting_decide_entries(of_base, ARRAY[of_entry], 'returned', who);
        IF ends_mandate AND item.return_code = '' THEN
            PERFORM accounting_end_mandate(of_base, item.mandate_id, code, who);
        END IF;
        RETURN;
    END IF;
    IF item.state NOT IN ('pending', 'collected') OR item.payment_id IS DISTINCT FROM (
        SELECT (one->>'reverses')::uuid FROM jsonb_array_elements(wanted) AS one WHERE one->>'kind' = 'reversal'
    ) THEN
        RAISE EXCEPTION 'This debit is not at the bank any more, and was not collected'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'debititem_returned_once';
    END IF;
    UPDATE accounting_debititem SET
        state = 'returned', return_code = code, charges = costs, returned_on = on_day,
        returned_entry_id = of_entry, is_returned_by_entry = of_entry IS NOT NULL
    WHERE id = of_item AND base_id = of_base;
    IF jsonb_array_length(wanted) > 0 THEN
        PERFORM FROM accounting_post(of_base, file.ledger_id, who, wanted);
    END IF;
    IF ends_mandate THEN
        PERFORM accounting_end_mandate(of_base, item.mandate_id, code, who);
    END IF;
    IF of_entry IS NOT NULL THEN
        PERFORM accounting_decide_entries(of_base, ARRAY[of_entry], 'returned', who);
    END IF;
END $$;

CREATE FUNCTION accounting_cancel_debits(of_base bigint, of_file uuid, in_state text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
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
END $$;

CREATE FUNCTION accounting_forget_mandates(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR NOT EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = of_base
        AND stone.customer_id = of_customer AND stone.written_in = pg_current_xact_id() AND stone.at >= now()) THEN
        RAISE EXCEPTION 'Customer % is not being erased', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
    END IF;
    PERFORM FROM accounting_account WHERE base_id = of_base AND customer_id = of_customer
    ORDER BY id FOR UPDATE;
    IF EXISTS (
        SELECT FROM accounting_debititem
        WHERE customer_id = of_customer AND base_id = of_base AND state = 'pending'
    ) THEN
        RAISE EXCEPTION 'A debit of customer % is at the bank', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'debititem_at_the_bank';
    END IF;
    UPDATE accounting_bankentry SET
        counterparty_name = '', counterparty_iban = '', ultimate_name = '', purpose = '', end_to_end_id = '',
        mandate_id = '', batch_id = ''
    WHERE base_id = of_base AND id IN (
        SELECT debit.returned_entry_id FROM accounting_debititem AS debit
        WHERE debit.customer_id = of_customer AND debit.base_id = of_base
        UNION ALL
        SELECT entry.id FROM accounting_debititem AS debit JOIN accounting_bankentry AS entry
          ON entry.id = debit.collected_entry_id AND entry.base_id = of_base
         AND entry.end_to_end_id = debit.end_to_end_id
        WHERE debit.customer_id = of_customer AND debit.base_id = of_base
    );
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
END $$;
