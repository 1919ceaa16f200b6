"""What posts, sets limits, forgets whom somebody erases, and adds up: functions of the owner of the tables.

The role that serves can only read movements and balances. Each function works in no base but the one that was entered,
and in no ledger that does not exist at the location that was entered.
"""

from django.db import migrations

from customers.triggers.erasure import is_erased_now
from locations.row_policies import current

JUDGED = """
    CREATE TYPE accounting_judged AS (
        debit bigint, credit bigint, amount numeric, kind text, business_day date, key text, reverses uuid,
        document text, reason text, is_late boolean, customer bigint, debit_yields boolean, credit_yields boolean,
        problem text, breaches text[]
    )
"""

# What is wrong with each movement that is wanted, and which rules of the customer's terms it breaks. One whose key is
# known is not judged again: its effect is there. `yields` says of an account that its limit gives way to what has
# happened: to what a till has sold without a connection, and an open amount to what sets right.
JUDGE = """
    CREATE FUNCTION accounting_judge(of_base bigint, of_ledger bigint, here bigint, wanted jsonb)
    RETURNS SETOF accounting_judged LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT one.debit, one.credit, one.amount, one.kind, one.business_day, one.key, one.reverses,
            coalesce(one.document, ''), coalesce(one.reason, ''), coalesce(one.is_late, false),
            coalesce(debited.customer_id, credited.customer_id),
            coalesce(one.is_late, false)
                OR one.kind IN ('opening', 'correction', 'reversal') AND debited.kind = 'owed',
            coalesce(one.is_late, false)
                OR one.kind IN ('opening', 'correction', 'reversal') AND credited.kind = 'owed',
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
                    ('correction', 'credit', 'credit'), ('correction', 'owed', 'owed')
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
        LEFT JOIN accounting_account AS debited
          ON debited.base_id = of_base AND debited.ledger_id = of_ledger AND debited.id = one.debit
        LEFT JOIN accounting_account AS credited
          ON credited.base_id = of_base AND credited.ledger_id = of_ledger AND credited.id = one.credit
        LEFT JOIN accounting_movement AS original
          ON original.base_id = of_base AND original.ledger_id = of_ledger AND original.id = one.reverses
        LEFT JOIN accounting_accountterms AS terms
          ON terms.base_id = of_base AND terms.ledger_id = of_ledger
         AND terms.customer_id = coalesce(debited.customer_id, credited.customer_id)
        LEFT JOIN customers_customer AS customer
          ON customer.base_id = of_base AND customer.id = coalesce(debited.customer_id, credited.customer_id)
        WHERE NOT EXISTS (
            SELECT FROM accounting_movement AS known
            WHERE known.base_id = of_base AND known.ledger_id = of_ledger AND known.location_id = here
              AND known.key = one.key
        )
    $$
"""

FEW = 100
"""Movements at once from which on each statement is planned for them, and not as for those that came one by one."""

# Accounts with a limit are locked in the order of their ids, before anything is read that depends on them: whoever
# posts between the same two accounts the other way round waits, and neither waits for the other for ever. The moment of
# a movement is read under these locks, so the balance of a past moment never changes.
POST = f"""
    CREATE FUNCTION accounting_post(of_base bigint, of_ledger bigint, who text, wanted jsonb)
    RETURNS SETOF accounting_movement
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    DECLARE
        here bigint := {current("location")};
        book record;
        fresh accounting_judged[];
        wrong text;
    BEGIN
        SELECT id, organization_id, owner_key INTO book FROM accounting_ledger
        WHERE base_id = of_base AND id = of_ledger AND (owner_key = 0 OR owner_key = here);
        IF of_base IS DISTINCT FROM {current("base")} OR here IS NULL OR book.id IS NULL THEN
            RAISE EXCEPTION 'There is no such ledger here'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_in_ledger';
        END IF;
        IF jsonb_array_length(wanted) > {FEW} THEN
            PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        END IF;
        PERFORM FROM accounting_account WHERE base_id = of_base AND ledger_id = of_ledger AND balance IS NOT NULL
          AND id IN (
            SELECT unnest(ARRAY[one.debit, one.credit])
            FROM jsonb_to_recordset(wanted) AS one (debit bigint, credit bigint)
        ) ORDER BY id FOR NO KEY UPDATE;

        IF EXISTS (
            SELECT FROM jsonb_to_recordset(wanted) AS one (
                debit bigint, credit bigint, amount numeric, kind text, business_day date, key text, reverses uuid,
                document text, reason text
            )
            JOIN accounting_movement AS known
              ON known.base_id = of_base AND known.ledger_id = of_ledger AND known.location_id = here
             AND known.key = one.key
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
                business_day, key, reverses_id, document, reason, is_late, user_id, user_name
            )
            SELECT book.organization_id, of_base, of_ledger, book.owner_key, one.debit, one.credit, one.amount,
                one.kind, here, one.business_day, one.key, one.reverses, one.document, one.reason, one.is_late,
                {current("user")}, who
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
            WHERE account.base_id = of_base AND account.id = total.account AND account.balance IS NOT NULL
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

        RETURN QUERY SELECT movement.* FROM accounting_movement AS movement
        WHERE movement.base_id = of_base AND movement.ledger_id = of_ledger AND movement.location_id = here
          AND movement.key IN (SELECT one.key FROM jsonb_to_recordset(wanted) AS one (key text));
    END $$
"""

