"""Each refusal has a code that stays the same in every language. Nothing changes in the database."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('customers', '0004_importupload'),
        ('locations', '0003_refusals_have_codes'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_number_unique',
            constraint=models.UniqueConstraint(fields=('base', 'customer_number'), name='customer_number_unique', violation_error_code='customer_number_unique', violation_error_message='This customer number is already in use in this customer base.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_number_range',
            constraint=models.CheckConstraint(condition=models.Q(('customer_number__range', (1, 9999999))), name='customer_number_range', violation_error_code='customer_number_range', violation_error_message='The customer number must lie between 1 and 9999999.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_has_name',
            constraint=models.CheckConstraint(condition=models.Q(('alias', ''), ('company', ''), ('first_name', ''), ('last_name', ''), _negated=True), name='customer_has_name', violation_error_code='customer_has_name', violation_error_message='Enter a first name, a last name, an alias or a company.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_discount_range',
            constraint=models.CheckConstraint(condition=models.Q(('discount', None), ('discount__range', (0, 100)), _connector='OR'), name='customer_discount_range', violation_error_code='customer_discount_range', violation_error_message='The discount must lie between 0 and 100 %.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_price_level_range',
            constraint=models.CheckConstraint(condition=models.Q(('price_level', None), ('price_level__range', (0, 99)), _connector='OR'), name='customer_price_level_range', violation_error_code='customer_price_level_range', violation_error_message='The price level must lie between 0 and 99.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_credit_limit_positive',
            constraint=models.CheckConstraint(condition=models.Q(('credit_limit', None), ('credit_limit__gte', 0), _connector='OR'), name='customer_credit_limit_positive', violation_error_code='customer_credit_limit_positive', violation_error_message='The credit limit cannot be negative.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_country_iso',
            constraint=models.CheckConstraint(condition=models.Q(('country', ''), ('country__regex', '^[A-Z]{2}$'), _connector='OR'), name='customer_country_iso', violation_error_code='customer_country_iso', violation_error_message='The country must be an ISO code of two letters, such as DE.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_payment_method_known',
            constraint=models.CheckConstraint(condition=models.Q(('payment_method', ''), ('payment_method__in', ['cash', 'card', 'invoice', 'direct_debit', 'transfer', 'prepaid']), _connector='OR'), name='customer_payment_method_known', violation_error_code='customer_payment_method_known', violation_error_message='This payment method is not known.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_archived_reason_when_archived',
            constraint=models.CheckConstraint(condition=models.Q(('archived_at__isnull', False), ('archived_reason', ''), _connector='OR'), name='customer_archived_reason_when_archived', violation_error_code='customer_archived_reason_when_archived', violation_error_message='A reason of archiving belongs to an archived customer only.'),
        ),
        migrations.AlterConstraint(
            model_name='customer',
            name='customer_blocked_reason_when_blocked',
            constraint=models.CheckConstraint(condition=models.Q(('is_blocked', True), ('blocked_reason', ''), _connector='OR'), name='customer_blocked_reason_when_blocked', violation_error_code='customer_blocked_reason_when_blocked', violation_error_message='A reason of the block belongs to a blocked customer only.'),
        ),
        migrations.AlterConstraint(
            model_name='customergroup',
            name='customergroup_name_unique',
            constraint=models.UniqueConstraint(models.F('base'), django.db.models.functions.text.Lower('name'), name='customergroup_name_unique', violation_error_code='customergroup_name_unique', violation_error_message='There is already a customer group of this name.'),
        ),
        migrations.AlterConstraint(
            model_name='customergroup',
            name='customergroup_discount_range',
            constraint=models.CheckConstraint(condition=models.Q(('discount__range', (0, 100))), name='customergroup_discount_range', violation_error_code='customergroup_discount_range', violation_error_message='The discount must lie between 0 and 100 %.'),
        ),
        migrations.AlterConstraint(
            model_name='customergroup',
            name='customergroup_price_level_range',
            constraint=models.CheckConstraint(condition=models.Q(('price_level', None), ('price_level__range', (0, 99)), _connector='OR'), name='customergroup_price_level_range', violation_error_code='customergroup_price_level_range', violation_error_message='The price level must lie between 0 and 99.'),
        ),
        migrations.AlterConstraint(
            model_name='customergroup',
            name='customergroup_has_name',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='customergroup_has_name', violation_error_code='customergroup_has_name', violation_error_message='Give the customer group a name.'),
        ),
        migrations.AlterConstraint(
            model_name='tag',
            name='tag_name_unique',
            constraint=models.UniqueConstraint(fields=('base', 'name'), name='tag_name_unique', violation_error_code='tag_name_unique', violation_error_message='There is already a tag of this name.'),
        ),
        migrations.AlterConstraint(
            model_name='tag',
            name='tag_has_name',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='tag_has_name', violation_error_code='tag_has_name', violation_error_message='Give the tag a name.'),
        ),
    ]
