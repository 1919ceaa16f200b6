-- A repeated call finds the movement of its key, and with it the order: it has one effect and the same answer.
CREATE FUNCTION accounting_post_order(
    of_base bigint, of_ledger bigint, who text, wanted jsonb, told jsonb, lines jsonb
)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    booked accounting_movement;
    made uuid;
BEGIN
    SELECT * INTO booked FROM accounting_post(of_base, of_ledger, who, jsonb_build_array(wanted));
    SELECT id INTO made FROM accounting_paymentorder WHERE base_id = of_base AND booking_id = booked.id;
    IF made IS NOT NULL AND (
        SELECT jsonb_agg(jsonb_build_array(position, text, quantity, amount, vat_rate) ORDER BY position)
        FROM accounting_paymentorderline WHERE order_id = made AND base_id = of_base
    ) IS DISTINCT FROM (
        SELECT jsonb_agg(jsonb_build_array(position, text, quantity, amount, vat_rate) ORDER BY position)
        FROM jsonb_to_recordset(lines) AS one (
            position smallint, text text, quantity numeric(12, 3), amount numeric(14, 2), vat_rate numeric(5, 2)
        )
    ) THEN
        RAISE EXCEPTION 'Something else was posted under this key'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'movement_key_once';
    END IF;
    IF made IS NOT NULL THEN
        RETURN made;
    END IF;
    IF booked.kind NOT IN ('sale', 'use') OR EXISTS (
        SELECT FROM accounting_movement WHERE base_id = of_base AND reverses_id = booked.id
    ) THEN
        RAISE EXCEPTION 'An order is of a sale or of credit that is used'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_of_sale';
    END IF;
    IF (
        SELECT sum(one.amount) FROM jsonb_to_recordset(lines) AS one (amount numeric)
    ) IS DISTINCT FROM booked.amount THEN
        RAISE EXCEPTION 'The lines of an order are its total'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_lines_are_total';
    END IF;
    INSERT INTO accounting_paymentorder (
        organization_id, base_id, ledger_id, owner_key, customer_id, location_id, device_id, number, business_day,
        sold_at, method, total, state, booking_id, fiscal
    )
    SELECT booked.organization_id, of_base, of_ledger, booked.owner_key, account.customer_id, booked.location_id,
        (told->>'device')::uuid, booked.document, booked.business_day, (told->>'sold_at')::timestamptz,
        CASE booked.kind WHEN 'sale' THEN 'account' ELSE 'credit' END, booked.amount,
        CASE booked.kind WHEN 'sale' THEN 'open' ELSE 'paid' END, booked.id, coalesce(told->'fiscal', '{}')
    FROM accounting_account AS account WHERE account.base_id = of_base AND account.id = booked.debit_id
    RETURNING id INTO made;
    INSERT INTO accounting_paymentorderline (
        base_id, owner_key, order_id, position, text, quantity, amount, vat_rate
    )
    SELECT of_base, booked.owner_key, made, one.position, one.text, one.quantity, one.amount, one.vat_rate
    FROM jsonb_to_recordset(lines) AS one (
        position smallint, text text, quantity numeric, amount numeric, vat_rate numeric
    );
    RETURN made;
END $$;

CREATE FUNCTION accounting_lock_order(of_base bigint, of_order uuid)
RETURNS accounting_paymentorder LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    found accounting_paymentorder;
BEGIN
    PERFORM FROM accounting_account WHERE base_id = of_base AND id = (
        SELECT booking.debit_id FROM accounting_paymentorder AS one
        JOIN accounting_movement AS booking ON booking.base_id = of_base AND booking.id = one.booking_id
        WHERE one.base_id = of_base AND one.id = of_order
    ) FOR NO KEY UPDATE;
    SELECT * INTO found FROM accounting_paymentorder WHERE base_id = of_base AND id = of_order FOR UPDATE;
    IF found.id IS NULL OR of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR found.owner_key NOT IN (0, nullif(current_setting('stammhaus.location', true), '')::bigint) THEN
        RAISE EXCEPTION 'There is no such order here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'paymentorder_there';
    END IF;
    RETURN found;
END $$;

-- What was done under the key before is not done again, whatever has become of the order since.
CREATE FUNCTION accounting_pay_order(of_base bigint, of_order uuid, who text, wanted jsonb)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    one accounting_paymentorder := accounting_lock_order(of_base, of_order);
    owed bigint;
    paid uuid;
    is_known boolean;
