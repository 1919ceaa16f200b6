"""An offline base without a branch number is refused by the database as well."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('locations', '0003_refusals_have_codes'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='customerbase',
            name='base_branch_number_fits_kind',
        ),
        migrations.AddConstraint(
            model_name='customerbase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('branch_number', None), ('kind', 'shared')), models.Q(('branch_number__gte', 1), ('branch_number__isnull', False), ('kind', 'offline')), _connector='OR'), name='base_branch_number_fits_kind', violation_error_code='base_branch_number_fits_kind', violation_error_message='An offline base 1.0 needs a branch number; the base 2.0 has none.'),
        ),
    ]
