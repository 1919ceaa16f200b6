"""User names of a business differ in more than capital letters: the login does not tell Anna from ANNA."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mcp", "0002_refusals_have_codes")]

    operations = [
        migrations.RemoveConstraint(
            model_name='user',
            name='user_name_unique_in_organization',
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(models.F('organization'), django.db.models.functions.text.Upper('username'), name='user_name_unique_in_organization', nulls_distinct=False, violation_error_code='user_name_unique_in_organization', violation_error_message='Somebody of this business already has this user name.'),
        ),
    ]
