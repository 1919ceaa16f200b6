-- The next number of a series, locked until the end of the transaction. Numbers go up with the days.
CREATE FUNCTION accounting_take_numbers(
    of_base bigint, of_organization bigint, of_issuer bigint, of_kind text, on_day date, many integer
)
RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    of_year integer := extract(year FROM on_day);
    before integer;
    latest date;
BEGIN
    IF on_day NOT BETWEEN current_date - 1 AND current_date + 1 THEN
        RAISE EXCEPTION 'An invoice is of the day on which it is issued'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_of_today';
    END IF;
    INSERT INTO accounting_numberseries (base_id, organization_id, owner_key, issuer_id, kind, year, last, last_on)
    SELECT of_base, of_organization, owner_key, of_issuer, of_kind, of_year, 0, on_day
    FROM accounting_issuer WHERE id = of_issuer ON CONFLICT DO NOTHING;
    SELECT last, last_on INTO before, latest FROM accounting_numberseries
    WHERE base_id = of_base AND issuer_id = of_issuer AND kind = of_kind AND year = of_year FOR UPDATE;
    IF latest > on_day THEN
        RAISE EXCEPTION 'There is an invoice of a later day already'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_days_in_order';
    END IF;
    UPDATE accounting_numberseries SET last = before + many, last_on = on_day
    WHERE base_id = of_base AND issuer_id = of_issuer AND kind = of_kind AND year = of_year;
    RETURN before;
END $$;

