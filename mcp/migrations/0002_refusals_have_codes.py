"""Each refusal has a code that stays the same in every language. Nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('locations', '0003_refusals_have_codes'),
        ('mcp', '0001_initial'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='locationgrant',
            name='locationgrant_unique',
            constraint=models.UniqueConstraint(fields=('group', 'content_object', 'permission'), name='locationgrant_unique', violation_error_code='locationgrant_unique', violation_error_message='The user group holds this right there already.'),
        ),
        migrations.AlterConstraint(
            model_name='membership',
            name='membership_unique',
            constraint=models.UniqueConstraint(fields=('user', 'group'), name='membership_unique', violation_error_code='membership_unique', violation_error_message='This person belongs to this user group already.'),
        ),
        migrations.AlterConstraint(
            model_name='organizationgrant',
            name='organizationgrant_unique',
            constraint=models.UniqueConstraint(fields=('group', 'content_object', 'permission'), name='organizationgrant_unique', violation_error_code='organizationgrant_unique', violation_error_message='The user group holds this right there already.'),
        ),
        migrations.AlterConstraint(
            model_name='organizationgrant',
            name='organizationgrant_own_organization',
            constraint=models.CheckConstraint(condition=models.Q(('content_object', models.F('organization'))), name='organizationgrant_own_organization', violation_error_code='organizationgrant_own_organization', violation_error_message="A right at all locations holds in the user group's own business."),
        ),
        migrations.AlterConstraint(
            model_name='restriction',
            name='restriction_unique',
            constraint=models.UniqueConstraint(fields=('location', 'group', 'right'), name='restriction_unique', violation_error_code='restriction_unique', violation_error_message='This right is already restricted for this user group.'),
        ),
        migrations.AlterConstraint(
            model_name='restriction',
            name='restriction_right_known',
            constraint=models.CheckConstraint(condition=models.Q(('right__in', ['view_customers', 'add_customers', 'change_customers', 'archive_customers', 'import_customers', 'export_customers', 'see_history', 'run_reports', 'manage_customer_groups', 'manage_location', 'manage_users'])), name='restriction_right_known', violation_error_code='restriction_right_known', violation_error_message='This right is not in the catalogue of rights.'),
        ),
        migrations.AlterConstraint(
            model_name='user',
            name='user_of_business_or_provider',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('location', None), ('organization', None), ('provider_role__in', ['support', 'developer'])), models.Q(('organization__isnull', False), ('provider_role', '')), _connector='OR'), name='user_of_business_or_provider', violation_error_code='user_of_business_or_provider', violation_error_message='A user belongs either to a business or to the provider.'),
        ),
        migrations.AlterConstraint(
            model_name='usergroup',
            name='usergroup_name_unique',
            constraint=models.UniqueConstraint(fields=('organization', 'name'), name='usergroup_name_unique', violation_error_code='usergroup_name_unique', violation_error_message='There is already a user group of this name.'),
        ),
    ]
