-- The address at this moment: none ('') where he wants paper or has none, NULL where there is no such customer.
CREATE FUNCTION accounting_letter_address(of_base bigint, of_ledger bigint, of_customer bigint)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
SELECT CASE WHEN terms.deliver_by = 'paper' THEN '' ELSE coalesce(nullif(terms.email, ''), whose.email) END
FROM (
    SELECT email FROM customers_customer WHERE id = of_customer AND base_id = of_base OFFSET 0
) AS whose
LEFT JOIN LATERAL (
    SELECT email, deliver_by FROM accounting_billingterms
    WHERE customer_id = of_customer AND base_id = of_base AND ledger_id = of_ledger OFFSET 0
) AS terms ON true
$$;

-- What of a run, of a file or of one document is neither mailed nor about to be, with the address of this moment.
-- Whoever calls it sees the rows that he may see.
CREATE FUNCTION accounting_unmailed(of_base bigint, of_source text, of_id uuid)
RETURNS TABLE(kind text, invoice uuid, debit uuid, notice uuid, document uuid, customer bigint, ledger bigint,
    owner_key bigint, address text, was_tried boolean) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT one.kind, one.invoice, one.debit, one.notice, one.document, one.customer, one.ledger, one.owner_key,
        coalesce(accounting_letter_address(of_base, one.ledger, one.customer), ''), tried.id IS NOT NULL
    FROM (
        SELECT due.kind::text, due.id AS invoice, NULL::uuid AS debit, NULL::uuid AS notice, due.id AS document,
            due.customer_id AS customer, due.ledger_id AS ledger, due.owner_key
        FROM accounting_invoice AS due
        WHERE due.base_id = of_base AND NOT due.is_cancelled AND (
            of_source = 'run' AND due.run_id = of_id AND due.kind = 'invoice'
            OR of_source = 'invoice' AND due.id = of_id
        )
        UNION ALL
        SELECT 'debit', due.id, item.id, NULL, item.id, item.customer_id, due.ledger_id, item.owner_key
        FROM accounting_debititem AS item CROSS JOIN LATERAL (
            SELECT id, ledger_id FROM accounting_invoice
            WHERE id = item.invoice_id AND base_id = of_base OFFSET 0
        ) AS due
        WHERE item.base_id = of_base AND item.state = 'proposed' AND item.announced_on IS NULL AND (
            of_source = 'debit_file' AND item.file_id = of_id OR of_source = 'debit' AND item.id = of_id
        )
        UNION ALL
        SELECT 'reminder', due.id, NULL, notice.id, notice.id, notice.customer_id, due.ledger_id, notice.owner_key
        FROM accounting_dunningnotice AS notice CROSS JOIN LATERAL (
            SELECT id, ledger_id FROM accounting_invoice
            WHERE id = notice.invoice_id AND base_id = of_base OFFSET 0
        ) AS due
        WHERE notice.base_id = of_base AND notice.state = 'sent' AND (
            of_source = 'reminders' AND notice.run_id = of_id OR of_source = 'reminder' AND notice.id = of_id
        )
    ) AS one
    LEFT JOIN LATERAL (
        SELECT letter.id FROM accounting_letter AS letter
        WHERE letter.document = one.document AND letter.base_id = of_base
          AND letter.state IN ('waiting', 'sending', 'sent', 'unsure') LIMIT 1
    ) AS standing ON true
    LEFT JOIN LATERAL (
        SELECT letter.id FROM accounting_letter AS letter
        WHERE letter.document = one.document AND letter.base_id = of_base LIMIT 1
    ) AS tried ON true
    WHERE standing.id IS NULL;
END $$;

-- Whoever has no address, or wants paper, gets a letter to be printed, once. Of two who ask at once the second one
-- finds
-- the letters of the first. Returns how many wait to be mailed, and how many are to be printed.
CREATE FUNCTION accounting_queue_letters(
    of_base bigint, of_source text, of_id uuid, of_mailing uuid, who text, OUT mailed integer, OUT printed integer
)
RETURNS record LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR nullif(current_setting('stammhaus.location', true), '')::bigint IS NULL THEN
        RAISE EXCEPTION 'There is nothing to be mailed here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'letter_there';
    END IF;
    WITH added AS (
        INSERT INTO accounting_letter (
            organization_id, base_id, ledger_id, owner_key, location_id, kind, invoice_id, debit_id, notice_id,
            customer_id, mailing, is_again, state, failure, user_id, user_name
        )
        SELECT ledger.organization_id, of_base, one.ledger, one.owner_key,
            nullif(current_setting('stammhaus.location', true), '')::bigint, one.kind,
            one.invoice, one.debit, one.notice, one.customer, of_mailing, false,
            CASE WHEN one.address <> '' THEN 'waiting' ELSE 'paper' END,
            CASE WHEN one.address <> '' THEN '[]' ELSE '[{"code": "letter_to_print", "params": {}}]' END::jsonb,
            nullif(current_setting('stammhaus.user', true), '')::bigint, who
        FROM accounting_unmailed(of_base, of_source, of_id) AS one CROSS JOIN LATERAL (
            SELECT organization_id FROM accounting_ledger WHERE id = one.ledger AND base_id = of_base OFFSET 0
        ) AS ledger
        WHERE one.customer IS NOT NULL AND (one.address <> '' OR NOT one.was_tried)
        ON CONFLICT DO NOTHING
        RETURNING state
    )
    SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'paper')
    INTO mailed, printed FROM added;
END $$;

-- Once more, because a person wants it: of a letter that is settled, and the last one of its document.
CREATE FUNCTION accounting_queue_again(of_base bigint, of_letter uuid, of_mailing uuid, who text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    before accounting_letter;
    newest uuid;
BEGIN
    SELECT * INTO before FROM accounting_letter WHERE id = of_letter AND base_id = of_base FOR UPDATE;
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR nullif(current_setting('stammhaus.location', true), '')::bigint IS NULL OR before.customer_id IS NULL THEN
        RAISE EXCEPTION 'There is nothing to be mailed here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'letter_there';
    END IF;
    SELECT id INTO newest FROM accounting_letter
    WHERE document = before.document AND base_id = of_base ORDER BY asked_at DESC, id DESC LIMIT 1;
    IF newest <> before.id OR before.state IN ('waiting', 'sending') THEN
        RAISE EXCEPTION 'Somebody has asked for it already'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'letter_asked_for';
    END IF;
    INSERT INTO accounting_letter (
        organization_id, base_id, ledger_id, owner_key, location_id, kind, invoice_id, debit_id, notice_id,
        customer_id, mailing, is_again, state, failure, user_id, user_name
    ) VALUES (
        before.organization_id, of_base, before.ledger_id, before.owner_key,
            nullif(current_setting('stammhaus.location', true), '')::bigint, before.kind,
        before.invoice_id, before.debit_id, before.notice_id, before.customer_id, of_mailing, true, 'waiting',
        '[]', nullif(current_setting('stammhaus.user', true), '')::bigint, who
    );
END $$;

CREATE FUNCTION accounting_forget_letters(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR NOT EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = of_base
        AND stone.customer_id = of_customer AND stone.written_in = pg_current_xact_id() AND stone.at >= now()) THEN
        RAISE EXCEPTION 'Customer % is not being erased', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
    END IF;
    UPDATE accounting_letter SET
        customer_id = NULL, sent_to = '', failure = '[]',
        state = CASE WHEN state IN ('waiting', 'sending') THEN 'dropped' ELSE state END
    WHERE customer_id = of_customer AND base_id = of_base;
END $$;
