"""Who did what, where: a context of the history exists for its own business, and for whoever it names.

The table is a library's and shared by all businesses. Nobody sets its facts but this program, as text. While a
transaction goes on more of them may be said: whoever opens a business learns on the way where he acts. A later
transaction changes nothing of it. The number of a transaction means nothing to another server, to which a dump was
restored; the time at which it began does.
"""

from django.db import migrations

from locations.row_policies import SETTINGS, disable_sql, enable_sql, own_or_of_nobody

FACTS = {key: f"(metadata->>'{key}')" for key in ('organization', 'user')}
ENTERED = {key: f"nullif(current_setting('{SETTINGS[key]}', true), '')" for key in FACTS}
SEEN = ' OR '.join(f'{FACTS[key]} = {ENTERED[key]}' for key in FACTS)
WRITTEN = own_or_of_nobody(FACTS['organization'], ENTERED['organization'], FACTS['user'], ENTERED['user'])

STAYS = """
    ALTER TABLE pghistory_context ADD COLUMN transaction xid8 NOT NULL DEFAULT pg_current_xact_id();
    CREATE FUNCTION history_context_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW IS DISTINCT FROM OLD AND (OLD.transaction <> pg_current_xact_id() OR OLD.created_at <> now()) THEN
            RAISE EXCEPTION 'What the history says of who acted is changed by the same transaction alone'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'history_context_stays';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER history_context_stays BEFORE UPDATE ON pghistory_context
        FOR EACH ROW EXECUTE FUNCTION history_context_stays()
"""
STAYS_NO_MORE = """
    DROP TRIGGER history_context_stays ON pghistory_context;
    DROP FUNCTION history_context_stays();
    ALTER TABLE pghistory_context DROP COLUMN transaction
"""


class Migration(migrations.Migration):

    dependencies = [
        ('mcp', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.RunSQL(enable_sql('pghistory_context', SEEN, WRITTEN), disable_sql('pghistory_context')),
        migrations.RunSQL(STAYS, STAYS_NO_MORE),
    ]
