
import django.db.models.deletion
import django.db.models.functions.datetime
import locations.constraints
import locations.fields
import locations.history
import locations.row_policies
import mcp.stored_sentences
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounting', '0016_mandates'),
        ('customers', '0011_memberships_erased'),
        ('locations', '0007_rights_of_billing'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DebitFile',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user_name', models.CharField(default='', help_text='As it was then; a command names itself.', max_length=200, verbose_name='user')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('name', models.CharField(max_length=255, verbose_name='file')),
                ('size', models.PositiveBigIntegerField(default=0, verbose_name='size in bytes')),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('state_since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('failure', mcp.stored_sentences.SentencesField(blank=True, default=mcp.stored_sentences.Sentences)),
                ('owner_key', models.BigIntegerField(default=0)),
                ('state', models.CharField(choices=[('previewed', 'Previewed'), ('running', 'Being made'), ('done', 'Made'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='previewed', max_length=10, verbose_name='state')),
                ('due_until', models.DateField(verbose_name='invoices that are due until')),
                ('collect_on', models.DateField(verbose_name='day of the debit')),
                ('number', models.PositiveIntegerField(null=True, verbose_name='number')),
                ('count', models.PositiveIntegerField(default=0, verbose_name='debits')),
                ('total', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='sum')),
                ('made_at', models.DateTimeField(null=True, verbose_name='made')),
            ],
            options={
                'verbose_name': 'debit file',
                'verbose_name_plural': 'debit files',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DebitFileChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
            ],
            options={
                'verbose_name': 'piece of a debit file',
                'verbose_name_plural': 'pieces of debit files',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DebitItem',
            fields=[
                ('id', models.UUIDField(db_default=locations.fields.TimeOrderedUuid(), editable=False, primary_key=True, serialize=False)),
                ('owner_key', models.BigIntegerField(default=0)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='amount')),
                ('state', models.CharField(choices=[('proposed', 'Proposed'), ('left_out', 'Left out'), ('pending', 'At the bank'), ('collected', 'Collected'), ('returned', 'Returned'), ('cancelled', 'Cancelled')], max_length=10, verbose_name='state')),
                ('left_out', models.CharField(blank=True, choices=[('no_mandate', 'No mandate that is valid on that day'), ('disputed', 'The customer disputes the invoice'), ('other_file', 'In another file that is not settled yet'), ('not_announced', 'Not announced, or too late'), ('changed', 'Paid or cancelled since the preview')], default='', max_length=14)),
                ('announced_on', models.DateField(null=True, verbose_name='announced on')),
                ('position', models.PositiveIntegerField(null=True)),
                ('end_to_end_id', models.CharField(blank=True, default='', max_length=35)),
                ('mandate_reference', models.CharField(blank=True, default='', max_length=35)),
                ('signed_on', models.DateField(null=True)),
                ('iban', models.CharField(blank=True, default='', max_length=34)),
                ('holder', models.CharField(blank=True, default='', max_length=70)),
                ('scheme', models.CharField(blank=True, default='', max_length=4)),
                ('is_recurrent', models.BooleanField(default=True)),
                ('return_code', models.CharField(blank=True, default='', max_length=4, verbose_name='return code')),
                ('returned_on', models.DateField(null=True, verbose_name='returned on')),
                ('charges', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='charges')),
            ],
            options={
                'verbose_name': 'debit',
                'verbose_name_plural': 'debits',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Dispute',
            fields=[
                ('id', models.UUIDField(db_default=locations.fields.TimeOrderedUuid(), editable=False, primary_key=True, serialize=False)),
                ('owner_key', models.BigIntegerField(default=0)),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('begun_at', models.DateTimeField(db_default=locations.history.ClockTimestamp(), editable=False, verbose_name='since')),
                ('begun_by', models.CharField(max_length=200, verbose_name='noted by')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('ended_by', models.CharField(blank=True, default='', max_length=200, verbose_name='ended by')),
                ('outcome', models.CharField(blank=True, default='', max_length=200, verbose_name='outcome')),
            ],
            options={
                'verbose_name': 'dispute about an invoice',
                'verbose_name_plural': 'disputes about invoices',
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='movement',
            trigger=pgtrigger.compiler.Trigger(name='returns_debit', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.kind = 'reversal')", func="\n        UPDATE accounting_debititem SET state = 'returned', returned_on = NEW.business_day\n        WHERE payment_id = NEW.reverses_id AND base_id = NEW.base_id AND state = 'collected';\n        RETURN NULL;\n    ", hash='842ebaf0cc29a736b5eabc6ce414d9229f62e35d', operation='INSERT', pgid='pgtrigger_returns_debit_a650e', table='accounting_movement', when='AFTER')),
        ),
        migrations.AddField(
            model_name='debitfile',
            name='base',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.customerbase'),
        ),
        migrations.AddField(
            model_name='debitfile',
            name='ledger',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounting.ledger'),
        ),
        migrations.AddField(
            model_name='debitfile',
            name='location',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.location'),
        ),
        migrations.AddField(
            model_name='debitfile',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.organization'),
        ),
        migrations.AddField(
            model_name='debitfile',
            name='user',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='debitfilechunk',
            name='base',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.customerbase'),
        ),
        migrations.AddField(
            model_name='debitfilechunk',
            name='file',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounting.debitfile'),
        ),
        migrations.AddField(
            model_name='debititem',
            name='base',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.customerbase'),
        ),
        migrations.AddField(
            model_name='debititem',
            name='customer',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='debititem',
            name='file',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='accounting.debitfile'),
        ),
        migrations.AddField(
            model_name='debititem',
            name='invoice',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='debits', to='accounting.invoice'),
        ),
        migrations.AddField(
            model_name='debititem',
            name='mandate',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounting.mandate'),
        ),
        migrations.AddField(
            model_name='debititem',
            name='payment',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounting.movement'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='base',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.customerbase'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='invoice',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='accounting.invoice'),
        ),
        migrations.AddIndex(
            model_name='debitfile',
            index=models.Index(fields=['base', '-created_at'], name='debitfile_latest'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=locations.row_policies.RowSecurity(base='base', name='debitfile_rows', owner='owner_key'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=locations.constraints.KeyWithBase(name='debitfile_key'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=locations.constraints.CompositeForeignKey(fields=('organization', 'base'), name='debitfile_base_of_organization', to='locations.CustomerBase', to_fields=('organization', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=locations.constraints.CompositeForeignKey(fields=('organization', 'location'), name='debitfile_location_of_organization', to='locations.Location', to_fields=('organization', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=locations.constraints.CompositeForeignKey(fields=('organization', 'user'), name='debitfile_user_of_organization', to='mcp.User', to_fields=('organization', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=models.UniqueConstraint(condition=models.Q(('number__isnull', False)), fields=('number', 'ledger', 'base'), name='debitfile_number_once'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['previewed', 'running', 'done', 'failed', 'cancelled'])), name='debitfile_state_known'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=models.CheckConstraint(condition=models.Q(('due_until__lte', models.F('collect_on'))), name='debitfile_collects_what_is_due', violation_error_code='debitfile_collects_what_is_due', violation_error_message='Nothing is debited before it is due. Choose a later day of the debit.'),
        ),
        migrations.AddConstraint(
            model_name='debitfile',
            constraint=locations.constraints.CompositeForeignKey(fields=('organization', 'base', 'ledger', 'owner_key'), name='debitfile_in_ledger', to='accounting.Ledger', to_fields=('organization', 'base', 'id', 'owner_key'), violation_error_code='foreign_row'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='debitfile',
            trigger=pgtrigger.compiler.Trigger(name='steps', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.state NOT IN ('previewed') THEN\n                    RAISE EXCEPTION 'A row of % does not begin as %', TG_TABLE_NAME, NEW.state\n                        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n                END IF;\n            ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('done', 'cancelled'), ('failed', 'cancelled'), ('failed', 'running'), ('previewed', 'cancelled'), ('previewed', 'running'), ('running', 'done'), ('running', 'failed')) THEN\n                RAISE EXCEPTION 'A row of % cannot go from % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n            END IF;\n            RETURN NEW;\n        ", hash='f3534508aa03940104480642a782724fb9a0e407', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_steps_2aa85', table='accounting_debitfile', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='debitfile',
            trigger=pgtrigger.compiler.Trigger(name='immutable_columns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.id IS DISTINCT FROM OLD.id OR NEW.organization_id IS DISTINCT FROM OLD.organization_id OR NEW.base_id IS DISTINCT FROM OLD.base_id OR NEW.ledger_id IS DISTINCT FROM OLD.ledger_id OR NEW.owner_key IS DISTINCT FROM OLD.owner_key OR NEW.location_id IS DISTINCT FROM OLD.location_id OR NEW.user_id IS DISTINCT FROM OLD.user_id OR NEW.user_name IS DISTINCT FROM OLD.user_name OR NEW.name IS DISTINCT FROM OLD.name OR NEW.due_until IS DISTINCT FROM OLD.due_until OR NEW.collect_on IS DISTINCT FROM OLD.collect_on THEN\n                RAISE EXCEPTION 'These columns of % can never change: id, organization_id, base_id, ledger_id, owner_key, location_id, user_id, user_name, name, due_until, collect_on', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';\n            END IF;\n            RETURN NEW;\n        ", hash='6a2408bc8f4e2fdf04b4e7647f4a1b9be8db9ed3', operation='UPDATE', pgid='pgtrigger_immutable_columns_4d279', table='accounting_debitfile', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='debitfile',
            trigger=pgtrigger.compiler.Trigger(name='settled', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.state IN ('cancelled', 'done'))", func="\n            IF NEW.number IS DISTINCT FROM OLD.number OR NEW.count IS DISTINCT FROM OLD.count OR NEW.total IS DISTINCT FROM OLD.total OR NEW.size IS DISTINCT FROM OLD.size OR NEW.sha256 IS DISTINCT FROM OLD.sha256 OR NEW.made_at IS DISTINCT FROM OLD.made_at THEN\n                RAISE EXCEPTION 'These columns of % are settled: number, count, total, size, sha256, made_at', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_settled';\n            END IF;\n            RETURN NEW;\n        ", hash='b4d29b91dda50515175c51292df02ac70a427c00', operation='UPDATE OF "number", "count", "total", "size", "sha256", "made_at"', pgid='pgtrigger_settled_0613f', table='accounting_debitfile', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='debitfilechunk',
            constraint=locations.row_policies.RowSecurity(base='base', name='debitfilechunk_rows'),
        ),
        migrations.AddConstraint(
            model_name='debitfilechunk',
            constraint=locations.constraints.KeyWithBase(name='debitfilechunk_key'),
        ),
        migrations.AddConstraint(
            model_name='debitfilechunk',
            constraint=models.UniqueConstraint(fields=('base', 'file', 'position'), name='debitfilechunk_unique'),
        ),
        migrations.AddConstraint(
            model_name='debitfilechunk',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'file'), name='debitfilechunk_file_in_base', to='accounting.DebitFile', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='debitfilechunk',
            trigger=pgtrigger.compiler.Trigger(name='stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF (SELECT relowner FROM pg_class WHERE oid = TG_RELID) = current_user::regrole THEN\n                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;\n            END IF;\n            RAISE EXCEPTION 'A piece of a debit file is only added, and reversed by another one'\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfilechunk_stays';\n            ", hash='2a29e60b64bef12699ef57f97e66e81a40dee499', operation='UPDATE OR DELETE', pgid='pgtrigger_stays_991b0', table='accounting_debitfilechunk', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='debitfilechunk',
            trigger=pgtrigger.compiler.Trigger(name='stays_whole', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF (SELECT relowner FROM pg_class WHERE oid = TG_RELID) = current_user::regrole THEN\n                RETURN NULL;\n            END IF;\n            RAISE EXCEPTION 'A piece of a debit file is only added, and reversed by another one'\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfilechunk_stays';\n            ", hash='70f77ac01c5e16e858369ecb1ce41d7f3d8cf3ad', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_stays_whole_ab741', table='accounting_debitfilechunk', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='debititem',
            index=models.Index(fields=['file', 'base', 'state'], name='debititem_of_file'),
        ),
        migrations.AddIndex(
            model_name='debititem',
            index=models.Index(fields=['customer', 'base'], name='debititem_of_customer'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=locations.row_policies.RowSecurity(base='base', name='debititem_rows', owner='owner_key'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=locations.constraints.KeyWithBase(name='debititem_key'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['proposed', 'pending'])), fields=('invoice', 'base'), name='debititem_in_one_file'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.UniqueConstraint(condition=models.Q(('end_to_end_id', ''), _negated=True), fields=('end_to_end_id', 'base'), name='debititem_end_to_end_once'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.UniqueConstraint(condition=models.Q(('payment__isnull', False)), fields=('payment', 'base'), name='debititem_one_of_payment'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='debititem_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['proposed', 'left_out', 'pending', 'collected', 'returned', 'cancelled'])), name='debititem_state_known'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('left_out__in', ['no_mandate', 'disputed', 'other_file', 'not_announced', 'changed']), ('state', 'left_out')), models.Q(models.Q(('state', 'left_out'), _negated=True), ('left_out', '')), _connector='OR'), name='debititem_left_out_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['pending', 'collected', 'returned']), _negated=True), models.Q(('announced_on__isnull', False), models.Q(('end_to_end_id', ''), _negated=True), models.Q(('mandate_reference', ''), _negated=True)), _connector='OR'), name='debititem_announced_with_mandate'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'collected'), _negated=True), ('payment__isnull', False), _connector='OR'), name='debititem_collected_by_payment'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=models.CheckConstraint(condition=models.Q(('charges__gte', 0)), name='debititem_charges_positive'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'file'), name='debititem_file_in_base', to='accounting.DebitFile', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'invoice'), name='debititem_invoice_in_base', to='accounting.Invoice', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'mandate'), name='debititem_mandate_in_base', to='accounting.Mandate', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'payment'), name='debititem_payment_in_base', to='accounting.Movement', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='debititem',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'customer'), name='debititem_customer_in_base', to='customers.Customer', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='debititem',
            trigger=pgtrigger.compiler.Trigger(name='steps', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.state NOT IN ('left_out', 'proposed') THEN\n                    RAISE EXCEPTION 'A row of % does not begin as %', TG_TABLE_NAME, NEW.state\n                        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n                END IF;\n            ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('collected', 'returned'), ('pending', 'cancelled'), ('pending', 'collected'), ('pending', 'returned'), ('proposed', 'cancelled'), ('proposed', 'left_out'), ('proposed', 'pending')) THEN\n                RAISE EXCEPTION 'A row of % cannot go from % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n            END IF;\n            RETURN NEW;\n        ", hash='9823f0162ca15a928584a20e01a0befb013356cd', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_steps_a6882', table='accounting_debititem', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='debititem',
            trigger=pgtrigger.compiler.Trigger(name='immutable_columns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.id IS DISTINCT FROM OLD.id OR NEW.base_id IS DISTINCT FROM OLD.base_id OR NEW.owner_key IS DISTINCT FROM OLD.owner_key OR NEW.file_id IS DISTINCT FROM OLD.file_id OR NEW.invoice_id IS DISTINCT FROM OLD.invoice_id OR NEW.amount IS DISTINCT FROM OLD.amount THEN\n                RAISE EXCEPTION 'These columns of % can never change: id, base_id, owner_key, file_id, invoice_id, amount', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';\n            END IF;\n            RETURN NEW;\n        ", hash='a961155b50fec37f747956df89801c3a8cfc8bfa', operation='UPDATE', pgid='pgtrigger_immutable_columns_fcdcb', table='accounting_debititem', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='debititem',
            trigger=pgtrigger.compiler.Trigger(name='settled', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.state IN ('cancelled', 'collected', 'left_out', 'pending', 'returned'))", func="\n            IF NEW.announced_on IS DISTINCT FROM OLD.announced_on OR NEW.end_to_end_id IS DISTINCT FROM OLD.end_to_end_id OR NEW.position IS DISTINCT FROM OLD.position THEN\n                RAISE EXCEPTION 'These columns of % are settled: announced_on, end_to_end_id, position', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_settled';\n            END IF;\n            RETURN NEW;\n        ", hash='91c6df2249fc3179ae0b13fe0688f30bf9b361ee', operation='UPDATE OF "announced_on", "end_to_end_id", "position"', pgid='pgtrigger_settled_1674f', table='accounting_debititem', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=locations.row_policies.RowSecurity(base='base', name='dispute_rows', owner='owner_key'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=locations.constraints.KeyWithBase(name='dispute_key'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('invoice', 'base'), name='dispute_one_of_invoice', violation_error_code='dispute_one_of_invoice', violation_error_message='This invoice is disputed already.'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('begun_by', ''), _negated=True), models.Q(models.Q(('ended_at', None), ('ended_by', ''), ('outcome', '')), models.Q(('ended_at__isnull', False), models.Q(('ended_by', ''), _negated=True), models.Q(('outcome', ''), _negated=True)), _connector='OR')), name='dispute_with_words'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'invoice'), name='dispute_invoice_in_base', to='accounting.Invoice', to_fields=('base', 'id'), violation_error_code='foreign_row'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dispute',
            trigger=pgtrigger.compiler.Trigger(name='immutable_columns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.id IS DISTINCT FROM OLD.id OR NEW.base_id IS DISTINCT FROM OLD.base_id OR NEW.owner_key IS DISTINCT FROM OLD.owner_key OR NEW.invoice_id IS DISTINCT FROM OLD.invoice_id OR NEW.reason IS DISTINCT FROM OLD.reason OR NEW.begun_at IS DISTINCT FROM OLD.begun_at OR NEW.begun_by IS DISTINCT FROM OLD.begun_by THEN\n                RAISE EXCEPTION 'These columns of % can never change: id, base_id, owner_key, invoice_id, reason, begun_at, begun_by', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';\n            END IF;\n            RETURN NEW;\n        ", hash='f6e9fd03325718c92e0e78e514ed3beaa506e40f', operation='UPDATE', pgid='pgtrigger_immutable_columns_bf1c4', table='accounting_dispute', when='BEFORE')),
        ),
    ]
