"""Whoever had to do with customers goes on to see all of them, at the same places: the new rights come with the old.

Whoever manages users at all locations of a business gets them too, or nobody could ever hand them out.
"""

from django.db import migrations

NAMES = """(VALUES ('see_contact_data', 'Can see contact data'), ('see_bank_data', 'Can see bank data'),
    ('see_memos', 'Can see memos')) AS fresh (codename, name)"""
PERMISSIONS = f"""
    INSERT INTO auth_permission (name, content_type_id, codename)
    SELECT fresh.name, kind.id, fresh.codename FROM django_content_type AS kind, {NAMES}
    WHERE kind.app_label = 'locations' AND kind.model IN ('location', 'organization')
    ON CONFLICT DO NOTHING
"""
WITH_CUSTOMERS = """('view_customers', 'add_customers', 'change_customers', 'import_customers', 'export_customers',
    'carry_over_customers')"""
GRANTS = """
    INSERT INTO {table} (organization_id, group_id, content_object_id, permission_id)
    SELECT DISTINCT held.organization_id, held.group_id, held.content_object_id, fresh.id
    FROM {table} AS held
    JOIN auth_permission AS old ON old.id = held.permission_id AND ({condition})
    JOIN auth_permission AS fresh ON fresh.content_type_id = old.content_type_id
     AND fresh.codename IN ('see_contact_data', 'see_bank_data', 'see_memos')
    ON CONFLICT DO NOTHING
"""
AT_LOCATIONS = GRANTS.format(table="mcp_locationgrant", condition=f"old.codename IN {WITH_CUSTOMERS}")
EVERYWHERE = GRANTS.format(
    table="mcp_organizationgrant", condition=f"old.codename IN {WITH_CUSTOMERS} OR old.codename = 'manage_users'"
)
FORGET = [
    f"""DELETE FROM {table} USING auth_permission AS fresh WHERE fresh.id = {table}.permission_id
        AND fresh.codename IN ('see_contact_data', 'see_bank_data', 'see_memos')"""
    for table in ("mcp_locationgrant", "mcp_organizationgrant")
] + ["DELETE FROM mcp_restriction WHERE \"right\" IN ('see_contact_data', 'see_bank_data', 'see_memos')"]


class Migration(migrations.Migration):

    dependencies = [
        ('mcp', '0015_restrictions_of_fields'),
        ('locations', '0009_rights_of_their_own_for_fields'),
    ]

    operations = [
        migrations.RunSQL([PERMISSIONS, AT_LOCATIONS, EVERYWHERE], FORGET),
    ]
