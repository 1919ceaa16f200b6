"""Functions that collect and return debits as entries of the bank say so, and take that back.

What is looked up by a key is looked up by it alone: of a business that nobody has counted yet the planner takes the base
for as selective, and reads all rows of it for each. References go over the base, so that the row is one of it.

Each locks in this order: entries, debit files, accounts of customers, debits. Whoever reverses a payment by hand holds
the account before the debit as well. What is collected comes in pieces, so that tills wait for none of them long.
"""

from importlib import import_module

from django.db import migrations

from locations.row_policies import current

before = import_module("accounting.migrations.0018_debit_functions")
since = import_module("accounting.migrations.0027_paid_announced_erased")
"""What has changed some of the functions since."""


def again(statement: str) -> str:
    """The statement that makes a function, for one that exists."""
    return statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


# Whoever collects does so while the file is made, or while the worker collects it.
FILE = again(before.FILE).replace(
    "IF file.state <> in_state THEN",
    "IF file.state <> in_state AND NOT (in_state = 'done' AND file.state = 'collecting') THEN",
)

# An entry that is still open, and money in the direction that is asked for.
ENTRY = f"""
    CREATE FUNCTION accounting_lock_open_entry(of_base bigint, of_entry uuid, of_direction text)
    RETURNS accounting_bankentry
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
    AS $$
    DECLARE
        entry accounting_bankentry;
    BEGIN
        SELECT * INTO entry FROM accounting_bankentry
        WHERE id = of_entry AND base_id = of_base AND owner_key IN (0, {current("location")}) FOR NO KEY UPDATE;
        IF of_base IS DISTINCT FROM {current("base")} OR {current("location")} IS NULL
            OR entry.state IS DISTINCT FROM 'open' THEN
            RAISE EXCEPTION 'This entry is not open'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_open';
        END IF;
        IF entry.direction <> of_direction OR of_direction = 'credit' AND (entry.is_return OR entry.is_reversal) THEN
            RAISE EXCEPTION 'This entry is no such booking'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_of_debits';
        END IF;
        RETURN entry;
    END $$
"""

DECIDE = f"""
    CREATE FUNCTION accounting_decide_entries(of_base bigint, of_entries uuid[], to_state text, who text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
    AS $$
        UPDATE accounting_bankentry SET
            state = to_state, decided_by = who, decided_user = {current("user")}, decided_at = clock_timestamp()
        WHERE id = ANY (of_entries);
    $$
"""

# The payments of some debits, at most a few hundred: what is posted at once stays small. What is updated is named by an
# array of ids: joined to what was posted, the planner may read all debits to find them.
BLOCK = """
    CREATE FUNCTION accounting_collect_block(
        of_base bigint, of_ledger bigint, of_money bigint, of_items uuid[], of_days date[], who text
    ) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        wanted jsonb;
        made jsonb;
    BEGIN
        SELECT jsonb_agg(jsonb_build_object(
            'debit', of_money, 'credit', accounting_owed_of(of_base, of_ledger, item.customer_id),
            'amount', item.amount::text, 'kind', 'payment', 'business_day', asked.day,
            'key', concat_ws('/', item.end_to_end_id, nullif(item.times_undone, 0)),
            'document', due.number, 'reason', '', 'items', coalesce(part.items, '[]')
        )) INTO wanted
        FROM unnest(of_items, of_days) AS asked (id, day)
        CROSS JOIN LATERAL (
            SELECT * FROM accounting_debititem WHERE id = asked.id OFFSET 0
        ) AS item
        CROSS JOIN LATERAL (
            SELECT number FROM accounting_invoice WHERE id = item.invoice_id OFFSET 0
        ) AS due
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_object('item', movement_id) ORDER BY movement_id) AS items
            FROM accounting_invoiceitem
            WHERE invoice_id = item.invoice_id AND base_id = item.base_id AND is_standing
        ) AS part;
        IF wanted IS NULL THEN
            RETURN;
        END IF;
        SELECT jsonb_object_agg(asked.id, paid.id) INTO made FROM (
            SELECT id, split_part(key, '/', 1) AS reference
            FROM accounting_post(of_base, of_ledger, who, wanted) OFFSET 0
        ) AS paid CROSS JOIN LATERAL (
            SELECT one.id, one.base_id FROM accounting_debititem AS one
            WHERE one.end_to_end_id = paid.reference AND one.end_to_end_id <> '' OFFSET 0
        ) AS asked WHERE asked.base_id = of_base;
        UPDATE accounting_debititem SET state = 'collected', payment_id = (made->>id::text)::uuid
        WHERE id = ANY (of_items) AND made ? id::text;
    END $$
"""