BEGIN
    SELECT debit_id INTO owed FROM accounting_movement WHERE base_id = of_base AND id = one.booking_id;
    is_known := EXISTS (
        SELECT FROM accounting_movement WHERE base_id = of_base AND ledger_id = one.ledger_id
          AND location_id = nullif(current_setting('stammhaus.location', true), '')::bigint AND key = wanted->>'key'
    );
    IF NOT is_known AND one.state <> 'open' THEN
        RAISE EXCEPTION 'This order is not open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_not_open';
    END IF;
    IF is_known AND NOT EXISTS (
        SELECT FROM accounting_allocation WHERE item_id = one.booking_id AND base_id = of_base AND payment_id = (
            SELECT id FROM accounting_movement WHERE base_id = of_base AND ledger_id = one.ledger_id
              AND location_id = nullif(current_setting('stammhaus.location', true), '')::bigint
                  AND key = wanted->>'key'
        )
    ) THEN
        RAISE EXCEPTION 'Something else was posted under this key'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'movement_key_once';
    END IF;
    IF NOT is_known AND (
        SELECT sum(amount) FROM accounting_allocation
        WHERE item_id = one.booking_id AND base_id = of_base AND is_chosen
    ) > 0 THEN
        RAISE EXCEPTION 'A payment on the account has paid this order'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_paid_on_account';
    END IF;
    IF (wanted->>'kind', (wanted->>'credit')::bigint, (wanted->>'amount')::numeric)
        IS DISTINCT FROM ('payment', owed, one.total) THEN
        RAISE EXCEPTION 'An order is paid whole'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_paid_whole';
    END IF;
    SELECT id INTO paid FROM accounting_post(of_base, one.ledger_id, who, jsonb_build_array(
        wanted || jsonb_build_object('items', jsonb_build_array(jsonb_build_object('item', one.booking_id)))
    ));
    IF NOT is_known THEN
        UPDATE accounting_paymentorder SET payment_id = paid, state = 'paid'
        WHERE base_id = of_base AND id = of_order;
    END IF;
    RETURN paid;
END $$;

-- Reverses the sale and, where it was paid at a till, the payment with it. The state follows by the trigger of
-- movements.
CREATE FUNCTION accounting_cancel_order(of_base bigint, of_order uuid, who text, why text, by_key text, on_day date)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    one accounting_paymentorder := accounting_lock_order(of_base, of_order);
    here bigint := nullif(current_setting('stammhaus.location', true), '')::bigint;
    known accounting_movement;
    wanted jsonb;
BEGIN
    SELECT * INTO known FROM accounting_movement WHERE base_id = of_base AND ledger_id = one.ledger_id
      AND location_id = here AND key = by_key;
    IF known.id IS NOT NULL THEN
        IF known.reverses_id IS DISTINCT FROM one.booking_id OR known.reason <> why THEN
            RAISE EXCEPTION 'Something else was posted under this key'
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'movement_key_once';
        END IF;
        RETURN known.id;
    END IF;
    IF one.state NOT IN ('open', 'paid') THEN
        RAISE EXCEPTION 'This order is cancelled or on an invoice'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_not_open';
    END IF;
    IF EXISTS (
        SELECT FROM accounting_movement AS was WHERE was.base_id = of_base
          AND was.id IN (one.booking_id, one.payment_id) AND was.location_id IS DISTINCT FROM here
    ) THEN
        RAISE EXCEPTION 'This order was posted or paid at another location'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_elsewhere';
    END IF;
    SELECT jsonb_agg(jsonb_build_object(
        'debit', was.credit_id, 'credit', was.debit_id, 'amount', was.amount, 'kind', 'reversal',
        'business_day', on_day, 'key', by_key || CASE was.id WHEN one.booking_id THEN '' ELSE '/paid' END,
        'reverses', was.id, 'document', was.document, 'reason', why
    )) INTO wanted FROM accounting_movement AS was
    WHERE was.base_id = of_base AND was.id IN (one.booking_id, one.payment_id);
    PERFORM FROM accounting_post(of_base, one.ledger_id, who, wanted);
    RETURN (SELECT id FROM accounting_movement WHERE base_id = of_base AND reverses_id = one.booking_id);
END $$;

CREATE FUNCTION accounting_forget_orders(of_base bigint, of_customer bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF of_base IS DISTINCT FROM nullif(current_setting('stammhaus.base', true), '')::bigint
        OR NOT EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = of_base
        AND stone.customer_id = of_customer AND stone.written_in = pg_current_xact_id() AND stone.at >= now()) THEN
        RAISE EXCEPTION 'Customer % is not being erased', of_customer
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
    END IF;
    UPDATE accounting_paymentorderline SET text = '–' WHERE base_id = of_base AND order_id IN (
        SELECT id FROM accounting_paymentorder WHERE base_id = of_base AND customer_id = of_customer
    );
    UPDATE accounting_paymentorder SET customer_id = NULL, number = '', fiscal = '{}'
    WHERE base_id = of_base AND customer_id = of_customer;
END $$;
