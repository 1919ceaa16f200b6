CREATE TYPE accounting_judged AS (
    debit bigint, credit bigint, amount numeric, kind text, business_day date, key text, reverses uuid,
    document text, reason text, is_late boolean, customer bigint, debit_yields boolean, credit_yields boolean,
    problem text, breaches text[]
);

-- What is wrong with each movement that is wanted, and which rules of the customer's terms it breaks. One whose key is
-- known is not judged again: its effect is there. `yields` says of an account that its limit gives way to what has
-- happened: to what a till has sold without a connection, and an open amount to what sets right.
CREATE FUNCTION accounting_judge(of_base bigint, of_ledger bigint, here bigint, wanted jsonb)
RETURNS SETOF accounting_judged LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
SELECT one.debit, one.credit, one.amount, one.kind, one.business_day, one.key, one.reverses,
    coalesce(one.document, ''), coalesce(one.reason, ''), coalesce(one.is_late, false),
    coalesce(debited.customer_id, credited.customer_id),
    coalesce(one.is_late, false)
        OR one.kind IN ('opening', 'correction', 'transfer', 'reversal') AND debited.kind = 'owed',
    coalesce(one.is_late, false)
        OR one.kind IN ('opening', 'correction', 'transfer', 'reversal') AND credited.kind = 'owed',
    CASE
        WHEN debited.id IS NULL OR credited.id IS NULL OR debited.is_nameless OR credited.is_nameless
            THEN 'movement_accounts_of_ledger'
        WHEN one.amount <> round(one.amount, 2) THEN 'movement_amount_in_cents'
        WHEN one.kind = 'reversal' THEN CASE
            WHEN original.id IS NULL OR original.kind = 'reversal' THEN 'movement_reverses_one'
            WHEN (original.debit_id, original.credit_id, original.amount)
                IS DISTINCT FROM (one.credit, one.debit, one.amount) THEN 'movement_reverses_all'
        END
        WHEN (one.kind, debited.kind, credited.kind) NOT IN (
            ('sale', 'owed', 'sales'), ('payment', 'money', 'owed'), ('top_up', 'money', 'credit'),
            ('use', 'credit', 'sales'), ('pay_out', 'credit', 'money'),
            ('opening', 'owed', 'opening'), ('opening', 'opening', 'owed'), ('opening', 'opening', 'credit'),
            ('correction', 'owed', 'corrections'), ('correction', 'corrections', 'owed'),
            ('correction', 'credit', 'corrections'), ('correction', 'corrections', 'credit'),
            ('correction', 'credit', 'credit'), ('correction', 'owed', 'owed'), ('transfer', 'owed', 'owed')
        ) THEN 'movement_kind_fits_accounts'
    END,
    CASE WHEN one.kind IN ('sale', 'top_up', 'use') THEN array_remove(ARRAY[
        CASE WHEN customer.archived_at IS NOT NULL THEN 'archived' END,
        CASE WHEN customer.is_blocked OR terms.is_blocked THEN 'blocked' END,
        CASE WHEN one.kind = 'sale' AND terms.may_buy_on_account IS NOT TRUE THEN 'not_on_account' END,
        CASE WHEN one.kind <> 'sale' AND terms.may_hold_credit IS NOT TRUE THEN 'no_credit' END,
        CASE WHEN one.kind = 'sale' AND (
            customer.street = '' AND customer.po_box = '' OR customer.city = ''
        ) THEN 'no_address' END
    ], NULL) ELSE '{}' END
FROM jsonb_to_recordset(wanted) AS one (
    debit bigint, credit bigint, amount numeric, kind text, business_day date, key text, reverses uuid,
    document text, reason text, is_late boolean
)
LEFT JOIN LATERAL (SELECT * FROM accounting_account WHERE id = one.debit OFFSET 0) AS debited
  ON debited.base_id = of_base AND debited.ledger_id = of_ledger
LEFT JOIN LATERAL (SELECT * FROM accounting_account WHERE id = one.credit OFFSET 0) AS credited
  ON credited.base_id = of_base AND credited.ledger_id = of_ledger
LEFT JOIN LATERAL (SELECT * FROM accounting_movement WHERE id = one.reverses OFFSET 0) AS original
  ON original.base_id = of_base AND original.ledger_id = of_ledger
