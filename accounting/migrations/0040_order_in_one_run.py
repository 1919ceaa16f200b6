"""The index of "an order waits in one run" serves look-ups by the order, and no others.

It was used for those by base and block as well, which skipped through all that waits in the base.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounting", "0039_look_up_orders_of_a_block")]
    operations = [
        migrations.RemoveConstraint(model_name="runorder", name="runorder_in_one_run"),
        migrations.AddConstraint(
            model_name="runorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("invoice", None), ("left_out", ""), ("order__isnull", False)),
                fields=("order", "base"),
                name="runorder_in_one_run",
            ),
        ),
    ]
