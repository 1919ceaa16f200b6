"""Each refusal has a code that stays the same in every language. Nothing changes in the database."""

import django.contrib.postgres.constraints
import psycopg.types.range
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('locations', '0002_initial'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='customerbase',
            name='base_one_shared_per_organization',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'shared')), fields=('organization',), name='base_one_shared_per_organization', violation_error_code='base_one_shared_per_organization', violation_error_message='This business already has its customer base 2.0. All its locations share that one base; a second one is only possible as an offline base 1.0.'),
        ),
        migrations.AlterConstraint(
            model_name='customerbase',
            name='base_one_offline_per_branch_number',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'offline')), fields=('organization', 'branch_number'), name='base_one_offline_per_branch_number', violation_error_code='base_one_offline_per_branch_number', violation_error_message='There is already an offline base 1.0 for this branch number.'),
        ),
        migrations.AlterConstraint(
            model_name='customerbase',
            name='base_branch_number_fits_kind',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('branch_number', None), ('kind', 'shared')), models.Q(('branch_number__gte', 1), ('kind', 'offline')), _connector='OR'), name='base_branch_number_fits_kind', violation_error_code='base_branch_number_fits_kind', violation_error_message='An offline base 1.0 needs a branch number; the base 2.0 has none.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_client_number_unique',
            constraint=models.UniqueConstraint(fields=('organization', 'client_number'), name='location_client_number_unique', violation_error_code='location_client_number_unique', violation_error_message='Another location of this business already has this client number. Choose a free one.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_one_per_independent_business',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'independent')), fields=('organization',), name='location_one_per_independent_business', violation_error_code='location_one_per_independent_business', violation_error_message='An independent business has exactly one location.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_central_is_client_one',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('client_number', 1), ('kind', 'central')), models.Q(models.Q(('kind', 'central'), _negated=True), ('client_number__gt', 1)), _connector='OR'), name='location_central_is_client_one', violation_error_code='location_central_is_client_one', violation_error_message='Client number 1 is the central and only the central; branches start at 2.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_numbers_range',
            constraint=models.CheckConstraint(condition=models.Q(('client_number__range', (1, 99999)), ('branch_number__range', (1, 99999))), name='location_numbers_range', violation_error_code='location_numbers_range', violation_error_message='Client number and branch number must lie between 1 and 99999.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_kind_known',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['central', 'branch', 'independent'])), name='location_kind_known', violation_error_code='location_kind_known', violation_error_message='A location is a central, a branch or independent.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_has_name',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='location_has_name', violation_error_code='location_has_name', violation_error_message='Give the location a name.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_franchise_is_branch',
            constraint=models.CheckConstraint(condition=models.Q(('is_franchise', False), ('kind', 'branch'), _connector='OR'), name='location_franchise_is_branch', violation_error_code='location_franchise_is_branch', violation_error_message='Only a branch of a group can be a franchisee.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_number_range_valid',
            constraint=models.CheckConstraint(condition=models.Q(('number_range__contained_by', psycopg.types.range.Range(1, 10000000, '[)')), ('number_range__isempty', False)), name='location_number_range_valid', violation_error_code='location_number_range_valid', violation_error_message='The number range must lie between 1 and 9999999.'),
        ),
        migrations.AlterConstraint(
            model_name='location',
            name='location_number_ranges_apart',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('base'), '='), ('number_range', '&&')], name='location_number_ranges_apart', violation_error_code='location_number_ranges_apart', violation_error_message='This number range overlaps that of another location on the same customer base. Choose a free block.'),
        ),
        migrations.AlterConstraint(
            model_name='organization',
            name='organization_account_number_unique',
            constraint=models.UniqueConstraint(fields=('account_number',), name='organization_account_number_unique', violation_error_code='organization_account_number_unique', violation_error_message='This account number is already in use. Choose another one.'),
        ),
        migrations.AlterConstraint(
            model_name='organization',
            name='organization_account_number_range',
            constraint=models.CheckConstraint(condition=models.Q(('account_number__range', (1, 999999999))), name='organization_account_number_range', violation_error_code='organization_account_number_range', violation_error_message='The account number must lie between 1 and 999999999.'),
        ),
        migrations.AlterConstraint(
            model_name='organization',
            name='organization_kind_known',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['central_group', 'independent'])), name='organization_kind_known', violation_error_code='organization_kind_known', violation_error_message='A business is a central group or independent.'),
        ),
        migrations.AlterConstraint(
            model_name='organization',
            name='organization_has_name',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='organization_has_name', violation_error_code='organization_has_name', violation_error_message='Give the business a name.'),
        ),
    ]
