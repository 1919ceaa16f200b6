CREATE FUNCTION accounting_open_items(of_base bigint, of_account bigint, up_to numeric, at timestamptz)
RETURNS TABLE(movement uuid, rest numeric) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET enable_sort = off
SET plan_cache_mode = force_custom_plan
AS $$
-- What is open of the items of an account.
DECLARE
    one record;
    summed numeric := 0;
BEGIN
    IF up_to <= 0 THEN
        RETURN;
    END IF;
    FOR one IN
        SELECT side.id, side.amount - coalesce((
            SELECT sum(made.amount) FROM accounting_allocation AS made
            WHERE made.item_id = side.id AND made.base_id = of_base AND made.created_at <= at
        ), 0) AS rest
        FROM accounting_movement AS side
        WHERE side.base_id = of_base AND side.debit_id = of_account AND side.posted_at <= at
          AND side.kind <> 'reversal' AND (
            SELECT back.id FROM accounting_movement AS back
            WHERE back.base_id = of_base AND back.reverses_id = side.id AND back.posted_at <= at
          ) IS NULL
        ORDER BY side.posted_at DESC, side.id DESC
    LOOP
        IF one.rest > 0 THEN
            movement := one.id;
            rest := one.rest;
            RETURN NEXT;
            summed := summed + one.rest;
            EXIT WHEN summed >= up_to;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION accounting_free_payments(of_base bigint, of_account bigint, up_to numeric, at timestamptz)
RETURNS TABLE(movement uuid, rest numeric) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET enable_sort = off
SET plan_cache_mode = force_custom_plan
AS $$
-- What of the payments counts against no item yet.
DECLARE
    one record;
    summed numeric := 0;
BEGIN
    IF up_to <= 0 THEN
        RETURN;
    END IF;
    FOR one IN
        SELECT side.id, side.amount - coalesce((
            SELECT sum(made.amount) FROM accounting_allocation AS made
            WHERE made.payment_id = side.id AND made.base_id = of_base AND made.created_at <= at
        ), 0) AS rest
        FROM accounting_movement AS side
        WHERE side.base_id = of_base AND side.credit_id = of_account AND side.posted_at <= at
          AND side.kind <> 'reversal' AND (
            SELECT back.id FROM accounting_movement AS back
            WHERE back.base_id = of_base AND back.reverses_id = side.id AND back.posted_at <= at
          ) IS NULL
        ORDER BY side.posted_at DESC, side.id DESC
    LOOP
        IF one.rest > 0 THEN
            movement := one.id;
            rest := one.rest;
            RETURN NEXT;
            summed := summed + one.rest;
            EXIT WHEN summed >= up_to;
        END IF;
    END LOOP;
END $$;

-- Cumulative sums of both sides, the oldest first: where their parts overlap, the one pays the other.
CREATE FUNCTION accounting_settle(
    of_base bigint, of_account bigint, free numeric, open numeric, who text, moment timestamptz
)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF least(free, open) <= 0 THEN
        RETURN;
    END IF;
    INSERT INTO accounting_allocation (
        base_id, ledger_id, owner_key, account_id, payment_id, item_id, amount, is_chosen, user_id, user_name,
        created_at
    )
    SELECT of_base, account.ledger_id, account.owner_key, of_account, payment.movement, item.movement,
        least(payment.upto, item.upto) - greatest(payment.upto - payment.rest, item.upto - item.rest), false,
        nullif(current_setting('stammhaus.user', true), '')::bigint, who, moment
    FROM (
        SELECT movement, rest, sum(rest) OVER (ORDER BY nth DESC) AS upto
        FROM accounting_open_items(of_base, of_account, open, 'infinity')
            WITH ORDINALITY AS one (movement, rest, nth)
    ) AS item
    JOIN (
        SELECT movement, rest, sum(rest) OVER (ORDER BY nth DESC) AS upto
        FROM accounting_free_payments(of_base, of_account, free, 'infinity')
            WITH ORDINALITY AS one (movement, rest, nth)
    ) AS payment ON payment.upto - payment.rest < item.upto AND item.upto - item.rest < payment.upto
    CROSS JOIN accounting_account AS account
    WHERE account.id = of_account;
END $$;

