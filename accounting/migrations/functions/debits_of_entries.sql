-- An entry that is still open, and money in the direction that is asked for.
CREATE FUNCTION accounting_lock_open_entry(of_base bigint, of_entry uuid, of_direction text)
RETURNS accounting_bankentry LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    entry accounting_bankentry;
BEGIN
    SELECT * INTO entry FROM accounting_bankentry
    WHERE id = of_entry AND base_id = of_base
        AND owner_key IN (0, nullif(current_setting('stammhaus.location', true), '')::bigint) FOR NO KEY UPDATE;
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR nullif(current_setting('stammhaus.location', true), '')::bigint IS NULL
        OR entry.state IS DISTINCT FROM 'open' THEN
        RAISE EXCEPTION 'This entry is not open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_open';
    END IF;
    IF entry.direction <> of_direction OR of_direction = 'credit' AND (entry.is_return OR entry.is_reversal) THEN
        RAISE EXCEPTION 'This entry is no such booking'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_of_debits';
    END IF;
    RETURN entry;
END $$;

CREATE FUNCTION accounting_decide_entries(of_base bigint, of_entries uuid[], to_state text, who text)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
UPDATE accounting_bankentry SET
    state = to_state, decided_by = who, decided_user = nullif(current_setting('stammhaus.user', true), '')::bigint,
        decided_at = clock_timestamp()
WHERE id = ANY (of_entries);
$$;

-- The payments of some debits, at most a few hundred: what is posted at once stays small. What is updated is named
-- by an
-- array of ids: joined to what was posted, the planner may read all debits to find them.
CREATE FUNCTION accounting_collect_block(
    of_base bigint, of_ledger bigint, of_money bigint, of_items uuid[], of_days date[], who text
)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    wanted jsonb;
    made jsonb;
BEGIN
    SELECT jsonb_agg(jsonb_build_object(
        'debit', of_money, 'credit', accounting_owed_of(of_base, of_ledger, item.customer_id),
        'amount', item.amount::text, 'kind', 'payment', 'business_day', asked.day,
        'key', concat_ws('/', item.end_to_end_id, nullif(item.times_undone, 0)),
        'document', due.number, 'reason', '', 'items', coalesce(part.items, '[]')
    )) INTO wanted
    FROM unnest(of_items, of_days) AS asked (id, day)
    CROSS JOIN LATERAL (
        SELECT * FROM accounting_debititem WHERE id = asked.id OFFSET 0
    ) AS item
    CROSS JOIN LATERAL (
        SELECT number FROM accounting_invoice WHERE id = item.invoice_id OFFSET 0
    ) AS due
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('item', movement_id) ORDER BY movement_id) AS items
        FROM accounting_invoiceitem
        WHERE invoice_id = item.invoice_id AND base_id = item.base_id AND is_standing
    ) AS part;
    IF wanted IS NULL THEN
        RETURN;
    END IF;
    SELECT jsonb_object_agg(asked.id, paid.id) INTO made FROM (
        SELECT id, split_part(key, '/', 1) AS reference
        FROM accounting_post(of_base, of_ledger, who, wanted) OFFSET 0
    ) AS paid CROSS JOIN LATERAL (
        SELECT one.id, one.base_id FROM accounting_debititem AS one
        WHERE one.end_to_end_id = paid.reference AND one.end_to_end_id <> '' OFFSET 0
    ) AS asked WHERE asked.base_id = of_base;
    UPDATE accounting_debititem SET state = 'collected', payment_id = (made->>id::text)::uuid
    WHERE id = ANY (of_items) AND made ? id::text;
END $$;