SET_LIMIT = f"""
    CREATE FUNCTION accounting_set_limit(of_base bigint, of_ledger bigint, of_customer bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    BEGIN
        IF of_base IS DISTINCT FROM {current("base")} THEN
            RAISE EXCEPTION 'There is no such ledger here'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_in_ledger';
        END IF;
        UPDATE accounting_account AS account SET
            floor = -terms.hard_limit,
            overdraft = greatest(0, -terms.hard_limit - account.balance)
        FROM accounting_accountterms AS terms
        WHERE terms.base_id = of_base AND terms.ledger_id = of_ledger AND terms.customer_id = of_customer
          AND account.base_id = of_base AND account.ledger_id = of_ledger AND account.customer_id = of_customer
          AND account.kind = 'owed';
    END $$
"""

# Movements stay, because the law wants them kept; whose they were does not.
FORGET = f"""
    CREATE FUNCTION accounting_forget(of_base bigint, of_customer bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    DECLARE
        gone bigint[];
    BEGIN
        IF of_base IS DISTINCT FROM {current("base")} OR NOT {is_erased_now("of_base", "of_customer")} THEN
            RAISE EXCEPTION 'Customer % is not being erased', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
        END IF;
        PERFORM FROM accounting_account WHERE base_id = of_base AND customer_id = of_customer
        ORDER BY id FOR UPDATE;
        IF EXISTS (
            SELECT FROM accounting_account WHERE base_id = of_base AND customer_id = of_customer AND balance <> 0
        ) THEN
            RAISE EXCEPTION 'Money of customer % is open', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'account_money_open';
        END IF;
        gone := ARRAY(SELECT id FROM accounting_account WHERE base_id = of_base AND customer_id = of_customer);
        UPDATE accounting_movement SET reason = '–'
        WHERE base_id = of_base AND (debit_id = ANY (gone) OR credit_id = ANY (gone)) AND reason <> '';
        UPDATE accounting_movement SET document = ''
        WHERE base_id = of_base AND (debit_id = ANY (gone) OR credit_id = ANY (gone)) AND document <> '';
        UPDATE accounting_ledgerexception SET note = '–'
        WHERE base_id = of_base AND customer_id = of_customer AND note <> '';
        UPDATE accounting_ledgerexception SET customer_id = NULL
        WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM accounting_accountterms WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM accounting_accounttermsevent WHERE base_id = of_base AND customer_id = of_customer;
        UPDATE accounting_account SET customer_id = NULL, is_nameless = true
        WHERE base_id = of_base AND customer_id = of_customer;
    END $$
"""

BALANCE_AT = """
    CREATE FUNCTION accounting_balance_at(of_base bigint, of_account bigint, moment timestamptz) RETURNS numeric
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT coalesce((
            SELECT sum(amount) FROM accounting_movement
            WHERE base_id = of_base AND credit_id = of_account AND posted_at <= moment
        ), 0) - coalesce((
            SELECT sum(amount) FROM accounting_movement
            WHERE base_id = of_base AND debit_id = of_account AND posted_at <= moment
        ), 0)
    $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0001_ledger")]
    operations = [
        migrations.RunSQL(JUDGED, "DROP TYPE accounting_judged"),
        migrations.RunSQL(JUDGE, "DROP FUNCTION accounting_judge(bigint, bigint, bigint, jsonb)"),
        migrations.RunSQL(POST, "DROP FUNCTION accounting_post(bigint, bigint, text, jsonb)"),
        migrations.RunSQL(SET_LIMIT, "DROP FUNCTION accounting_set_limit(bigint, bigint, bigint)"),
        migrations.RunSQL(FORGET, "DROP FUNCTION accounting_forget(bigint, bigint)"),
        migrations.RunSQL(BALANCE_AT, "DROP FUNCTION accounting_balance_at(bigint, bigint, timestamptz)"),
    ]
