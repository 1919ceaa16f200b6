import django.db.models.deletion
import locations.constraints
import locations.row_policies
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounting', '0029_names_on_invoices'),
        ('locations', '0007_rights_of_billing'),
    ]

    operations = [
        migrations.CreateModel(
            name='Receivable',
            fields=[
                ('pk', models.CompositePrimaryKey('movement_id', 'base_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounting.account')),
                ('base', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.customerbase')),
                ('location', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.location')),
                ('movement', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounting.movement')),
                ('owner_key', models.BigIntegerField(default=0)),
                ('business_day', models.DateField(verbose_name='business day')),
                ('due_on', models.DateField(null=True, verbose_name='due')),
                ('rest', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='still open')),
            ],
            options={
                'verbose_name': 'receivable',
                'verbose_name_plural': 'receivables',
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='receivable',
            index=models.Index(fields=['account', 'base'], name='receivable_of_account'),
        ),
        migrations.AddConstraint(
            model_name='receivable',
            constraint=locations.row_policies.RowSecurity(base='base', name='receivable_rows', owner='owner_key'),
        ),
        migrations.AddConstraint(
            model_name='receivable',
            constraint=models.CheckConstraint(condition=models.Q(('rest__gt', 0)), name='receivable_open'),
        ),
        migrations.AddConstraint(
            model_name='receivable',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'movement'), name='receivable_movement_in_base', to='accounting.Movement', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='receivable',
            trigger=pgtrigger.compiler.Trigger(name='stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF (SELECT relowner FROM pg_class WHERE oid = TG_RELID) = current_user::regrole THEN\n                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;\n            END IF;\n            RAISE EXCEPTION 'What is open of an item is only added, and reversed by another one'\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'receivable_follows_movements';\n            ", hash='b9e64dd4ecf75745a6b9b31f3ba0e49a3f0d4388', operation='UPDATE OR DELETE', pgid='pgtrigger_stays_ce44a', table='accounting_receivable', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='receivable',
            trigger=pgtrigger.compiler.Trigger(name='stays_whole', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF (SELECT relowner FROM pg_class WHERE oid = TG_RELID) = current_user::regrole THEN\n                RETURN NULL;\n            END IF;\n            RAISE EXCEPTION 'What is open of an item is only added, and reversed by another one'\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'receivable_follows_movements';\n            ", hash='6ac9b33ca3ea6dab0ee2d58f18711b2ef82be79c', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_stays_whole_c77fd', table='accounting_receivable', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='allocation',
            trigger=pgtrigger.compiler.Trigger(name='pays_receivable', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n        IF NEW.amount > 0 THEN\n            UPDATE accounting_receivable SET rest = rest - NEW.amount\n            WHERE movement_id = NEW.item_id AND base_id = NEW.base_id AND rest > NEW.amount;\n            IF NOT FOUND THEN\n                DELETE FROM accounting_receivable\n                WHERE movement_id = NEW.item_id AND base_id = NEW.base_id AND rest = NEW.amount;\n            END IF;\n            RETURN NULL;\n        END IF;\n        INSERT INTO accounting_receivable (\n            movement_id, base_id, owner_key, account_id, location_id, business_day, due_on, rest\n        )\n        SELECT item.id, item.base_id, item.owner_key, item.debit_id, item.location_id, item.business_day,\n            (\n                SELECT invoice.due_on FROM accounting_invoiceitem AS asked\n                CROSS JOIN LATERAL (\n                    SELECT due_on FROM accounting_invoice\n                    WHERE id = asked.invoice_id AND base_id = asked.base_id OFFSET 0\n                ) AS invoice\n                WHERE asked.movement_id = item.id AND asked.base_id = item.base_id AND asked.is_standing\n            ), -NEW.amount\n        FROM accounting_movement AS item\n        WHERE item.id = NEW.item_id AND item.base_id = NEW.base_id AND (\n            SELECT back.id FROM accounting_movement AS back\n            WHERE back.reverses_id = item.id AND back.base_id = item.base_id\n        ) IS NULL\n        ON CONFLICT (movement_id, base_id) DO UPDATE SET rest = accounting_receivable.rest + excluded.rest;\n        RETURN NULL;\n    ', hash='313d651a9eadd3ccec1102702e3c3dad3d447969', operation='INSERT', pgid='pgtrigger_pays_receivable_7f694', table='accounting_allocation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoiceitem',
            trigger=pgtrigger.compiler.Trigger(name='sets_due_day', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n        UPDATE accounting_receivable SET due_on = CASE WHEN NEW.is_standing THEN (\n            SELECT due_on FROM accounting_invoice WHERE id = NEW.invoice_id AND base_id = NEW.base_id\n        ) END\n        WHERE movement_id = NEW.movement_id AND base_id = NEW.base_id;\n        RETURN NULL;\n    ', hash='8c2c351c4c3c50ed833a73954d0ed98cb8475c01', operation='INSERT OR UPDATE OF "is_standing"', pgid='pgtrigger_sets_due_day_562ee', table='accounting_invoiceitem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='movement',
            trigger=pgtrigger.compiler.Trigger(name='is_open', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF NEW.kind = 'reversal' THEN\n            DELETE FROM accounting_receivable WHERE movement_id = NEW.reverses_id AND base_id = NEW.base_id;\n        ELSIF (SELECT kind FROM accounting_account WHERE id = NEW.debit_id AND base_id = NEW.base_id) = 'owed' THEN\n            INSERT INTO accounting_receivable (\n                movement_id, base_id, owner_key, account_id, location_id, business_day, due_on, rest\n            ) VALUES (\n                NEW.id, NEW.base_id, NEW.owner_key, NEW.debit_id, NEW.location_id, NEW.business_day,\n                NULL, NEW.amount\n            );\n        END IF;\n        RETURN NULL;\n    ", hash='c16ca03756df726093481f5c50184b478096743b', operation='INSERT', pgid='pgtrigger_is_open_0bd37', table='accounting_movement', when='AFTER')),
        ),
    ]