CREATE FUNCTION accounting_lock_debtors(of_base bigint, of_ledger bigint, of_items uuid[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    PERFORM FROM (
        SELECT DISTINCT accounting_owed_of(of_base, of_ledger, item.customer_id) AS id
        FROM unnest(of_items) AS asked (id) CROSS JOIN LATERAL (
            SELECT customer_id FROM accounting_debititem WHERE id = asked.id OFFSET 0
        ) AS item ORDER BY 1 OFFSET 0
    ) AS asked CROSS JOIN LATERAL (
        SELECT FROM accounting_account AS one WHERE one.id = asked.id FOR NO KEY UPDATE
    ) AS locked;
    PERFORM FROM (SELECT unnest(of_items) AS id ORDER BY 1 OFFSET 0) AS asked CROSS JOIN LATERAL (
        SELECT FROM accounting_debititem AS one WHERE one.id = asked.id FOR UPDATE
    ) AS locked;
END $$;

-- Which debits of a file a sum of the bank is about: all of them, or those of one group, in the order of the file.
-- `was_credited` says that it must be in the sum, `may_be` that it may: the bank may have refused it before.
CREATE FUNCTION accounting_debits_of_batch(of_base bigint, of_file uuid, of_group integer)
RETURNS TABLE(id uuid, place integer, state text, amount numeric, was_credited boolean, may_be boolean,
    entry uuid) LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
SELECT one.id, one.position, one.state, one.amount,
    one.state IN ('pending', 'collected')
        OR one.state = 'returned' AND (one.payment_id IS NOT NULL OR one.returned_entry_id IS NOT NULL),
    one.state IN ('pending', 'collected', 'returned'), one.collected_entry_id
FROM (
    SELECT item.*, dense_rank() OVER (ORDER BY item.scheme, item.is_recurrent) AS nth
    FROM accounting_debititem AS item
    WHERE item.file_id = of_file AND item.position IS NOT NULL
) AS one WHERE one.base_id = of_base AND (of_group IS NULL OR one.nth = of_group)
$$;

CREATE FUNCTION accounting_collect_batch(
    of_base bigint, of_entry uuid, of_file uuid, of_group integer, of_money bigint, on_day date, who text, most
    integer
)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
-- Collects at most so many debits of the sum; how many are left. With the last ones the entry is booked.
DECLARE
    entry accounting_bankentry := accounting_lock_open_entry(of_base, of_entry, 'credit');
    file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, 'done');
    surely numeric;
    perhaps numeric;
    pending uuid[];
    block uuid[];
BEGIN
    SELECT coalesce(sum(one.amount) FILTER (WHERE one.was_credited), 0),
        coalesce(sum(one.amount) FILTER (WHERE one.may_be), 0) INTO surely, perhaps
    FROM accounting_debits_of_batch(of_base, of_file, of_group) AS one
    WHERE one.entry IS NULL OR one.entry = of_entry;
    IF entry.ledger_id <> file.ledger_id OR entry.amount NOT IN (surely, perhaps) THEN
        RAISE EXCEPTION 'The debits are not as much as this entry'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_of_debits';
    END IF;
    DISCARD PLANS;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    pending := ARRAY(
        SELECT one.id FROM accounting_debits_of_batch(of_base, of_file, of_group) AS one
        WHERE one.state = 'pending' AND one.entry IS NULL ORDER BY one.place
    );
    block := pending[1 : most];
    PERFORM accounting_lock_debtors(of_base, file.ledger_id, block);
    PERFORM accounting_collect_block(
        of_base, file.ledger_id, of_money, block, array_fill(on_day, ARRAY[cardinality(block)]), who
    );
    UPDATE accounting_debititem SET collected_entry_id = of_entry, is_collected_by_entry = true
    WHERE id = ANY (block) AND state = 'collected';
    IF cardinality(pending) <= most THEN
        UPDATE accounting_debititem SET collected_entry_id = of_entry WHERE id = ANY (ARRAY(
            SELECT one.id FROM accounting_debits_of_batch(of_base, of_file, of_group) AS one
            WHERE one.entry IS NULL AND (one.was_credited OR one.may_be AND entry.amount = perhaps)
        ));
        PERFORM accounting_decide_entries(of_base, ARRAY[of_entry], 'booked', who);
    END IF;
    RETURN greatest(cardinality(pending) - most, 0);
END $$;

CREATE FUNCTION accounting_collect_entries(of_base bigint, of_ledger bigint, of_money bigint, who text, wanted jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
-- `wanted` are [{entry, debit, on}]: entries of which each is the money of one debit.
DECLARE
    here bigint := nullif(current_setting('stammhaus.location', true), '')::bigint;
    debits uuid[];
    pending uuid[];
    days date[];
    entries jsonb;
    wrong text;
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint OR here IS NULL THEN
        RAISE EXCEPTION 'There is no such ledger here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_in_ledger';
    END IF;
    DISCARD PLANS;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    PERFORM FROM (
        SELECT DISTINCT entry AS id FROM jsonb_to_recordset(wanted) AS one (entry uuid) ORDER BY id OFFSET 0
    ) AS asked CROSS JOIN LATERAL (
        SELECT FROM accounting_bankentry AS one WHERE one.id = asked.id AND one.base_id = of_base
        FOR NO KEY UPDATE
    ) AS locked;
    PERFORM accounting_lock_debit_file(of_base, asked.file_id, 'done') FROM (
        SELECT DISTINCT item.file_id FROM jsonb_to_recordset(wanted) AS one (debit uuid) CROSS JOIN LATERAL (
            SELECT file_id FROM accounting_debititem WHERE id = one.debit OFFSET 0
        ) AS item ORDER BY 1 OFFSET 0
    ) AS asked;
    debits := ARRAY(SELECT one.debit FROM jsonb_to_recordset(wanted) AS one (debit uuid));
    PERFORM accounting_lock_debtors(of_base, of_ledger, debits);
    SELECT CASE
        WHEN entry.state IS DISTINCT FROM 'open' OR entry.owner_key NOT IN (0, here)
            OR entry.ledger_id <> of_ledger THEN 'bankentry_open'
        WHEN entry.direction <> 'credit' OR entry.is_return OR entry.is_reversal OR item.amount <> entry.amount
            OR item.state IS NULL OR item.state NOT IN ('pending', 'collected', 'returned')
            OR asked.many > 1 THEN 'bankentry_of_debits'
        WHEN item.collected_entry_id IS NOT NULL THEN 'debititem_collected_once' END INTO wrong
    FROM (
        SELECT one.*, count(*) OVER (PARTITION BY one.entry) + count(*) OVER (PARTITION BY one.debit) - 1 AS many
        FROM jsonb_to_recordset(wanted) AS one (entry uuid, debit uuid)
    ) AS asked
    LEFT JOIN LATERAL (SELECT * FROM accounting_bankentry WHERE id = asked.entry OFFSET 0) AS entry
      ON entry.base_id = of_base
    LEFT JOIN LATERAL (SELECT * FROM accounting_debititem WHERE id = asked.debit OFFSET 0) AS item
      ON item.base_id = of_base
    ORDER BY 1 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'This entry collects no debit: %', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = wrong;
    END IF;
    SELECT array_agg(item.id), array_agg(asked.day) INTO pending, days
    FROM jsonb_to_recordset(wanted) AS one (debit uuid, "on" date)
    CROSS JOIN LATERAL (SELECT one.debit AS id, one."on" AS day) AS asked
    CROSS JOIN LATERAL (
        SELECT id, state FROM accounting_debititem WHERE id = asked.id OFFSET 0
    ) AS item WHERE item.state = 'pending';
    PERFORM accounting_collect_block(of_base, of_ledger, of_money, pending, days, who);
    SELECT jsonb_object_agg(one.debit, one.entry) INTO entries
    FROM jsonb_to_recordset(wanted) AS one (entry uuid, debit uuid);
    UPDATE accounting_debititem SET
        collected_entry_id = (entries->>id::text)::uuid, is_collected_by_entry = coalesce(id = ANY (pending), false)
    WHERE id = ANY (debits);
    PERFORM accounting_decide_entries(
        of_base, ARRAY(SELECT one.entry FROM jsonb_to_recordset(wanted) AS one (entry uuid)), 'booked', who
    );
END $$;

CREATE FUNCTION accounting_end_mandate(of_base bigint, of_mandate bigint, code text, who text)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
UPDATE accounting_mandate SET
    state = 'revoked', revoked_at = clock_timestamp(), revoked_by = who, return_code = code
WHERE id = of_mandate AND base_id = of_base AND state = 'active';
$$;

-- The reversals and payments of some debits, posted together. What was charged for a return is taken back with it.
CREATE FUNCTION accounting_take_back_debits(
    of_base bigint, of_ledger bigint, of_items uuid[], is_return boolean, who text, why text, on_day date
)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
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
END $$;

CREATE FUNCTION accounting_undo_debits(of_base bigint, of_entry uuid, who text, why text, on_day date)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    entry accounting_bankentry;
    debits uuid[];
    done uuid[];
    at_once integer := 0;
    wrong text;
BEGIN
    SELECT * INTO entry FROM accounting_bankentry
    WHERE id = of_entry AND base_id = of_base
        AND owner_key IN (0, nullif(current_setting('stammhaus.location', true), '')::bigint) FOR NO KEY UPDATE;
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR nullif(current_setting('stammhaus.location', true), '')::bigint IS NULL
        OR entry.state IS NULL OR entry.state NOT IN ('booked', 'returned') THEN
        RAISE EXCEPTION 'This entry is not booked'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_open';
    END IF;
    DISCARD PLANS;
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
END $$;