LEFT JOIN LATERAL (
    SELECT * FROM accounting_accountterms
    WHERE base_id = of_base AND customer_id = coalesce(debited.customer_id, credited.customer_id)
      AND ledger_id = of_ledger OFFSET 0
) AS terms ON true
LEFT JOIN LATERAL (
    SELECT * FROM customers_customer WHERE id = coalesce(debited.customer_id, credited.customer_id) OFFSET 0
) AS customer ON customer.base_id = of_base
WHERE (
    SELECT known.id FROM accounting_movement AS known
    WHERE known.base_id = of_base AND known.ledger_id = of_ledger AND known.location_id = here
      AND known.key = one.key
) IS NULL
$$;

-- Accounts with a limit are locked in the order of their ids, before anything is read that depends on them: whoever
-- posts between the same two accounts the other way round waits, and neither waits for the other for ever. The
-- moment of
-- a movement is read under these locks, so the balance of a past moment never changes.
CREATE FUNCTION accounting_post(of_base bigint, of_ledger bigint, who text, wanted jsonb)
RETURNS SETOF accounting_movement LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = auto
AS $$
DECLARE
    here bigint := nullif(current_setting('stammhaus.location', true), '')::bigint;
    book record;
    fresh accounting_judged[];
    wrong text;
    moment timestamptz;
BEGIN
    SELECT id, organization_id, owner_key INTO book FROM accounting_ledger
    WHERE base_id = of_base AND id = of_ledger AND (owner_key = 0 OR owner_key = here);
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint OR here IS NULL
        OR book.id IS NULL THEN
        RAISE EXCEPTION 'There is no such ledger here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_in_ledger';
    END IF;
    IF jsonb_array_length(wanted) > 100 THEN
        DISCARD PLANS;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    END IF;
    PERFORM FROM (
        SELECT DISTINCT unnest(ARRAY[one.debit, one.credit]) AS id
        FROM jsonb_to_recordset(wanted) AS one (debit bigint, credit bigint) ORDER BY id OFFSET 0
    ) AS asked CROSS JOIN LATERAL (
        SELECT FROM accounting_account AS one
        WHERE one.id = asked.id AND one.base_id = of_base AND one.ledger_id = of_ledger AND one.balance IS NOT NULL
        FOR NO KEY UPDATE
    ) AS locked;
    moment := clock_timestamp();
    fresh := ARRAY(SELECT one FROM accounting_judge(of_base, of_ledger, here, wanted) AS one);

    IF cardinality(fresh) < jsonb_array_length(wanted) AND EXISTS (
        SELECT FROM jsonb_to_recordset(wanted) AS one (
            debit bigint, credit bigint, amount numeric, kind text, business_day date, key text, reverses uuid,
            document text, reason text
        )
        CROSS JOIN LATERAL (
            SELECT * FROM accounting_movement
            WHERE base_id = of_base AND ledger_id = of_ledger AND location_id = here AND key = one.key OFFSET 0
        ) AS known
        WHERE (known.debit_id, known.credit_id, known.amount, known.kind, known.business_day, known.reverses_id,
                known.document, known.reason)
            IS DISTINCT FROM (one.debit, one.credit, one.amount, one.kind, one.business_day, one.reverses,
                coalesce(one.document, ''), coalesce(one.reason, ''))
    ) THEN
        RAISE EXCEPTION 'Something else was posted under this key'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'movement_key_once';
    END IF;

    SELECT coalesce(one.problem, 'accounting_' || one.breaches[1]) INTO wrong FROM unnest(fresh) AS one
    WHERE one.problem IS NOT NULL OR one.breaches <> '{}' AND NOT one.is_late LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'This cannot be posted: %', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = wrong;
    END IF;

    WITH added AS (
        INSERT INTO accounting_movement (
            organization_id, base_id, ledger_id, owner_key, debit_id, credit_id, amount, kind, location_id,
            business_day, key, reverses_id, document, reason, is_late, user_id, user_name,
            posted_at
        )
        SELECT book.organization_id, of_base, of_ledger, book.owner_key, one.debit, one.credit, one.amount,
            one.kind, here, one.business_day, one.key, one.reverses, one.document, one.reason, one.is_late,
            nullif(current_setting('stammhaus.user', true), '')::bigint, who, moment
        FROM unnest(fresh) AS one
        RETURNING id, key
    ), step AS MATERIALIZED (
        SELECT one.key, one.debit AS account, -one.amount AS amount, one.debit_yields AS yields
        FROM unnest(fresh) AS one
        UNION ALL
        SELECT one.key, one.credit, one.amount, one.credit_yields FROM unnest(fresh) AS one
    ), total AS (
        SELECT account, sum(amount) AS amount,
            coalesce(sum(amount) FILTER (WHERE NOT yields), 0) AS strict,
            coalesce(bool_or(yields AND amount < 0), false) AS yields
        FROM step GROUP BY account
    ), kept AS (
        UPDATE accounting_account AS account SET
            balance = account.balance + total.amount,
            overdraft = CASE
                WHEN total.yields AND account.balance + total.strict >= account.floor - account.overdraft
                    THEN greatest(0, account.floor - account.balance - total.amount)
                ELSE least(account.overdraft, greatest(0, account.floor - account.balance - total.amount)) END
        FROM total
        WHERE account.id = total.account AND account.base_id = of_base AND account.balance IS NOT NULL
        RETURNING account.id, account.kind, account.overdraft
    ), broken AS (
        SELECT step.key, array_agg(CASE kept.kind WHEN 'owed' THEN 'limit' ELSE 'below_zero' END) AS breaches
        FROM step JOIN kept ON kept.id = step.account
        WHERE step.yields AND step.amount < 0 AND kept.overdraft > 0
        GROUP BY step.key
    )
    INSERT INTO accounting_ledgerexception (base_id, ledger_id, owner_key, movement_id, customer_id, breaches)
    SELECT of_base, of_ledger, book.owner_key, added.id, one.customer,
        one.breaches || coalesce(broken.breaches, '{}')
    FROM unnest(fresh) AS one JOIN added ON added.key = one.key LEFT JOIN broken ON broken.key = one.key
    WHERE one.breaches <> '{}' OR broken.key IS NOT NULL;

    PERFORM accounting_settle_posted(of_base, fresh, wanted, who, here, of_ledger, moment);

    RETURN QUERY SELECT movement.* FROM (
        SELECT DISTINCT one.key FROM jsonb_to_recordset(wanted) AS one (key text)
    ) AS asked CROSS JOIN LATERAL (
        SELECT * FROM accounting_movement
        WHERE base_id = of_base AND ledger_id = of_ledger AND location_id = here AND key = asked.key OFFSET 0
    ) AS movement;
