CREATE FUNCTION accounting_lock_dunning_run(of_base bigint, of_run uuid)
RETURNS accounting_dunningrun LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    run accounting_dunningrun;
BEGIN
    SELECT * INTO run FROM accounting_dunningrun
    WHERE id = of_run AND base_id = of_base
        AND owner_key IN (0, nullif(current_setting('stammhaus.location', true), '')::bigint) FOR UPDATE;
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR nullif(current_setting('stammhaus.location', true), '')::bigint IS NULL OR run.id IS NULL THEN
        RAISE EXCEPTION 'There is no such run here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'dunningrun_there';
    END IF;
    IF run.state <> 'previewed' THEN
        RAISE EXCEPTION 'This run is %', run.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'dunningrun_in_state';
    END IF;
    RETURN run;
END $$;

-- The next level of each overdue invoice. Who proposes holds the ledger, so that two at once take nothing twice.
CREATE FUNCTION accounting_propose_notices(of_base bigint, of_run uuid)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    run accounting_dunningrun := accounting_lock_dunning_run(of_base, of_run);
BEGIN
    PERFORM FROM accounting_ledger WHERE id = run.ledger_id AND base_id = of_base FOR NO KEY UPDATE;
    DISCARD PLANS;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    INSERT INTO accounting_dunningnotice (
        base_id, owner_key, run_id, invoice_id, customer_id, level, amount, state, left_out, title, text,
        pay_until, fee, is_fee_posted
    )
    SELECT of_base, run.owner_key, of_run, judged.id, judged.customer_id, judged.level, judged.amount,
        CASE WHEN judged.reason IS NULL THEN 'previewed' ELSE 'left_out' END, coalesce(judged.reason, ''),
        judged.title, judged.text, run.day + judged.days_to_pay, judged.fee, judged.is_fee_posted
    FROM (
        SELECT due.id, due.customer_id, due.gross - due.paid AS amount, level.level, level.title, level.text,
            level.days_to_pay, level.fee, level.is_fee_posted, CASE
                WHEN waiting.id IS NOT NULL THEN 'other_run' ELSE 
CASE
    WHEN EXISTS (
        SELECT FROM accounting_dispute AS one
        WHERE one.invoice_id = due.id AND one.base_id = of_base AND one.ended_at IS NULL
    ) THEN 'disputed'
    WHEN EXISTS (
        SELECT FROM accounting_debititem AS one
        WHERE one.invoice_id = due.id AND one.base_id = of_base AND one.state IN ('proposed', 'pending')
    ) THEN 'debited'
END

            END AS reason
        FROM accounting_invoice AS due
        LEFT JOIN LATERAL (
            SELECT one.level, one.pay_until FROM accounting_dunningnotice AS one
            WHERE one.invoice_id = due.id AND one.base_id = of_base AND one.state = 'sent'
            ORDER BY one.level DESC LIMIT 1
        ) AS last ON true
        LEFT JOIN LATERAL (
            SELECT one.id FROM accounting_dunningnotice AS one
            WHERE one.invoice_id = due.id AND one.base_id = of_base AND one.state = 'previewed' OFFSET 0
        ) AS waiting ON true
        JOIN accounting_dunninglevel AS level
          ON level.organization_id = run.organization_id AND level.owner_key = run.owner_key
              AND level.level = coalesce(last.level, 0) + 1
        WHERE due.base_id = of_base AND due.ledger_id = run.ledger_id AND due.kind = 'invoice'
          AND due.state IN ('open', 'partly_paid') AND due.customer_id IS NOT NULL
          AND due.due_on + level.days_after_due <= run.day
          AND (last.level IS NULL OR last.pay_until < run.day)
    ) AS judged;
    UPDATE accounting_dunningrun SET (count, total) = (
        SELECT count(*), coalesce(sum(amount), 0) FROM accounting_dunningnotice
        WHERE run_id = of_run AND base_id = of_base AND state = 'previewed'
    ) WHERE id = of_run AND base_id = of_base;
END $$;

-- What was previewed is what is sent, but for what has changed meanwhile; fees are booked where their level says so.
CREATE FUNCTION accounting_send_notices(of_base bigint, of_run uuid, of_corrections bigint, why text, who text)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    run accounting_dunningrun := accounting_lock_dunning_run(of_base, of_run);
    wanted uuid[];
    fees jsonb;
    many integer;
