"""Large updates are planned for the rows that they change, whatever the session has changed before."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('transitions', '0006_carried_over_consents_are_evidence'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='transition',
            name='update_update',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='transition',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='PERFORM FROM new_values OFFSET 50; IF FOUND THEN EXECUTE $many$WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "transitions_transitionevent" ("arrival", "basis", "confirmed_by", "confirmed_user", "executed_at", "field_groups", "ground", "ground_by", "ground_user", "id", "is_narrowed", "kind", "location_id", "note", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "planned_for", "receiver_account", "receiver_client_number", "receiver_id", "receiver_name", "requested_by", "result", "review", "state", "state_since") SELECT new_values."arrival", new_values."basis", new_values."confirmed_by", new_values."confirmed_user", new_values."executed_at", new_values."field_groups", new_values."ground", new_values."ground_by", new_values."ground_user", new_values."id", new_values."is_narrowed", new_values."kind", new_values."location_id", new_values."note", new_values."organization_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."planned_for", new_values."receiver_account", new_values."receiver_client_number", new_values."receiver_id", new_values."receiver_name", new_values."requested_by", new_values."result", new_values."review", new_values."state", new_values."state_since" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context$many$; ELSE WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "transitions_transitionevent" ("arrival", "basis", "confirmed_by", "confirmed_user", "executed_at", "field_groups", "ground", "ground_by", "ground_user", "id", "is_narrowed", "kind", "location_id", "note", "organization_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "planned_for", "receiver_account", "receiver_client_number", "receiver_id", "receiver_name", "requested_by", "result", "review", "state", "state_since") SELECT new_values."arrival", new_values."basis", new_values."confirmed_by", new_values."confirmed_user", new_values."executed_at", new_values."field_groups", new_values."ground", new_values."ground_by", new_values."ground_user", new_values."id", new_values."is_narrowed", new_values."kind", new_values."location_id", new_values."note", new_values."organization_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."planned_for", new_values."receiver_account", new_values."receiver_client_number", new_values."receiver_id", new_values."receiver_name", new_values."requested_by", new_values."result", new_values."review", new_values."state", new_values."state_since" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; END IF; RETURN NULL;', hash='d54eebd37198d510a2b415b1c9c06bcc1fee7183', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_7c1eb', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='transitions_transition', when='AFTER')),
        ),
    ]
