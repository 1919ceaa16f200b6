"""What the table of customers needs in the database before it is there: folding of text for the search, and uids.

`unaccent` is only STABLE, because its dictionary could be changed. Ours is the one that PostgreSQL ships, so the
wrapper may be IMMUTABLE, which an index and a generated column need.
"""

from django.db import migrations

FOLD = """
    CREATE FUNCTION customers_fold(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ BEGIN RETURN lower(public.unaccent('public.unaccent'::regdictionary, value)); END $$
"""
JOIN = """
    CREATE FUNCTION customers_join(words text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ BEGIN RETURN array_to_string(words, ' '); END $$
"""

# A UUID of version 7: 48 bits of milliseconds, 12 of their fraction, 62 by chance. What begins with the time is put at
# the end of an index instead of everywhere in it. gen_random_uuid() asks the operating system for each one, which takes
# longer than everything else about it; nobody has to be kept from guessing a uid, so random() will do.
UID = """
    CREATE FUNCTION customers_uid() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    AS $$ SELECT (
        overlay(lpad(to_hex((date_part('epoch', clock_timestamp()) * 4096000)::bigint), 15, '0') PLACING '7' FROM 13 FOR 0)
        || to_hex((1::bigint << 63) | ((random() * 2147483647)::bigint << 31) | (random() * 2147483647)::bigint)
    )::uuid $$
"""


class Migration(migrations.Migration):
    dependencies = [("locations", "0001_extensions")]

    operations = [
        migrations.RunSQL(FOLD, "DROP FUNCTION customers_fold(text)"),
        migrations.RunSQL(JOIN, "DROP FUNCTION customers_join(text[])"),
        migrations.RunSQL(UID, "DROP FUNCTION customers_uid()"),
    ]
