
import django.db.models.deletion
import django.db.models.functions.datetime
import locations.constraints
import locations.fields
import locations.row_policies
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounting', '0018_debit_functions'),
        ('customers', '0011_memberships_erased'),
        ('locations', '0007_rights_of_billing'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='DunningLevel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField(editable=False, verbose_name='level')),
                ('title', models.CharField(max_length=80, verbose_name='heading')),
                ('days_after_due', models.PositiveSmallIntegerField(verbose_name='days after the due day')),
                ('days_to_pay', models.PositiveSmallIntegerField(default=7, verbose_name='days to pay')),
                ('fee', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='fee')),
                ('is_fee_posted', models.BooleanField(default=False, verbose_name='the fee is booked')),
                ('text', models.TextField(max_length=2000, verbose_name='text')),
                ('organization', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.organization')),
            ],
            options={
                'verbose_name': 'level of reminders',
                'verbose_name_plural': 'levels of reminders',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DunningLevelEvent',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.UUIDField(db_default=locations.fields.TimeOrderedUuid(), editable=False, primary_key=True, serialize=False)),
                ('id', models.BigIntegerField()),
                ('level', models.PositiveSmallIntegerField(editable=False, verbose_name='level')),
                ('title', models.CharField(max_length=80, verbose_name='heading')),
                ('days_after_due', models.PositiveSmallIntegerField(verbose_name='days after the due day')),
                ('days_to_pay', models.PositiveSmallIntegerField(default=7, verbose_name='days to pay')),
                ('fee', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='fee')),
                ('is_fee_posted', models.BooleanField(default=False, verbose_name='the fee is booked')),
                ('text', models.TextField(max_length=2000, verbose_name='text')),
                ('organization', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='locations.organization')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='accounting.dunninglevel')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DunningRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('owner_key', models.BigIntegerField(default=0)),
                ('state', models.CharField(choices=[('previewed', 'Previewed'), ('sent', 'Sent'), ('cancelled', 'Cancelled')], default='previewed', max_length=10, verbose_name='state')),
                ('day', models.DateField(verbose_name='day')),
                ('count', models.PositiveIntegerField(default=0, verbose_name='reminders')),
                ('total', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='sum')),
                ('user_id', models.BigIntegerField(null=True)),
                ('user_name', models.CharField(max_length=200, verbose_name='user')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='prepared')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
                ('base', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.customerbase')),
                ('ledger', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounting.ledger')),
                ('organization', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.organization')),
            ],
            options={
                'verbose_name': 'run of reminders',
                'verbose_name_plural': 'runs of reminders',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DunningNotice',
            fields=[
                ('id', models.UUIDField(db_default=locations.fields.TimeOrderedUuid(), editable=False, primary_key=True, serialize=False)),
                ('owner_key', models.BigIntegerField(default=0)),
                ('level', models.PositiveSmallIntegerField(verbose_name='level')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='amount')),
                ('state', models.CharField(choices=[('previewed', 'Previewed'), ('sent', 'Sent'), ('left_out', 'Left out'), ('cancelled', 'Cancelled')], max_length=10, verbose_name='state')),
                ('left_out', models.CharField(blank=True, choices=[('disputed', 'The customer disputes the invoice'), ('debited', 'It is being debited'), ('other_run', 'In another run that is not sent yet'), ('changed', 'Paid or cancelled since the preview')], default='', max_length=10)),
                ('title', models.CharField(max_length=80)),
                ('text', models.TextField()),
                ('pay_until', models.DateField(verbose_name='pay until')),
                ('fee', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='fee')),
                ('is_fee_posted', models.BooleanField(default=False)),
                ('base', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.customerbase')),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customer')),
                ('fee_booking', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounting.movement')),
                ('invoice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='accounting.invoice')),
                ('run', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='accounting.dunningrun')),
            ],
            options={
                'verbose_name': 'reminder',
                'verbose_name_plural': 'reminders',
                'default_permissions': (),
            },
        ),
        migrations.AddConstraint(
            model_name='dunninglevel',
            constraint=locations.row_policies.RowSecurity(name='dunninglevel_rows', organization='organization'),
        ),
        migrations.AddConstraint(
            model_name='dunninglevel',
            constraint=models.UniqueConstraint(fields=('organization', 'level'), name='dunninglevel_once'),
        ),
        migrations.AddConstraint(
            model_name='dunninglevel',
            constraint=models.CheckConstraint(condition=models.Q(('level__gte', 1), ('level__lte', 9)), name='dunninglevel_within_bounds'),
        ),
        migrations.AddConstraint(
            model_name='dunninglevel',
            constraint=models.CheckConstraint(condition=models.Q(('days_after_due__gte', 1), ('days_after_due__lte', 365), ('days_to_pay__gte', 1), ('days_to_pay__lte', 90)), name='dunninglevel_days_within_bounds', violation_error_code='dunninglevel_days_within_bounds', violation_error_message='Remind 1 to 365 days after the due day, with 1 to 90 days to pay.'),
        ),
        migrations.AddConstraint(
            model_name='dunninglevel',
            constraint=models.CheckConstraint(condition=models.Q(('fee__gte', 0)), name='dunninglevel_fee_positive', violation_error_code='dunninglevel_fee_positive', violation_error_message='A fee cannot be negative.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunninglevel',
            trigger=pgtrigger.compiler.Trigger(name='immutable_columns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.id IS DISTINCT FROM OLD.id OR NEW.organization_id IS DISTINCT FROM OLD.organization_id OR NEW.level IS DISTINCT FROM OLD.level THEN\n                RAISE EXCEPTION 'These columns of % can never change: id, organization_id, level', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';\n            END IF;\n            RETURN NEW;\n        ", hash='0f464e8eb4ca879f1fa08e73d1cc8c237990b1da', operation='UPDATE', pgid='pgtrigger_immutable_columns_59f37', table='accounting_dunninglevel', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunninglevel',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "accounting_dunninglevelevent" ("days_after_due", "days_to_pay", "fee", "id", "is_fee_posted", "level", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "text", "title") SELECT new_values."days_after_due", new_values."days_to_pay", new_values."fee", new_values."id", new_values."is_fee_posted", new_values."level", new_values."organization_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."text", new_values."title" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='41ac197bda6bc862efb9411361ec9e2dd0e37032', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_49a90', referencing='REFERENCING NEW TABLE AS new_values ', table='accounting_dunninglevel', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunninglevel',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='PERFORM FROM new_values OFFSET 50; IF FOUND THEN EXECUTE $many$WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "accounting_dunninglevelevent" ("days_after_due", "days_to_pay", "fee", "id", "is_fee_posted", "level", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "text", "title") SELECT new_values."days_after_due", new_values."days_to_pay", new_values."fee", new_values."id", new_values."is_fee_posted", new_values."level", new_values."organization_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."text", new_values."title" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context$many$; ELSE WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "accounting_dunninglevelevent" ("days_after_due", "days_to_pay", "fee", "id", "is_fee_posted", "level", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "text", "title") SELECT new_values."days_after_due", new_values."days_to_pay", new_values."fee", new_values."id", new_values."is_fee_posted", new_values."level", new_values."organization_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."text", new_values."title" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; END IF; RETURN NULL;', hash='2d26c285168c61a5967ed5b5d3fe9fc2bb586992', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_c4adf', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='accounting_dunninglevel', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunninglevel',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "accounting_dunninglevelevent" ("days_after_due", "days_to_pay", "fee", "id", "is_fee_posted", "level", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "text", "title") SELECT old_values."days_after_due", old_values."days_to_pay", old_values."fee", old_values."id", old_values."is_fee_posted", old_values."level", old_values."organization_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."text", old_values."title" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='efb065411bd758512ed3175fc9380431f10bacc0', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_20b42', referencing='REFERENCING OLD TABLE AS old_values ', table='accounting_dunninglevel', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='dunninglevelevent',
            constraint=locations.row_policies.RowSecurity(name='dunninglevelevent_rows', organization='organization'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunninglevelevent',
            trigger=pgtrigger.compiler.Trigger(name='written_by_triggers', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (pg_trigger_depth() = 0)', func="\n        RAISE EXCEPTION 'A history is written by what happens, and by nobody'\n            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_written_by_triggers';\n    ", hash='bb5e79410b196052728f8f7ddf995d175651b2fa', level='STATEMENT', operation='INSERT', pgid='pgtrigger_written_by_triggers_58ef0', table='accounting_dunninglevelevent', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='dunningrun',
            index=models.Index(fields=['base', '-created_at'], name='dunningrun_latest'),
        ),
        migrations.AddConstraint(
            model_name='dunningrun',
            constraint=locations.row_policies.RowSecurity(base='base', name='dunningrun_rows', owner='owner_key'),
        ),
        migrations.AddConstraint(
            model_name='dunningrun',
            constraint=locations.constraints.KeyWithBase(name='dunningrun_key'),
        ),
        migrations.AddConstraint(
            model_name='dunningrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['previewed', 'sent', 'cancelled'])), name='dunningrun_state_known'),
        ),
        migrations.AddConstraint(
            model_name='dunningrun',
            constraint=models.CheckConstraint(condition=models.Q(('user_name', ''), _negated=True), name='dunningrun_of_somebody'),
        ),
        migrations.AddConstraint(
            model_name='dunningrun',
            constraint=locations.constraints.CompositeForeignKey(fields=('organization', 'base', 'ledger', 'owner_key'), name='dunningrun_in_ledger', to='accounting.Ledger', to_fields=('organization', 'base', 'id', 'owner_key'), violation_error_code='foreign_row'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningrun',
            trigger=pgtrigger.compiler.Trigger(name='steps', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.state NOT IN ('previewed') THEN\n                    RAISE EXCEPTION 'A row of % does not begin as %', TG_TABLE_NAME, NEW.state\n                        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n                END IF;\n            ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('previewed', 'cancelled'), ('previewed', 'sent')) THEN\n                RAISE EXCEPTION 'A row of % cannot go from % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n            END IF;\n            RETURN NEW;\n        ", hash='d5cfb210267e5c4ffb200dbd4c3565139d3d66cb', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_steps_d5a2f', table='accounting_dunningrun', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningrun',
            trigger=pgtrigger.compiler.Trigger(name='immutable_columns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.id IS DISTINCT FROM OLD.id OR NEW.organization_id IS DISTINCT FROM OLD.organization_id OR NEW.base_id IS DISTINCT FROM OLD.base_id OR NEW.ledger_id IS DISTINCT FROM OLD.ledger_id OR NEW.owner_key IS DISTINCT FROM OLD.owner_key OR NEW.day IS DISTINCT FROM OLD.day OR NEW.user_id IS DISTINCT FROM OLD.user_id OR NEW.user_name IS DISTINCT FROM OLD.user_name THEN\n                RAISE EXCEPTION 'These columns of % can never change: id, organization_id, base_id, ledger_id, owner_key, day, user_id, user_name', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';\n            END IF;\n            RETURN NEW;\n        ", hash='9d56ba59fdd610ea1e33644e495d9a108a1e8146', operation='UPDATE', pgid='pgtrigger_immutable_columns_c012c', table='accounting_dunningrun', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningrun',
            trigger=pgtrigger.compiler.Trigger(name='settled', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.state IN ('cancelled', 'sent'))", func="\n            IF NEW.count IS DISTINCT FROM OLD.count OR NEW.total IS DISTINCT FROM OLD.total OR NEW.sent_at IS DISTINCT FROM OLD.sent_at THEN\n                RAISE EXCEPTION 'These columns of % are settled: count, total, sent_at', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_settled';\n            END IF;\n            RETURN NEW;\n        ", hash='4fd698d6e0b91b83da358df9f108ba20de7372b8', operation='UPDATE OF "count", "total", "sent_at"', pgid='pgtrigger_settled_63f77', table='accounting_dunningrun', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='dunningnotice',
            index=models.Index(fields=['run', 'base', 'state'], name='dunningnotice_of_run'),
        ),
        migrations.AddIndex(
            model_name='dunningnotice',
            index=models.Index(fields=['customer', 'base'], name='dunningnotice_of_customer'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=locations.row_policies.RowSecurity(base='base', name='dunningnotice_rows', owner='owner_key'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=locations.constraints.KeyWithBase(name='dunningnotice_key'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'sent')), fields=('invoice', 'level', 'base'), name='dunningnotice_sent_once'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'previewed')), fields=('invoice', 'base'), name='dunningnotice_in_one_run'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('fee__gte', 0)), name='dunningnotice_amounts_positive'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('left_out__in', ['disputed', 'debited', 'other_run', 'changed']), ('state', 'left_out')), models.Q(('left_out', ''), ('state__in', ['previewed', 'sent', 'cancelled'])), _connector='OR'), name='dunningnotice_left_out_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'run'), name='dunningnotice_run_in_base', to='accounting.DunningRun', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'invoice'), name='dunningnotice_invoice_in_base', to='accounting.Invoice', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'customer'), name='dunningnotice_customer_in_base', to='customers.Customer', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='dunningnotice',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'fee_booking'), name='dunningnotice_fee_booking_in_base', to='accounting.Movement', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningnotice',
            trigger=pgtrigger.compiler.Trigger(name='steps', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.state NOT IN ('left_out', 'previewed') THEN\n                    RAISE EXCEPTION 'A row of % does not begin as %', TG_TABLE_NAME, NEW.state\n                        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n                END IF;\n            ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('previewed', 'cancelled'), ('previewed', 'left_out'), ('previewed', 'sent')) THEN\n                RAISE EXCEPTION 'A row of % cannot go from % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n            END IF;\n            RETURN NEW;\n        ", hash='1aa23175cfb4d4309da6dd2df8f95705718522bb', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_steps_769ac', table='accounting_dunningnotice', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningnotice',
            trigger=pgtrigger.compiler.Trigger(name='immutable_columns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.id IS DISTINCT FROM OLD.id OR NEW.base_id IS DISTINCT FROM OLD.base_id OR NEW.owner_key IS DISTINCT FROM OLD.owner_key OR NEW.run_id IS DISTINCT FROM OLD.run_id OR NEW.invoice_id IS DISTINCT FROM OLD.invoice_id OR NEW.level IS DISTINCT FROM OLD.level OR NEW.amount IS DISTINCT FROM OLD.amount OR NEW.fee IS DISTINCT FROM OLD.fee OR NEW.pay_until IS DISTINCT FROM OLD.pay_until THEN\n                RAISE EXCEPTION 'These columns of % can never change: id, base_id, owner_key, run_id, invoice_id, level, amount, fee, pay_until', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';\n            END IF;\n            RETURN NEW;\n        ", hash='2d3a1e1ac0067a7d2e9d2c5b1112ad897939f194', operation='UPDATE', pgid='pgtrigger_immutable_columns_4debb', table='accounting_dunningnotice', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningnotice',
            trigger=pgtrigger.compiler.Trigger(name='in_order', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.state = 'sent')", func="\n        IF NEW.level > 1 AND NOT EXISTS (\n            SELECT FROM accounting_dunningnotice AS one\n            JOIN accounting_dunningrun AS run ON run.id = NEW.run_id AND run.base_id = NEW.base_id\n            WHERE one.invoice_id = NEW.invoice_id AND one.base_id = NEW.base_id AND one.state = 'sent'\n              AND one.level = NEW.level - 1 AND one.pay_until < run.day\n        ) THEN\n            RAISE EXCEPTION 'The level before was not sent, or its days are not over'\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'dunningnotice_in_order';\n        END IF;\n        RETURN NEW;\n    ", hash='c19462cdc0bffaee954fb7380db1aab2553a7727', operation='UPDATE OF "state"', pgid='pgtrigger_in_order_1f304', table='accounting_dunningnotice', when='BEFORE')),
        ),
    ]
