CREATE FUNCTION accounting_keep_document(of_base bigint, of_invoice uuid, of_format text, bytes bytea)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
INSERT INTO accounting_invoicedocument (base_id, owner_key, invoice_id, format, content, sha256)
SELECT base_id, owner_key, id, of_format, bytes, encode(sha256(bytes), 'hex') FROM accounting_invoice
WHERE base_id = of_base AND id = of_invoice AND of_base = nullif(current_setting('stammhaus.base', true), '')::bigint
  AND (owner_key = 0 OR owner_key = nullif(current_setting('stammhaus.location', true), '')::bigint)
ON CONFLICT DO NOTHING
$$;

-- The whole invoice is taken back, once, by another one with a number of its own. Its orders are open again.
CREATE FUNCTION accounting_cancel_invoice(of_base bigint, of_invoice uuid, who text, why text, on_day date)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    here bigint := nullif(current_setting('stammhaus.location', true), '')::bigint;
    wrong accounting_invoice;
    issuer accounting_issuer;
    made uuid := time_ordered_uuid();
    before integer;
    wanted jsonb;
BEGIN
    PERFORM FROM accounting_account WHERE base_id = of_base AND id IN (
        SELECT unnest(ARRAY[movement.debit_id, movement.credit_id]) FROM accounting_invoiceitem AS item
        JOIN accounting_movement AS movement ON movement.base_id = of_base AND movement.id = item.movement_id
        WHERE item.base_id = of_base AND item.invoice_id = of_invoice
    ) AND balance IS NOT NULL ORDER BY id FOR NO KEY UPDATE;
    SELECT * INTO wrong FROM accounting_invoice
    WHERE base_id = of_base AND id = of_invoice AND (owner_key = 0 OR owner_key = here) FOR UPDATE;
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint OR here IS NULL
        OR wrong.id IS NULL THEN
        RAISE EXCEPTION 'There is no such invoice here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'invoice_there';
    END IF;
    IF wrong.kind <> 'invoice' OR wrong.is_cancelled THEN
        RAISE EXCEPTION 'This invoice is cancelled already, or is a cancellation'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_not_cancelled';
    END IF;
    SELECT * INTO issuer FROM accounting_issuer WHERE id = wrong.issuer_id;
    before := accounting_take_numbers(of_base, wrong.organization_id, wrong.issuer_id, 'cancellation', on_day, 1);
    INSERT INTO accounting_invoice (
        id, organization_id, base_id, ledger_id, owner_key, run_id, issuer_id, kind, year, sequence, number,
        cancels_id, customer_id, issued_on, due_on, delivered_from, delivered_until, currency, net, tax, gross,
        paid_before, paid, is_cancelled, issuer_data, buyer_data, reason, user_id, user_name
    ) VALUES (
        made, wrong.organization_id, of_base, wrong.ledger_id, wrong.owner_key, NULL, wrong.issuer_id,
        'cancellation', extract(year FROM on_day), before + 1,
        accounting_number(issuer.cancellation_prefix, on_day, before + 1), of_invoice, wrong.customer_id, on_day,
        NULL, wrong.delivered_from, wrong.delivered_until, wrong.currency, wrong.net, wrong.tax, wrong.gross, 0, 0,
        false, wrong.issuer_data, wrong.buyer_data, why, nullif(current_setting('stammhaus.user', true), '')::bigint,
            who
    );
    INSERT INTO accounting_invoiceline (
        base_id, owner_key, invoice_id, position, order_id, order_position, order_number, member_id,
        member_name, location_name, business_day, text, quantity, gross, net, vat_rate, is_standing
    )
    SELECT base_id, owner_key, made, position, order_id, order_position, order_number, member_id,
        member_name, location_name, business_day, text, quantity, gross, net, vat_rate, false
    FROM accounting_invoiceline WHERE base_id = of_base AND invoice_id = of_invoice;
    INSERT INTO accounting_invoicevat (base_id, owner_key, invoice_id, rate, net, tax, gross)
    SELECT base_id, owner_key, made, rate, net, tax, gross
    FROM accounting_invoicevat WHERE base_id = of_base AND invoice_id = of_invoice;
    UPDATE accounting_invoice SET is_cancelled = true WHERE base_id = of_base AND id = of_invoice;
    UPDATE accounting_invoiceline SET is_standing = false WHERE base_id = of_base AND invoice_id = of_invoice;
    UPDATE accounting_invoiceitem SET is_standing = false WHERE base_id = of_base AND invoice_id = of_invoice;
    UPDATE accounting_paymentorder SET state = 'open' WHERE base_id = of_base AND state = 'invoiced' AND id IN (
        SELECT order_id FROM accounting_invoiceline WHERE base_id = of_base AND invoice_id = of_invoice
    );
    SELECT jsonb_agg(jsonb_build_object(
        'debit', was.credit_id, 'credit', was.debit_id, 'amount', was.amount, 'kind', 'reversal',
        'business_day', on_day, 'key', made || '/' || was.credit_id, 'reverses', was.id,
        'document', accounting_number(issuer.cancellation_prefix, on_day, before + 1), 'reason', why
    )) INTO wanted FROM accounting_invoiceitem AS item
    CROSS JOIN LATERAL (
        SELECT * FROM accounting_movement WHERE id = item.movement_id AND base_id = of_base OFFSET 0
    ) AS was
    WHERE item.base_id = of_base AND item.invoice_id = of_invoice AND was.kind = 'transfer';
    IF wanted IS NOT NULL THEN
        PERFORM FROM accounting_post(of_base, wrong.ledger_id, who, wanted);
    END IF;
    RETURN made;
END $$;

-- Invoices stay whole, because the law wants them kept as they are; what leads from them to the customer goes.
CREATE FUNCTION accounting_forget_invoices(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR NOT EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = of_base
        AND stone.customer_id = of_customer AND stone.written_in = pg_current_xact_id() AND stone.at >= now()) THEN
        RAISE EXCEPTION 'Customer % is not being erased', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
    END IF;
    UPDATE accounting_invoice SET customer_id = NULL WHERE base_id = of_base AND customer_id = of_customer;
    UPDATE accounting_invoiceline SET member_id = NULL WHERE base_id = of_base AND member_id = of_customer;
    UPDATE accounting_runorder SET payer_id = NULL WHERE base_id = of_base AND payer_id = of_customer;
    DELETE FROM accounting_billingterms WHERE base_id = of_base AND customer_id = of_customer;
    DELETE FROM accounting_billingtermsevent WHERE base_id = of_base AND customer_id = of_customer;
END $$;
