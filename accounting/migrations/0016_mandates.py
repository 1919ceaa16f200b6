
import django.db.models.deletion
import locations.constraints
import locations.history
import locations.row_policies
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounting', '0015_booking_bank_entries'),
        ('customers', '0011_memberships_erased'),
        ('locations', '0007_rights_of_billing'),
    ]

    operations = [
        migrations.CreateModel(
            name='Mandate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner_key', models.BigIntegerField(default=0, editable=False)),
                ('reference', models.CharField(max_length=35, verbose_name='reference of the mandate')),
                ('iban', models.CharField(max_length=34, verbose_name='IBAN')),
                ('holder', models.CharField(max_length=70, verbose_name='account holder')),
                ('signed_on', models.DateField(verbose_name='signed on')),
                ('evidence', models.CharField(max_length=200, verbose_name='evidence')),
                ('evidence_sha256', models.CharField(blank=True, default='', max_length=64, verbose_name='SHA-256 of the signed document')),
                ('scheme', models.CharField(choices=[('CORE', 'Basic debit'), ('B2B', 'Business debit')], default='CORE', max_length=4, verbose_name='kind')),
                ('is_recurrent', models.BooleanField(default=True, verbose_name='for any number of debits')),
                ('notice_days', models.PositiveSmallIntegerField(default=14, help_text='So many days before a debit it is announced, as was agreed.', verbose_name='days of notice')),
                ('last_used_on', models.DateField(blank=True, null=True, verbose_name='last debited on')),
                ('state', models.CharField(choices=[('active', 'Active'), ('revoked', 'Revoked')], default='active', editable=False, max_length=10, verbose_name='state')),
                ('revoked_at', models.DateTimeField(editable=False, null=True, verbose_name='ended')),
                ('revoked_by', models.CharField(blank=True, default='', editable=False, max_length=200, verbose_name='ended by')),
                ('revoked_reason', models.CharField(blank=True, default='', editable=False, max_length=200, verbose_name='reason')),
                ('return_code', models.CharField(blank=True, default='', editable=False, max_length=4)),
                ('created_at', models.DateTimeField(db_default=locations.history.ClockTimestamp(), editable=False, verbose_name='added')),
                ('created_by', models.CharField(editable=False, max_length=200, verbose_name='added by')),
                ('base', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.customerbase')),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customer')),
                ('ledger', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounting.ledger')),
                ('organization', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='locations.organization')),
            ],
            options={
                'verbose_name': 'SEPA mandate',
                'verbose_name_plural': 'SEPA mandates',
                'default_permissions': (),
                'indexes': [models.Index(fields=['customer', 'base'], name='mandate_of_customer')],
                'constraints': [locations.row_policies.RowSecurity(base='base', name='mandate_rows', owner='owner_key'), locations.constraints.KeyWithBase(name='mandate_key'), models.UniqueConstraint(fields=('reference', 'ledger', 'base'), name='mandate_reference_once', violation_error_code='mandate_reference_once', violation_error_message='There is a mandate with this reference already. Choose another one.'), models.CheckConstraint(condition=models.Q(('reference__regex', "^[A-Z0-9+?/:().,'-]([A-Z0-9+?/:().,' -]{0,33}[A-Z0-9+?/:().,'-])?$")), name='mandate_reference_of_banks', violation_error_code='mandate_reference_of_banks', violation_error_message='A reference has 1 to 35 capital letters without accents, digits and simple signs.'), models.CheckConstraint(condition=models.Q(('iban__regex', '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$')), name='mandate_iban_of_form'), models.CheckConstraint(condition=models.Q(models.Q(('holder', ''), _negated=True), models.Q(('evidence', ''), _negated=True), models.Q(('created_by', ''), _negated=True)), name='mandate_with_evidence', violation_error_code='mandate_with_evidence', violation_error_message='Say who holds the account, and how and where the mandate was signed.'), models.CheckConstraint(condition=models.Q(('evidence_sha256', ''), ('evidence_sha256__regex', '^[0-9a-f]{64}$'), _connector='OR'), name='mandate_sha256_of_form', violation_error_code='mandate_sha256_of_form', violation_error_message='A SHA-256 has 64 digits and letters from a to f.'), models.CheckConstraint(condition=models.Q(('notice_days__gte', 1), ('notice_days__lte', 60)), name='mandate_notice_within_bounds', violation_error_code='mandate_notice_within_bounds', violation_error_message='A debit is announced between 1 and 60 days before.'), models.CheckConstraint(condition=models.Q(('scheme__in', ['CORE', 'B2B'])), name='mandate_scheme_known'), models.CheckConstraint(condition=models.Q(('last_used_on', None), ('last_used_on__gte', models.F('signed_on')), _connector='OR'), name='mandate_used_after_signature', violation_error_code='mandate_used_after_signature', violation_error_message='Nothing was debited before the mandate was signed.'), models.CheckConstraint(condition=models.Q(models.Q(('return_code', ''), ('revoked_at', None), ('revoked_by', ''), ('revoked_reason', ''), ('state', 'active')), models.Q(('revoked_at__isnull', False), ('state', 'revoked'), models.Q(('revoked_by', ''), _negated=True), models.Q(models.Q(('revoked_reason', ''), _negated=True), models.Q(('return_code', ''), _negated=True), _connector='OR')), _connector='OR'), name='mandate_revoked_with_reason', violation_error_code='mandate_revoked_with_reason', violation_error_message='Say why the mandate ends.'), locations.constraints.CompositeForeignKey(fields=('organization', 'base', 'ledger', 'owner_key'), name='mandate_in_ledger', to='accounting.Ledger', to_fields=('organization', 'base', 'id', 'owner_key'), violation_error_code='foreign_row'), locations.constraints.CompositeForeignKey(fields=('base', 'customer'), name='mandate_customer_in_base', to='customers.Customer', to_fields=('base', 'id'), violation_error_code='foreign_row', violation_error_message='The customer belongs to another customer base.')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mandate',
            trigger=pgtrigger.compiler.Trigger(name='steps', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.state NOT IN ('active') THEN\n                    RAISE EXCEPTION 'A row of % does not begin as %', TG_TABLE_NAME, NEW.state\n                        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n                END IF;\n            ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('active', 'revoked')) THEN\n                RAISE EXCEPTION 'A row of % cannot go from % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';\n            END IF;\n            RETURN NEW;\n        ", hash='ff788f20549b128f3dfc55892db6856cf1db64b4', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_steps_929a9', table='accounting_mandate', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mandate',
            trigger=pgtrigger.compiler.Trigger(name='immutable_columns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.id IS DISTINCT FROM OLD.id OR NEW.organization_id IS DISTINCT FROM OLD.organization_id OR NEW.base_id IS DISTINCT FROM OLD.base_id OR NEW.ledger_id IS DISTINCT FROM OLD.ledger_id OR NEW.owner_key IS DISTINCT FROM OLD.owner_key OR NEW.customer_id IS DISTINCT FROM OLD.customer_id OR NEW.reference IS DISTINCT FROM OLD.reference OR NEW.iban IS DISTINCT FROM OLD.iban OR NEW.holder IS DISTINCT FROM OLD.holder OR NEW.signed_on IS DISTINCT FROM OLD.signed_on OR NEW.evidence IS DISTINCT FROM OLD.evidence OR NEW.evidence_sha256 IS DISTINCT FROM OLD.evidence_sha256 OR NEW.scheme IS DISTINCT FROM OLD.scheme OR NEW.is_recurrent IS DISTINCT FROM OLD.is_recurrent OR NEW.notice_days IS DISTINCT FROM OLD.notice_days OR NEW.created_at IS DISTINCT FROM OLD.created_at OR NEW.created_by IS DISTINCT FROM OLD.created_by THEN\n                RAISE EXCEPTION 'These columns of % can never change: id, organization_id, base_id, ledger_id, owner_key, customer_id, reference, iban, holder, signed_on, evidence, evidence_sha256, scheme, is_recurrent, notice_days, created_at, created_by', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';\n            END IF;\n            RETURN NEW;\n        ", hash='7df1e19bf078bfca5e81602780dd7ab4ec3a4788', operation='UPDATE', pgid='pgtrigger_immutable_columns_eb8a7', table='accounting_mandate', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mandate',
            trigger=pgtrigger.compiler.Trigger(name='settled', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.state IN ('revoked'))", func="\n            IF NEW.revoked_at IS DISTINCT FROM OLD.revoked_at OR NEW.revoked_by IS DISTINCT FROM OLD.revoked_by OR NEW.revoked_reason IS DISTINCT FROM OLD.revoked_reason OR NEW.return_code IS DISTINCT FROM OLD.return_code THEN\n                RAISE EXCEPTION 'These columns of % are settled: revoked_at, revoked_by, revoked_reason, return_code', TG_TABLE_NAME\n                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_settled';\n            END IF;\n            RETURN NEW;\n        ", hash='3aff15d6200fc2636706c1ce90b92c866b6101b0', operation='UPDATE OF "revoked_at", "revoked_by", "revoked_reason", "return_code"', pgid='pgtrigger_settled_dc1f5', table='accounting_mandate', when='BEFORE')),
        ),
    ]