ACCOUNTS = """
    CREATE FUNCTION accounting_lock_debtors(of_base bigint, of_ledger bigint, of_items uuid[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    BEGIN
        PERFORM FROM (
            SELECT DISTINCT accounting_owed_of(of_base, of_ledger, item.customer_id) AS id
            FROM unnest(of_items) AS asked (id) CROSS JOIN LATERAL (
                SELECT customer_id FROM accounting_debititem WHERE id = asked.id OFFSET 0
            ) AS item ORDER BY 1 OFFSET 0
        ) AS asked CROSS JOIN LATERAL (
            SELECT FROM accounting_account AS one WHERE one.id = asked.id FOR NO KEY UPDATE
        ) AS locked;
        PERFORM FROM (SELECT unnest(of_items) AS id ORDER BY 1 OFFSET 0) AS asked CROSS JOIN LATERAL (
            SELECT FROM accounting_debititem AS one WHERE one.id = asked.id FOR UPDATE
        ) AS locked;
    END $$
"""

COLLECT = """
    CREATE FUNCTION accounting_collect_debits(
        of_base bigint, of_file uuid, of_money bigint, chosen uuid[], on_day date, who text, most integer DEFAULT NULL
    ) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, 'done');
        block uuid[];
        pending uuid[];
        many integer := 0;
    BEGIN
        IF on_day < file.made_at::date - 1 THEN
            RAISE EXCEPTION 'This file was not made yet on that day'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfile_collected_once_made';
        END IF;
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        pending := ARRAY(
            SELECT id FROM accounting_debititem
            WHERE file_id = of_file AND base_id = of_base AND state = 'pending'
              AND (chosen IS NULL OR id = ANY (chosen)) ORDER BY position LIMIT most
        );
        PERFORM accounting_lock_debtors(of_base, file.ledger_id, pending);
        WHILE many < cardinality(pending) LOOP
            block := pending[many + 1 : many + 500];
            PERFORM accounting_collect_block(
                of_base, file.ledger_id, of_money, block, array_fill(on_day, ARRAY[cardinality(block)]), who
            );
            many := many + cardinality(block);
        END LOOP;
        RETURN many;
    END $$
"""

# Which debits of a file a sum of the bank is about: all of them, or those of one group, in the order of the file.
# `was_credited` says that it must be in the sum, `may_be` that it may: the bank may have refused it before.
BATCH = """
    CREATE FUNCTION accounting_debits_of_batch(of_base bigint, of_file uuid, of_group integer)
    RETURNS TABLE (id uuid, place integer, state text, amount numeric, was_credited boolean, may_be boolean, entry uuid)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT one.id, one.position, one.state, one.amount,
            one.state IN ('pending', 'collected')
                OR one.state = 'returned' AND (one.payment_id IS NOT NULL OR one.returned_entry_id IS NOT NULL),
            one.state IN ('pending', 'collected', 'returned'), one.collected_entry_id
        FROM (
            SELECT item.*, dense_rank() OVER (ORDER BY item.scheme, item.is_recurrent) AS nth
            FROM accounting_debititem AS item
            WHERE item.file_id = of_file AND item.position IS NOT NULL
        ) AS one WHERE one.base_id = of_base AND (of_group IS NULL OR one.nth = of_group)
    $$
"""

