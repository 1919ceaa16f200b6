"""Pages of accounts and of what is open keep room for the next version of their rows.

No index has a balance, or how much of an item is open. So a new version needs no new entry in any of five indexes, as
long as it finds room on the page of the one before; in a table that was filled in one go there was none.
"""

from django.db import migrations

ROOM = {"accounting_account": 60, "accounting_receivable": 50}
"""By table how many per cent of a page are filled with new rows. Each item is changed once when it is invoiced."""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0002_functions")]
    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} SET (fillfactor = {filled})", f"ALTER TABLE {table} RESET (fillfactor)"
        )
        for table, filled in ROOM.items()
    ]
