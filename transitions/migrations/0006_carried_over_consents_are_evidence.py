"""What came with a package was said to the business that handed over: here it is evidence, whatever it was counted as.

A statement is never changed, by nobody; this alone says what had not been said of it before.
"""

from django.db import migrations

MARK = """
    UPDATE customers_consent AS consent SET given_to = arrival.sender_account, holds_here = false
    FROM transitions_arrival AS arrival
    WHERE arrival.base_id = consent.base_id AND arrival.upload_id = consent.upload_id AND consent.given_to IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0024_general_consent_to_the_transfer'),
        ('transitions', '0005_ground_by_two_people_and_field_groups'),
    ]

    operations = [
        migrations.RunSQL(
            [
                'ALTER TABLE customers_consent DISABLE TRIGGER USER',
                MARK,
                'ALTER TABLE customers_consent ENABLE TRIGGER USER',
            ],
            migrations.RunSQL.noop,
        ),
    ]
