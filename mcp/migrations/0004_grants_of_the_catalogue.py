"""A grant holds a right of the catalogue of its place and no other permission, by whatever path it is written."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("mcp", "0003_user_names_without_case")]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='locationgrant',
            trigger=pgtrigger.compiler.Trigger(name='c_permission_of_place', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NOT EXISTS (\n                SELECT FROM auth_permission JOIN django_content_type AS kind ON kind.id = content_type_id\n                WHERE auth_permission.id = NEW.permission_id AND kind.app_label = 'locations' AND kind.model = 'location'\n            ) THEN\n                RAISE EXCEPTION 'Permission % is not a right of the catalogue', NEW.permission_id\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_permission_of_place';\n            END IF;\n            RETURN NEW;\n        ", hash='95959088d4dd552d2486aa0c09583c88a27a38a6', operation='INSERT OR UPDATE', pgid='pgtrigger_c_permission_of_place_374d5', table='mcp_locationgrant', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='organizationgrant',
            trigger=pgtrigger.compiler.Trigger(name='c_permission_of_place', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NOT EXISTS (\n                SELECT FROM auth_permission JOIN django_content_type AS kind ON kind.id = content_type_id\n                WHERE auth_permission.id = NEW.permission_id AND kind.app_label = 'locations' AND kind.model = 'organization'\n            ) THEN\n                RAISE EXCEPTION 'Permission % is not a right of the catalogue', NEW.permission_id\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_permission_of_place';\n            END IF;\n            RETURN NEW;\n        ", hash='9fb5142aebabe6a1b16148068e044e51aa6eb29a', operation='INSERT OR UPDATE', pgid='pgtrigger_c_permission_of_place_31258', table='mcp_organizationgrant', when='BEFORE')),
        ),
    ]
