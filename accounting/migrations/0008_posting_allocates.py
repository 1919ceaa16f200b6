"""What posts looks each row up by its key, and allocates what was paid to what is open in the same transaction.

Each look-up is by a whole key in a sub-query of its own, one row after the other (LATERAL … OFFSET 0, or a scalar
sub-query): of a table that was empty when it was counted the planner would read all rows of the base for each.
"""

from importlib import import_module

from django.db import migrations

from locations.row_policies import current

before = import_module("accounting.migrations.0002_posting")
orders_before = import_module("accounting.migrations.0005_order_functions")

JUDGE = """
    CREATE OR REPLACE FUNCTION accounting_judge(of_base bigint, of_ledger bigint, here bigint, wanted jsonb)
    RETURNS SETOF accounting_judged LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
    SET enable_seqscan = off
    AS $$
        SELECT one.debit, one.credit, one.amount, one.kind, one.business_day, one.key, one.reverses,
            coalesce(one.document, ''), coalesce(one.reason, ''), coalesce(one.is_late, false),
            coalesce(debited.customer_id, credited.customer_id),
            coalesce(one.is_late, false)
                OR one.kind IN ('opening', 'correction', 'transfer', 'reversal') AND debited.kind = 'owed',
            coalesce(one.is_late, false)
                OR one.kind IN ('opening', 'correction', 'transfer', 'reversal') AND credited.kind = 'owed',
            CASE
                WHEN debited.id IS NULL OR credited.id IS NULL OR debited.is_nameless OR credited.is_nameless
                    THEN 'movement_accounts_of_ledger'
                WHEN one.amount <> round(one.amount, 2) THEN 'movement_amount_in_cents'
                WHEN one.kind = 'reversal' THEN CASE
                    WHEN original.id IS NULL OR original.kind = 'reversal' THEN 'movement_reverses_one'
                    WHEN (original.debit_id, original.credit_id, original.amount)
                        IS DISTINCT FROM (one.credit, one.debit, one.amount) THEN 'movement_reverses_all'
                END
                WHEN (one.kind, debited.kind, credited.kind) NOT IN (
                    ('sale', 'owed', 'sales'), ('payment', 'money', 'owed'), ('top_up', 'money', 'credit'),
                    ('use', 'credit', 'sales'), ('pay_out', 'credit', 'money'),
                    ('opening', 'owed', 'opening'), ('opening', 'opening', 'owed'), ('opening', 'opening', 'credit'),
                    ('correction', 'owed', 'corrections'), ('correction', 'corrections', 'owed'),
                    ('correction', 'credit', 'corrections'), ('correction', 'corrections', 'credit'),
                    ('correction', 'credit', 'credit'), ('correction', 'owed', 'owed'), ('transfer', 'owed', 'owed')
                ) THEN 'movement_kind_fits_accounts'
            END,
            CASE WHEN one.kind IN ('sale', 'top_up', 'use') THEN array_remove(ARRAY[
                CASE WHEN customer.archived_at IS NOT NULL THEN 'archived' END,
                CASE WHEN customer.is_blocked OR terms.is_blocked THEN 'blocked' END,
                CASE WHEN one.kind = 'sale' AND terms.may_buy_on_account IS NOT TRUE THEN 'not_on_account' END,
                CASE WHEN one.kind <> 'sale' AND terms.may_hold_credit IS NOT TRUE THEN 'no_credit' END,
                CASE WHEN one.kind = 'sale' AND (
                    customer.street = '' AND customer.po_box = '' OR customer.city = ''
                ) THEN 'no_address' END
            ], NULL) ELSE '{}' END
        FROM jsonb_to_recordset(wanted) AS one (
            debit bigint, credit bigint, amount numeric, kind text, business_day date, key text, reverses uuid,
            document text, reason text, is_late boolean
        )
        LEFT JOIN LATERAL (SELECT * FROM accounting_account WHERE id = one.debit OFFSET 0) AS debited
          ON debited.base_id = of_base AND debited.ledger_id = of_ledger
        LEFT JOIN LATERAL (SELECT * FROM accounting_account WHERE id = one.credit OFFSET 0) AS credited
          ON credited.base_id = of_base AND credited.ledger_id = of_ledger
        LEFT JOIN LATERAL (SELECT * FROM accounting_movement WHERE id = one.reverses OFFSET 0) AS original
          ON original.base_id = of_base AND original.ledger_id = of_ledger
        LEFT JOIN LATERAL (
            SELECT * FROM accounting_accountterms
            WHERE base_id = of_base AND customer_id = coalesce(debited.customer_id, credited.customer_id)
              AND ledger_id = of_ledger OFFSET 0
        ) AS terms ON true
        LEFT JOIN LATERAL (
            SELECT * FROM customers_customer WHERE id = coalesce(debited.customer_id, credited.customer_id) OFFSET 0
        ) AS customer ON customer.base_id = of_base
        WHERE (
            SELECT known.id FROM accounting_movement AS known
            WHERE known.base_id = of_base AND known.ledger_id = of_ledger AND known.location_id = here
              AND known.key = one.key
        ) IS NULL
    $$
"""