END $$;

CREATE FUNCTION accounting_set_limit(of_base bigint, of_ledger bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint THEN
        RAISE EXCEPTION 'There is no such ledger here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_in_ledger';
    END IF;
    UPDATE accounting_account AS account SET
        floor = -terms.hard_limit,
        overdraft = greatest(0, -terms.hard_limit - account.balance)
    FROM accounting_accountterms AS terms
    WHERE terms.base_id = of_base AND terms.ledger_id = of_ledger AND terms.customer_id = of_customer
      AND account.base_id = of_base AND account.ledger_id = of_ledger AND account.customer_id = of_customer
      AND account.kind = 'owed';
END $$;

-- Movements stay, because the law wants them kept; whose they were does not.
CREATE FUNCTION accounting_forget(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    gone bigint[];
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
        SELECT FROM accounting_account WHERE base_id = of_base AND customer_id = of_customer AND balance <> 0
    ) THEN
        RAISE EXCEPTION 'Money of customer % is open', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_money_open';
    END IF;
    gone := ARRAY(SELECT id FROM accounting_account WHERE base_id = of_base AND customer_id = of_customer);
    UPDATE accounting_movement SET reason = '–'
    WHERE base_id = of_base AND (debit_id = ANY (gone) OR credit_id = ANY (gone)) AND reason <> '';
    UPDATE accounting_movement SET document = ''
    WHERE base_id = of_base AND (debit_id = ANY (gone) OR credit_id = ANY (gone)) AND document <> '';
    UPDATE accounting_ledgerexception SET note = '–'
    WHERE base_id = of_base AND customer_id = of_customer AND note <> '';
    UPDATE accounting_ledgerexception SET customer_id = NULL
    WHERE base_id = of_base AND customer_id = of_customer;
    DELETE FROM accounting_accountterms WHERE base_id = of_base AND customer_id = of_customer;
    DELETE FROM accounting_accounttermsevent WHERE base_id = of_base AND customer_id = of_customer;
    UPDATE accounting_account SET customer_id = NULL, is_nameless = true
    WHERE base_id = of_base AND customer_id = of_customer;
END $$;

CREATE FUNCTION accounting_balance_at(of_base bigint, of_account bigint, moment timestamptz)
RETURNS numeric LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
SELECT coalesce((
    SELECT sum(amount) FROM accounting_movement
    WHERE base_id = of_base AND credit_id = of_account AND posted_at <= moment
), 0) - coalesce((
    SELECT sum(amount) FROM accounting_movement
    WHERE base_id = of_base AND debit_id = of_account AND posted_at <= moment
), 0)
$$;