BEGIN
    DISCARD PLANS;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    PERFORM FROM accounting_ledger WHERE id = run.ledger_id AND base_id = of_base FOR NO KEY UPDATE;
    wanted := ARRAY(
        SELECT id FROM accounting_dunningnotice WHERE run_id = of_run AND base_id = of_base AND state = 'previewed'
    );
    PERFORM FROM (
        SELECT DISTINCT accounting_owed_of(of_base, run.ledger_id, customer_id) AS id
        FROM accounting_dunningnotice WHERE id = ANY (wanted) ORDER BY id OFFSET 0
    ) AS asked CROSS JOIN LATERAL (
        SELECT FROM accounting_account AS one WHERE one.id = asked.id AND one.base_id = of_base FOR NO KEY UPDATE
    ) AS locked;
    UPDATE accounting_dunningnotice AS notice SET
        state = CASE WHEN judged.reason IS NULL THEN 'sent' ELSE 'left_out' END,
        left_out = coalesce(judged.reason, '')
    FROM (
        SELECT notice.id, CASE
            WHEN due.state NOT IN ('open', 'partly_paid') OR due.gross - due.paid <> notice.amount
                OR notice.customer_id IS NULL THEN 'changed'
            ELSE 
CASE
    WHEN EXISTS (
        SELECT FROM accounting_dispute AS one
        WHERE one.invoice_id = due.id AND one.base_id = of_base AND one.ended_at IS NULL
    ) THEN 'disputed'
    WHEN EXISTS (
        SELECT FROM accounting_debititem AS one
        WHERE one.invoice_id = due.id AND one.base_id = of_base AND one.state IN ('proposed', 'pending')
    ) THEN 'debited'
END

        END AS reason
        FROM accounting_dunningnotice AS notice CROSS JOIN LATERAL (
            SELECT id, state, gross, paid FROM accounting_invoice
            WHERE id = notice.invoice_id AND base_id = of_base OFFSET 0
        ) AS due
        WHERE notice.id = ANY (wanted)
    ) AS judged WHERE notice.id = judged.id;
    SELECT jsonb_agg(jsonb_build_object(
        'debit', accounting_owed_of(of_base, run.ledger_id, notice.customer_id), 'credit', of_corrections,
        'amount', notice.fee::text, 'kind', 'correction', 'business_day', run.day, 'key', 'dun-' || notice.id,
        'document', due.number, 'reason', why
    )) INTO fees
    FROM accounting_dunningnotice AS notice CROSS JOIN LATERAL (
        SELECT number FROM accounting_invoice WHERE id = notice.invoice_id AND base_id = of_base OFFSET 0
    ) AS due
    WHERE notice.id = ANY (wanted) AND notice.state = 'sent' AND notice.is_fee_posted AND notice.fee > 0;
    IF fees IS NOT NULL THEN
        UPDATE accounting_dunningnotice AS notice SET fee_booking_id = booked.id
        FROM accounting_post(of_base, run.ledger_id, who, fees) AS booked
        WHERE notice.id = ANY (wanted) AND booked.key = 'dun-' || notice.id;
    END IF;
    SELECT count(*) INTO many FROM accounting_dunningnotice WHERE id = ANY (wanted) AND state = 'sent';
    UPDATE accounting_dunningrun SET state = 'sent', sent_at = clock_timestamp(), count = many, total = (
        SELECT coalesce(sum(amount), 0) FROM accounting_dunningnotice WHERE id = ANY (wanted) AND state = 'sent'
    ) WHERE id = of_run AND base_id = of_base;
    RETURN many;
END $$;

CREATE FUNCTION accounting_cancel_notices(of_base bigint, of_run uuid)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    run accounting_dunningrun := accounting_lock_dunning_run(of_base, of_run);
BEGIN
    UPDATE accounting_dunningnotice SET state = 'cancelled'
    WHERE run_id = run.id AND base_id = of_base AND state = 'previewed';
    UPDATE accounting_dunningrun SET state = 'cancelled' WHERE id = run.id AND base_id = of_base;
END $$;

CREATE FUNCTION accounting_forget_notices(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR NOT EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = of_base
        AND stone.customer_id = of_customer AND stone.written_in = pg_current_xact_id() AND stone.at >= now()) THEN
        RAISE EXCEPTION 'Customer % is not being erased', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
    END IF;
    UPDATE accounting_dunningnotice SET customer_id = NULL
    WHERE customer_id = of_customer AND base_id = of_base;
END $$;
