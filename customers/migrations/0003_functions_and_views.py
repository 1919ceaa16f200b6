"""What the database does for customers beside constraints and triggers: views for reading, functions, standard rows.

`customers_searchable` keeps the search fast under row security. LIKE is not leakproof, so under row security the
database would compare every row of a base instead of asking the trigram index. The view reads the same setting as the
policy, and fails closed like it, but states the condition itself: its owner is let through by row security, and the
index serves as ever. `customers_import_rows` shows the rows of imports, whose table is written by COPY (see ImportRow).
It is a barrier: no condition of a question is asked of a foreign row, which an error could tell of.
"""

from django.conf import settings
from django.db import migrations

from customers.querysets import NUMBERS_OF_A_BLOCK
from customers.triggers.erasure import is_erased_now
from locations.row_policies import current

SEARCHABLE = f"""
    CREATE VIEW customers_searchable AS
    SELECT * FROM customers_customer WHERE base_id = {current('base')}
"""
IMPORT_ROWS = f"""
    CREATE VIEW customers_import_rows WITH (security_barrier) AS
    SELECT * FROM customers_importrow WHERE base_id = {current('base')}
"""

# Takes up what a bulk write left pending in the search index, which only its owner may do. It touches no row.
MERGE_SEARCH_INDEX = """
    CREATE FUNCTION customers_merge_search_index() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT gin_clean_pending_list('public.customer_search'::regclass) $$
"""

# Gathers statistics of the tables that are written in bulk and of no others, which only the owner of a table may do. It
# neither reads nor gives anything. Where somebody else is gathering them already it leaves that to him. Of a history only
# the columns by which it is asked: all fifty would take as long as those of the table itself.
TABLES = (
    'customers_importrow', 'customers_importverdict', 'customers_importconsent', 'customers_customer',
    'customers_customerevent', 'customers_consent', 'customers_consentevent', 'customers_formernumber',
    'customers_formernumberevent', 'transitions_transitioncustomer',
)
ANALYZE = f"""
    CREATE FUNCTION customers_analyze(tables text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '1s'
    AS $$
    DECLARE
        wanted text;
    BEGIN
        FOREACH wanted IN ARRAY tables LOOP
            IF wanted <> ALL (ARRAY[{', '.join(f"'{table}'" for table in TABLES)}]) THEN
                RAISE EXCEPTION 'No statistics of % are gathered here', wanted USING ERRCODE = 'insufficient_privilege';
            END IF;
            BEGIN
                EXECUTE format('ANALYZE public.%I', wanted) || CASE WHEN wanted LIKE '%event'
                    THEN ' (base_id, pgh_obj_id, pgh_context_id, pgh_created_at, pgh_label)' ELSE '' END;
            EXCEPTION WHEN lock_not_available THEN
                NULL;
            END;
        END LOOP;
    END $$
"""

# Take answers without a field of their own out of a memo and put them into it, as customers/table/memo_notes.py does.
MEMO_PARTS = r"""
    CREATE FUNCTION customers_memo_parts(memo text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
    DECLARE
        labels CONSTANT text[] := ARRAY['Position', 'Region'];
        lines text[];
        line text;
        last_at integer := 3;
        at integer;
        found text[] := ARRAY['', ''];
        behind integer;
    BEGIN
        IF right(memo, 1) <> ']' THEN
            RETURN ARRAY[memo, '', ''];
        END IF;
        lines := string_to_array(memo, E'\n');
        behind := cardinality(lines);
        WHILE behind > 0 LOOP
            line := lines[behind];
            at := array_position(labels, substring(line FROM '^\[(Position|Region): .+\]$'));
            EXIT WHEN at IS NULL;
            IF at >= last_at THEN  -- not in our order, or twice: nothing that we have written
                RETURN ARRAY[memo, '', ''];
            END IF;
            found[at] := substring(line FROM length(labels[at]) + 4 FOR length(line) - length(labels[at]) - 4);
            last_at := at;
            behind := behind - 1;
        END LOOP;
        IF behind > 0 AND lines[1:behind] = ARRAY[''] THEN
            RETURN ARRAY[memo, '', ''];
        END IF;
        RETURN array_to_string(lines[1:behind], E'\n') || found;
    END $$
"""
MEMO = r"""
    CREATE FUNCTION customers_memo(old text, body text, answers text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
    DECLARE
        labels CONSTANT text[] := ARRAY['Position', 'Region'];
        parts text[];
        written text;
        before text;
        found text[] := ARRAY['', ''];
        in_body text[] := ARRAY['', ''];
    BEGIN
        parts := customers_memo_parts(coalesce(old, ''));
        before := parts[1];
        found := parts[2:3];
        IF body IS NOT NULL THEN
            parts := customers_memo_parts(body);
            before := parts[1];
            in_body := parts[2:3];
        END IF;
        written := before;
        FOR at IN 1..2 LOOP
            parts[1] := coalesce(answers[at], CASE WHEN in_body[at] <> '' THEN in_body[at] ELSE found[at] END);
            IF parts[1] <> '' THEN
                written := written || CASE WHEN written = '' THEN '' ELSE E'\n' END
                    || '[' || labels[at] || ': ' || parts[1] || ']';
            END IF;
        END LOOP;
        RETURN written;
    END $$
"""

# Every business has the standard purposes of consents from its first moment: the database makes them with it. Consent
# to the transfer whichever location leaves is not asked for until a business does.
STANDARD_PURPOSES = """
    CREATE FUNCTION customers_standard_purposes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO customers_consentpurpose (organization_id, code, name, wording, wording_version, is_active)
        SELECT NEW.id, code, '', '', '', code <> 'transfer_any'
        FROM (VALUES ('transfer'), ('transfer_any'), ('newsletter'), ('birthday'), ('profiling')) AS standard (code);
        RETURN NULL;
    END $$
"""
WITH_EACH_BUSINESS = """
    CREATE TRIGGER standard_purposes AFTER INSERT ON locations_organization
    FOR EACH ROW EXECUTE FUNCTION customers_standard_purposes()
"""