CREATE FUNCTION accounting_take_back(
    of_base bigint, of_payment uuid, of_item uuid, also_chosen boolean, who text, moment timestamptz
)
RETURNS numeric LANGUAGE sql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
WITH undone AS (
    INSERT INTO accounting_allocation (
        base_id, ledger_id, owner_key, account_id, payment_id, item_id, amount, is_chosen, undoes_id, user_id,
        user_name, created_at
    )
    SELECT base_id, ledger_id, owner_key, account_id, payment_id, item_id, -amount, is_chosen, id,
        nullif(current_setting('stammhaus.user', true), '')::bigint, who, moment
    FROM (
        SELECT * FROM accounting_allocation WHERE base_id = of_base AND payment_id = of_payment
        UNION
        SELECT * FROM accounting_allocation WHERE base_id = of_base AND item_id = of_item
    ) AS made
    WHERE made.undoes_id IS NULL AND (also_chosen OR NOT made.is_chosen) AND (
        SELECT undone.id FROM accounting_allocation AS undone
        WHERE undone.base_id = of_base AND undone.undoes_id = made.id
    ) IS NULL
    RETURNING amount
)
SELECT coalesce(-sum(amount), 0) FROM undone
$$;

CREATE FUNCTION accounting_left(of_base bigint, of_movement uuid, as_item boolean)
RETURNS numeric LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
SELECT whole.amount - coalesce(CASE
    WHEN as_item THEN (
        SELECT sum(made.amount) FROM accounting_allocation AS made
        WHERE made.base_id = of_base AND made.item_id = of_movement
    ) ELSE (
        SELECT sum(made.amount) FROM accounting_allocation AS made
        WHERE made.base_id = of_base AND made.payment_id = of_movement
    ) END, 0)
FROM accounting_movement AS whole WHERE whole.id = of_movement AND whole.base_id = of_base
$$;

-- What was allocated to the item by age alone gives way. An item without an amount takes as much as there is.
CREATE FUNCTION accounting_choose(
    of_base bigint, of_account bigint, of_payment uuid, items jsonb, who text, moment timestamptz
)
RETURNS numeric LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
-- Returns by how much more of the account is free afterwards.
DECLARE
    one record;
    part numeric;
    freed numeric := 0;
BEGIN
    FOR one IN
        SELECT item.id, item.ledger_id, item.owner_key, item.amount AS whole, asked.value->>'amount' AS wanted
        FROM jsonb_array_elements(items) WITH ORDINALITY AS asked (value, nth)
        LEFT JOIN LATERAL (
            SELECT * FROM accounting_movement WHERE id = (asked.value->>'item')::uuid OFFSET 0
        ) AS item ON item.base_id = of_base AND item.debit_id = of_account AND item.kind <> 'reversal' AND (
            SELECT back.id FROM accounting_movement AS back
            WHERE back.base_id = of_base AND back.reverses_id = item.id
        ) IS NULL
        ORDER BY asked.nth
    LOOP
        IF one.id IS NULL THEN
            RAISE EXCEPTION 'There is no such item to be paid'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_item_there';
        END IF;
        part := coalesce(one.wanted::numeric, least(one.whole, accounting_left(of_base, of_payment, false)));
        IF part <> round(part, 2) OR part < 0 THEN
            RAISE EXCEPTION 'A part is an amount in cents'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_amount_in_cents';
        END IF;
        IF accounting_left(of_base, one.id, true) < part THEN
            freed := freed + accounting_take_back(of_base, NULL, one.id, false, who, moment);
        END IF;
        IF one.wanted IS NULL THEN
            part := least(
                accounting_left(of_base, one.id, true), accounting_left(of_base, of_payment, false), one.whole
            );
        END IF;
        IF part > 0 THEN
            INSERT INTO accounting_allocation (
                base_id, ledger_id, owner_key, account_id, payment_id, item_id, amount, is_chosen, user_id,
                user_name, created_at
            ) VALUES (
                of_base, one.ledger_id, one.owner_key, of_account, of_payment, one.id, part, true,
                nullif(current_setting('stammhaus.user', true), '')::bigint, who, moment
            );
            freed := freed - part;
        END IF;
    END LOOP;
    RETURN freed;
END $$;

