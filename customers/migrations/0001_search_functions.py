"""What the table of customers needs in the database before it is there: folding of text for the search.

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


class Migration(migrations.Migration):
    dependencies = [("locations", "0001_extensions")]

    operations = [
        migrations.RunSQL(FOLD, "DROP FUNCTION customers_fold(text)"),
        migrations.RunSQL(JOIN, "DROP FUNCTION customers_join(text[])"),
    ]
