"""Who is this? Asked by a role of its own, so that the policy of the users compares the business alone."""

from django.db import migrations

from locations.row_security import current, disable_sql, enable_sql

BUSINESS, PERSON = f"organization_id = {current('organization')}", f"id = {current('user')}"
TABLES = ('mcp_user', 'mcp_userevent')


class Migration(migrations.Migration):

    dependencies = [
        ('mcp', '0006_row_security_of_contexts'),
    ]

    operations = [
        migrations.RunSQL(
            [sql for table in TABLES for sql in (disable_sql(table), enable_sql(table, BUSINESS, person=PERSON))],
            migrations.RunSQL.noop,
        ),
    ]
