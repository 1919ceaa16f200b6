"""Large updates are planned for the rows that they change, whatever the session has changed before."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0028_birthday_without_year'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='consent',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='consentpurpose',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='customergroup',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='tag',
            name='update_update',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consent',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='PERFORM FROM new_values OFFSET 50; IF FOUND THEN EXECUTE $many$WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_consentevent" ("at", "base_id", "customer_id", "evidence", "given_to", "holds_here", "id", "is_given", "location_id", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "receiver", "recorded_at", "recorded_by", "source", "upload_id", "wording_version") SELECT new_values."at", new_values."base_id", new_values."customer_id", new_values."evidence", new_values."given_to", new_values."holds_here", new_values."id", new_values."is_given", new_values."location_id", new_values."organization_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."purpose", new_values."receiver", new_values."recorded_at", new_values."recorded_by", new_values."source", new_values."upload_id", new_values."wording_version" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context$many$; ELSE WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_consentevent" ("at", "base_id", "customer_id", "evidence", "given_to", "holds_here", "id", "is_given", "location_id", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "receiver", "recorded_at", "recorded_by", "source", "upload_id", "wording_version") SELECT new_values."at", new_values."base_id", new_values."customer_id", new_values."evidence", new_values."given_to", new_values."holds_here", new_values."id", new_values."is_given", new_values."location_id", new_values."organization_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."purpose", new_values."receiver", new_values."recorded_at", new_values."recorded_by", new_values."source", new_values."upload_id", new_values."wording_version" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; END IF; RETURN NULL;', hash='84072fab3d4ac9a27fe7f1eb07653c4de43e02ec', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_4fa64', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='customers_consent', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consentpurpose',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='PERFORM FROM new_values OFFSET 50; IF FOUND THEN EXECUTE $many$WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_consentpurposeevent" ("code", "holds_for_receiver", "id", "is_active", "name", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "wording", "wording_version") SELECT new_values."code", new_values."holds_for_receiver", new_values."id", new_values."is_active", new_values."name", new_values."organization_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."wording", new_values."wording_version" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context$many$; ELSE WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_consentpurposeevent" ("code", "holds_for_receiver", "id", "is_active", "name", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "wording", "wording_version") SELECT new_values."code", new_values."holds_for_receiver", new_values."id", new_values."is_active", new_values."name", new_values."organization_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."wording", new_values."wording_version" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; END IF; RETURN NULL;', hash='2ea398967eb369697992581487f0f70a01773c70', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_35c9f', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='customers_consentpurpose', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customergroup',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='PERFORM FROM new_values OFFSET 50; IF FOUND THEN EXECUTE $many$WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_customergroupevent" ("base_id", "discount", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "price_level") SELECT new_values."base_id", new_values."discount", new_values."id", new_values."name", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."price_level" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context$many$; ELSE WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_customergroupevent" ("base_id", "discount", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "price_level") SELECT new_values."base_id", new_values."discount", new_values."id", new_values."name", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."price_level" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; END IF; RETURN NULL;', hash='12e938564e6a814b78adf58ea4e506b4d3c83561', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_41f88', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='customers_customergroup', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='tag',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='PERFORM FROM new_values OFFSET 50; IF FOUND THEN EXECUTE $many$WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_tagevent" ("base_id", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."base_id", new_values."id", new_values."name", _pgh_attached_context.value, NOW(), \'update\', new_values."id" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context$many$; ELSE WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_tagevent" ("base_id", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."base_id", new_values."id", new_values."name", _pgh_attached_context.value, NOW(), \'update\', new_values."id" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; END IF; RETURN NULL;', hash='a6ff3f901b358e6dbfff40dafbcd12fdbe93b523', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_e5b3c', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='customers_tag', when='AFTER')),
        ),
    ]
