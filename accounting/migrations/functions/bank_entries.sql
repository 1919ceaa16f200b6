-- The entries are locked before the accounts. Whoever reverses has the accounts first and then changes an entry that is
-- booked, for which nobody waits here: an entry that is not open any more is refused at once.
CREATE FUNCTION accounting_book_entries(of_base bigint, of_ledger bigint, who text, wanted jsonb)
RETURNS SETOF accounting_movement LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
-- `wanted` are movements as accounting_post takes them, each with the id of its entry; their keys are made here.
DECLARE
    here bigint := nullif(current_setting('stammhaus.location', true), '')::bigint;
    keyed jsonb;
    wrong text;
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint THEN
        RAISE EXCEPTION 'There is no such ledger here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_in_ledger';
    END IF;
    PERFORM FROM (
        SELECT DISTINCT entry AS id FROM jsonb_to_recordset(wanted) AS one (entry uuid) ORDER BY id OFFSET 0
    ) AS asked CROSS JOIN LATERAL (
        SELECT FROM accounting_bankentry AS one WHERE one.id = asked.id AND one.base_id = of_base
        FOR NO KEY UPDATE
    ) AS locked;
    SELECT CASE
        WHEN entry.state IS DISTINCT FROM 'open' OR entry.owner_key NOT IN (0, here)
            OR entry.ledger_id <> of_ledger THEN 'bankentry_open'
        WHEN entry.direction <> 'credit' OR entry.is_return OR entry.is_reversal
            OR asked.kinds <> ARRAY['payment'] THEN 'bankentry_booked_where_paid'
        WHEN asked.amount <> entry.amount THEN 'bankentry_booked_whole' END INTO wrong
    FROM (
        SELECT one.entry, sum(one.amount) AS amount, array_agg(DISTINCT one.kind) AS kinds
        FROM jsonb_to_recordset(wanted) AS one (entry uuid, amount numeric, kind text) GROUP BY one.entry OFFSET 0
    ) AS asked
    LEFT JOIN LATERAL (
        SELECT * FROM accounting_bankentry WHERE id = asked.entry OFFSET 0
    ) AS entry ON entry.base_id = of_base
    ORDER BY 1 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'This entry cannot be booked so: %', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = wrong;
    END IF;
    SELECT jsonb_agg(one.value || jsonb_build_object('key',
        'bank/' || left(entry.fingerprint, 40) || '/' || entry.times_opened || '/' || one.nth
    )) INTO keyed
    FROM (
        SELECT asked.value, row_number() OVER (PARTITION BY asked.value->>'entry' ORDER BY asked.nth) AS nth
        FROM jsonb_array_elements(wanted) WITH ORDINALITY AS asked (value, nth)
    ) AS one
    CROSS JOIN LATERAL (
        SELECT * FROM accounting_bankentry WHERE id = (one.value->>'entry')::uuid OFFSET 0
    ) AS entry;

    PERFORM FROM accounting_post(of_base, of_ledger, who, keyed);

    INSERT INTO accounting_bankbooking (organization_id, base_id, ledger_id, owner_key, entry_id, movement_id)
    SELECT made.organization_id, of_base, of_ledger, made.owner_key, asked.entry, made.id
    FROM jsonb_to_recordset(keyed) AS asked (entry uuid, key text)
    CROSS JOIN LATERAL (
        SELECT * FROM accounting_movement
        WHERE base_id = of_base AND ledger_id = of_ledger AND location_id = here AND key = asked.key OFFSET 0
    ) AS made;
    UPDATE accounting_bankentry SET
        state = 'booked', decided_by = who, decided_user = nullif(current_setting('stammhaus.user', true),
            '')::bigint, decided_at = clock_timestamp()
    WHERE id = ANY (ARRAY(SELECT one.entry FROM jsonb_to_recordset(wanted) AS one (entry uuid)))
      AND base_id = of_base;

    RETURN QUERY SELECT made.* FROM jsonb_to_recordset(keyed) AS asked (key text)
    CROSS JOIN LATERAL (
        SELECT * FROM accounting_movement
        WHERE base_id = of_base AND ledger_id = of_ledger AND location_id = here AND key = asked.key OFFSET 0
    ) AS made;
END $$;

-- What the bank has said of whoever paid goes where it was booked to the customer. Of a booking that was reversed the
-- entry is about somebody else.
CREATE FUNCTION accounting_forget_entries(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR NOT EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = of_base
        AND stone.customer_id = of_customer AND stone.written_in = pg_current_xact_id() AND stone.at >= now()) THEN
        RAISE EXCEPTION 'Customer % is not being erased', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
    END IF;
    UPDATE accounting_bankentry SET
        counterparty_name = '', counterparty_iban = '', ultimate_name = '', purpose = '', end_to_end_id = '',
        mandate_id = '', batch_id = ''
    WHERE base_id = of_base AND id IN (
        SELECT booking.entry_id FROM accounting_account AS owed
        JOIN accounting_movement AS paid ON paid.credit_id = owed.id AND paid.base_id = of_base
        JOIN accounting_bankbooking AS booking ON booking.movement_id = paid.id AND booking.base_id = of_base
        WHERE owed.base_id = of_base AND owed.customer_id = of_customer AND NOT EXISTS (
            SELECT FROM accounting_movement AS back WHERE back.base_id = of_base AND back.reverses_id = paid.id
        )
    );
END $$;
