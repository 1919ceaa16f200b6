"""What chooses orders, issues and cancels invoices, and forgets whom somebody erases: functions of the tables' owner.

The role that serves can only read invoices and series of numbers. Both functions begin by locking the accounts of the
customers, as whatever changes an order does, and take the series of numbers last: nobody waits for the other for ever,
and a number is held no longer than it takes to write what is issued.
"""

from django.db import migrations

from customers.triggers.erasure import is_erased_now
from locations.row_policies import current

# The next number of a series, locked until the end of the transaction. Numbers go up with the days.
NUMBERS = """
    CREATE FUNCTION accounting_take_numbers(
        of_base bigint, of_organization bigint, of_issuer bigint, of_kind text, on_day date, many integer
    ) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
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
        INSERT INTO accounting_numberseries (base_id, organization_id, issuer_id, kind, year, last, last_on)
        VALUES (of_base, of_organization, of_issuer, of_kind, of_year, 0, on_day) ON CONFLICT DO NOTHING;
        SELECT last, last_on INTO before, latest FROM accounting_numberseries
        WHERE base_id = of_base AND issuer_id = of_issuer AND kind = of_kind AND year = of_year FOR UPDATE;
        IF latest > on_day THEN
            RAISE EXCEPTION 'There is an invoice of a later day already'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_days_in_order';
        END IF;
        UPDATE accounting_numberseries SET last = before + many, last_on = on_day
        WHERE base_id = of_base AND issuer_id = of_issuer AND kind = of_kind AND year = of_year;
        RETURN before;
    END $$
"""

# What a run bills, who pays, what comes onto one invoice, and what is left out and why. An order that another run has
# chosen is not looked at; where two choose at the same moment, the second one waits for the first.
CHOOSE = f"""
    CREATE FUNCTION accounting_choose_orders(of_base bigint, of_run uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        run accounting_invoicerun := accounting_run_here(of_base, of_run, ARRAY['prepared']);
    BEGIN
        WITH wanted AS (
            SELECT sold.id, payer.id AS payer_id, sold.total, CASE
                    WHEN payer.id IS NULL THEN 'nobody'
                    WHEN accounting_owed_of(of_base, run.ledger_id, payer.id) IS NULL THEN 'no_account'
                    WHEN payer.street = '' AND payer.po_box = '' OR payer.city = '' OR payer.postal_code = ''
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
              AND (run.locations = '{{}}' OR sold.location_id = ANY (run.locations))
              AND (run.groups = '{{}}' OR payer.customer_group_id = ANY (run.groups))
              AND elsewhere.order_id IS NULL
        )
        INSERT INTO accounting_runorder (base_id, owner_key, run_id, order_id, payer_id, bundle, amount, left_out)
        SELECT of_base, run.owner_key, of_run, id, payer_id, bundle, total, CASE
            WHEN reason = '' AND sum(total) OVER (PARTITION BY bundle) < run.minimum THEN 'minimum' ELSE reason END
        FROM wanted ON CONFLICT DO NOTHING;
    END $$
"""

RUN_HERE = f"""
    CREATE FUNCTION accounting_run_here(of_base bigint, of_run uuid, states text[]) RETURNS accounting_invoicerun
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
    AS $$
    DECLARE
        here bigint := {current("location")};
        run accounting_invoicerun;
    BEGIN
        SELECT * INTO run FROM accounting_invoicerun
        WHERE base_id = of_base AND id = of_run AND (owner_key = 0 OR owner_key = here) FOR UPDATE;
        IF of_base IS DISTINCT FROM {current("base")} OR here IS NULL OR run.id IS NULL THEN
            RAISE EXCEPTION 'There is no such run here'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'invoicerun_there';
        END IF;
        IF run.state <> ALL (states) THEN
            RAISE EXCEPTION 'This run is in another state'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'invoicerun_in_state';
        END IF;
        RETURN run;
    END $$
"""

RELEASE = """
    CREATE FUNCTION accounting_release_orders(of_base bigint, of_run uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    BEGIN
        PERFORM accounting_run_here(of_base, of_run, ARRAY['prepared', 'previewed', 'failed']);
        DELETE FROM accounting_runorder
        WHERE base_id = of_base AND run_id = of_run AND invoice_id IS NULL AND left_out = '';
    END $$
"""

KEEP = f"""
    CREATE FUNCTION accounting_keep_document(of_base bigint, of_invoice uuid, of_format text, bytes bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        INSERT INTO accounting_invoicedocument (base_id, owner_key, invoice_id, format, content, sha256)
        SELECT base_id, owner_key, id, of_format, bytes, encode(sha256(bytes), 'hex') FROM accounting_invoice
        WHERE base_id = of_base AND id = of_invoice AND of_base = {current("base")}
          AND (owner_key = 0 OR owner_key = {current("location")})
        ON CONFLICT DO NOTHING
    $$
"""

