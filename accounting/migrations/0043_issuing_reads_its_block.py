"""Issuing reads the orders of a block once, by an index that begins with the run and goes on with the block.

Before, each of six statements looked for them, and without statistics read all orders of the run for it, so that a run
of 100,000 orders read four million rows. What an invoice says of its sums was compared with that of each other invoice
of the block, which took a quarter of the time. The functions are changed as they stand in the database.
"""

from importlib import import_module

from django.db import migrations

names = import_module("accounting.migrations.0029_names_on_invoices")

TAKE_OVER = "accounting_take_over(bigint, uuid, bigint, integer[], uuid[], integer, text, text, date)"

# What the next `most` invoices of a run are made of, those up to the bundle `up_to` if it is given. A sort is never
# cheaper than the index that has the bundles in order: so that index is read, and no further than is wanted.
NEXT = """
    CREATE FUNCTION accounting_next_orders(of_base bigint, of_run uuid, most integer, up_to integer)
    RETURNS TABLE (order_id uuid, payer_id bigint, bundle integer)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET enable_sort = off
    SET enable_incremental_sort = off
    AS $$
        SELECT waiting.order_id, waiting.payer_id, waiting.bundle FROM (
            SELECT item.order_id, item.payer_id, item.bundle, dense_rank() OVER (ORDER BY item.bundle) AS nth
            FROM accounting_runorder AS item
            WHERE item.base_id = of_base AND item.run_id = of_run AND item.invoice_id IS NULL AND item.left_out = ''
              AND item.bundle <= coalesce(up_to, 2147483647)
        ) AS waiting WHERE waiting.nth <= most
    $$
"""

OF_BLOCK = "bundle = ANY (chosen) AND bundle BETWEEN chosen[1] AND chosen[cardinality(chosen)]"
WHERE = "WHERE item.base_id = of_base AND item.run_id = of_run AND item." + OF_BLOCK
READ = """SELECT array_agg(item.order_id), array_agg(item.payer_id), array_agg(item.bundle),
            array_agg(DISTINCT item.bundle ORDER BY item.bundle)
        INTO orders, payers, bundles, chosen"""

