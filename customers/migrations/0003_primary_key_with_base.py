"""The primary key of customers becomes (id, base_id), and (base_id, id) can be referred to.

A table that is spread by base over several machines can have no unique key without the base. Leading with the id,
the same index still serves a look-up by id alone; Django goes on to use `id` as the key of its objects.
"""

from django.db import migrations

FORWARD = """
    ALTER TABLE customers_customer DROP CONSTRAINT customers_customer_pkey;
    ALTER TABLE customers_customer ADD CONSTRAINT customers_customer_pkey PRIMARY KEY (id, base_id);
"""
BACKWARD = """
    ALTER TABLE customers_customer DROP CONSTRAINT customers_customer_pkey;
    ALTER TABLE customers_customer ADD CONSTRAINT customers_customer_pkey PRIMARY KEY (id);
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