# The month of a moment by the calendar by which people are answered.
MONTH_OF = f"""
    CREATE FUNCTION customers_month_of(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT date_trunc('month', moment AT TIME ZONE '{settings.TIME_ZONE}')::date $$
"""


# The unique key of former numbers is the primary one besides: no other index finds by the id.
FORMER_NUMBER_KEY = """
    ALTER TABLE customers_formernumber DROP CONSTRAINT customers_formernumber_pkey;
    ALTER TABLE customers_formernumber DROP CONSTRAINT formernumber_unique;
    ALTER TABLE customers_formernumber
        ADD CONSTRAINT formernumber_unique PRIMARY KEY (base_id, customer_id, number, source, origin);
"""


# The numbers of a block are those of the block, and there are some.
NUMBERS_OF_BLOCK = f"""
    ALTER TABLE customers_disclosednumbers ADD CONSTRAINT disclosednumbers_in_block CHECK (
        numbers <> '{{}}'
        AND numbers <@ int4multirange(int4range(block * {NUMBERS_OF_A_BLOCK}, (block + 1) * {NUMBERS_OF_A_BLOCK}))
    )
"""

# Deletes a customer, and what of him stands in tables to which the role that serves may only add. It does so for nobody
# but whom this transaction has written a tombstone for, and in the base alone that was entered.
ERASE = f"""
    CREATE FUNCTION customers_erase(of_base bigint, of_customer bigint, filters bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    DECLARE
        number integer;
        since timestamptz;
        said uuid[];
    BEGIN
        IF of_base IS DISTINCT FROM {current('base')} OR NOT {is_erased_now('of_base', 'of_customer')} THEN
            RAISE EXCEPTION 'Customer % is not being erased', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
        END IF;
        SELECT customer_number, created_at INTO STRICT number, since FROM customers_customer
        WHERE base_id = of_base AND id = of_customer;
        said := ARRAY(SELECT id FROM customers_consent WHERE base_id = of_base AND customer_id = of_customer)
            || ARRAY(
                SELECT pgh_obj_id FROM customers_consentevent
                WHERE base_id = of_base AND customer_id = of_customer AND pgh_label = 'delete'
            );
        DELETE FROM customers_disclosednumbers
        WHERE base_id = of_base AND block = number / {NUMBERS_OF_A_BLOCK}
          AND numbers = int4multirange(int4range(number, number + 1));
        UPDATE customers_disclosednumbers SET numbers = numbers - int4multirange(int4range(number, number + 1))
        WHERE base_id = of_base AND block = number / {NUMBERS_OF_A_BLOCK} AND numbers @> number;
        UPDATE customers_bulkchange SET customers = array_remove(customers, of_customer)
        WHERE base_id = of_base AND id IN (
            SELECT id FROM customers_bulkchange
            WHERE base_id = of_base AND created_at >= since AND of_customer = ANY (customers)
            FOR UPDATE SKIP LOCKED
        );
        DELETE FROM customers_importdecision WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM customers_importverdict WHERE base_id = of_base AND customer_id = of_customer AND file_id IN (
            SELECT id FROM customers_importupload WHERE base_id = of_base
        );
        DELETE FROM customers_savedfilter WHERE base_id = of_base AND id = ANY (filters);
        DELETE FROM customers_savedfilterevent WHERE base_id = of_base AND pgh_obj_id = ANY (filters);
        DELETE FROM customers_card WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM customers_consent WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM customers_formernumber WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM customers_customer WHERE base_id = of_base AND id = of_customer;
        DELETE FROM customers_cardevent WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM customers_consentevent WHERE base_id = of_base AND pgh_obj_id = ANY (said);
        DELETE FROM customers_formernumberevent WHERE base_id = of_base AND customer_id = of_customer;
        DELETE FROM customers_customerevent WHERE base_id = of_base AND pgh_obj_id = of_customer;
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_master_and_erasures")]
    operations = [
        migrations.RunSQL(FORMER_NUMBER_KEY, migrations.RunSQL.noop),
        migrations.RunSQL(SEARCHABLE, "DROP VIEW customers_searchable"),
        migrations.RunSQL(IMPORT_ROWS, "DROP VIEW customers_import_rows"),
        migrations.RunSQL(MERGE_SEARCH_INDEX, "DROP FUNCTION customers_merge_search_index()"),
        migrations.RunSQL(ANALYZE, "DROP FUNCTION customers_analyze(text[])"),
        migrations.RunSQL(MONTH_OF, "DROP FUNCTION customers_month_of(timestamptz)"),
        migrations.RunSQL(MEMO_PARTS, "DROP FUNCTION customers_memo_parts(text)"),
        migrations.RunSQL(MEMO, "DROP FUNCTION customers_memo(text, text, text[])"),
        migrations.RunSQL(STANDARD_PURPOSES, "DROP FUNCTION customers_standard_purposes()"),
        migrations.RunSQL(WITH_EACH_BUSINESS, "DROP TRIGGER standard_purposes ON locations_organization"),
        migrations.RunSQL(
            NUMBERS_OF_BLOCK, "ALTER TABLE customers_disclosednumbers DROP CONSTRAINT disclosednumbers_in_block"
        ),
        migrations.RunSQL(ERASE, "DROP FUNCTION customers_erase(bigint, bigint, bigint[])"),
    ]
