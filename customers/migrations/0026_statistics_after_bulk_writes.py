"""Statistics are gathered by whoever has written much, which only the owner of a table may.

`customers_analyze` does it for the tables that are written in bulk and for no others. It neither reads nor gives
anything. Where somebody else is gathering them already it leaves that to him.
"""

from django.db import migrations

TABLES = (
    'customers_importrow', 'customers_importverdict', 'customers_importconsent', 'customers_customer',
    'customers_customerevent', 'customers_consent', 'customers_consentevent', 'transitions_transitioncustomer',
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
                EXECUTE format('ANALYZE public.%I', wanted);
            EXCEPTION WHEN lock_not_available THEN
                NULL;
            END;
        END LOOP;
    END $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0025_numbers_reserved_for_imports'),
    ]

    operations = [
        migrations.RunSQL(ANALYZE, 'DROP FUNCTION customers_analyze(text[])'),
    ]
