"""New customers bear a number of their location's range; a tag stays while somebody takes it into use, and an unused one can go."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0005_refusals_have_codes'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='customer',
            name='tags_known_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='customer',
            name='tags_known_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='tag',
            name='not_in_use',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='tags_known_insert', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE unknown text;', func='\n            PERFORM FROM customers_tag\n            WHERE (base_id, name) IN (SELECT base_id, unnest(tags) FROM new_values) ORDER BY id FOR KEY SHARE;\n            SELECT used.name INTO unknown\n            FROM (SELECT DISTINCT base_id, unnest(tags) AS name FROM new_values) AS used\n            WHERE NOT EXISTS (\n                SELECT FROM customers_tag WHERE base_id = used.base_id AND customers_tag.name = used.name\n            ) LIMIT 1;\n            IF unknown IS NOT NULL THEN\n                RAISE EXCEPTION \'There is no tag "%" in this customer base\', unknown\n                    USING ERRCODE = \'foreign_key_violation\', CONSTRAINT = \'customer_tags_known\';\n            END IF;\n            RETURN NULL;\n        ', hash='b5e5cf899d6fa6f53e475448b8ff3cfac62c610a', level='STATEMENT', operation='INSERT', pgid='pgtrigger_tags_known_insert_0796c', referencing='REFERENCING NEW TABLE AS new_values ', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='tags_known_update', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE unknown text;', func='\n            PERFORM FROM customers_tag\n            WHERE (base_id, name) IN (SELECT base_id, unnest(tags) FROM new_values) ORDER BY id FOR KEY SHARE;\n            SELECT used.name INTO unknown\n            FROM (SELECT DISTINCT base_id, unnest(tags) AS name FROM new_values) AS used\n            WHERE NOT EXISTS (\n                SELECT FROM customers_tag WHERE base_id = used.base_id AND customers_tag.name = used.name\n            ) LIMIT 1;\n            IF unknown IS NOT NULL THEN\n                RAISE EXCEPTION \'There is no tag "%" in this customer base\', unknown\n                    USING ERRCODE = \'foreign_key_violation\', CONSTRAINT = \'customer_tags_known\';\n            END IF;\n            RETURN NULL;\n        ', hash='c6fb684aa7e025ea1e68b6f7ebf38dfb2caaf9dc', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_tags_known_update_661b9', referencing='REFERENCING NEW TABLE AS new_values ', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='number_in_range', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE place text; outside integer; numbers int4range;', func="\n        SELECT location.name, customer.customer_number, location.number_range INTO place, outside, numbers\n        FROM new_values AS customer\n        JOIN locations_location AS location ON location.id = customer.home_location_id\n        WHERE location.base_id = customer.base_id AND NOT customer.customer_number <@ location.number_range LIMIT 1;\n        IF outside IS NOT NULL THEN\n            RAISE EXCEPTION 'Customer number % is outside the number range of % (% to %)',\n                outside, place, lower(numbers), upper(numbers) - 1\n                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_number_in_range';\n        END IF;\n        RETURN NULL;\n    ", hash='c1178e0e785fa8a50a09a85622e1bbc918f32db0', level='STATEMENT', operation='INSERT', pgid='pgtrigger_number_in_range_8fb10', referencing='REFERENCING NEW TABLE AS new_values ', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='tag',
            trigger=pgtrigger.compiler.Trigger(name='not_in_use', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n        IF EXISTS (\n            SELECT FROM customers_customer WHERE base_id = OLD.base_id AND tags @> ARRAY[OLD.name]\n        ) AND NOT EXISTS (SELECT FROM customers_tag WHERE base_id = OLD.base_id AND name = OLD.name) THEN\n            RAISE EXCEPTION \'The tag "%" is in use\', OLD.name\n                USING ERRCODE = \'foreign_key_violation\', CONSTRAINT = \'tag_in_use\';\n        END IF;\n        RETURN NULL;\n    ', hash='d83028c541dab6fd74fdc9e6e945e63194b09522', operation='DELETE OR UPDATE OF "name"', pgid='pgtrigger_not_in_use_b6dc9', table='customers_tag', when='AFTER')),
        ),
    ]