COLLECT_BATCH = f"""
    CREATE FUNCTION accounting_collect_batch(
        of_base bigint, of_entry uuid, of_file uuid, of_group integer, of_money bigint, on_day date, who text,
        most integer
    ) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    -- Collects at most so many debits of the sum; how many are left. With the last ones the entry is booked.
    DECLARE
        entry accounting_bankentry := accounting_lock_open_entry(of_base, of_entry, 'credit');
        file accounting_debitfile := accounting_lock_debit_file(of_base, of_file, 'done');
        surely numeric;
        perhaps numeric;
        pending uuid[];
        block uuid[];
    BEGIN
        SELECT coalesce(sum(one.amount) FILTER (WHERE one.was_credited), 0),
            coalesce(sum(one.amount) FILTER (WHERE one.may_be), 0) INTO surely, perhaps
        FROM accounting_debits_of_batch(of_base, of_file, of_group) AS one
        WHERE one.entry IS NULL OR one.entry = of_entry;
        IF entry.ledger_id <> file.ledger_id OR entry.amount NOT IN (surely, perhaps) THEN
            RAISE EXCEPTION 'The debits are not as much as this entry'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_of_debits';
        END IF;
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        pending := ARRAY(
            SELECT one.id FROM accounting_debits_of_batch(of_base, of_file, of_group) AS one
            WHERE one.state = 'pending' AND one.entry IS NULL ORDER BY one.place
        );
        block := pending[1 : most];
        PERFORM accounting_lock_debtors(of_base, file.ledger_id, block);
        PERFORM accounting_collect_block(
            of_base, file.ledger_id, of_money, block, array_fill(on_day, ARRAY[cardinality(block)]), who
        );
        UPDATE accounting_debititem SET collected_entry_id = of_entry, is_collected_by_entry = true
        WHERE id = ANY (block) AND state = 'collected';
        IF cardinality(pending) <= most THEN
            UPDATE accounting_debititem SET collected_entry_id = of_entry WHERE id = ANY (ARRAY(
                SELECT one.id FROM accounting_debits_of_batch(of_base, of_file, of_group) AS one
                WHERE one.entry IS NULL AND (one.was_credited OR one.may_be AND entry.amount = perhaps)
            ));
            PERFORM accounting_decide_entries(of_base, ARRAY[of_entry], 'booked', who);
        END IF;
        RETURN greatest(cardinality(pending) - most, 0);
    END $$
"""

COLLECT_ENTRIES = f"""
    CREATE FUNCTION accounting_collect_entries(
        of_base bigint, of_ledger bigint, of_money bigint, who text, wanted jsonb
    ) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    -- `wanted` are [{{entry, debit, on}}]: entries of which each is the money of one debit.
    DECLARE
        here bigint := {current("location")};
        debits uuid[];
        pending uuid[];
        days date[];
        entries jsonb;
        wrong text;
    BEGIN
        IF of_base IS DISTINCT FROM {current("base")} OR here IS NULL THEN
            RAISE EXCEPTION 'There is no such ledger here'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_in_ledger';
        END IF;
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
        PERFORM FROM (
            SELECT DISTINCT entry AS id FROM jsonb_to_recordset(wanted) AS one (entry uuid) ORDER BY id OFFSET 0
        ) AS asked CROSS JOIN LATERAL (
            SELECT FROM accounting_bankentry AS one WHERE one.id = asked.id AND one.base_id = of_base
            FOR NO KEY UPDATE
        ) AS locked;
        PERFORM accounting_lock_debit_file(of_base, asked.file_id, 'done') FROM (
            SELECT DISTINCT item.file_id FROM jsonb_to_recordset(wanted) AS one (debit uuid) CROSS JOIN LATERAL (
                SELECT file_id FROM accounting_debititem WHERE id = one.debit OFFSET 0
            ) AS item ORDER BY 1 OFFSET 0
        ) AS asked;
        debits := ARRAY(SELECT one.debit FROM jsonb_to_recordset(wanted) AS one (debit uuid));
        PERFORM accounting_lock_debtors(of_base, of_ledger, debits);
        SELECT CASE
            WHEN entry.state IS DISTINCT FROM 'open' OR entry.owner_key NOT IN (0, here)
                OR entry.ledger_id <> of_ledger THEN 'bankentry_open'
            WHEN entry.direction <> 'credit' OR entry.is_return OR entry.is_reversal OR item.amount <> entry.amount
                OR item.state IS NULL OR item.state NOT IN ('pending', 'collected', 'returned')
                OR asked.many > 1 THEN 'bankentry_of_debits'
            WHEN item.collected_entry_id IS NOT NULL THEN 'debititem_collected_once' END INTO wrong
        FROM (
            SELECT one.*, count(*) OVER (PARTITION BY one.entry) + count(*) OVER (PARTITION BY one.debit) - 1 AS many
            FROM jsonb_to_recordset(wanted) AS one (entry uuid, debit uuid)
        ) AS asked
        LEFT JOIN LATERAL (SELECT * FROM accounting_bankentry WHERE id = asked.entry OFFSET 0) AS entry
          ON entry.base_id = of_base
        LEFT JOIN LATERAL (SELECT * FROM accounting_debititem WHERE id = asked.debit OFFSET 0) AS item
          ON item.base_id = of_base
        ORDER BY 1 LIMIT 1;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'This entry collects no debit: %', wrong
                USING ERRCODE = 'check_violation', CONSTRAINT = wrong;
        END IF;
        SELECT array_agg(item.id), array_agg(asked.day) INTO pending, days
        FROM jsonb_to_recordset(wanted) AS one (debit uuid, "on" date)
        CROSS JOIN LATERAL (SELECT one.debit AS id, one."on" AS day) AS asked
        CROSS JOIN LATERAL (
            SELECT id, state FROM accounting_debititem WHERE id = asked.id OFFSET 0
        ) AS item WHERE item.state = 'pending';
        PERFORM accounting_collect_block(of_base, of_ledger, of_money, pending, days, who);
        SELECT jsonb_object_agg(one.debit, one.entry) INTO entries
        FROM jsonb_to_recordset(wanted) AS one (entry uuid, debit uuid);
        UPDATE accounting_debititem SET
            collected_entry_id = (entries->>id::text)::uuid, is_collected_by_entry = coalesce(id = ANY (pending), false)
        WHERE id = ANY (debits);
        PERFORM accounting_decide_entries(
            of_base, ARRAY(SELECT one.entry FROM jsonb_to_recordset(wanted) AS one (entry uuid)), 'booked', who
        );
    END $$
"""

