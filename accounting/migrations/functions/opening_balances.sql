CREATE FUNCTION accounting_forget_balances(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR NOT EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = of_base
        AND stone.customer_id = of_customer AND stone.written_in = pg_current_xact_id() AND stone.at >= now()) THEN
        RAISE EXCEPTION 'Customer % is not being erased', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
    END IF;
    UPDATE accounting_balanceimport SET
        state = 'discarded', lines = '[]', rejected = '[]', closed_at = clock_timestamp(), closed_by = '–'
    WHERE base_id = of_base AND state = 'checked' AND (rejected <> '[]' OR EXISTS (
        SELECT FROM jsonb_array_elements(lines) AS line WHERE line->>1 = of_customer::text
    ));
END $$;