# Issues the next invoices of a run, `most` of them at once; NULL where none is left. What is wrong with an order by now
# is noted at the order. Sums: the net amount of each rate is rounded once, and its cents go to the lines by largest
# remainder, the earlier of equals first, as accounting/documents/vat.py does; in whole numbers, so that no quotient is
# rounded before remainders are compared. `chosen` is sorted, so width_bucket finds the place of a bundle in it, and
# nothing is joined that a table without statistics would make expensive.
ISSUE = f"""
    CREATE FUNCTION accounting_issue_invoices(of_base bigint, of_run uuid, who text, on_day date, most integer)
    RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        here bigint := {current("location")};
        run accounting_invoicerun := accounting_run_here(of_base, of_run, ARRAY['running']);
        issuer accounting_issuer;
        chosen integer[];
        owing bigint[];
        taken_orders uuid[];
        ids uuid[];
        problem record;
        many integer;
        before integer;
        in_currency text;
    BEGIN
        SELECT * INTO issuer FROM accounting_issuer WHERE id = run.issuer_id;
        SELECT currency INTO in_currency FROM locations_organization WHERE id = run.organization_id;
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        chosen := ARRAY(
            SELECT DISTINCT bundle FROM accounting_runorder
            WHERE base_id = of_base AND run_id = of_run AND invoice_id IS NULL AND left_out = ''
            ORDER BY bundle LIMIT most
        );
        IF cardinality(chosen) = 0 THEN
            RETURN NULL;
        END IF;
        owing := ARRAY(
            SELECT DISTINCT unnest(
                ARRAY[booking.debit_id, accounting_owed_of(of_base, run.ledger_id, item.payer_id)]
            ) FROM accounting_runorder AS item
            CROSS JOIN LATERAL (
                SELECT booking_id FROM accounting_paymentorder WHERE id = item.order_id AND base_id = of_base OFFSET 0
            ) AS sold
            CROSS JOIN LATERAL (
                SELECT debit_id FROM accounting_movement WHERE id = sold.booking_id AND base_id = of_base OFFSET 0
            ) AS booking
            WHERE item.base_id = of_base AND item.run_id = of_run AND item.bundle = ANY (chosen)
              AND item.invoice_id IS NULL AND item.left_out = ''
        );
        PERFORM FROM accounting_account WHERE base_id = of_base AND id = ANY (owing) ORDER BY id FOR NO KEY UPDATE;

        FOR problem IN
            SELECT judged.reason, array_agg(judged.order_id) AS orders FROM (
                SELECT item.order_id, CASE
                    WHEN sold.customer_id IS NULL OR payer.id IS NULL THEN 'nobody'
                    WHEN sold.state <> 'open' OR (
                        sold.ledger_id, accounting_payer_of(of_base, sold.customer_id, sold.business_day)
                    ) IS DISTINCT FROM (run.ledger_id, item.payer_id) THEN 'changed'
                    WHEN accounting_owed_of(of_base, run.ledger_id, item.payer_id) IS NULL THEN 'no_account'
                    WHEN payer.street = '' AND payer.po_box = '' OR payer.city = '' OR payer.postal_code = ''
                        THEN 'no_address'
                END AS reason
                FROM accounting_runorder AS item
                CROSS JOIN LATERAL (
                    SELECT state, customer_id, ledger_id, business_day FROM accounting_paymentorder
                    WHERE id = item.order_id AND base_id = of_base OFFSET 0
                ) AS sold
                LEFT JOIN LATERAL (
                    SELECT id, street, po_box, city, postal_code FROM customers_customer
                    WHERE id = item.payer_id AND base_id = of_base OFFSET 0
                ) AS payer ON true
                WHERE item.base_id = of_base AND item.run_id = of_run AND item.bundle = ANY (chosen)
                  AND item.invoice_id IS NULL AND item.left_out = ''
            ) AS judged WHERE judged.reason IS NOT NULL GROUP BY judged.reason
        LOOP
            UPDATE accounting_runorder SET left_out = problem.reason
            WHERE base_id = of_base AND run_id = of_run AND order_id = ANY (problem.orders);
        END LOOP;

        SELECT array_agg(left_in.bundle ORDER BY left_in.bundle), max(left_in.payers) INTO chosen, many FROM (
            SELECT bundle, count(DISTINCT payer_id) AS payers FROM accounting_runorder
            WHERE base_id = of_base AND run_id = of_run AND bundle = ANY (chosen)
              AND invoice_id IS NULL AND left_out = '' GROUP BY bundle
        ) AS left_in;
        IF chosen IS NULL THEN
            RETURN 0;
        END IF;
        IF many > 1 THEN
            RAISE EXCEPTION 'An invoice is for one customer'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'runorder_bundle_of_one_payer';
        END IF;
        many := cardinality(chosen);
        taken_orders := ARRAY(
            SELECT order_id FROM accounting_runorder WHERE base_id = of_base AND run_id = of_run
              AND bundle = ANY (chosen) AND invoice_id IS NULL AND left_out = ''
        );
        ids := ARRAY(SELECT time_ordered_uuid() FROM generate_series(1, many));
        before := accounting_take_numbers(of_base, run.organization_id, run.issuer_id, 'invoice', on_day, many);
        PERFORM accounting_take_over(
            of_base, of_run, run.ledger_id, chosen, ids, before, issuer.prefix, who, on_day
        );

        WITH taken AS MATERIALIZED (
            SELECT width_bucket(item.bundle, chosen) AS place, item.payer_id, sold.*, shop.location_name,
                CASE WHEN sold.customer_id <> item.payer_id THEN sold.customer_id END AS member_id,
                CASE WHEN sold.customer_id <> item.payer_id THEN member.name ELSE '' END AS member_name
            FROM accounting_runorder AS item
            CROSS JOIN LATERAL (
                SELECT id AS order_id, customer_id, location_id, business_day, number, booking_id, total
                FROM accounting_paymentorder WHERE id = item.order_id AND base_id = of_base OFFSET 0
            ) AS sold
            CROSS JOIN LATERAL (
                SELECT left(name, 200) AS location_name FROM locations_location WHERE id = sold.location_id OFFSET 0
            ) AS shop
            CROSS JOIN LATERAL (
                SELECT left(btrim(concat_ws(' ', nullif(first_name, ''), nullif(last_name, ''), nullif(company, ''))), 220)
                    AS name
                FROM customers_customer WHERE id = sold.customer_id AND base_id = of_base OFFSET 0
            ) AS member
            WHERE item.base_id = of_base AND item.run_id = of_run AND item.bundle = ANY (chosen)
              AND item.invoice_id IS NULL AND item.left_out = ''
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
        ), summed AS MATERIALIZED (
            SELECT place, sum(gross) AS gross, sum(net) AS net FROM rated GROUP BY place
        ), headed AS MATERIALIZED (
            SELECT place, payer_id, min(business_day) AS first_day, max(business_day) AS last_day
            FROM taken GROUP BY place, payer_id
        ), settled AS MATERIALIZED (
            SELECT place, sum(paid) AS paid FROM asked GROUP BY place
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
                headed.first_day, headed.last_day, in_currency, summed.net, summed.gross - summed.net, summed.gross,
                settled.paid, settled.paid, false,
                to_jsonb(issuer) - ARRAY['id', 'organization_id', 'location_id', 'prefix', 'cancellation_prefix'],
                jsonb_build_object(
                    'customer_number', payer.customer_number, 'salutation', payer.salutation, 'title', payer.title,
                    'first_name', payer.first_name, 'last_name', payer.last_name, 'company', payer.company,
                    'street', payer.street, 'address_extra', payer.address_extra, 'po_box', payer.po_box,
                    'postal_code', payer.postal_code, 'city', payer.city, 'country', payer.country,
                    'vat_id', payer.vat_id, 'language', payer.language,
                    'email', coalesce(nullif(billing.email, ''), payer.email),
                    'leitweg_id', coalesce(billing.leitweg_id, ''), 'reference', coalesce(billing.reference, ''), 'member_of', coalesce(joined.company, '')
                ), '', {current("user")}, who
            FROM headed
            JOIN summed ON summed.place = headed.place
            JOIN settled ON settled.place = headed.place
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
        WHERE base_id = of_base AND run_id = of_run AND bundle = ANY (chosen) AND invoice_id IS NULL AND left_out = '';
        UPDATE accounting_paymentorder SET state = 'invoiced' WHERE base_id = of_base AND id = ANY (taken_orders);
        UPDATE accounting_invoicerun SET issued = issued + many WHERE base_id = of_base AND id = of_run;
        RETURN many;
    END $$
"""

