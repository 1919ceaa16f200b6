"""No index of invoices begins with the base: checks of foreign keys would read all invoices of a base by it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounting", "0024_open_ones_of_a_ledger")]
    operations = [
        migrations.RemoveIndex(model_name="invoice", name="invoice_latest"),
        migrations.RemoveIndex(model_name="invoice", name="invoice_to_pay"),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["owner_key", "base", "-issued_on", "-number"], name="invoice_latest_of_owner"),
        ),
    ]
