"""What happens in each month is kept by the database, as the number of customers is: steps that statements add.

The month is that of the calendar by which people are answered (TIME_ZONE). The triggers hold both tables until the end,
so that what is there is counted once and what comes meanwhile waits.
"""

import django.db.models.deletion
import locations.row_security
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

MONTH_OF = f"""
    CREATE FUNCTION customers_month_of(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT date_trunc('month', moment AT TIME ZONE '{settings.TIME_ZONE}')::date $$
"""
NO_MONTH_OF = 'DROP FUNCTION customers_month_of(timestamptz)'
EXISTING = """
    INSERT INTO customers_customermonth (base_id, month, registered, archived, given, withdrawn)
    SELECT base_id, month, sum(registered), sum(archived), sum(given), sum(withdrawn) FROM (
        SELECT base_id, customers_month_of(created_at) AS month, count(*) AS registered, 0 AS archived, 0 AS given,
            0 AS withdrawn
        FROM customers_customer GROUP BY 1, 2
        UNION ALL
        SELECT base_id, customers_month_of(archived_at), 0, count(*), 0, 0
        FROM customers_customer WHERE archived_at IS NOT NULL GROUP BY 1, 2
        UNION ALL
        SELECT base_id, customers_month_of(at), 0, 0, count(*) FILTER (WHERE is_given),
            count(*) FILTER (WHERE NOT is_given)
        FROM customers_consent WHERE holds_here GROUP BY 1, 2
    ) AS steps GROUP BY base_id, month
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0034_expired_files_are_cleared_once'),
        ('locations', '0008_updates_are_planned_for_their_rows'),
    ]

    operations = [
        migrations.RunSQL(MONTH_OF, NO_MONTH_OF),
        migrations.CreateModel(
            name='CustomerMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='Its first day.')),
                ('registered', models.BigIntegerField()),
                ('archived', models.BigIntegerField()),
                ('given', models.BigIntegerField()),
                ('withdrawn', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'figures of a month',
                'verbose_name_plural': 'figures of months',
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consent',
            trigger=pgtrigger.compiler.Trigger(name='months_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            INSERT INTO customers_customermonth (base_id, month, registered, archived, given, withdrawn)\n            SELECT base_id, customers_month_of(at), 0, 0, count(*) FILTER (WHERE is_given),\n                   count(*) FILTER (WHERE NOT is_given)\n            FROM new_values WHERE holds_here GROUP BY base_id, customers_month_of(at);\n            RETURN NULL;\n        ', hash='7c71bc10241744278c5f1ac70f5dde200faf7118', level='STATEMENT', operation='INSERT', pgid='pgtrigger_months_insert_96dc5', referencing='REFERENCING NEW TABLE AS new_values ', table='customers_consent', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consent',
            trigger=pgtrigger.compiler.Trigger(name='months_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            INSERT INTO customers_customermonth (base_id, month, registered, archived, given, withdrawn)\n            SELECT base_id, customers_month_of(at), 0, 0, -count(*) FILTER (WHERE is_given),\n                   -count(*) FILTER (WHERE NOT is_given)\n            FROM old_values WHERE holds_here GROUP BY base_id, customers_month_of(at);\n            RETURN NULL;\n        ', hash='d2695520880f04e11dda3487ebc51399b3357ce1', level='STATEMENT', operation='DELETE', pgid='pgtrigger_months_delete_47d36', referencing='REFERENCING OLD TABLE AS old_values ', table='customers_consent', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='months_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            INSERT INTO customers_customermonth (base_id, month, registered, archived, given, withdrawn)\n            SELECT base_id, month, sum(registered), sum(archived), 0, 0\n            FROM (\n        SELECT base_id, customers_month_of(created_at), 1, 0 FROM new_values\n        UNION ALL\n        SELECT base_id, customers_month_of(archived_at), 0, 1 FROM new_values WHERE archived_at IS NOT NULL\n    ) AS steps (base_id, month, registered, archived)\n            GROUP BY base_id, month HAVING sum(registered) <> 0 OR sum(archived) <> 0;\n            RETURN NULL;\n        ', hash='417b585a272a7814183945da0aae61d96d4bb370', level='STATEMENT', operation='INSERT', pgid='pgtrigger_months_insert_f735c', referencing='REFERENCING NEW TABLE AS new_values ', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='months_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            INSERT INTO customers_customermonth (base_id, month, registered, archived, given, withdrawn)\n            SELECT base_id, month, sum(registered), sum(archived), 0, 0\n            FROM (\n        SELECT base_id, customers_month_of(archived_at), 0, 1 FROM new_values WHERE archived_at IS NOT NULL\n        UNION ALL\n        SELECT base_id, customers_month_of(archived_at), 0, -1 FROM old_values WHERE archived_at IS NOT NULL\n    ) AS steps (base_id, month, registered, archived)\n            GROUP BY base_id, month HAVING sum(registered) <> 0 OR sum(archived) <> 0;\n            RETURN NULL;\n        ', hash='1e6a71fa39d634496c70d27fab48f8dfa73827f6', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_months_update_bdd81', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='months_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            INSERT INTO customers_customermonth (base_id, month, registered, archived, given, withdrawn)\n            SELECT base_id, month, sum(registered), sum(archived), 0, 0\n            FROM (\n        SELECT base_id, customers_month_of(created_at), -1, 0 FROM old_values\n        UNION ALL\n        SELECT base_id, customers_month_of(archived_at), 0, -1 FROM old_values WHERE archived_at IS NOT NULL\n    ) AS steps (base_id, month, registered, archived)\n            GROUP BY base_id, month HAVING sum(registered) <> 0 OR sum(archived) <> 0;\n            RETURN NULL;\n        ', hash='a2b7bd0b054e3ac928bea5d55e04e6715b4bf1f8', level='STATEMENT', operation='DELETE', pgid='pgtrigger_months_delete_ddc81', referencing='REFERENCING OLD TABLE AS old_values ', table='customers_customer', when='AFTER')),
        ),
        migrations.AddField(
            model_name='customermonth',
            name='base',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.customerbase'),
        ),
        migrations.AddIndex(
            model_name='customermonth',
            index=models.Index(fields=['base', 'month'], name='customermonth_of_base'),
        ),
        migrations.AddConstraint(
            model_name='customermonth',
            constraint=locations.row_security.RowSecurity(base='base', name='customermonth_rows'),
        ),
        migrations.RunSQL(EXISTING, migrations.RunSQL.noop),
    ]