# Who gets the invoice for what a customer has bought on a day, as customers.CustomerMembership says; the same as
# MembershipQuerySet.payers for one customer.
PAYER = """
    CREATE FUNCTION accounting_payer_of(of_base bigint, of_customer bigint, on_day date) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
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
    $$
"""

# What the members of a company have bought is owed by the company from now on: one transfer for each member and invoice,
# which pays just these orders of his.
TAKE_OVER = """
    CREATE FUNCTION accounting_take_over(
        of_base bigint, of_run uuid, of_ledger bigint, chosen integer[], ids uuid[], before integer, prefix text,
        who text, on_day date
    ) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
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
            FROM accounting_runorder AS item
            CROSS JOIN LATERAL (
                SELECT customer_id, booking_id, total FROM accounting_paymentorder
                WHERE id = item.order_id AND base_id = of_base OFFSET 0
            ) AS sold
            CROSS JOIN LATERAL (
                SELECT debit_id FROM accounting_movement WHERE id = sold.booking_id AND base_id = of_base OFFSET 0
            ) AS booking
            WHERE item.base_id = of_base AND item.run_id = of_run AND item.bundle = ANY (chosen)
              AND item.invoice_id IS NULL AND item.left_out = '' AND item.payer_id <> sold.customer_id
            GROUP BY 1, 2, 3, 4
        ) AS taken;
        IF wanted IS NOT NULL THEN
            PERFORM FROM accounting_post(of_base, of_ledger, who, wanted);
        END IF;
    END $$
"""