-- Issues the next invoices of a run, `most` of them at once; NULL where none is left. What is wrong with an order
-- by now
-- is noted at the order. Sums: the net amount of each rate is rounded once, and its cents go to the lines by largest
-- remainder, the earlier of equals first, as accounting/documents/vat.py does; in whole numbers, so that no quotient is
-- rounded before remainders are compared. `chosen` is sorted, so width_bucket finds the place of a bundle in it, and
-- nothing is joined that a table without statistics would make expensive.
CREATE FUNCTION accounting_issue_invoices(of_base bigint, of_run uuid, who text, on_day date, most integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    here bigint := nullif(current_setting('stammhaus.location', true), '')::bigint;
    run accounting_invoicerun := accounting_run_here(of_base, of_run, ARRAY['running']);
    issuer accounting_issuer;
    orders uuid[];
    payers bigint[];
    bundles integer[];
    chosen integer[];
    owing bigint[];
    buyers bigint[];
    owed bigint[];
    reasons text[];
    held bigint[];
    issuer_said jsonb;
    ids uuid[];
    problem record;
    many integer;
    before integer;
    in_currency text;
BEGIN
    SELECT * INTO issuer FROM accounting_issuer WHERE id = run.issuer_id;
    SELECT currency INTO in_currency FROM locations_organization WHERE id = run.organization_id;
    DISCARD PLANS;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    issuer_said := to_jsonb(issuer)
        - ARRAY['id', 'organization_id', 'location_id', 'prefix', 'cancellation_prefix'];
    SELECT array_agg(item.order_id), array_agg(item.payer_id), array_agg(item.bundle),
        array_agg(DISTINCT item.bundle ORDER BY item.bundle)
    INTO orders, payers, bundles, chosen
    FROM accounting_next_orders(of_base, of_run, most, NULL) AS item;
    IF chosen IS NULL THEN
        RETURN NULL;
    END IF;
    buyers := ARRAY(
        SELECT DISTINCT payer.id FROM unnest(payers) AS payer (id) WHERE payer.id IS NOT NULL ORDER BY payer.id
    );
    SELECT array_agg(buyer.owed ORDER BY buyer.place), array_agg(buyer.reason ORDER BY buyer.place)
    INTO owed, reasons FROM (
        SELECT one.place, account.id AS owed, CASE
            WHEN payer.id IS NULL THEN 'nobody'
            WHEN account.id IS NULL THEN 'no_account'
            WHEN payer.street = '' AND payer.po_box = '' OR payer.city = '' OR payer.postal_code = ''
                OR payer.first_name || payer.last_name || payer.company = ''
                THEN 'no_address'
        END AS reason
        FROM unnest(buyers) WITH ORDINALITY AS one (payer_id, place)
        LEFT JOIN LATERAL (
            SELECT id, street, po_box, city, postal_code, first_name, last_name, company FROM customers_customer
            WHERE id = one.payer_id AND base_id = of_base OFFSET 0
        ) AS payer ON true
        CROSS JOIN LATERAL (SELECT accounting_owed_of(of_base, run.ledger_id, one.payer_id) AS id OFFSET 0) AS account
    ) AS buyer;
    owing := owed || ARRAY(
        SELECT DISTINCT booking.debit_id FROM unnest(orders) AS item (order_id)
        CROSS JOIN LATERAL (
            SELECT booking_id FROM accounting_paymentorder WHERE id = item.order_id AND base_id = of_base OFFSET 0
        ) AS sold
        CROSS JOIN LATERAL (
            SELECT debit_id FROM accounting_movement WHERE id = sold.booking_id AND base_id = of_base OFFSET 0
        ) AS booking
    );
    PERFORM FROM accounting_account WHERE base_id = of_base AND id = ANY (owing) ORDER BY id FOR NO KEY UPDATE;
    held := ARRAY(
        SELECT one.payer_id FROM unnest(buyers) AS one (payer_id)
        CROSS JOIN LATERAL (
            SELECT is_held FROM accounting_billingterms
            WHERE customer_id = one.payer_id AND base_id = of_base AND ledger_id = run.ledger_id OFFSET 0
        ) AS billing WHERE billing.is_held
    );

    FOR problem IN
        SELECT judged.reason, array_agg(judged.order_id) AS orders FROM (
            SELECT item.order_id, CASE
                WHEN sold.customer_id IS NULL OR item.payer_id IS NULL THEN 'nobody'
                WHEN sold.state <> 'open' OR sold.ledger_id <> run.ledger_id THEN 'changed'
                WHEN CASE WHEN sold.is_member
                    THEN accounting_payer_of(of_base, sold.customer_id, sold.business_day) ELSE sold.customer_id
                END <> item.payer_id THEN 'changed'
                ELSE coalesce(
                    reasons[width_bucket(item.payer_id, buyers)], CASE WHEN item.payer_id = ANY (held) THEN 'held' END
                )
            END AS reason
            FROM unnest(orders, payers) AS item (order_id, payer_id)
            CROSS JOIN LATERAL (
                SELECT state, customer_id, ledger_id, business_day, EXISTS (
                    SELECT FROM customers_customermembership
                    WHERE base_id = of_base AND member_id = accounting_paymentorder.customer_id
                ) AS is_member
                FROM accounting_paymentorder WHERE id = item.order_id AND base_id = of_base OFFSET 0
            ) AS sold
        ) AS judged WHERE judged.reason IS NOT NULL GROUP BY judged.reason
    LOOP
        UPDATE accounting_runorder SET left_out = problem.reason
        WHERE base_id = of_base AND run_id = of_run AND order_id = ANY (problem.orders)
          AND bundle BETWEEN chosen[1] AND chosen[cardinality(chosen)];
    END LOOP;

    SELECT array_agg(item.order_id), array_agg(item.payer_id), array_agg(item.bundle),
        array_agg(DISTINCT item.bundle ORDER BY item.bundle)
    INTO orders, payers, bundles, chosen
    FROM accounting_next_orders(of_base, of_run, most, chosen[cardinality(chosen)]) AS item;
    IF chosen IS NULL THEN
        RETURN 0;
    END IF;
    IF EXISTS (
        SELECT FROM unnest(bundles, payers) AS item (bundle, payer_id)
        GROUP BY item.bundle HAVING min(item.payer_id) <> max(item.payer_id)
    ) THEN
        RAISE EXCEPTION 'An invoice is for one customer'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'runorder_bundle_of_one_payer';
    END IF;
    many := cardinality(chosen);
    ids := ARRAY(SELECT time_ordered_uuid() FROM generate_series(1, many));
    before := accounting_take_numbers(of_base, run.organization_id, run.issuer_id, 'invoice', on_day, many);
    PERFORM accounting_take_over(
        of_base, of_run, run.ledger_id, chosen, ids, before, issuer.prefix, who, on_day
    );

    WITH taken AS MATERIALIZED (
        SELECT width_bucket(item.bundle, chosen) AS place, item.payer_id, sold.*, shop.location_name,
            CASE WHEN sold.customer_id <> item.payer_id THEN sold.customer_id END AS member_id,
            CASE WHEN sold.customer_id <> item.payer_id THEN member.name ELSE '' END AS member_name
        FROM unnest(orders, payers, bundles) AS item (order_id, payer_id, bundle)
        CROSS JOIN LATERAL (
            SELECT id AS order_id, customer_id, location_id, business_day, number, booking_id, total
            FROM accounting_paymentorder WHERE id = item.order_id AND base_id = of_base OFFSET 0
        ) AS sold
        CROSS JOIN LATERAL (
            SELECT left(name, 200) AS location_name FROM locations_location WHERE id = sold.location_id OFFSET 0
        ) AS shop
        LEFT JOIN LATERAL (
            SELECT left(coalesce(nullif(btrim(concat_ws(' ', nullif(first_name, ''), nullif(last_name, ''),
                nullif(company, ''))), ''), alias), 220)
                AS name
            FROM customers_customer
            WHERE id = sold.customer_id AND base_id = of_base AND sold.customer_id <> item.payer_id OFFSET 0
        ) AS member ON true
    ), asked AS MATERIALIZED (
        SELECT own.place, own.movement_id, own.amount, coalesce((
            SELECT sum(part.amount) FROM accounting_allocation AS part
            WHERE part.item_id = own.movement_id AND part.base_id = of_base
        ), 0) AS paid
        FROM (
            SELECT place, booking_id AS movement_id, total AS amount FROM taken WHERE member_id IS NULL
            UNION ALL
            SELECT members.place, transfer.id, transfer.amount
            FROM (SELECT DISTINCT place, member_id FROM taken WHERE member_id IS NOT NULL) AS members
            CROSS JOIN LATERAL (
                SELECT id, amount FROM accounting_movement
                WHERE base_id = of_base AND ledger_id = run.ledger_id AND location_id = here
                  AND key = ids[members.place] || '/' || members.member_id OFFSET 0
            ) AS transfer
        ) AS own
    ), line AS MATERIALIZED (
        SELECT taken.*, sold.position AS order_position, sold.text, sold.quantity, sold.amount, sold.rate,
            sold.rest, (sold.cents * 10000 - sold.rest) / sold.whole AS share,
            row_number() OVER (
                PARTITION BY taken.place ORDER BY taken.business_day, taken.order_id, sold.position
            ) AS position
        FROM taken
        CROSS JOIN LATERAL (
            SELECT position, text, quantity, amount, rate, cents, whole,
                ((cents * 10000) % whole + whole) % whole AS rest
            FROM (
                SELECT one.*, (one.amount * 100)::bigint AS cents, 10000 + (one.rate * 100)::bigint AS whole
                FROM (
                    SELECT position, text, quantity, amount,
                        CASE WHEN issuer.is_small_business THEN 0 ELSE vat_rate END AS rate
                    FROM accounting_paymentorderline WHERE order_id = taken.order_id AND base_id = of_base OFFSET 0
                ) AS one
            ) AS counted
        ) AS sold
    ), rated AS MATERIALIZED (
        SELECT place, rate, sum(amount) AS gross, round(sum(amount) * 100 / (100 + rate), 2) AS net
        FROM line GROUP BY place, rate
    ), headed AS MATERIALIZED (
        SELECT place, max(payer_id) AS payer_id, min(business_day) AS first_day, max(business_day) AS last_day,
            sum(gross) AS gross, sum(net) AS net, sum(paid) AS paid
        FROM (
            SELECT place, payer_id, business_day, NULL::numeric AS gross, NULL::numeric AS net,
                NULL::numeric AS paid FROM taken
            UNION ALL SELECT place, NULL, NULL, gross, net, NULL FROM rated
            UNION ALL SELECT place, NULL, NULL, NULL, NULL, paid FROM asked
        ) AS said GROUP BY place
    ), made AS (
        INSERT INTO accounting_invoice (
            id, organization_id, base_id, ledger_id, owner_key, run_id, issuer_id, kind, year, sequence, number,
            customer_id, issued_on, due_on, delivered_from, delivered_until, currency, net, tax, gross,
            paid_before, paid, is_cancelled, issuer_data, buyer_data, reason, user_id, user_name
        )
        SELECT ids[headed.place], run.organization_id, of_base, run.ledger_id, run.owner_key, of_run, run.issuer_id,
            'invoice', extract(year FROM on_day), before + headed.place,
            accounting_number(issuer.prefix, on_day, before + headed.place), headed.payer_id, on_day,
            on_day + coalesce(billing.payment_term, payer.payment_term, issuer.payment_term)::integer,
            headed.first_day, headed.last_day, in_currency, headed.net, headed.gross - headed.net, headed.gross,
            headed.paid, headed.paid, false, issuer_said,
            jsonb_build_object(
                'customer_number', payer.customer_number, 'salutation', payer.salutation, 'title', payer.title,
                'first_name', payer.first_name, 'last_name', payer.last_name, 'company', payer.company,
                'street', payer.street, 'address_extra', payer.address_extra, 'po_box', payer.po_box,
                'postal_code', payer.postal_code, 'city', payer.city, 'country', payer.country,
                'vat_id', payer.vat_id, 'language', payer.language,
                'email', coalesce(nullif(billing.email, ''), payer.email),
                'leitweg_id', coalesce(billing.leitweg_id, ''), 'reference', coalesce(billing.reference, ''),
                    'member_of', coalesce(joined.company, '')
            ), '', nullif(current_setting('stammhaus.user', true), '')::bigint, who
        FROM headed
        CROSS JOIN LATERAL (
            SELECT * FROM customers_customer WHERE id = headed.payer_id AND base_id = of_base OFFSET 0
        ) AS payer
        LEFT JOIN LATERAL (
            SELECT * FROM accounting_billingterms WHERE base_id = of_base AND customer_id = headed.payer_id
              AND ledger_id = run.ledger_id OFFSET 0
        ) AS billing ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(nullif(company.company, ''), company.last_name) AS company
            FROM customers_customermembership AS one
            CROSS JOIN LATERAL (
                SELECT company, last_name FROM customers_customer WHERE id = one.of_id AND base_id = of_base OFFSET 0
            ) AS company
            WHERE one.base_id = of_base AND one.member_id = headed.payer_id AND one.invoice_to = 'member'
              AND one.valid_from <= headed.last_day
              AND (one.valid_until IS NULL OR one.valid_until >= headed.last_day) OFFSET 0
        ) AS joined ON true
    ), lined AS (
        INSERT INTO accounting_invoiceline (
            base_id, owner_key, invoice_id, position, order_id, order_position, order_number, member_id,
            member_name, location_name, business_day, text, quantity, gross, net, vat_rate, is_standing
        )
        SELECT of_base, run.owner_key, ids[place], position, order_id, order_position, number, member_id,
            member_name, location_name, business_day, text, quantity, amount, (share + CASE WHEN row_number() OVER (
                PARTITION BY place, rate ORDER BY rest DESC, position
            ) <= round(sum(amount) OVER same * 100 / (100 + rate), 2) * 100 - sum(share) OVER same
            THEN 1 ELSE 0 END) / 100.0, rate, true
        FROM line WINDOW same AS (PARTITION BY place, rate)
    ), taxed AS (
        INSERT INTO accounting_invoicevat (base_id, owner_key, invoice_id, rate, net, tax, gross)
        SELECT of_base, run.owner_key, ids[place], rate, net, gross - net, gross FROM rated
    )
    INSERT INTO accounting_invoiceitem (base_id, owner_key, invoice_id, movement_id, amount, is_standing)
    SELECT of_base, run.owner_key, ids[place], movement_id, amount, true FROM asked;
    UPDATE accounting_runorder SET invoice_id = ids[width_bucket(bundle, chosen)]
    WHERE base_id = of_base AND run_id = of_run AND order_id = ANY (orders)
      AND bundle BETWEEN chosen[1] AND chosen[cardinality(chosen)];
    UPDATE accounting_paymentorder SET state = 'invoiced' WHERE base_id = of_base AND id = ANY (orders);
    UPDATE accounting_invoicerun SET issued = issued + many WHERE base_id = of_base AND id = of_run;
    RETURN many;
