"""An order waits in one run: said by the order alone.

With the base as second column the index served "of this base, of this block" by skipping, and read all that waited.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounting", "0039_look_up_orders_of_a_block")]
    operations = [
        migrations.RemoveConstraint(model_name="runorder", name="runorder_in_one_run"),
        migrations.AddConstraint(
            model_name="runorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("invoice", None), ("left_out", "")), fields=("order",), name="runorder_in_one_run"
            ),
        ),
    ]