OWED = """
    CREATE FUNCTION accounting_owed_of(of_base bigint, of_ledger bigint, of_customer bigint) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
        SELECT id FROM accounting_account
        WHERE customer_id = of_customer AND base_id = of_base AND ledger_id = of_ledger AND kind = 'owed'
    $$
"""

NUMBER = """
    CREATE FUNCTION accounting_number(prefix text, on_day date, sequence bigint) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT prefix || '-' || extract(year FROM on_day) || '-' || lpad(sequence::text, 6, '0') $$
"""

# The whole invoice is taken back, once, by another one with a number of its own. Its orders are open again.
CANCEL = f"""
    CREATE FUNCTION accounting_cancel_invoice(of_base bigint, of_invoice uuid, who text, why text, on_day date)
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        here bigint := {current("location")};
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
        IF of_base IS DISTINCT FROM {current("base")} OR here IS NULL OR wrong.id IS NULL THEN
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
            false, wrong.issuer_data, wrong.buyer_data, why, {current("user")}, who
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
    END $$
"""

# Invoices stay whole, because the law wants them kept as they are; what leads from them to the customer goes.
FORGET = f"""
    CREATE FUNCTION accounting_forget_invoices(of_base bigint, of_customer bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    BEGIN
        IF of_base IS DISTINCT FROM {current("base")} OR NOT {is_erased_now("of_base", "of_customer")} THEN
            RAISE EXCEPTION 'Customer % is not being erased', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
        END IF;
        UPDATE accounting_invoice SET customer_id = NULL WHERE base_id = of_base AND customer_id = of_customer;
        UPDATE accounting_invoiceline SET member_id = NULL WHERE base_id = of_base AND member_id = of_customer;
        UPDATE accounting_runorder SET payer_id = NULL WHERE base_id = of_base AND payer_id = of_customer;
        DELETE FROM accounting_billingterms WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM accounting_billingtermsevent WHERE base_id = of_base AND customer_id = of_customer;
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0010_invoices"), ("customers", "0011_memberships_erased")]
    operations = [
        migrations.RunSQL(NUMBER, "DROP FUNCTION accounting_number(text, date, bigint)"),
        migrations.RunSQL(PAYER, "DROP FUNCTION accounting_payer_of(bigint, bigint, date)"),
        migrations.RunSQL(OWED, "DROP FUNCTION accounting_owed_of(bigint, bigint, bigint)"),
        migrations.RunSQL(
            TAKE_OVER,
            "DROP FUNCTION accounting_take_over("
            "bigint, uuid, bigint, integer[], uuid[], integer, text, text, date)",
        ),
        migrations.RunSQL(RUN_HERE, "DROP FUNCTION accounting_run_here(bigint, uuid, text[])"),
        migrations.RunSQL(CHOOSE, "DROP FUNCTION accounting_choose_orders(bigint, uuid)"),
        migrations.RunSQL(RELEASE, "DROP FUNCTION accounting_release_orders(bigint, uuid)"),
        migrations.RunSQL(KEEP, "DROP FUNCTION accounting_keep_document(bigint, uuid, text, bytea)"),
        migrations.RunSQL(NUMBERS, "DROP FUNCTION accounting_take_numbers(bigint, bigint, bigint, text, date, integer)"),
        migrations.RunSQL(ISSUE, "DROP FUNCTION accounting_issue_invoices(bigint, uuid, text, date, integer)"),
        migrations.RunSQL(CANCEL, "DROP FUNCTION accounting_cancel_invoice(bigint, uuid, text, text, date)"),
        migrations.RunSQL(FORGET, "DROP FUNCTION accounting_forget_invoices(bigint, bigint)"),
    ]
