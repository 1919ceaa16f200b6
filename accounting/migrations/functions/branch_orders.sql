CREATE FUNCTION accounting_forget_branch_orders(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    known uuid := (SELECT uid FROM customers_customer WHERE base_id = of_base AND id = of_customer);
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR NOT EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = of_base
        AND stone.customer_id = of_customer AND stone.written_in = pg_current_xact_id() AND stone.at >= now()) THEN
        RAISE EXCEPTION 'Customer % is not being erased', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
    END IF;
    UPDATE accounting_branchorder AS one SET uid = NULL, number = '', fiscal = '{}', lines = (
        SELECT coalesce(jsonb_agg(line || '{"text": "–"}' ORDER BY place), '[]')
        FROM jsonb_array_elements(one.lines) WITH ORDINALITY AS told (line, place)
    ), note = CASE note WHEN '' THEN '' ELSE '–' END
    WHERE one.base_id = of_base AND one.uid = known;
    DELETE FROM accounting_toldterms WHERE base_id = of_base AND uid = known;
END $$;
