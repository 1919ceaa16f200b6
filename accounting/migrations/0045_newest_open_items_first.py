"""What is open of an account is read from its newest movement on, and no further than what is wanted.

Before, all movements of a side were read and sorted to find the newest: 60,000 pages of an account with 20,000 items,
to show five. A sort is never cheaper than the index that has them in order. Each call is planned for itself: a plan that
was made while there were no allocations could read all of the base for each item.
"""

from django.db import migrations

FUNCTIONS = ("accounting_open_items", "accounting_free_payments")
SETTINGS = {"enable_sort": "off", "plan_cache_mode": "force_custom_plan"}


class Migration(migrations.Migration):
    dependencies = [("accounting", "0044_room_for_balances")]
    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {function}(bigint, bigint, numeric, timestamptz) SET {setting} = {value}",
            f"ALTER FUNCTION {function}(bigint, bigint, numeric, timestamptz) RESET {setting}",
        )
        for function in FUNCTIONS
        for setting, value in SETTINGS.items()
    ]
