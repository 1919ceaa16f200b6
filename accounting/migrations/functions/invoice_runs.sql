-- What a run bills, who pays, what comes onto one invoice, and what is left out and why. An order that another run has
-- chosen is not looked at; where two choose at the same moment, the second one waits for the first.
CREATE FUNCTION accounting_choose_orders(of_base bigint, of_run uuid)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    run accounting_invoicerun := accounting_run_here(of_base, of_run, ARRAY['prepared']);
BEGIN
    WITH wanted AS (
        SELECT sold.id, payer.id AS payer_id, sold.total, CASE
                WHEN payer.id IS NULL THEN 'nobody'
                WHEN accounting_owed_of(of_base, run.ledger_id, payer.id) IS NULL THEN 'no_account'
                WHEN payer.street = '' AND payer.po_box = '' OR payer.city = '' OR payer.postal_code = ''
                    OR payer.first_name || payer.last_name || payer.company = ''
                    THEN 'no_address'
                WHEN billing.is_held THEN 'held'
                ELSE ''
            END AS reason,
            dense_rank() OVER (ORDER BY payer.customer_number, CASE
                WHEN run.bundling = 'single' OR run.bundling = 'agreed' AND billing.is_collective IS FALSE
                THEN (sold.business_day, sold.id) END) AS bundle
        FROM accounting_paymentorder AS sold
        LEFT JOIN LATERAL (
            SELECT * FROM customers_customer WHERE base_id = of_base
              AND id = accounting_payer_of(of_base, sold.customer_id, sold.business_day) OFFSET 0
        ) AS payer ON true
        LEFT JOIN LATERAL (
            SELECT is_held, is_collective FROM accounting_billingterms
            WHERE base_id = of_base AND customer_id = payer.id AND ledger_id = sold.ledger_id OFFSET 0
        ) AS billing ON true
        LEFT JOIN LATERAL (
            SELECT order_id FROM accounting_runorder WHERE base_id = of_base AND order_id = sold.id
              AND invoice_id IS NULL AND left_out = '' OFFSET 0
        ) AS elsewhere ON true
        WHERE sold.base_id = of_base AND sold.ledger_id = run.ledger_id AND sold.state = 'open'
          AND sold.business_day <= run.until
          AND (run.locations = '{}' OR sold.location_id = ANY (run.locations))
          AND (run.groups = '{}' OR payer.customer_group_id = ANY (run.groups))
          AND elsewhere.order_id IS NULL
    )
    INSERT INTO accounting_runorder (base_id, owner_key, run_id, order_id, payer_id, bundle, amount, left_out)
    SELECT of_base, run.owner_key, of_run, id, payer_id, bundle, total, CASE
        WHEN reason = '' AND sum(total) OVER (PARTITION BY bundle) < run.minimum THEN 'minimum' ELSE reason END
    FROM wanted ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION accounting_run_here(of_base bigint, of_run uuid, states text[])
RETURNS accounting_invoicerun LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    here bigint := nullif(current_setting('stammhaus.location', true), '')::bigint;
    run accounting_invoicerun;
BEGIN
    SELECT * INTO run FROM accounting_invoicerun
    WHERE base_id = of_base AND id = of_run AND (owner_key = 0 OR owner_key = here) FOR UPDATE;
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint OR here IS NULL
        OR run.id IS NULL THEN
        RAISE EXCEPTION 'There is no such run here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'invoicerun_there';
    END IF;
    IF run.state <> ALL (states) THEN
        RAISE EXCEPTION 'This run is in another state'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoicerun_in_state';
    END IF;
    RETURN run;
END $$;

CREATE FUNCTION accounting_release_orders(of_base bigint, of_run uuid)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    PERFORM accounting_run_here(of_base, of_run, ARRAY['prepared', 'previewed', 'failed']);
    DELETE FROM accounting_runorder
    WHERE base_id = of_base AND run_id = of_run AND invoice_id IS NULL AND left_out = '';
END $$;

-- Who gets the invoice for what a customer has bought on a day, as customers.CustomerMembership says; the same as
-- MembershipQuerySet.payers for one customer.
CREATE FUNCTION accounting_payer_of(of_base bigint, of_customer bigint, on_day date)
RETURNS bigint LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = auto
AS $$
SELECT coalesce((
    SELECT one.of_id FROM customers_customermembership AS one
    CROSS JOIN LATERAL (
        SELECT archived_at FROM customers_customer WHERE id = one.of_id AND base_id = of_base OFFSET 0
    ) AS company
    WHERE one.base_id = of_base AND one.member_id = of_customer AND one.invoice_to = 'company'
      AND one.valid_from <= on_day AND (one.valid_until IS NULL OR one.valid_until >= on_day)
      AND company.archived_at IS NULL
), of_customer)
$$;

CREATE FUNCTION accounting_owed_of(of_base bigint, of_ledger bigint, of_customer bigint)
RETURNS bigint LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = auto
AS $$
SELECT id FROM accounting_account
WHERE customer_id = of_customer AND base_id = of_base AND ledger_id = of_ledger AND kind = 'owed'
$$;

-- What the next `most` invoices of a run are made of, those up to the bundle `up_to` if it is given. A sort is never
-- cheaper than the index that has the bundles in order: so that index is read, and no further than is wanted.
CREATE FUNCTION accounting_next_orders(of_base bigint, of_run uuid, most integer, up_to integer)
RETURNS TABLE(order_id uuid, payer_id bigint, bundle integer) LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET enable_sort = off
SET enable_incremental_sort = off
AS $$
SELECT waiting.order_id, waiting.payer_id, waiting.bundle FROM (
    SELECT item.order_id, item.payer_id, item.bundle, dense_rank() OVER (ORDER BY item.bundle) AS nth
    FROM accounting_runorder AS item
    WHERE item.base_id = of_base AND item.run_id = of_run AND item.invoice_id IS NULL AND item.left_out = ''
      AND item.bundle <= coalesce(up_to, 2147483647)
) AS waiting WHERE waiting.nth <= most
$$;
