"""PostgreSQL's own extensions, all of them trusted: the owner of the database may create them. And a function."""

from django.contrib.postgres.operations import (
    BtreeGinExtension,
    BtreeGistExtension,
    TrigramExtension,
    UnaccentExtension,
)
from django.db import migrations

# A UUID of version 7: 48 bits of milliseconds, 12 of their fraction, 62 by chance. What begins with the time is put at
# the end of an index instead of everywhere in it. gen_random_uuid() asks the operating system for each one, which takes
# longer than everything else about it; nobody has to be kept from guessing one, so random() will do.
TIME_ORDERED_UUID = """
    CREATE FUNCTION time_ordered_uuid() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    AS $$ SELECT (
        overlay(lpad(to_hex((date_part('epoch', clock_timestamp()) * 4096000)::bigint), 15, '0') PLACING '7' FROM 13 FOR 0)
        || to_hex((1::bigint << 63) | ((random() * 2147483647)::bigint << 31) | (random() * 2147483647)::bigint)
    )::uuid $$
"""


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        BtreeGistExtension(),
        BtreeGinExtension(),
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(TIME_ORDERED_UUID, "DROP FUNCTION time_ordered_uuid()"),
    ]