# Accounts with a limit are locked in the order of their ids, before anything is read that depends on them: whoever
# posts between the same two accounts the other way round waits, and neither waits for the other for ever. The moment of
# a movement is read under these locks, so the balance of a past moment never changes.
POST = f"""
    CREATE OR REPLACE FUNCTION accounting_post(of_base bigint, of_ledger bigint, who text, wanted jsonb)
    RETURNS SETOF accounting_movement
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        here bigint := {current("location")};
        book record;
        fresh accounting_judged[];
        wrong text;
        moment timestamptz;
    BEGIN
        SELECT id, organization_id, owner_key INTO book FROM accounting_ledger
        WHERE base_id = of_base AND id = of_ledger AND (owner_key = 0 OR owner_key = here);
        IF of_base IS DISTINCT FROM {current("base")} OR here IS NULL OR book.id IS NULL THEN
            RAISE EXCEPTION 'There is no such ledger here'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_in_ledger';
        END IF;
        IF jsonb_array_length(wanted) > {before.FEW} THEN
            PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        END IF;
        PERFORM FROM (
            SELECT DISTINCT unnest(ARRAY[one.debit, one.credit]) AS id
            FROM jsonb_to_recordset(wanted) AS one (debit bigint, credit bigint) ORDER BY id OFFSET 0
        ) AS asked CROSS JOIN LATERAL (
            SELECT FROM accounting_account AS one
            WHERE one.id = asked.id AND one.base_id = of_base AND one.ledger_id = of_ledger AND one.balance IS NOT NULL
            FOR NO KEY UPDATE
        ) AS locked;
        moment := clock_timestamp();

        IF EXISTS (
            SELECT FROM jsonb_to_recordset(wanted) AS one (
                debit bigint, credit bigint, amount numeric, kind text, business_day date, key text, reverses uuid,
                document text, reason text
            )
            CROSS JOIN LATERAL (
                SELECT * FROM accounting_movement
                WHERE base_id = of_base AND ledger_id = of_ledger AND location_id = here AND key = one.key OFFSET 0
            ) AS known
            WHERE (known.debit_id, known.credit_id, known.amount, known.kind, known.business_day, known.reverses_id,
                    known.document, known.reason)
                IS DISTINCT FROM (one.debit, one.credit, one.amount, one.kind, one.business_day, one.reverses,
                    coalesce(one.document, ''), coalesce(one.reason, ''))
        ) THEN
            RAISE EXCEPTION 'Something else was posted under this key'
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'movement_key_once';
        END IF;

        fresh := ARRAY(SELECT one FROM accounting_judge(of_base, of_ledger, here, wanted) AS one);
        SELECT coalesce(one.problem, 'accounting_' || one.breaches[1]) INTO wrong FROM unnest(fresh) AS one
        WHERE one.problem IS NOT NULL OR one.breaches <> '{{}}' AND NOT one.is_late LIMIT 1;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'This cannot be posted: %', wrong
                USING ERRCODE = 'check_violation', CONSTRAINT = wrong;
        END IF;

        WITH added AS (
            INSERT INTO accounting_movement (
                organization_id, base_id, ledger_id, owner_key, debit_id, credit_id, amount, kind, location_id,
                business_day, key, reverses_id, document, reason, is_late, user_id, user_name,
                posted_at
            )
            SELECT book.organization_id, of_base, of_ledger, book.owner_key, one.debit, one.credit, one.amount,
                one.kind, here, one.business_day, one.key, one.reverses, one.document, one.reason, one.is_late,
                {current("user")}, who, moment
            FROM unnest(fresh) AS one
            RETURNING id, key
        ), step AS MATERIALIZED (
            SELECT one.key, one.debit AS account, -one.amount AS amount, one.debit_yields AS yields
            FROM unnest(fresh) AS one
            UNION ALL
            SELECT one.key, one.credit, one.amount, one.credit_yields FROM unnest(fresh) AS one
        ), total AS (
            SELECT account, sum(amount) AS amount,
                coalesce(sum(amount) FILTER (WHERE NOT yields), 0) AS strict,
                coalesce(bool_or(yields AND amount < 0), false) AS yields
            FROM step GROUP BY account
        ), kept AS (
            UPDATE accounting_account AS account SET
                balance = account.balance + total.amount,
                overdraft = CASE
                    WHEN total.yields AND account.balance + total.strict >= account.floor - account.overdraft
                        THEN greatest(0, account.floor - account.balance - total.amount)
                    ELSE least(account.overdraft, greatest(0, account.floor - account.balance - total.amount)) END
            FROM total
            WHERE account.id = total.account AND account.base_id = of_base AND account.balance IS NOT NULL
            RETURNING account.id, account.kind, account.overdraft
        ), broken AS (
            SELECT step.key, array_agg(CASE kept.kind WHEN 'owed' THEN 'limit' ELSE 'below_zero' END) AS breaches
            FROM step JOIN kept ON kept.id = step.account
            WHERE step.yields AND step.amount < 0 AND kept.overdraft > 0
            GROUP BY step.key
        )
        INSERT INTO accounting_ledgerexception (base_id, ledger_id, owner_key, movement_id, customer_id, breaches)
        SELECT of_base, of_ledger, book.owner_key, added.id, one.customer,
            one.breaches || coalesce(broken.breaches, '{{}}')
        FROM unnest(fresh) AS one JOIN added ON added.key = one.key LEFT JOIN broken ON broken.key = one.key
        WHERE one.breaches <> '{{}}' OR broken.key IS NOT NULL;

        PERFORM accounting_settle_posted(of_base, fresh, wanted, who, here, of_ledger, moment);

        RETURN QUERY SELECT movement.* FROM (
            SELECT DISTINCT one.key FROM jsonb_to_recordset(wanted) AS one (key text)
        ) AS asked CROSS JOIN LATERAL (
            SELECT * FROM accounting_movement
            WHERE base_id = of_base AND ledger_id = of_ledger AND location_id = here AND key = asked.key OFFSET 0
        ) AS movement;
    END $$
"""