END_MANDATE = """
    CREATE FUNCTION accounting_end_mandate(of_base bigint, of_mandate bigint, code text, who text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
    AS $$
        UPDATE accounting_mandate SET
            state = 'revoked', revoked_at = clock_timestamp(), revoked_by = who, return_code = code
        WHERE id = of_mandate AND base_id = of_base AND state = 'active';
    $$
"""

# What is posted (the payment taken back, and charges) comes from whoever returns it; what becomes of the mandate too.
# Where a debit was returned by hand before, an entry of the bank says the same once more, and nothing else is done.
RETURN = """
    CREATE FUNCTION accounting_return_debit(
        of_base bigint, of_item uuid, code text, costs numeric, on_day date, ends_mandate boolean, who text,
        wanted jsonb, of_entry uuid DEFAULT NULL
    ) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
    AS $$
    DECLARE
        item accounting_debititem;
        file accounting_debitfile;
        entry accounting_bankentry;
    BEGIN
        IF of_entry IS NOT NULL THEN
            entry := accounting_lock_open_entry(of_base, of_entry, 'debit');
        END IF;
        SELECT * INTO item FROM accounting_debititem WHERE id = of_item AND base_id = of_base;
        file := accounting_lock_debit_file(of_base, item.file_id, 'done');
        PERFORM FROM accounting_account
        WHERE id = accounting_owed_of(of_base, file.ledger_id, item.customer_id) AND base_id = of_base
        FOR NO KEY UPDATE;
        SELECT * INTO item FROM accounting_debititem WHERE id = of_item AND base_id = of_base FOR UPDATE;
        IF entry.ledger_id <> file.ledger_id THEN
            RAISE EXCEPTION 'This entry is of another ledger'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_of_debits';
        END IF;
        IF of_entry IS NOT NULL AND item.state = 'returned' AND item.returned_entry_id IS NULL THEN
            UPDATE accounting_debititem SET
                returned_entry_id = of_entry, return_code = coalesce(nullif(return_code, ''), code),
                charges = CASE charges WHEN 0 THEN costs ELSE charges END
            WHERE id = of_item AND base_id = of_base;
            PERFORM accounting_decide_entries(of_base, ARRAY[of_entry], 'returned', who);
            IF ends_mandate AND item.return_code = '' THEN
                PERFORM accounting_end_mandate(of_base, item.mandate_id, code, who);
            END IF;
            RETURN;
        END IF;
        IF item.state NOT IN ('pending', 'collected') OR item.payment_id IS DISTINCT FROM (
            SELECT (one->>'reverses')::uuid FROM jsonb_array_elements(wanted) AS one WHERE one->>'kind' = 'reversal'
        ) THEN
            RAISE EXCEPTION 'This debit is not at the bank any more, and was not collected'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debititem_returned_once';
        END IF;
        UPDATE accounting_debititem SET
            state = 'returned', return_code = code, charges = costs, returned_on = on_day,
            returned_entry_id = of_entry, is_returned_by_entry = of_entry IS NOT NULL
        WHERE id = of_item AND base_id = of_base;
        IF jsonb_array_length(wanted) > 0 THEN
            PERFORM FROM accounting_post(of_base, file.ledger_id, who, wanted);
        END IF;
        IF ends_mandate THEN
            PERFORM accounting_end_mandate(of_base, item.mandate_id, code, who);
        END IF;
        IF of_entry IS NOT NULL THEN
            PERFORM accounting_decide_entries(of_base, ARRAY[of_entry], 'returned', who);
        END IF;
    END $$
"""