CREATE FUNCTION accounting_allocate(of_base bigint, of_payment uuid, who text, items jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    paid accounting_movement;
    owed accounting_account;
    free numeric;
    moment timestamptz;
BEGIN
    SELECT * INTO paid FROM accounting_movement WHERE id = of_payment AND base_id = of_base;
    SELECT * INTO owed FROM accounting_account WHERE id = paid.credit_id AND base_id = of_base FOR NO KEY UPDATE;
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR owed.kind IS DISTINCT FROM 'owed' OR paid.kind = 'reversal'
        OR paid.owner_key NOT IN (0, nullif(current_setting('stammhaus.location', true), '')::bigint) OR EXISTS (
        SELECT FROM accounting_movement WHERE base_id = of_base AND reverses_id = of_payment
    ) THEN
        RAISE EXCEPTION 'There is no such payment here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'allocation_payment_there';
    END IF;
    IF paid.kind = 'transfer' OR EXISTS (
        SELECT FROM accounting_paymentorder WHERE payment_id = of_payment AND base_id = of_base
    ) THEN
        RAISE EXCEPTION 'This payment is that of an order'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_payment_of_order';
    END IF;
    moment := clock_timestamp();
    free := greatest(0, owed.balance) + accounting_take_back(of_base, of_payment, NULL, true, who, moment);
    free := free + accounting_choose(of_base, owed.id, of_payment, items, who, moment);
    PERFORM accounting_settle(of_base, owed.id, free, free - owed.balance, who, moment);
END $$;

-- What a posting frees on an account and what it opens there follows from the balance before it, from what it adds on
-- both sides, and from what its reversals take away from both.
CREATE FUNCTION accounting_settle_posted(
    of_base bigint, fresh accounting_judged[], wanted jsonb, who text, here bigint, of_ledger bigint, moment
    timestamptz
)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    one record;
    back record;
    picked record;
    free numeric;
BEGIN
    FOR one IN
        WITH side AS (
            SELECT debit AS account, -amount AS amount, 0 AS paid, reverses FROM unnest(fresh)
            UNION ALL
            SELECT credit, amount, CASE WHEN reverses IS NULL THEN amount ELSE 0 END, reverses FROM unnest(fresh)
        ), touched AS MATERIALIZED (
            SELECT account, sum(amount) AS amount, sum(paid) AS paid,
                array_agg(reverses) FILTER (WHERE reverses IS NOT NULL) AS reversed
            FROM side GROUP BY account
        ), chosen AS MATERIALIZED (
            SELECT asked.credit AS account,
                jsonb_agg(jsonb_build_object('key', asked.key, 'items', asked.items)) AS picks
            FROM jsonb_to_recordset(wanted) AS asked (credit bigint, key text, items jsonb)
            JOIN unnest(fresh) AS made ON made.key = asked.key
            WHERE jsonb_typeof(asked.items) = 'array' GROUP BY asked.credit
        )
        SELECT owed.id, owed.balance, owed.balance - touched.amount AS before, touched.paid, touched.reversed,
            chosen.picks
        FROM touched CROSS JOIN LATERAL (
            SELECT * FROM accounting_account WHERE id = touched.account AND kind = 'owed' OFFSET 0
        ) AS owed
        LEFT JOIN chosen ON chosen.account = owed.id
        WHERE touched.paid > 0 OR touched.reversed IS NOT NULL OR owed.balance > touched.amount
        ORDER BY owed.id
    LOOP
        free := greatest(0, one.before) + one.paid;
        FOR back IN
            SELECT was.id, was.amount, was.debit_id = one.id AS is_item
            FROM unnest(one.reversed) AS made (id) CROSS JOIN LATERAL (
                SELECT * FROM accounting_movement WHERE id = made.id OFFSET 0
            ) AS was
        LOOP
            IF back.is_item THEN
                free := free + accounting_take_back(of_base, NULL, back.id, true, who, moment);
            ELSE
                free := free - back.amount + accounting_take_back(of_base, back.id, NULL, true, who, moment);
            END IF;
        END LOOP;
        FOR picked IN
            SELECT payment.id, asked.value->'items' AS items
            FROM jsonb_array_elements(one.picks) AS asked CROSS JOIN LATERAL (
                SELECT id FROM accounting_movement
                WHERE base_id = of_base AND ledger_id = of_ledger AND location_id = here
                  AND key = asked.value->>'key' OFFSET 0
            ) AS payment
        LOOP
            free := free + accounting_choose(of_base, one.id, picked.id, picked.items, who, moment);
        END LOOP;
        PERFORM accounting_settle(of_base, one.id, free, free - one.balance, who, moment);
    END LOOP;
END $$;
