"""Issuing asks for each buyer once and not for each order, and for memberships only of who has one: half the time."""

from importlib import import_module

from django.db import migrations

from accounting.function_changes import changed

invoices = import_module("accounting.migrations.0011_invoice_functions")

BEGINS, ENDS = invoices.ISSUE.index("        owing := ARRAY("), invoices.ISSUE.index("        LOOP\n")

# `buyers` is sorted, so width_bucket finds the place of one in it, and with it what is wrong with him.
JUDGED = """\
        buyers := ARRAY(
            SELECT DISTINCT payer_id FROM accounting_runorder
            WHERE base_id = of_base AND run_id = of_run AND bundle = ANY (chosen) AND payer_id IS NOT NULL
              AND invoice_id IS NULL AND left_out = '' ORDER BY payer_id
        );
        SELECT array_agg(buyer.owed ORDER BY buyer.place), array_agg(buyer.reason ORDER BY buyer.place)
        INTO owed, reasons FROM (
            SELECT one.place, account.id AS owed, CASE
                WHEN payer.id IS NULL THEN 'nobody'
                WHEN account.id IS NULL THEN 'no_account'
                WHEN payer.street = '' AND payer.po_box = '' OR payer.city = '' OR payer.postal_code = ''
                    THEN 'no_address'
            END AS reason
            FROM unnest(buyers) WITH ORDINALITY AS one (payer_id, place)
            LEFT JOIN LATERAL (
                SELECT id, street, po_box, city, postal_code FROM customers_customer
                WHERE id = one.payer_id AND base_id = of_base OFFSET 0
            ) AS payer ON true
            CROSS JOIN LATERAL (SELECT accounting_owed_of(of_base, run.ledger_id, one.payer_id) AS id OFFSET 0) AS account
        ) AS buyer;
        owing := owed || ARRAY(
            SELECT DISTINCT booking.debit_id FROM accounting_runorder AS item
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
                    WHEN sold.customer_id IS NULL OR item.payer_id IS NULL THEN 'nobody'
                    WHEN sold.state <> 'open' OR sold.ledger_id <> run.ledger_id THEN 'changed'
                    WHEN CASE WHEN sold.is_member
                        THEN accounting_payer_of(of_base, sold.customer_id, sold.business_day) ELSE sold.customer_id
                    END <> item.payer_id THEN 'changed'
                    ELSE reasons[width_bucket(item.payer_id, buyers)]
                END AS reason
                FROM accounting_runorder AS item
                CROSS JOIN LATERAL (
                    SELECT state, customer_id, ledger_id, business_day, EXISTS (
                        SELECT FROM customers_customermembership
                        WHERE base_id = of_base AND member_id = accounting_paymentorder.customer_id
                    ) AS is_member
                    FROM accounting_paymentorder WHERE id = item.order_id AND base_id = of_base OFFSET 0
                ) AS sold
                WHERE item.base_id = of_base AND item.run_id = of_run AND item.bundle = ANY (chosen)
                  AND item.invoice_id IS NULL AND item.left_out = ''
            ) AS judged WHERE judged.reason IS NOT NULL GROUP BY judged.reason
"""

ISSUE = changed(
    invoices.ISSUE,
    (
        "        owing bigint[];\n",
        "        owing bigint[];\n        buyers bigint[];\n        owed bigint[];\n        reasons text[];\n",
    ),
    (invoices.ISSUE[BEGINS:ENDS], JUDGED),
)


class Migration(migrations.Migration):
    dependencies = [("accounting", "0025_invoice_indexes_by_owner")]
    operations = [migrations.RunSQL(ISSUE, changed(invoices.ISSUE))]
