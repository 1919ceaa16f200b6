"""Memberships of whom somebody erases go with him, and what the history says of them."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

from customers.triggers.erasure import is_erased_now
from locations.row_policies import current

# Deletes for nobody but whom this transaction has written a tombstone for, in the base alone that was entered.
FORGET = f"""
    CREATE FUNCTION customers_forget_memberships(of_base bigint, of_customer bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    BEGIN
        IF of_base IS DISTINCT FROM {current("base")} OR NOT {is_erased_now("of_base", "of_customer")} THEN
            RAISE EXCEPTION 'Customer % is not being erased', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
        END IF;
        DELETE FROM customers_customermembership WHERE base_id = of_base AND member_id = of_customer;
        DELETE FROM customers_customermembership WHERE base_id = of_base AND of_id = of_customer;
        DELETE FROM customers_customermembershipevent WHERE base_id = of_base AND member_id = of_customer;
        DELETE FROM customers_customermembershipevent WHERE base_id = of_base AND of_id = of_customer;
    END $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0010_memberships'),
    ]

    operations = [
        migrations.RunSQL(FORGET, "DROP FUNCTION customers_forget_memberships(bigint, bigint)"),
        pgtrigger.migrations.RemoveTrigger(
            model_name='tombstone',
            name='of_nobody_there',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='tombstone',
            trigger=pgtrigger.compiler.Trigger(name='of_nobody_there', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="\n        IF NOT EXISTS (SELECT FROM customers_tombstone WHERE base_id = NEW.base_id AND id = NEW.id)\n            OR EXISTS (SELECT FROM customers_customer WHERE base_id = NEW.base_id AND id = NEW.customer_id)\n            OR EXISTS (\n                SELECT FROM customers_customerevent WHERE base_id = NEW.base_id AND pgh_obj_id = NEW.customer_id\n            )\n            OR EXISTS (SELECT FROM customers_cardevent WHERE base_id = NEW.base_id AND customer_id = NEW.customer_id)\n            OR EXISTS (\n                SELECT FROM customers_formernumberevent WHERE base_id = NEW.base_id AND customer_id = NEW.customer_id\n            )\n            OR EXISTS (\n                SELECT FROM customers_customermembershipevent\n                WHERE base_id = NEW.base_id AND member_id = NEW.customer_id\n            )\n            OR EXISTS (\n                SELECT FROM customers_customermembershipevent WHERE base_id = NEW.base_id AND of_id = NEW.customer_id\n            )\n            OR NOT EXISTS (\n                SELECT FROM customers_tombstonemark\n                WHERE base_id = NEW.base_id AND tombstone_id = NEW.id AND kind = 'uid'\n            )\n        THEN\n            RAISE EXCEPTION 'A tombstone is written only for a customer of whom nothing is left'\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'tombstone_of_nobody_there';\n        END IF;\n        RETURN NULL;\n    ", hash='cc7cce60246ef48f2629e7889b1bb3758299e064', operation='INSERT', pgid='pgtrigger_of_nobody_there_83047', table='customers_tombstone', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
    ]