BY_KEY_ALONE = (
    ("WHERE one.invoice_id = due.id AND one.base_id = of_base AND", "WHERE one.invoice_id = due.id AND"),
    ("WHERE one.customer_id = due.customer_id AND one.base_id = of_base\n", "WHERE one.customer_id = due.customer_id\n"),
    ("WHERE id = item.invoice_id AND base_id = of_base OFFSET 0", "WHERE id = item.invoice_id OFFSET 0"),
    ("WHERE one.invoice_id = item.invoice_id AND one.base_id = of_base AND", "WHERE one.invoice_id = item.invoice_id AND"),
    ("WHERE one.id = item.mandate_id AND one.base_id = of_base AND", "WHERE one.id = item.mandate_id AND"),
    ("WHERE id = item.mandate_id AND base_id = of_base OFFSET 0", "WHERE id = item.mandate_id OFFSET 0"),
    ("one.id = asked.id AND one.base_id = of_base FOR NO KEY UPDATE", "one.id = asked.id FOR NO KEY UPDATE"),
)


def by_key_alone(statement: str) -> str:
    """The statement that makes a function, for one that exists, with its look-ups by their keys alone."""
    for was, becomes in BY_KEY_ALONE:
        statement = statement.replace(was, becomes)
    return again(statement)


FORGET = again(since.FORGET).replace(
    "        DELETE FROM accounting_debitfilechunk",
    """        UPDATE accounting_bankentry SET
            counterparty_name = '', counterparty_iban = '', ultimate_name = '', purpose = '', end_to_end_id = '',
            mandate_id = '', batch_id = ''
        WHERE base_id = of_base AND id IN (
            SELECT debit.returned_entry_id FROM accounting_debititem AS debit
            WHERE debit.customer_id = of_customer AND debit.base_id = of_base
            UNION ALL
            SELECT entry.id FROM accounting_debititem AS debit JOIN accounting_bankentry AS entry
              ON entry.id = debit.collected_entry_id AND entry.base_id = of_base
             AND entry.end_to_end_id = debit.end_to_end_id
            WHERE debit.customer_id = of_customer AND debit.base_id = of_base
        );
        DELETE FROM accounting_debitfilechunk""",
)
COLLECTS, RETURNS = (
    "accounting_collect_debits(bigint, uuid, bigint, uuid[], date, text)",
    "accounting_return_debit(bigint, uuid, text, numeric, date, boolean, text, jsonb)",
)


class Migration(migrations.Migration):
    dependencies = [("accounting", "0036_debits_of_entries")]
    operations = [
        migrations.RunSQL(FILE, again(before.FILE)),
        migrations.RunSQL(ENTRY, "DROP FUNCTION accounting_lock_open_entry(bigint, uuid, text)"),
        migrations.RunSQL(DECIDE, "DROP FUNCTION accounting_decide_entries(bigint, uuid[], text, text)"),
        migrations.RunSQL(
            BLOCK, "DROP FUNCTION accounting_collect_block(bigint, bigint, bigint, uuid[], date[], text)"
        ),
        migrations.RunSQL(ACCOUNTS, "DROP FUNCTION accounting_lock_debtors(bigint, bigint, uuid[])"),
        migrations.RunSQL(f"DROP FUNCTION {COLLECTS}", since.COLLECT),
        migrations.RunSQL(
            COLLECT, "DROP FUNCTION accounting_collect_debits(bigint, uuid, bigint, uuid[], date, text, integer)"
        ),
        migrations.RunSQL(BATCH, "DROP FUNCTION accounting_debits_of_batch(bigint, uuid, integer)"),
        migrations.RunSQL(
            COLLECT_BATCH,
            "DROP FUNCTION accounting_collect_batch(bigint, uuid, uuid, integer, bigint, date, text, integer)",
        ),
        migrations.RunSQL(
            COLLECT_ENTRIES, "DROP FUNCTION accounting_collect_entries(bigint, bigint, bigint, text, jsonb)"
        ),
        migrations.RunSQL(END_MANDATE, "DROP FUNCTION accounting_end_mandate(bigint, bigint, text, text)"),
        migrations.RunSQL(f"DROP FUNCTION {RETURNS}", before.RETURN),
        migrations.RunSQL(
            RETURN,
            "DROP FUNCTION accounting_return_debit(bigint, uuid, text, numeric, date, boolean, text, jsonb, uuid)",
        ),
        migrations.RunSQL(FORGET, since.FORGET),
        migrations.RunSQL(by_key_alone(before.PROPOSE), again(before.PROPOSE)),
        migrations.RunSQL(by_key_alone(since.MAKE), since.MAKE),
    ]