# The payment of an order counts against its sale, whatever counted against that before by age alone.
PAY = f"""
    CREATE OR REPLACE FUNCTION accounting_pay_order(of_base bigint, of_order uuid, who text, wanted jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
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
              AND location_id = {current("location")} AND key = wanted->>'key'
        );
        IF NOT is_known AND one.state <> 'open' THEN
            RAISE EXCEPTION 'This order is not open'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_not_open';
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
    END $$
"""


# What was booked before is allocated as if it had been from the beginning: the oldest payment to the oldest item.
SETTLE_ALL = """
    INSERT INTO accounting_allocation (
        base_id, ledger_id, owner_key, account_id, payment_id, item_id, amount, is_chosen, user_name, created_at
    )
    WITH side AS (
        SELECT account.base_id, account.ledger_id, account.owner_key, account.id AS account, one.id, one.amount,
            one.posted_at, one.user_name, one.debit_id = account.id AS is_item,
            sum(one.amount) OVER (
                PARTITION BY account.id, one.debit_id = account.id ORDER BY one.posted_at, one.id
            ) AS upto
        FROM accounting_account AS account
        JOIN accounting_movement AS one
          ON one.base_id = account.base_id AND account.id IN (one.debit_id, one.credit_id)
        WHERE account.kind = 'owed' AND one.kind <> 'reversal'
          AND NOT EXISTS (
            SELECT FROM accounting_movement AS back WHERE back.base_id = one.base_id AND back.reverses_id = one.id
        )
    )
    SELECT item.base_id, item.ledger_id, item.owner_key, item.account, payment.id, item.id,
        least(payment.upto, item.upto) - greatest(payment.upto - payment.amount, item.upto - item.amount), false,
        payment.user_name, greatest(payment.posted_at, item.posted_at)
    FROM side AS item JOIN side AS payment
      ON payment.account = item.account AND NOT payment.is_item
     AND payment.upto - payment.amount < item.upto AND item.upto - item.amount < payment.upto
    WHERE item.is_item
"""


def again(statement: str) -> str:
    """The statement that made a function, for one that exists."""
    return statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("accounting", "0007_allocating")]
    operations = [
        migrations.RunSQL(JUDGE, again(before.JUDGE)),
        migrations.RunSQL(POST, again(before.POST)),
        migrations.RunSQL(PAY, again(orders_before.PAY)),
        migrations.RunSQL(SETTLE_ALL, "DELETE FROM accounting_allocation"),
    ]
