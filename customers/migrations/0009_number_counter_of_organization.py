"""A counter of numbers says itself to which business it belongs, as a rule about its rows has to ask no other table."""

import django.db.models.deletion
from django.db import migrations, models

import locations.constraints

FILL = """
    UPDATE customers_numbercounter AS counter SET organization_id = location.organization_id
    FROM locations_location AS location WHERE location.id = counter.location_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0008_sentence_of_the_discount'),
        ('locations', '0004_offline_base_has_branch_number'),
    ]

    operations = [
        migrations.AddField(
            model_name='numbercounter',
            name='organization',
            field=models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+',
                to='locations.organization',
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL('SET CONSTRAINTS ALL IMMEDIATE', migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='numbercounter',
            name='organization',
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+',
                to='locations.organization',
            ),
        ),
        migrations.AlterField(
            model_name='numbercounter',
            name='location',
            field=models.OneToOneField(
                db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True,
                related_name='number_counter', serialize=False, to='locations.location',
            ),
        ),
        migrations.AddConstraint(
            model_name='numbercounter',
            constraint=locations.constraints.CompositeForeignKey(
                fields=('organization', 'location'), name='numbercounter_location_of_organization',
                to='locations.Location', to_fields=('organization', 'id'),
            ),
        ),
    ]
