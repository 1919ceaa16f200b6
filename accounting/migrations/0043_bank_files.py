"""Large files of the bank are kept until the worker has read them."""

import django.db.models.deletion
import django.db.models.functions.datetime
import locations.constraints
import locations.row_policies
import mcp.stored_sentences
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounting', '0042_open_bank_entries'),
        ('locations', '0008_accounts_of_base_1_0'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BankFile',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user_name', models.CharField(default='', help_text='As it was then; a command names itself.', max_length=200, verbose_name='user')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('name', models.CharField(max_length=255, verbose_name='file')),
                ('size', models.PositiveBigIntegerField(default=0, verbose_name='size in bytes')),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('state_since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('failure', mcp.stored_sentences.SentencesField(blank=True, default=mcp.stored_sentences.Sentences)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Being made'), ('done', 'Ready'), ('cancelled', 'Cancelled'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('owner_key', models.BigIntegerField(default=0)),
                ('account', models.UUIDField(help_text='The bank account that counts where a table names none.', null=True)),
                ('new', models.PositiveIntegerField(default=0, help_text='Entries that were stored.')),
                ('known', models.PositiveIntegerField(default=0, help_text='Entries that an earlier file had brought.')),
                ('base', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.customerbase')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.location')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.organization')),
                ('user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'file of the bank',
                'verbose_name_plural': 'files of the bank',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='BankFileChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('owner_key', models.BigIntegerField(default=0)),
                ('base', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='locations.customerbase')),
                ('file', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounting.bankfile')),
            ],
            options={
                'verbose_name': 'piece of a file of the bank',
                'verbose_name_plural': 'pieces of files of the bank',
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='bankfile',
            index=models.Index(fields=['base', '-created_at'], name='bankfile_by_created'),
        ),
        migrations.AddConstraint(
            model_name='bankfile',
            constraint=locations.row_policies.RowSecurity(base='base', name='bankfile_rows', owner='owner_key'),
        ),
        migrations.AddConstraint(
            model_name='bankfile',
            constraint=locations.constraints.KeyWithBase(name='bankfile_key'),
        ),
        migrations.AddConstraint(
            model_name='bankfile',
            constraint=models.UniqueConstraint(fields=('base', 'id', 'owner_key'), name='bankfile_with_owner'),
        ),
        migrations.AddConstraint(
            model_name='bankfile',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'done', 'cancelled', 'failed'])), name='bankfile_state_known'),
        ),
        migrations.AddConstraint(
            model_name='bankfile',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('waiting', 'running'))), fields=('base', 'owner_key', 'sha256'), name='bankfile_once_at_a_time', violation_error_code='bank_file_under_way', violation_error_message='This file is being read already. Wait until that is done.'),
        ),
        migrations.AddConstraint(
            model_name='bankfile',
            constraint=locations.constraints.CompositeForeignKey(fields=('organization', 'base'), name='bankfile_base_of_organization', to='locations.CustomerBase', to_fields=('organization', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='bankfile',
            constraint=locations.constraints.CompositeForeignKey(fields=('organization', 'location'), name='bankfile_location_of_organization', to='locations.Location', to_fields=('organization', 'id'), violation_error_code='foreign_row'),
        ),
        migrations.AddConstraint(
            model_name='bankfile',
            constraint=locations.constraints.CompositeForeignKey(fields=('organization', 'user'), name='bankfile_user_of_organization', to='mcp.User', to_fields=('organization', 'id'), violation_error_code='foreign_row'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bankfile',
            trigger=pgtrigger.compiler.Trigger(name='steps', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.state NOT IN ('waiting') THEN\n                    RAISE EXCEPTION 'A row of % does not begin as %', TG_TABLE_NAME, NEW.state\n                        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n                END IF;\n            ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('running', 'cancelled'), ('running', 'done'), ('running', 'failed'), ('waiting', 'cancelled'), ('waiting', 'failed'), ('waiting', 'running')) THEN\n                RAISE EXCEPTION 'A row of % cannot go from % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n            END IF;\n            RETURN NEW;\n        ", hash='0389dd38ae7ccb1e91c513e0ac6558562048fe88', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_steps_fb13c', table='accounting_bankfile', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bankfile',
            trigger=pgtrigger.compiler.Trigger(name='immutable_columns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.id IS DISTINCT FROM OLD.id OR NEW.organization_id IS DISTINCT FROM OLD.organization_id OR NEW.base_id IS DISTINCT FROM OLD.base_id OR NEW.location_id IS DISTINCT FROM OLD.location_id OR NEW.user_id IS DISTINCT FROM OLD.user_id OR NEW.user_name IS DISTINCT FROM OLD.user_name OR NEW.name IS DISTINCT FROM OLD.name THEN\n                RAISE EXCEPTION 'These columns of % can never change: id, organization_id, base_id, location_id, user_id, user_name, name', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';\n            END IF;\n            RETURN NEW;\n        ", hash='e164e48a98bf8eb2a908462f041334fb45373f68', operation='UPDATE', pgid='pgtrigger_immutable_columns_f816e', table='accounting_bankfile', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bankfile',
            trigger=pgtrigger.compiler.Trigger(name='settled', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.state IN ('done'))", func="\n            IF NEW.created_at IS DISTINCT FROM OLD.created_at OR NEW.size IS DISTINCT FROM OLD.size OR NEW.sha256 IS DISTINCT FROM OLD.sha256 OR NEW.total IS DISTINCT FROM OLD.total OR NEW.done IS DISTINCT FROM OLD.done OR NEW.owner_key IS DISTINCT FROM OLD.owner_key OR NEW.account IS DISTINCT FROM OLD.account OR NEW.new IS DISTINCT FROM OLD.new OR NEW.known IS DISTINCT FROM OLD.known THEN\n                RAISE EXCEPTION 'These columns of % are settled: created_at, size, sha256, total, done, owner_key, account, new, known', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_settled';\n            END IF;\n            RETURN NEW;\n        ", hash='906d35e5135061d9d414a9bc06526a63a2d7fcd7', operation='UPDATE OF "created_at", "size", "sha256", "total", "done", "owner_key", "account", "new", "known"', pgid='pgtrigger_settled_b169b', table='accounting_bankfile', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='bankfilechunk',
            constraint=locations.row_policies.RowSecurity(base='base', name='bankfilechunk_rows', owner='owner_key'),
        ),
        migrations.AddConstraint(
            model_name='bankfilechunk',
            constraint=locations.constraints.KeyWithBase(name='bankfilechunk_key'),
        ),
        migrations.AddConstraint(
            model_name='bankfilechunk',
            constraint=models.UniqueConstraint(fields=('base', 'file', 'position'), name='bankfilechunk_unique'),
        ),
        migrations.AddConstraint(
            model_name='bankfilechunk',
            constraint=locations.constraints.CompositeForeignKey(fields=('base', 'file', 'owner_key'), name='bankfilechunk_file_in_base', to='accounting.BankFile', to_fields=('base', 'id', 'owner_key'), violation_error_code='foreign_row'),
        ),
    ]
