"""Who did what, where: a context of the history exists for its own business, and for whoever it names.

The table is a library's and shared by all businesses. Nobody sets its facts but this program, as text.
"""

from django.db import migrations

from locations.row_policies import SETTINGS, disable_sql, enable_sql, own_or_of_nobody

FACTS = {key: f"(metadata->>'{key}')" for key in ('organization', 'user')}
ENTERED = {key: f"nullif(current_setting('{SETTINGS[key]}', true), '')" for key in FACTS}
SEEN = ' OR '.join(f'{FACTS[key]} = {ENTERED[key]}' for key in FACTS)
WRITTEN = own_or_of_nobody(FACTS['organization'], ENTERED['organization'], FACTS['user'], ENTERED['user'])


class Migration(migrations.Migration):

    dependencies = [
        ('mcp', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.RunSQL(enable_sql('pghistory_context', SEEN, WRITTEN), disable_sql('pghistory_context')),
    ]