END $$;

-- What the members of a company have bought is owed by the company from now on: one transfer for each member and
-- invoice,
-- which pays just these orders of his.
CREATE FUNCTION accounting_take_over(
    of_base bigint, of_run uuid, of_ledger bigint, chosen integer[], ids uuid[], before integer, prefix text, who
    text, on_day date
)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    wanted jsonb;
BEGIN
    SELECT jsonb_agg(jsonb_build_object(
        'debit', accounting_owed_of(of_base, of_ledger, taken.payer_id), 'credit', taken.debit_id,
        'amount', taken.total, 'kind', 'transfer', 'business_day', on_day,
        'key', ids[taken.place] || '/' || taken.customer_id,
        'document', accounting_number(prefix, on_day, before + taken.place), 'items', taken.items
    )) INTO wanted FROM (
        SELECT width_bucket(item.bundle, chosen) AS place, item.payer_id, sold.customer_id, booking.debit_id,
            sum(sold.total) AS total, jsonb_agg(jsonb_build_object('item', sold.booking_id)) AS items
        FROM accounting_next_orders(
            of_base, of_run, cardinality(chosen), chosen[cardinality(chosen)]
        ) AS item
        CROSS JOIN LATERAL (
            SELECT customer_id, booking_id, total FROM accounting_paymentorder
            WHERE id = item.order_id AND base_id = of_base OFFSET 0
        ) AS sold
        CROSS JOIN LATERAL (
            SELECT debit_id FROM accounting_movement WHERE id = sold.booking_id AND base_id = of_base OFFSET 0
        ) AS booking
        WHERE item.payer_id <> sold.customer_id
        GROUP BY 1, 2, 3, 4
    ) AS taken;
    IF wanted IS NOT NULL THEN
        PERFORM FROM accounting_post(of_base, of_ledger, who, wanted);
    END IF;
END $$;

CREATE FUNCTION accounting_number(prefix text, on_day date, sequence bigint)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = auto
AS $$
SELECT prefix || coalesce((
    SELECT '-' || branch_number FROM locations_customerbase
        WHERE id = nullif(current_setting('stammhaus.base', true), '')::bigint AND kind = 'offline'
), '') || '-' || extract(year FROM on_day) || '-' || lpad(sequence::text, 6, '0')
$$;