OF_ISSUE = [
    (
        "        chosen integer[];\n",
        "        orders uuid[];\n        payers bigint[];\n        bundles integer[];\n        chosen integer[];\n",
    ),
    ("        taken_orders uuid[];\n", "        issuer_said jsonb;\n"),
    (
        """\
        chosen := ARRAY(
            SELECT DISTINCT bundle FROM accounting_runorder
            WHERE base_id = of_base AND run_id = of_run AND invoice_id IS NULL AND left_out = ''
            ORDER BY bundle LIMIT most
        );
        IF cardinality(chosen) = 0 THEN
""",
        f"""\
        issuer_said := to_jsonb(issuer)
            - ARRAY['id', 'organization_id', 'location_id', 'prefix', 'cancellation_prefix'];
        {READ}
        FROM accounting_next_orders(of_base, of_run, most, NULL) AS item;
        IF chosen IS NULL THEN
""",
    ),
    (
        f"""\
            SELECT DISTINCT payer_id FROM accounting_runorder
            WHERE base_id = of_base AND run_id = of_run AND {OF_BLOCK} AND payer_id IS NOT NULL
              AND invoice_id IS NULL AND left_out = '' ORDER BY payer_id
""",
        """\
            SELECT DISTINCT payer.id FROM unnest(payers) AS payer (id) WHERE payer.id IS NOT NULL ORDER BY payer.id
""",
    ),
    (
        "SELECT DISTINCT booking.debit_id FROM accounting_runorder AS item\n",
        "SELECT DISTINCT booking.debit_id FROM unnest(orders) AS item (order_id)\n",
    ),
    (
        f"""\
            ) AS booking
            {WHERE}
              AND item.invoice_id IS NULL AND item.left_out = ''
""",
        """\
            ) AS booking
""",
    ),
    (
        f"""\
                FROM accounting_runorder AS item
                CROSS JOIN LATERAL (
                    SELECT state, customer_id, ledger_id, business_day, EXISTS (
                        SELECT FROM customers_customermembership
                        WHERE base_id = of_base AND member_id = accounting_paymentorder.customer_id
                    ) AS is_member
                    FROM accounting_paymentorder WHERE id = item.order_id AND base_id = of_base OFFSET 0
                ) AS sold
                {WHERE}
                  AND item.invoice_id IS NULL AND item.left_out = ''
            ) AS judged WHERE judged.reason IS NOT NULL GROUP BY judged.reason
        LOOP
            UPDATE accounting_runorder SET left_out = problem.reason
            WHERE base_id = of_base AND run_id = of_run AND order_id = ANY (problem.orders);
        END LOOP;
""",
        """\
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
""",
    ),
    (
        f"""\
        SELECT array_agg(left_in.bundle ORDER BY left_in.bundle), max(left_in.payers) INTO chosen, many FROM (
            SELECT bundle, count(DISTINCT payer_id) AS payers FROM accounting_runorder
            WHERE base_id = of_base AND run_id = of_run AND {OF_BLOCK}
              AND invoice_id IS NULL AND left_out = '' GROUP BY bundle
        ) AS left_in;
""",
        f"""\
        {READ}
        FROM accounting_next_orders(of_base, of_run, most, chosen[cardinality(chosen)]) AS item;
""",
    ),
    (
        "        IF many > 1 THEN\n",
        """\
        IF EXISTS (
            SELECT FROM unnest(bundles, payers) AS item (bundle, payer_id)
            GROUP BY item.bundle HAVING min(item.payer_id) <> max(item.payer_id)
        ) THEN
""",
    ),
    (
        f"""\
        taken_orders := ARRAY(
            SELECT order_id FROM accounting_runorder WHERE base_id = of_base AND run_id = of_run
              AND {OF_BLOCK} AND invoice_id IS NULL AND left_out = ''
        );
        ids := ARRAY(SELECT""",
        "        ids := ARRAY(SELECT",
    ),
    (
        """\
            FROM accounting_runorder AS item
            CROSS JOIN LATERAL (
                SELECT id AS order_id""",
        """\
            FROM unnest(orders, payers, bundles) AS item (order_id, payer_id, bundle)
            CROSS JOIN LATERAL (
                SELECT id AS order_id""",
    ),
    (
        f"""\
            ) AS member
            {WHERE}
              AND item.invoice_id IS NULL AND item.left_out = ''
        ), asked""",
        """\
            ) AS member ON true
        ), asked""",
    ),
    (
        """\
            CROSS JOIN LATERAL (
                SELECT left(coalesce""",
        """\
            LEFT JOIN LATERAL (
                SELECT left(coalesce""",
    ),
    (
        "FROM customers_customer WHERE id = sold.customer_id AND base_id = of_base OFFSET 0",
        """\
FROM customers_customer
                WHERE id = sold.customer_id AND base_id = of_base AND sold.customer_id <> item.payer_id OFFSET 0""",
    ),
    (
        """\
        ), summed AS MATERIALIZED (
            SELECT place, sum(gross) AS gross, sum(net) AS net FROM rated GROUP BY place
        ), headed AS MATERIALIZED (
            SELECT place, payer_id, min(business_day) AS first_day, max(business_day) AS last_day
            FROM taken GROUP BY place, payer_id
        ), settled AS MATERIALIZED (
            SELECT place, sum(paid) AS paid FROM asked GROUP BY place
        ), made""",
        """\
        ), headed AS MATERIALIZED (
            SELECT place, max(payer_id) AS payer_id, min(business_day) AS first_day, max(business_day) AS last_day,
                sum(gross) AS gross, sum(net) AS net, sum(paid) AS paid
            FROM (
                SELECT place, payer_id, business_day, NULL::numeric AS gross, NULL::numeric AS net,
                    NULL::numeric AS paid FROM taken
                UNION ALL SELECT place, NULL, NULL, gross, net, NULL FROM rated
                UNION ALL SELECT place, NULL, NULL, NULL, NULL, paid FROM asked
            ) AS said GROUP BY place
        ), made""",
    ),
    (
        """\
summed.net, summed.gross - summed.net, summed.gross,
                settled.paid, settled.paid, false,
                to_jsonb(issuer) - ARRAY['id', 'organization_id', 'location_id', 'prefix', 'cancellation_prefix'],
""",
        """\
headed.net, headed.gross - headed.net, headed.gross,
                headed.paid, headed.paid, false, issuer_said,
""",
    ),
    (
        """\
            FROM headed
            JOIN summed ON summed.place = headed.place
            JOIN settled ON settled.place = headed.place
""",
        "            FROM headed\n",
    ),
    (
        f"""\
        WHERE base_id = of_base AND run_id = of_run AND {OF_BLOCK} AND invoice_id IS NULL AND left_out = '';
        UPDATE accounting_paymentorder SET state = 'invoiced' WHERE base_id = of_base AND id = ANY (taken_orders);
""",
        """\
        WHERE base_id = of_base AND run_id = of_run AND order_id = ANY (orders)
          AND bundle BETWEEN chosen[1] AND chosen[cardinality(chosen)];
        UPDATE accounting_paymentorder SET state = 'invoiced' WHERE base_id = of_base AND id = ANY (orders);
""",
    ),
]  # fmt: skip
OF_TAKE_OVER = [
    (
        "FROM accounting_runorder AS item\n",
        """\
FROM accounting_next_orders(
                of_base, of_run, cardinality(chosen), chosen[cardinality(chosen)]
            ) AS item
""",
    ),
    (
        f"""\
            {WHERE}
              AND item.invoice_id IS NULL AND item.left_out = '' AND item.payer_id <> sold.customer_id
""",
        """\
            WHERE item.payer_id <> sold.customer_id
""",
    ),
]


def _changed(function: str, places: list[tuple[str, str]]) -> migrations.RunSQL:
    return migrations.RunSQL(
        names.changed(function, *places), names.changed(function, *names.back(*reversed(places)))
    )


class Migration(migrations.Migration):
    dependencies = [("accounting", "0042_checks_of_statements")]
    operations = [
        migrations.RunSQL(NEXT, "DROP FUNCTION accounting_next_orders(bigint, uuid, integer, integer)"),
        _changed(names.ISSUE, OF_ISSUE),
        _changed(TAKE_OVER, OF_TAKE_OVER),
    ]
