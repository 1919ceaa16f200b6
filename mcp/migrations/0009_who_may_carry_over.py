"""Whoever manages users at all locations of a business gets the new right, or nobody could ever hand it out."""

from django.db import migrations

PERMISSION = """
    INSERT INTO auth_permission (name, content_type_id, codename)
    SELECT 'Can carry over customers', kind.id, 'carry_over_customers'
    FROM django_content_type AS kind WHERE kind.app_label = 'locations' AND kind.model = 'organization'
    ON CONFLICT DO NOTHING
"""
GRANTS = """
    INSERT INTO mcp_organizationgrant (organization_id, group_id, content_object_id, permission_id)
    SELECT held.organization_id, held.group_id, held.content_object_id, new_right.id
    FROM mcp_organizationgrant AS held
    JOIN auth_permission AS managing ON managing.id = held.permission_id AND managing.codename = 'manage_users'
    JOIN auth_permission AS new_right
      ON new_right.content_type_id = managing.content_type_id AND new_right.codename = 'carry_over_customers'
    ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):

    dependencies = [
        ('mcp', '0008_restrictions_of_carrying_over'),
        ('locations', '0006_carry_over'),
    ]

    operations = [
        migrations.RunSQL([PERMISSION, GRANTS], migrations.RunSQL.noop),
    ]
