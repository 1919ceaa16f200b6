"""A birthday of which nobody knows the year is kept as day and month. The views show the new column as well."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from locations.row_security import current

SEARCHABLE = f"""
    CREATE VIEW customers_searchable AS
    SELECT * FROM customers_customer WHERE base_id = {current('base')}
"""
ROWS = f"""
    CREATE VIEW customers_import_rows WITH (security_barrier) AS
    SELECT * FROM customers_importrow WHERE base_id = {current('base')}
"""
NO_VIEWS = 'DROP VIEW customers_searchable; DROP VIEW customers_import_rows'


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0020_applied_stays'),
        ('locations', '0007_left_for_good'),
    ]

    operations = [
        migrations.RunSQL(NO_VIEWS, [SEARCHABLE, ROWS]),
        pgtrigger.migrations.RemoveTrigger(
            model_name='customer',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='customer',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='customer',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='customer',
            name='birthday_without_year',
            field=models.CharField(blank=True, db_default='', default='', help_text='Day and month, such as 17.05.', max_length=5, verbose_name='birthday without year'),
        ),
        migrations.AddField(
            model_name='customerevent',
            name='birthday_without_year',
            field=models.CharField(blank=True, db_default='', default='', help_text='Day and month, such as 17.05.', max_length=5, verbose_name='birthday without year'),
        ),
        migrations.AddField(
            model_name='importrow',
            name='birthday_without_year',
            field=models.TextField(null=True),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(condition=models.Q(('birthday_without_year', ''), _negated=True), fields=['base', 'birthday_without_year'], name='customer_by_day_of_birth'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_customerevent" ("address_extra", "alias", "archived_at", "archived_reason", "bank", "base_id", "bic", "birthday", "birthday_without_year", "blocked_reason", "changed_at", "city", "company", "country", "created_at", "credit_limit", "customer_group_id", "customer_number", "discount", "email", "fax", "first_name", "home_location_id", "iban", "id", "is_blocked", "is_favourite", "language", "last_name", "legacy_number", "loss_reason", "memo", "mobile", "organization_id", "payment_method", "payment_term", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone_business", "phone_private", "po_box", "postal_code", "price_level", "salutation", "street", "tags", "title", "vat_id", "website") SELECT new_values."address_extra", new_values."alias", new_values."archived_at", new_values."archived_reason", new_values."bank", new_values."base_id", new_values."bic", new_values."birthday", new_values."birthday_without_year", new_values."blocked_reason", new_values."changed_at", new_values."city", new_values."company", new_values."country", new_values."created_at", new_values."credit_limit", new_values."customer_group_id", new_values."customer_number", new_values."discount", new_values."email", new_values."fax", new_values."first_name", new_values."home_location_id", new_values."iban", new_values."id", new_values."is_blocked", new_values."is_favourite", new_values."language", new_values."last_name", new_values."legacy_number", new_values."loss_reason", new_values."memo", new_values."mobile", new_values."organization_id", new_values."payment_method", new_values."payment_term", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."phone_business", new_values."phone_private", new_values."po_box", new_values."postal_code", new_values."price_level", new_values."salutation", new_values."street", new_values."tags", new_values."title", new_values."vat_id", new_values."website" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='6ec06af99613741ff63ab75d1f4e85d323816267', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_a36e0', referencing='REFERENCING NEW TABLE AS new_values ', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_customerevent" ("address_extra", "alias", "archived_at", "archived_reason", "bank", "base_id", "bic", "birthday", "birthday_without_year", "blocked_reason", "changed_at", "city", "company", "country", "created_at", "credit_limit", "customer_group_id", "customer_number", "discount", "email", "fax", "first_name", "home_location_id", "iban", "id", "is_blocked", "is_favourite", "language", "last_name", "legacy_number", "loss_reason", "memo", "mobile", "organization_id", "payment_method", "payment_term", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone_business", "phone_private", "po_box", "postal_code", "price_level", "salutation", "street", "tags", "title", "vat_id", "website") SELECT new_values."address_extra", new_values."alias", new_values."archived_at", new_values."archived_reason", new_values."bank", new_values."base_id", new_values."bic", new_values."birthday", new_values."birthday_without_year", new_values."blocked_reason", new_values."changed_at", new_values."city", new_values."company", new_values."country", new_values."created_at", new_values."credit_limit", new_values."customer_group_id", new_values."customer_number", new_values."discount", new_values."email", new_values."fax", new_values."first_name", new_values."home_location_id", new_values."iban", new_values."id", new_values."is_blocked", new_values."is_favourite", new_values."language", new_values."last_name", new_values."legacy_number", new_values."loss_reason", new_values."memo", new_values."mobile", new_values."organization_id", new_values."payment_method", new_values."payment_term", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."phone_business", new_values."phone_private", new_values."po_box", new_values."postal_code", new_values."price_level", new_values."salutation", new_values."street", new_values."tags", new_values."title", new_values."vat_id", new_values."website" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."address_extra" IS DISTINCT FROM (new_values."address_extra") OR old_values."alias" IS DISTINCT FROM (new_values."alias") OR old_values."archived_at" IS DISTINCT FROM (new_values."archived_at") OR old_values."archived_reason" IS DISTINCT FROM (new_values."archived_reason") OR old_values."bank" IS DISTINCT FROM (new_values."bank") OR old_values."base_id" IS DISTINCT FROM (new_values."base_id") OR old_values."bic" IS DISTINCT FROM (new_values."bic") OR old_values."birthday" IS DISTINCT FROM (new_values."birthday") OR old_values."birthday_without_year" IS DISTINCT FROM (new_values."birthday_without_year") OR old_values."blocked_reason" IS DISTINCT FROM (new_values."blocked_reason") OR old_values."changed_at" IS DISTINCT FROM (new_values."changed_at") OR old_values."city" IS DISTINCT FROM (new_values."city") OR old_values."company" IS DISTINCT FROM (new_values."company") OR old_values."country" IS DISTINCT FROM (new_values."country") OR old_values."created_at" IS DISTINCT FROM (new_values."created_at") OR old_values."credit_limit" IS DISTINCT FROM (new_values."credit_limit") OR old_values."customer_group_id" IS DISTINCT FROM (new_values."customer_group_id") OR old_values."customer_number" IS DISTINCT FROM (new_values."customer_number") OR old_values."discount" IS DISTINCT FROM (new_values."discount") OR old_values."email" IS DISTINCT FROM (new_values."email") OR old_values."fax" IS DISTINCT FROM (new_values."fax") OR old_values."first_name" IS DISTINCT FROM (new_values."first_name") OR old_values."home_location_id" IS DISTINCT FROM (new_values."home_location_id") OR old_values."iban" IS DISTINCT FROM (new_values."iban") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."is_blocked" IS DISTINCT FROM (new_values."is_blocked") OR old_values."is_favourite" IS DISTINCT FROM (new_values."is_favourite") OR old_values."language" IS DISTINCT FROM (new_values."language") OR old_values."last_name" IS DISTINCT FROM (new_values."last_name") OR old_values."legacy_number" IS DISTINCT FROM (new_values."legacy_number") OR old_values."loss_reason" IS DISTINCT FROM (new_values."loss_reason") OR old_values."memo" IS DISTINCT FROM (new_values."memo") OR old_values."mobile" IS DISTINCT FROM (new_values."mobile") OR old_values."organization_id" IS DISTINCT FROM (new_values."organization_id") OR old_values."payment_method" IS DISTINCT FROM (new_values."payment_method") OR old_values."payment_term" IS DISTINCT FROM (new_values."payment_term") OR old_values."phone_business" IS DISTINCT FROM (new_values."phone_business") OR old_values."phone_private" IS DISTINCT FROM (new_values."phone_private") OR old_values."po_box" IS DISTINCT FROM (new_values."po_box") OR old_values."postal_code" IS DISTINCT FROM (new_values."postal_code") OR old_values."price_level" IS DISTINCT FROM (new_values."price_level") OR old_values."salutation" IS DISTINCT FROM (new_values."salutation") OR old_values."street" IS DISTINCT FROM (new_values."street") OR old_values."tags" IS DISTINCT FROM (new_values."tags") OR old_values."title" IS DISTINCT FROM (new_values."title") OR old_values."vat_id" IS DISTINCT FROM (new_values."vat_id") OR old_values."website" IS DISTINCT FROM (new_values."website")) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='0616734a4fddc93f64fab071206b474047324698', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_ca86d', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_customerevent" ("address_extra", "alias", "archived_at", "archived_reason", "bank", "base_id", "bic", "birthday", "birthday_without_year", "blocked_reason", "changed_at", "city", "company", "country", "created_at", "credit_limit", "customer_group_id", "customer_number", "discount", "email", "fax", "first_name", "home_location_id", "iban", "id", "is_blocked", "is_favourite", "language", "last_name", "legacy_number", "loss_reason", "memo", "mobile", "organization_id", "payment_method", "payment_term", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone_business", "phone_private", "po_box", "postal_code", "price_level", "salutation", "street", "tags", "title", "vat_id", "website") SELECT old_values."address_extra", old_values."alias", old_values."archived_at", old_values."archived_reason", old_values."bank", old_values."base_id", old_values."bic", old_values."birthday", old_values."birthday_without_year", old_values."blocked_reason", old_values."changed_at", old_values."city", old_values."company", old_values."country", old_values."created_at", old_values."credit_limit", old_values."customer_group_id", old_values."customer_number", old_values."discount", old_values."email", old_values."fax", old_values."first_name", old_values."home_location_id", old_values."iban", old_values."id", old_values."is_blocked", old_values."is_favourite", old_values."language", old_values."last_name", old_values."legacy_number", old_values."loss_reason", old_values."memo", old_values."mobile", old_values."organization_id", old_values."payment_method", old_values."payment_term", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."phone_business", old_values."phone_private", old_values."po_box", old_values."postal_code", old_values."price_level", old_values."salutation", old_values."street", old_values."tags", old_values."title", old_values."vat_id", old_values."website" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='577becf04617b2f20a81ad19c628b750a764b7b9', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_939ca', referencing='REFERENCING OLD TABLE AS old_values ', table='customers_customer', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('birthday_without_year', ''), ('birthday_without_year__regex', '^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))$'), _connector='OR'), name='customer_day_of_birth_exists', violation_error_code='customer_day_of_birth_exists', violation_error_message='A birthday without year is a day and a month, such as 17.05.'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('birthday_without_year', ''), ('birthday', None), _connector='OR'), name='customer_birthday_said_once', violation_error_code='customer_birthday_said_once', violation_error_message='Enter the birthday with its year or without it, not both.'),
        ),
        migrations.RunSQL([SEARCHABLE, ROWS], NO_VIEWS),
    ]
